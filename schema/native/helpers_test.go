package native

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

func literalExpr(v cty.Value) hclsyntax.Expression {
	return &hclsyntax.LiteralValueExpr{Val: v, SrcRange: hcl.Range{Filename: "test"}}
}

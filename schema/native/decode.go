package native

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// A reader fits one parsed file to the table.
type reader struct {
	text  *text
	ev    *evaluator
	diags hcl.Diagnostics
	// settings are what the file sets, in its order; places tells where each name was set first.
	settings []schema.Setting
	places   map[string]hcl.Range
	// listeners are the listen blocks' addresses, in order.
	listeners []listener
	listening bool
	// more counts the problems beyond maxProblems.
	more int
}

func (r *reader) errorf(code string, at hcl.Range, summary, detail string, args ...any) *schema.Detail {
	if len(r.diags) >= maxProblems {
		r.more++
		return &schema.Detail{}
	}
	d := schema.Errorf(code, at, summary, detail, args...)
	r.diags = append(r.diags, d)
	return schema.DetailOf(d)
}

func (r *reader) body(body *hclsyntax.Body) {
	r.locals(body)
	r.blockBody(root(), body)
	r.addListeners(root())
}

// locals collects the values of locals blocks and computes every one, so that a mistake in one that nothing refers
// to is found too.
func (r *reader) locals(body *hclsyntax.Body) {
	var order []*local
	for _, b := range body.Blocks {
		if b.Type != localsBlock {
			continue
		}
		if len(b.Labels) > 0 {
			r.errorf("unexpected-label", b.LabelRanges[0], "Label not expected", "A locals block takes no label.")
		}
		for _, inner := range b.Body.Blocks {
			r.errorf("unknown-block", inner.TypeRange, "Block not expected", "A locals block holds values only. Write %s = { … } for a map.", inner.Type)
		}
		for _, a := range inOrder(b.Body.Attributes) {
			if old, ok := r.ev.locals[a.Name]; ok {
				r.errorf("duplicate-setting", a.NameRange, "Local defined twice", "%s.%s already has a value.", localName, a.Name).Related = []schema.Related{{Message: "first here", Range: old.nameRange}}
				continue
			}
			l := &local{name: a.Name, expr: a.Expr, nameRange: a.NameRange}
			r.ev.locals[a.Name] = l
			r.ev.names = append(r.ev.names, a.Name)
			order = append(order, l)
		}
	}
	for _, l := range order {
		_, diags := r.ev.local(l)
		r.diags = append(r.diags, diags...)
	}
}

// inOrder gives attributes as the file has them.
func inOrder(attrs hclsyntax.Attributes) []*hclsyntax.Attribute {
	out := make([]*hclsyntax.Attribute, 0, len(attrs))
	for _, a := range attrs {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b *hclsyntax.Attribute) int { return a.SrcRange.Start.Byte - b.SrcRange.Start.Byte })
	return out
}

// blockBody reads the attributes and blocks of one block of the table.
func (r *reader) blockBody(b *block, body *hclsyntax.Body) {
	for _, a := range inOrder(body.Attributes) {
		if known := b.attr(a.Name); known != nil {
			r.attribute(known, a)
		} else {
			r.unknownAttribute(b, a)
		}
	}
	seen := map[string]*hclsyntax.Block{}
	for _, inner := range body.Blocks {
		if b.path == "" && inner.Type == localsBlock {
			continue
		}
		if b.path == "" && inner.Type == extraBlock {
			r.extra(inner, seen)
			continue
		}
		known := b.find(inner.Type)
		if known == nil {
			r.unknownBlock(b, inner)
			continue
		}
		if known.listener {
			r.listen(known, inner)
			continue
		}
		if first := seen[inner.Type]; first != nil {
			r.duplicateBlock(inner, first)
			continue
		}
		seen[inner.Type] = inner
		r.label(known, inner)
		r.blockBody(known, inner.Body)
	}
}

func (r *reader) duplicateBlock(b, first *hclsyntax.Block) {
	name := b.Type
	if name == extraBlock {
		name += fmt.Sprintf(" %q", b.Labels[0])
	}
	r.errorf("duplicate-block", b.TypeRange, "Block written twice", "There can be one %s block, and this is another. Put its settings into the first.", name).Related = []schema.Related{{Message: "first here", Range: first.TypeRange}}
}

func (r *reader) attribute(known *attribute, a *hclsyntax.Attribute) {
	s, ok := r.setting(known.option, a.Expr, a.NameRange)
	if ok {
		r.add(s)
	}
}

// add takes a setting, unless the file has given its name before.
func (r *reader) add(s schema.Setting) {
	if first, dup := r.places[s.Native]; dup {
		r.errorf("duplicate-setting", s.NameRange, "Set twice", "%s already has a value. Keep one of them.", s.Native).Related = []schema.Related{{Message: "first here", Range: first}}
		return
	}
	r.places[s.Native] = s.NameRange
	r.settings = append(r.settings, s)
}

// label reads the label of a block that may have one: the setting it is short for.
func (r *reader) label(known *block, b *hclsyntax.Block) {
	if len(b.Labels) == 0 {
		return
	}
	if known.label == nil {
		r.errorf("unexpected-label", b.LabelRanges[0], "Label not expected", "The %s block takes no label: write %s { … }.", known.path, known.name)
		return
	}
	r.oneLabel(b)
	s, ok := r.setting(known.label.option, r.labelExpr(b), b.LabelRanges[0])
	if ok {
		r.add(s)
	}
}

func (r *reader) oneLabel(b *hclsyntax.Block) {
	if len(b.Labels) > 1 {
		r.errorf("unexpected-label", b.LabelRanges[1], "Label not expected", "The %s block takes one label only.", b.Type)
	}
}

// labelExpr is a block's first label as an expression, a template included.
func (r *reader) labelExpr(b *hclsyntax.Block) hclsyntax.Expression {
	at := b.LabelRanges[0]
	if x := r.text.labels[at.Start.Byte]; x != nil {
		return x
	}
	value := &hclsyntax.LiteralValueExpr{Val: cty.StringVal(b.Labels[0]), SrcRange: at}
	return &hclsyntax.TemplateExpr{Parts: []hclsyntax.Expression{value}, SrcRange: at}
}

// extra reads what another server has and the model has not: any names, any values.
func (r *reader) extra(b *hclsyntax.Block, seen map[string]*hclsyntax.Block) {
	if len(b.Labels) == 0 {
		r.errorf("missing-label", b.TypeRange, "Which server?", `An extra block needs the name of the server its options belong to: extra "uwsgi" { … }.`)
		return
	}
	r.oneLabel(b)
	server := b.Labels[0]
	if r.text.labels[b.LabelRanges[0].Start.Byte] != nil {
		r.errorf("unexpected-label", b.LabelRanges[0], "Not a plain name", `The label of an extra block is a plain name: extra "uwsgi" { … }.`)
		return
	}
	key := extraBlock + "." + server
	if first := seen[key]; first != nil {
		r.duplicateBlock(b, first)
		return
	}
	seen[key] = b
	for _, inner := range b.Body.Blocks {
		r.errorf("unknown-block", inner.TypeRange, "Block not expected", "An extra block holds values only. Write %s = { … } for a map.", inner.Type)
	}
	for _, a := range inOrder(b.Body.Attributes) {
		v, diags := r.ev.value(a.Expr, r.ev.ctx)
		if r.diags = append(r.diags, diags...); diags.HasErrors() {
			continue
		}
		r.add(schema.Setting{
			Native: key + "." + a.Name, Value: r.ev.translate(a.Expr, r.text.src), OnHost: v,
			Layer: schema.LayerFile, Source: r.text.name, Range: a.Expr.Range(), NameRange: a.NameRange,
		})
	}
}

func (r *reader) unknownAttribute(b *block, a *hclsyntax.Attribute) {
	if c := b.find(a.Name); c != nil || b.path == "" && (a.Name == localsBlock || a.Name == extraBlock) {
		r.errorf("block-expected", a.NameRange, "Block, not a value", "%s is a block: write %s { … } without the equals sign, each setting on a line of its own.", a.Name, a.Name)
		return
	}
	names := b.attrNames()
	known := "It knows " + listOf(names) + "."
	if b.path == "" {
		known = "Settings stand in blocks: " + listOf(b.blockNames()) + "."
	}
	r.unknown("unknown-setting", "Unknown setting", b, a.Name, a.NameRange, names, known)
}

func (r *reader) unknownBlock(b *block, inner *hclsyntax.Block) {
	if b.attr(inner.Type) != nil {
		r.errorf("value-expected", inner.TypeRange, "Value, not a block", "%s is a setting: write %s = …", inner.Type, inner.Type)
		return
	}
	names := b.blockNames()
	known := "No blocks stand in it."
	if len(names) > 0 {
		known = "It knows " + listOf(names) + "."
	}
	r.unknown("unknown-block", "Unknown block", b, inner.Type, inner.TypeRange, names, known)
}

// unknown reports a name the table has not, with what was likely meant or where the name belongs.
func (r *reader) unknown(code, summary string, b *block, name string, at hcl.Range, names []string, known string) {
	if len(r.diags) >= maxProblems {
		r.more++
		return
	}
	where := "gsrv.hcl has no %s at the top level."
	args := []any{name}
	if b.path != "" {
		where = "The %s block has no %s."
		args = []any{b.path, name}
	}
	near := schema.Nearest(name, names)
	places := anywhere(name)
	switch {
	case near != "":
		where += " Did you mean %s?"
		args = append(args, near)
	case below(b, name) != "":
		where += " Did you mean %s in it?"
		args = append(args, below(b, name))
	case len(places) > 0 && len(places) < 4:
		where += " It belongs in the %s block."
		args = append(args, strings.Join(places, " or the "))
	default:
		where += " " + strings.ReplaceAll(known, "%", "%%")
	}
	r.errorf(code, at, summary, where, args...).Suggest = near
}

// below finds a setting in a nested block whose name a longer one ends with: max_requests is requests in recycle.
func below(b *block, name string) string {
	if b.path == "" {
		return ""
	}
	for _, c := range b.blocks {
		for _, a := range c.attrNames() {
			if strings.HasSuffix(name, a) {
				return fmt.Sprintf("the block %s { %s = … }", c.name, a)
			}
		}
	}
	return ""
}

func listOf(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return fmt.Sprintf("%s and %s", strings.Join(names[:len(names)-1], ", "), names[len(names)-1])
}

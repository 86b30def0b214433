package native

import (
	"bytes"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"gsrv/schema"
)

// Bounds of what is handed to the HCL parser, which calls itself for every bracket and operator. Real files need a
// hundredth of each.
const (
	maxText      = 256 << 10 // bytes; the parser holds some 200 bytes for each token
	maxNesting   = 200       // brackets, quotes and templates inside each other
	maxOperators = 500       // operators, indexes and template directives in one expression
	maxProblems  = 50        // diagnostics about one file's syntax
)

// A text is a configuration that is safe to parse.
type text struct {
	name string
	src  []byte
	// masked is src with templates in block labels blanked out, which HCL's grammar does not have; labels holds
	// them by the offset of the opening quote.
	masked []byte
	labels map[int]hclsyntax.Expression
}

// check refuses a text that is no text or would overrun the parser, and finds the templates in labels.
func check(name string, src []byte) (*text, hcl.Diagnostics) {
	refuse := func(code string, at int, summary, detail string, args ...any) (*text, hcl.Diagnostics) {
		return nil, hcl.Diagnostics{schema.Errorf(code, schema.RangeOf(name, src, at, at+1), summary, detail, args...)}
	}
	if len(src) > maxText {
		return refuse("too-large", 0, "File too large", "The file has %d KiB, and at most %d KiB are read as gsrv.hcl. Keep data that is not configuration in a file of its own.", len(src)>>10, maxText>>10)
	}
	if at := bytes.IndexByte(src, 0); at >= 0 {
		return refuse("not-text", at, "Not a text file", "Byte %d is NUL, which no text has: the file is binary, or in an encoding such as UTF-16. Save it as UTF-8.", at)
	}
	if !utf8.Valid(src) {
		at := invalidUTF8(src)
		return refuse("not-text", at, "Not UTF-8", "Byte %d, 0x%02x, is not valid UTF-8. Save the file as UTF-8.", at, src[at])
	}
	tokens, _ := hclsyntax.LexConfig(src, name, hcl.InitialPos)
	if at, what := overrun(tokens); what != "" {
		return nil, hcl.Diagnostics{schema.Errorf("too-complex", at, "Too complex", "%s. Split the expression with a locals block, or check for a bracket too many.", what)}
	}
	t := &text{name: name, src: src, masked: src}
	return t, t.maskLabels(tokens)
}

func invalidUTF8(src []byte) int {
	for i := 0; i < len(src); {
		r, n := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return 0
}

// overrun tells where a text nests too deeply or chains too many operators, and which.
func overrun(tokens hclsyntax.Tokens) (hcl.Range, string) {
	type frame struct {
		opener    hclsyntax.TokenType
		operators int
	}
	stack := []frame{{}}
	for _, t := range tokens {
		top := &stack[len(stack)-1]
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOQuote,
			hclsyntax.TokenOHeredoc, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			if t.Type == hclsyntax.TokenOBrack || t.Type == hclsyntax.TokenTemplateControl {
				top.operators++
			}
			if len(stack) > maxNesting {
				return t.Range, "Brackets, quotes and templates stand more than 200 deep inside each other here"
			}
			if top.operators <= maxOperators {
				stack = append(stack, frame{opener: t.Type})
				continue
			}
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCQuote,
			hclsyntax.TokenCHeredoc, hclsyntax.TokenTemplateSeqEnd:
			if len(stack) > 1 {
				stack = stack[:len(stack)-1]
			}
		case hclsyntax.TokenComma:
			top.operators = 0
		case hclsyntax.TokenNewline:
			if top.opener == 0 || top.opener == hclsyntax.TokenOBrace {
				top.operators = 0
			}
		case hclsyntax.TokenStar, hclsyntax.TokenSlash, hclsyntax.TokenPlus, hclsyntax.TokenMinus, hclsyntax.TokenPercent,
			hclsyntax.TokenEqualOp, hclsyntax.TokenNotEqual, hclsyntax.TokenLessThan, hclsyntax.TokenLessThanEq,
			hclsyntax.TokenGreaterThan, hclsyntax.TokenGreaterThanEq, hclsyntax.TokenAnd, hclsyntax.TokenOr,
			hclsyntax.TokenBang, hclsyntax.TokenQuestion, hclsyntax.TokenColon, hclsyntax.TokenDot:
			top.operators++
		}
		if top.operators > maxOperators {
			return t.Range, "One expression has more than 500 operators here"
		}
	}
	return hcl.Range{}, ""
}

// maskLabels blanks templates in the labels of blocks, keeping every character's place, and parses them apart.
func (t *text) maskLabels(tokens hclsyntax.Tokens) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for i := 0; i+1 < len(tokens); i++ {
		if tokens[i].Type != hclsyntax.TokenIdent || tokens[i+1].Type != hclsyntax.TokenOQuote || !startsItem(tokens, i) {
			continue
		}
		for i++; i < len(tokens) && tokens[i].Type == hclsyntax.TokenOQuote; i++ {
			open := i
			depth, template := 0, false
			for ; i < len(tokens); i++ {
				switch tokens[i].Type {
				case hclsyntax.TokenOQuote:
					depth++
				case hclsyntax.TokenCQuote:
					depth--
				case hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
					template = true
				}
				if depth == 0 {
					break
				}
			}
			if i == len(tokens) || !template {
				continue
			}
			diags = append(diags, t.maskLabel(tokens[open].Range, tokens[i].Range)...)
		}
	}
	return diags
}

func (t *text) maskLabel(open, closing hcl.Range) hcl.Diagnostics {
	if t.labels == nil {
		t.masked = bytes.Clone(t.src)
		t.labels = map[int]hclsyntax.Expression{}
	}
	from, to := open.Start.Byte, closing.End.Byte
	x, diags := hclsyntax.ParseExpression(t.src[from:to], t.name, open.Start)
	t.labels[from] = x
	for i := from + 1; i < to-1; i++ {
		if t.masked[i] < utf8.RuneSelf {
			t.masked[i] = '_'
		}
	}
	return diags
}

// startsItem tells whether a token is the first of an attribute or block.
func startsItem(tokens hclsyntax.Tokens, i int) bool {
	if i == 0 {
		return true
	}
	switch tokens[i-1].Type {
	case hclsyntax.TokenNewline, hclsyntax.TokenOBrace, hclsyntax.TokenComment:
		return true
	}
	return false
}

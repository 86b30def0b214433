package modwsgi

import (
	"regexp"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/cmdline"
)

// variable matches $NAME and ${NAME} as Python's os.path.expandvars does.
var variable = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$([A-Za-z0-9_]+|\{[^}]*\})`) })

// expand replaces the variables of a word that are known to be set; the others stay as they are.
func (r *reader) expand(text string) string {
	if !strings.Contains(text, "$") {
		return text
	}
	return variable().ReplaceAllStringFunc(text, func(m string) string {
		if v, state := r.in.Host.Env(variableName(m)); state == schema.EnvSet {
			return v
		}
		return m
	})
}

func variableName(reference string) string {
	return strings.TrimSuffix(strings.TrimPrefix(reference[1:], "{"), "}")
}

// expression gives a value's expression: over the variables where the word has any.
func (r *reader) expression(o *schema.Option, g cmdline.Given, w schema.Word, v cty.Value) schema.Expr {
	source, ok := r.words[w.Range.Start.Byte]
	text := source.Text
	if !ok || w.Range.Start == g.Name.Range.Start {
		source, ok = r.words[g.Name.Range.Start.Byte]
		_, text, _ = strings.Cut(source.Text, "=")
	}
	constant := &schema.Const{Val: v, Src: w.Range}
	if !ok || !variable().MatchString(text) {
		return constant
	}
	var parts []schema.Expr
	at := 0
	for _, m := range variable().FindAllStringIndex(text, -1) {
		if m[0] > at {
			parts = append(parts, schema.String(text[at:m[0]], w.Range))
		}
		parts = append(parts, &schema.Env{Name: variableName(text[m[0]:m[1]]), Missing: schema.MissingLiteral, Src: w.Range})
		at = m[1]
	}
	if at < len(text) {
		parts = append(parts, schema.String(text[at:], w.Range))
	}
	var e schema.Expr = &schema.Template{Parts: parts, Src: w.Range}
	if len(parts) == 1 {
		e = parts[0]
	}
	if o.Type == "int" {
		e = &schema.Call{Func: "int", Args: []schema.Expr{e}, Src: w.Range}
	}
	return e
}

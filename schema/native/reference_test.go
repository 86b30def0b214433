package native

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"gsrv/schema"
)

const reference = "../../docs/native.md"

// The generated parts of the reference stand between these lines.
const (
	settingsBegin  = "<!-- settings: written by go test ./schema/native -update -->"
	settingsEnd    = "<!-- end of settings -->"
	functionsBegin = "<!-- functions: written by go test ./schema/native -update -->"
	functionsEnd   = "<!-- end of functions -->"
)

// TestReference holds docs/native.md to the table and the list of functions, and its examples to the reader.
func TestReference(t *testing.T) {
	text, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	want := replaceBetween(t, string(text), settingsBegin, settingsEnd, settingsReference())
	want = replaceBetween(t, want, functionsBegin, functionsEnd, functionsReference())
	if want != string(text) {
		if !*update {
			t.Fatal("docs/native.md is stale: run go test ./schema/native -update")
		}
		if err := os.WriteFile(reference, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	examples := 0
	for rest := want; ; {
		_, after, found := strings.Cut(rest, "\n```hcl\n")
		if !found {
			break
		}
		example, more, _ := strings.Cut(after, "\n```\n")
		rest = more
		examples++
		example += "\n"
		if formatted, diags := Format([]byte(example)); diags.HasErrors() || string(formatted) != example {
			t.Errorf("not in canonical form: %s\n%s", showDiagnostics(diags), Diff("example", []byte(example), formatted))
		}
		if !strings.Contains(example, "app ") {
			example = "app \"x:y\" {}\n" + example
		}
		if _, diags := readText(t, example, testHost(nil)); diags.HasErrors() {
			t.Errorf("%s\n%s", example, showDiagnostics(diags))
		}
	}
	if examples < 5 {
		t.Errorf("%d examples", examples)
	}
}

func replaceBetween(t *testing.T, text, begin, end, part string) string {
	before, rest, ok := strings.Cut(text, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("no %s … %s", begin, end)
	}
	return before + begin + "\n\n" + part + "\n" + end + after
}

func settingsReference() string {
	var b strings.Builder
	var visit func(bl *block)
	visit = func(bl *block) {
		if bl.path != "" {
			fmt.Fprintf(&b, "### `%s`\n\n", strings.ReplaceAll(bl.path, ".", " › "))
			switch {
			case bl.listener:
				fmt.Fprintf(&b, "One block for each address; the label is the address. Default: %s.\n\n", code(`listen "127.0.0.1:8000" {}`))
			case bl.label != nil:
				fmt.Fprintf(&b, "The label is `%s`, where it is plain text.\n\n", bl.label.name)
			}
			attributes(&b, bl)
		}
		for _, c := range bl.blocks {
			visit(c)
		}
	}
	visit(root())
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func attributes(b *strings.Builder, bl *block) {
	var rows []string
	if bl.listener {
		rows = append(rows, row(addressAttr, "text or list", "", "host:port, [v6]:port, unix:/path or fd://3. The label is short for it."),
			row(protocolAttr, alternatives(bl.protocols()), code(`"`+bl.protocols()[0]+`"`), "Protocol spoken at the address."))
	}
	for _, a := range bl.attrs {
		if !a.written() {
			continue
		}
		o := a.option
		kind := map[string]string{"string": "text", "bool": "true or false", "int": "whole number", "duration": "time", "octal": "octal text", "list": "list of texts", "map": "map of texts", "any": "map", "hook": "function"}[o.Type]
		if kind == "" {
			kind = o.Type
		}
		if len(o.Enum) > 0 {
			kind = alternatives(o.Enum)
		}
		if o.Type == "int" && o.Min != nil && o.Max != nil && *o.Max == 65535 {
			kind += ", " + rangeText(o)
		}
		def := ""
		if v := defaultOf(o); !v.IsNull() {
			t, _ := constantText(o, v)
			def = code(t)
		}
		rows = append(rows, row(a.name, kind, def, o.Summary))
	}
	if len(rows) == 0 {
		return
	}
	b.WriteString("| setting | value | default | meaning |\n|---|---|---|---|\n")
	for _, r := range rows {
		b.WriteString(r)
	}
	b.WriteString("\n")
}

func row(name, kind, def, meaning string) string {
	return fmt.Sprintf("| `%s` | %s | %s | %s |\n", name, kind, def, strings.ReplaceAll(meaning, "|", `\|`))
}

func code(s string) string { return "`" + s + "`" }

func alternatives(list []string) string {
	quoted := make([]string, len(list))
	for i, w := range list {
		quoted[i] = code(`"` + w + `"`)
	}
	return strings.Join(quoted, ", ")
}

func functionsReference() string {
	var b strings.Builder
	b.WriteString("| function | gives |\n|---|---|\n")
	for _, f := range Functions {
		fmt.Fprintf(&b, "| `%s` | %s |\n", f.Usage, f.Summary)
	}
	return b.String()
}

// TestReferenceNamesEverything finds a setting that the table has and the reference lacks.
func TestReferenceNamesEverything(t *testing.T) {
	text, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	for i := range schema.Model.Options {
		o := &schema.Model.Options[i]
		if role, _ := o.Extra.(schema.ModelRole); role == schema.RoleByAddress || role == schema.RoleProtocol {
			continue
		}
		if !strings.Contains(string(text), strings.ReplaceAll(o.Summary, "|", `\|`)) {
			t.Errorf("%s is not documented", o.Name)
		}
	}
}

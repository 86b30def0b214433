package report

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/xeipuuv/gojsonschema"

	"gsrv/lint"
	"gsrv/lint/rules"
)

// reports are results that every format must write validly.
func reports(t testing.TB) map[string]*Report {
	real := sampleReport(t)
	real.Rules = rules.All()
	return map[string]*Report{
		"sample":     sampleReport(t),
		"real rules": real,
		"empty":      {Result: &lint.Result{}},
		"odd":        oddReport("a:b%\xff\x1b/\"<c>&\n\u202e.ini", "\x00\xff]]>\n::error::{0}\r\u0085\ufffe", "x\ty\n\xffz", -1, 3, 7, 2),
	}
}

func TestSARIFSchema(t *testing.T) {
	schema, err := gojsonschema.NewSchema(gojsonschema.NewStringLoader(sarifStandard(t)))
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range reports(t) {
		t.Run(name, func(t *testing.T) {
			out := write(t, "sarif", r, Stacks(true))
			res, err := schema.Validate(gojsonschema.NewStringLoader(out))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range res.Errors() {
				t.Error(e)
			}
			dec := json.NewDecoder(strings.NewReader(out))
			dec.DisallowUnknownFields()
			var log sarif.Report
			if err := dec.Decode(&log); err != nil {
				t.Fatal(err)
			}
			checkSARIF(t, &log)
		})
	}
}

// sarifStandard gives the JSON Schema of the standard, which go-sarif keeps to itself: its own check writes the log anew
// first, with nulls for what is not there.
func sarifStandard(t *testing.T) string {
	const module = "github.com/owenrumney/go-sarif/v3"
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatalf("go list -m %s: %v", module, err)
	}
	file := filepath.Join(strings.TrimSpace(string(dir)), "pkg", "report", "v210", "sarif", "schema.go")
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var text string
	ast.Inspect(tree, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			text, err = strconv.Unquote(lit.Value)
		}
		return true
	})
	if err != nil || !strings.Contains(text, "errata01/os/schemas/sarif-schema-2.1.0.json") {
		t.Fatalf("%s holds no schema of SARIF 2.1.0 (%v)", file, err)
	}
	return text
}

// checkSARIF checks what the standard asks for and its schema cannot say.
func checkSARIF(t *testing.T, log *sarif.Report) {
	run := log.Runs[0]
	for _, res := range run.Results {
		if i := res.RuleIndex; i < 0 || *run.Tool.Driver.Rules[i].ID != *res.RuleID {
			t.Errorf("ruleIndex %d is not that of %s", i, *res.RuleID)
		}
		for _, l := range append(res.Locations, res.RelatedLocations...) {
			if l.PhysicalLocation == nil || l.PhysicalLocation.ContextRegion == nil {
				continue
			}
			region, around := l.PhysicalLocation.Region, l.PhysicalLocation.ContextRegion
			if *around.StartLine > *region.StartLine || *around.EndLine < *region.EndLine {
				t.Errorf("the context, lines %d-%d, does not hold the region, lines %d-%d", *around.StartLine, *around.EndLine, *region.StartLine, *region.EndLine)
			}
			if s := region.Snippet; s != nil && !strings.Contains(*around.Snippet.Text, *s.Text) && *s.Text != "\n" {
				t.Errorf("the context %q does not hold the snippet %q", *around.Snippet.Text, *s.Text)
			}
		}
	}
	for _, n := range run.Invocations[0].ToolExecutionNotifications {
		if d := n.Descriptor; *run.Tool.Driver.Notifications[d.Index].ID != *d.ID {
			t.Errorf("index %d is not that of %s", d.Index, *d.ID)
		}
	}
}

func TestJSONSchemas(t *testing.T) {
	for format, file := range map[string]string{
		"json":   filepath.Join("..", "..", "docs", "lint.schema.json"),
		"gitlab": filepath.Join("testdata", "schema", "gitlab.schema.json"),
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var doc any
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		closeObjects(doc)
		schema, err := gojsonschema.NewSchema(gojsonschema.NewGoLoader(doc))
		if err != nil {
			t.Fatal(err)
		}
		for name, r := range reports(t) {
			t.Run(format+" "+name, func(t *testing.T) {
				res, err := schema.Validate(gojsonschema.NewStringLoader(write(t, format, r, Stacks(true))))
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range res.Errors() {
					t.Error(e)
				}
			})
		}
	}
}

// closeObjects forbids fields that a schema does not describe: the schema leaves room for later ones, the test does not.
func closeObjects(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["properties"].(map[string]any); ok && v["type"] == "object" {
			v["additionalProperties"] = false
		}
		for _, inner := range v {
			closeObjects(inner)
		}
	case []any:
		for _, inner := range v {
			closeObjects(inner)
		}
	}
}

// TestJSONPage checks the example of the documentation against the schema.
func TestJSONPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "lint-json.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(page), "```json\n")
	example, _, ok := strings.Cut(example, "```")
	if !ok {
		t.Fatal("the page has no example")
	}
	schema, err := os.ReadFile(filepath.Join("..", "..", "docs", "lint.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	res, err := gojsonschema.Validate(gojsonschema.NewBytesLoader(schema), gojsonschema.NewStringLoader(example))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range res.Errors() {
		t.Error(e)
	}
	dec := json.NewDecoder(strings.NewReader(example))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&jsonReport{}); err != nil {
		t.Errorf("the example has what is never written: %v", err)
	}
}

func TestXMLSchemas(t *testing.T) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("xmllint is missing: install Debian's libxml2-utils (make oracles)")
		}
		t.Skip("xmllint is missing: install Debian's libxml2-utils (make oracles)")
	}
	for _, format := range []string{"junit", "checkstyle"} {
		for name, r := range reports(t) {
			t.Run(format+" "+name, func(t *testing.T) {
				cmd := exec.CommandContext(t.Context(), xmllint, "--noout", "--nonet", "--schema", filepath.Join("testdata", "schema", format+".xsd"), "-")
				cmd.Stdin = strings.NewReader(write(t, format, r))
				var out bytes.Buffer
				cmd.Stdout, cmd.Stderr = io.Discard, &out
				if err := cmd.Run(); err != nil {
					t.Errorf("%v\n%s", err, out.String())
				}
			})
		}
	}
}

package report

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gsrv/lint"
)

var update = flag.Bool("update", false, "write testdata/golden anew")

func TestGolden(t *testing.T) {
	cases := map[string]struct {
		format string
		report *Report
		opts   []Option
	}{
		"color.txt":        {"text", sampleReport(t), []Option{Color(true)}},
		"stacks.txt":       {"text", sampleReport(t), []Option{Stacks(true)}},
		"clean.text":       {"text", &Report{Result: &lint.Result{Files: []lint.FileStatus{{Name: "a.ini", Dialect: "uwsgi"}}}}, nil},
		"empty.json":       {"json", &Report{Result: &lint.Result{}}, nil},
		"empty.sarif":      {"sarif", &Report{Result: &lint.Result{}}, nil},
		"empty.gitlab":     {"gitlab", &Report{Result: &lint.Result{}}, nil},
		"empty.junit":      {"junit", &Report{Result: &lint.Result{}}, nil},
		"empty.checkstyle": {"checkstyle", &Report{Result: &lint.Result{}}, nil},
	}
	for _, format := range Formats() {
		c := cases["all."+format]
		c.format, c.report = format, sampleReport(t)
		cases["all."+format] = c
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := write(t, c.format, c.report, c.opts...)
			if again := write(t, c.format, c.report, c.opts...); again != got {
				t.Error("a second time gives another report")
			}
			file := filepath.Join("testdata", "golden", name)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("-want +got (go test ./lint/report -update writes it anew):\n%s", diff)
			}
		})
	}
}

func TestWriteErrors(t *testing.T) {
	var b strings.Builder
	if err := Write(&b, "html", sampleReport(t)); err == nil || !strings.Contains(err.Error(), "text, json, sarif") {
		t.Errorf("unknown format: %v", err)
	}
	if err := Write(&b, "text", &Report{}); err == nil {
		t.Error("a report without a result is written")
	}
	if b.Len() > 0 {
		t.Errorf("written all the same: %q", b.String())
	}
}

func TestStacks(t *testing.T) {
	for _, format := range []string{"text", "json", "sarif"} {
		if out := write(t, format, sampleReport(t)); strings.Contains(out, "rule.go:9") {
			t.Errorf("%s: a stack that nobody asked for", format)
		}
		if out := write(t, format, sampleReport(t), Stacks(true)); !strings.Contains(out, "rule.go:9") {
			t.Errorf("%s: no stack", format)
		}
	}
}

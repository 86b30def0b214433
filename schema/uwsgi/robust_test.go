package uwsgi

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gsrv/schema"
)

// TestRobust reads what no one means to write: each gives a diagnostic within bounds, none a panic or a hang.
func TestRobust(t *testing.T) {
	big := strings.Repeat("x = y\n", 1<<20)
	tests := []struct {
		name, file, text string
		code             string // of a diagnostic that must be there; empty for none
	}{
		{"empty", "a.ini", "", "section-missing"},
		{"truncated header", "a.ini", "[uws", "section-header"},
		{"bracket alone", "a.ini", "[", "section-header"},
		{"binary", "a.ini", string([]byte{0, 1, 2, 0xff, 0xfe, '[', 'u', 0}), "section-missing"},
		{"NUL in a value", "a.ini", "[uwsgi]\nhttp-socket = :8000\x00x\nprocesses = 3\n", ""},
		{"invalid UTF-8", "a.ini", "[uwsgi]\nhttp-socket = :8000\nharak\xff\xfe = 1\n", "unknown-option"},
		{"too large", "a.ini", big + big, "file-unreadable"},
		{"too many options", "a.ini", "[uwsgi]\n" + big, "too-many-options"},
		{"one option very often", "a.ini", "[uwsgi]\nhttp-socket = :1\n" + strings.Repeat("processes = 2\nprocesses = 3\nenv = A=1\n", 6000), ""},
		{"many unknown", "a.ini", "[uwsgi]\n" + manyKeys(19_000), "more-problems"},
		{"long loop", "a.ini", "[uwsgi]\nfor-times = 1000000000\na = %(_)\nendfor =\n", "loop-too-long"},
		{"loops of loops", "a.ini", "[uwsgi]\nfor-times = 15000\na = 1\nb = 2\nendfor =\n", "too-many-options"},
		{"reference to itself", "a.ini", "[uwsgi]\na = x%(a)\n", "expansion-loop"},
		{"doubling", "a.ini", "[uwsgi]\na0 = xxxxxxxxxxxxxxxx\n" + doubling(40), "expansion-loop"},
		{"many letters", "a.ini", "[uwsgi]\nx = " + strings.Repeat("%n", 200_000), "too-many-magic"},
		{"own option without end", "a.ini", "[uwsgi]\ndeclare-option = a=a=$1\na = 1\n", "include-loop"},
		{"yaml brackets", "a.yaml", "uwsgi:\n  x: " + strings.Repeat("[", 100_000), "syntax-error"},
		{"yaml truncated", "a.yaml", "uwsgi:\n  x: \"abc", "syntax-error"},
		{"yaml binary", "a.yaml", "uwsgi:\n  x: \x01\xff", "syntax-error"},
		{"json brackets", "a.json", strings.Repeat("[", 100_000), "syntax-error"},
		{"json truncated", "a.json", `{"uwsgi": {"x": "`, "syntax-error"},
		{"xml nested", "a.xml", strings.Repeat("<a>", 100_000), "syntax-error"},
		{"xml truncated", "a.xml", "<uwsgi><x>1</x", "syntax-error"},
		{"xml entity", "a.xml", "<!DOCTYPE uwsgi [<!ENTITY a \"b\">]><uwsgi><x>&a;</x></uwsgi>", "syntax-error"},
		{"only percent", "a.ini", "%", "percent-at-end"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			writeFiles(t, dir, map[string]string{tt.file: tt.text})
			began := time.Now()
			_, diags := New().Read(schema.Input{Files: schema.NewFiles(dir), Dir: dir, Host: schema.NoHost, File: tt.file})
			// A bound far above what it takes, to catch what never ends.
			if d := time.Since(began); d > 20*time.Second {
				t.Errorf("took %v", d)
			}
			found := tt.code == ""
			for _, d := range diags {
				found = found || schema.DetailOf(d).Code == tt.code
				if d.Subject == nil || d.Summary == "" || d.Detail == "" {
					t.Errorf("incomplete: %v", d)
				}
			}
			if !found {
				t.Errorf("no %s in %v", tt.code, diags)
			}
		})
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "proceses%d = 1\n", i)
	}
	return b.String()
}

func doubling(n int) string {
	var b strings.Builder
	for i := range n {
		a, z := "a"+string(rune('A'+i/26))+string(rune('a'+i%26)), "a"+string(rune('A'+(i-1)/26))+string(rune('a'+(i+25)%26))
		if i == 0 {
			z = "a0"
		}
		b.WriteString(a + " = x%(" + z + ")%(" + z + ")\n")
	}
	return b.String()
}

// TestNoFile reads what is no plain file.
func TestNoFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "dir.ini"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo.ini"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("loop.ini", filepath.Join(dir, "loop.ini")); err != nil {
		t.Fatal(err)
	}
	for name, code := range map[string]string{"dir.ini": "file-unreadable", "fifo.ini": "file-unreadable", "loop.ini": "file-unreadable", "none.ini": "file-missing", "": "file-missing", "a\x00b.ini": "file-unreadable", "/dev/zero": "file-unreadable"} {
		_, diags := New().Read(schema.Input{Files: schema.NewFiles(dir), Dir: dir, Host: schema.NoHost, File: name})
		found := false
		for _, d := range diags {
			found = found || schema.DetailOf(d).Code == code && d.Severity == 1
		}
		if !found {
			t.Errorf("%q: no %s in %v", name, code, diags)
		}
	}
}

func fuzzFile(f *testing.F, name string, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		for _, host := range []schema.Host{schema.NoHost, &schema.HostInputs{Machine: true, Environ: map[string]string{"A": "1"}, CPUs: 2, Dir: "/nowhere"}} {
			files := schema.NewFiles("/nowhere")
			files.Put("-", data)
			in := schema.Input{Files: files, Dir: "/nowhere", Host: host, Stdin: data}
			text, words := schema.JoinWords([]string{"uwsgi", "--" + name, "-", "--procname=%(a)$(A)"})
			files.Put(schema.CommandLine, text)
			in.Command = words
			c, diags := New().Read(in)
			checkConfig(t, c)
			for _, d := range diags {
				if d.Subject == nil {
					t.Errorf("no place: %v", d)
				}
			}
		}
	})
}

// checkConfig evaluates every expression: on the host that was read for it gives what the setting says.
func checkConfig(t *testing.T, c *schema.Config) {
	t.Helper()
	for _, s := range c.Settings {
		if s.Value == nil || s.OnHost.IsNull() && s.Native != "" && s.Text != "" {
			t.Errorf("%s has no value", s.Native)
		}
		s.Value.Eval(schema.NoHost)
		schema.ExprText(s.Value)
	}
	for _, s := range c.Model {
		if s.Value == nil {
			t.Errorf("%s has no value", s.Name)
		}
	}
}

func FuzzINI(f *testing.F) {
	fuzzFile(f, "ini", "[uwsgi]\nprocesses = %k\nb = %(a + 2)x$(A)@(n)\nfor = a b\nx = %(_)\nendfor =\n", "[uwsgi]\nif-env = A\nset = a=1\nendif\ndeclare-option = x=workers=$1\nx = 2", "[a]\n[uwsgi\nx=%\n")
}

func FuzzYAML(f *testing.F) {
	fuzzFile(f, "yaml", "uwsgi:\n  a: 1\n  b: [x, y]\n  c:\n  - |\n    t\n", "uwsgi: {a: b}\n'x': \"\\x41\"\n? k\n: v\n", "%YAML 1.1\n---\nuwsgi:\n  a: &x 1\n...\n")
}

func FuzzJSON(f *testing.F) {
	fuzzFile(f, "json", `{"uwsgi": {"a": [1, true, null, "\ud83d\ude00"]}}`, "// c\n{\"uwsgi\":{\"a\":-1.5e3}}", `{"uwsgi": [`)
}

func FuzzXML(f *testing.F) {
	fuzzFile(f, "xml", "<uwsgi><a>1</a><b/><!-- c --><app mountpoint=\"/\"><x>y</x></app></uwsgi>", "<?xml version=\"1.0\"?><c><uwsgi id=\"a\"><x><![CDATA[y]]></x></uwsgi></c>")
}

func FuzzCommand(f *testing.F) {
	for _, s := range []string{"-Mp4 --ini x.ini", "--set a=1 --procname %(a)", "--wor 3 -- x", "-C666 --exit=0", "--ini :a --json x:y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		dir := t.TempDir()
		c, _ := readCommand(dir, strings.Fields(line), [][2]string{{"UWSGI_A", line}}, line, "")
		checkConfig(t, c)
	})
}

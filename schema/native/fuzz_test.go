package native

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"gsrv/schema"
)

// seeds are the configurations of all fixtures and some rarer shapes.
func seeds(f *testing.F) {
	names, err := filepath.Glob(fixtures + "/*.txtar")
	if err != nil || len(names) == 0 {
		f.Fatal("no fixtures", err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if filepath.Ext(file.Name) == ".hcl" {
				f.Add(file.Data)
			}
		}
	}
	for _, text := range []string{
		"", "\xef\xbb\xbf", "a", "a = ", "a = <<X\n\n\n  b\nX\n", "a = <<-X\n${b}\nX", "a {\r\n\r\n\r\n}\r\n", "/* a\n\n\n*/ a = 1 // x", "a = [\n\n1,\n\n\n2\n]",
		"a \"${\"b\"}\" \"c\" {}", "a \"%{if x}y%{endif}\" {}", "locals { a = \"${local.a}\" }", "x = {\n\n\na = 1\n\n\n}", "# a\n\n\n\n# b\n\n", "a = \"${<<X\ny\nX\n}\"",
	} {
		f.Add([]byte(text))
	}
}

func FuzzRead(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, host := range []schema.Host{hosts[1], schema.NoHost} {
			files := schema.NewFiles(t.TempDir())
			files.Put(DefaultFile, text)
			cfg, diags := New().Read(schema.Input{Files: files, Host: host, File: DefaultFile})
			if cfg == nil {
				t.Fatal("no configuration")
			}
			for _, d := range diags {
				if d.Subject == nil || d.Summary == "" || d.Detail == "" || schema.DetailOf(d).Code == "" {
					t.Errorf("unfinished diagnostic %+v", d)
				} else if d.Subject.Filename == DefaultFile && d.Subject.End.Byte > len(text) {
					t.Errorf("range outside the file: %v", d.Subject)
				}
			}
			if _, err := json.Marshal(cfg.Native); err != nil {
				t.Error(err)
			}
			if diags.HasErrors() {
				continue
			}
			checkRewrite(t, cfg, host)
		}
	})
}

// checkRewrite writes a configuration that was read and reads it again on the same host: the effective settings are
// the same.
func checkRewrite(t *testing.T, cfg *schema.Config, host schema.Host) {
	text, notes := Write(cfg)
	back, diags := readText(t, string(text), host)
	if len(notes) > 0 {
		return
	}
	if diags.HasErrors() {
		t.Fatalf("%s\n%s", text, showDiagnostics(diags))
	}
	for _, s := range cfg.Model {
		got := back.Setting(s.Name)
		if s.Option.Extra == schema.RoleProtocol {
			continue // blocks are written by protocol, and one that lists nothing is none
		}
		if a, b := textOf(s.Option, s.OnHost), textOf(s.Option, got.OnHost); a != b {
			t.Fatalf("%s: %s became %s in\n%s", s.Name, a, b, text)
		}
	}
	if all, _ := WriteAll(cfg); len(all) < len(text) {
		t.Error("less with the defaults than without")
	}
}

func FuzzFormat(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		once, diags := Format(text)
		if diags.HasErrors() {
			if !bytes.Equal(once, text) {
				t.Error("a text that does not parse was changed")
			}
			return
		}
		twice, diags := Format(once)
		if diags.HasErrors() {
			t.Fatalf("formatting broke it: %s\n%q\n%q", showDiagnostics(diags), text, once)
		}
		if !bytes.Equal(once, twice) {
			t.Fatalf("%q\nonce  %q\ntwice %q", text, once, twice)
		}
		if !sameTokens(text, once) {
			t.Fatalf("%q\nbecame %q", text, once)
		}
	})
}

package native

import "testing"

func TestFormat(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"layout": {
			"\n\nworkers{\n\n  count=1\n\n\n\tclass =  \"sync\" # why\n\n}\n\n\n\nlog {\nlevel=\"info\"\n}",
			"workers {\n  count = 1\n\n  class = \"sync\" # why\n}\n\nlog {\n  level = \"info\"\n}\n",
		},
		"comments":         {"# a\n\n\n\n// b\n/* c\n\n\n d */\nx = 1\n\n# end\n\n", "# a\n\n// b\n/* c\n\n\n d */\nx = 1\n\n# end\n"},
		"comment in block": {"a {\n\n  # only this\n\n}\n", "a {\n  # only this\n}\n"},
		"heredoc":          {"x = <<E\n\n\n  keep\n\n\nE\n\n\n\ny = 1\n", "x = <<E\n\n\n  keep\n\n\nE\n\ny = 1\n"},
		"line ends":        {"\xef\xbb\xbfa = 1\r\n\r\n\r\nb = 2\r\n", "a = 1\n\nb = 2\n"},
		"label template":   {"listen   \"127.0.0.1:${env(\"PORT\",\"80\")}\" {}", "listen \"127.0.0.1:${env(\"PORT\", \"80\")}\" {}\n"},
		"empty":            {"", ""},
		"blank":            {"\n\n\n", ""},
	} {
		got, diags := Format([]byte(c.in))
		if diags.HasErrors() || string(got) != c.want {
			t.Errorf("%s: %q\nwant %q\n%s", name, got, c.want, showDiagnostics(diags))
		}
	}
	broken := []byte("a = \n{")
	if got, diags := FormatFile("x.hcl", broken); string(got) != string(broken) || !diags.HasErrors() || diags[0].Subject.Filename != "x.hcl" {
		t.Errorf("a broken text became %q: %s", got, showDiagnostics(diags))
	}
}

func TestDiff(t *testing.T) {
	if d := Diff("a", []byte("x\n"), []byte("x\n")); len(d) > 0 {
		t.Errorf("difference of equal texts: %s", d)
	}
	want := "diff a a (formatted)\n--- a\n+++ a (formatted)\n@@ -1,2 +1,2 @@\n-x=1\n+x = 1\n y = 2\n"
	if d := string(Diff("a", []byte("x=1\ny = 2\n"), []byte("x = 1\ny = 2\n"))); d != want {
		t.Errorf("%s", d)
	}
}

package nginx

import (
	"strings"
	"testing"

	"gsrv/schema"
)

// TestHostile reads files made to be expensive; the test's own time limit is the measure, and none may panic.
func TestHostile(t *testing.T) {
	for name, text := range map[string]string{
		"deep blocks":    strings.Repeat("a {", 500_000),
		"many":           strings.Repeat("a;", 1_000_000),
		"words":          strings.Repeat("a ", 1_000_000),
		"open templates": strings.Repeat("{{ {% <% ", 200_000),
		"templates":      strings.Repeat("{{ a }}", 200_000),
		"lua":            "a_by_lua_block {" + strings.Repeat("[==[ '", 100_000),
		"conditions":     "server { location / {" + strings.Repeat("if ($a) { set $a $a$a; } proxy_pass http://$a$a;", 20_000) + "} }",
		"comments":       strings.Repeat("#\n", 1_000_000),
		"includes":       strings.Repeat("include mime.types;", 50_000),
	} {
		t.Run(name, func(t *testing.T) {
			files := schema.NewFiles(t.TempDir())
			files.Put("x", []byte(text))
			cfg, _ := Read(files, "x")
			cfg.Proxied()
		})
	}
}

package nginx

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// TestFieldFiles reads real configurations where a collection of them is at hand: what is found is logged, and none of
// them may end in a syntax error unless nginx has it as well.
func TestFieldFiles(t *testing.T) {
	dir, err := filepath.Abs("../../../shared/corpus/deploy/nginx")
	if err != nil {
		t.Fatal(err)
	}
	if env := os.Getenv("GSRV_NGINX_CORPUS"); env != "" {
		dir = env
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Skip("no collection of configurations here")
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		cfg, diags := Read(schema.NewFiles(dir), e.Name())
		t.Logf("%s: %s %s servers=%d upstreams=%d", e.Name(), cfg.Context, cfg.Template, len(cfg.Servers), len(cfg.Upstreams))
		for _, p := range cfg.Proxied() {
			var to []string
			for _, a := range p.Addresses {
				to = append(to, a.Text)
			}
			path := ""
			if p.Location != nil {
				path = p.Location.Modifier + " " + p.Location.Path.Text
			}
			t.Logf("    %s%s -> %s %v open=%v headers=%d read=%v body=%d", path, "", p.Protocol, to, p.Open, len(p.Headers)+len(p.Params), p.ReadTimeout.Value, p.MaxBody.Value)
		}
		for _, d := range diags {
			if d.Severity == hcl.DiagError || !schema.DetailOf(d).Note {
				t.Logf("    %s:%d: %s: %s", e.Name(), d.Subject.Start.Line, schema.DetailOf(d).Code, d.Detail)
			}
		}
	}
}

package native

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

var noRange hcl.Range

// TestModeOfHostsAddress: an address that gsrv.hcl cannot say stands as the value of this host, and permissions stand beside it only
// where that is a unix socket: gsrv refuses them elsewhere.
func TestModeOfHostsAddress(t *testing.T) {
	said := &schema.Env{Name: "BIND", Default: schema.String("127.0.0.1:80", noRange)}
	unsaid := &schema.Call{Func: "convert_keyvals", Args: []schema.Expr{said}}
	for _, c := range []struct {
		name    string
		address schema.Expr
		host    string
		mode    bool
	}{
		{"said", said, "127.0.0.1:80", true},
		{"unsaid", unsaid, "127.0.0.1:80", false},
		{"unsaid, a socket", unsaid, "unix:/run/x.sock", true},
		{"no socket on any host", &schema.Template{Parts: []schema.Expr{schema.String("0.0.0.0:", noRange), said}}, "0.0.0.0:80", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			mode := cty.StringVal("0660")
			cfg := &schema.Config{Dialect: "native", Model: []schema.Setting{
				{Name: "listen.http", Native: "bind", Layer: schema.LayerFile, Value: &schema.List{Items: []schema.Expr{c.address}}, OnHost: cty.TupleVal([]cty.Value{cty.StringVal(c.host)}), Option: schema.Model.Lookup("listen.http")},
				{Name: "listen.mode", Native: "umask", Layer: schema.LayerFile, Value: &schema.Const{Val: mode}, OnHost: mode, Option: schema.Model.Lookup("listen.mode")},
			}}
			text, _ := Write(cfg)
			if strings.Contains(string(text), "mode") != c.mode {
				t.Errorf("mode: %t, not wanted in\n%s", !c.mode, text)
			}
		})
	}
}

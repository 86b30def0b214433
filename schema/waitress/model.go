package waitress

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/cmdline"
)

// finish lays the command line over the defaults and fills in the Config.
func (r *reader) finish() (*schema.Config, hcl.Diagnostics) {
	cmdline.Assemble(r.cfg, commandLine(), cmdline.Defaults(commandLine(), r.release), r.cli)
	r.believed()
	listen := r.listen()
	var alone []schema.Setting
	for _, s := range r.cfg.Settings {
		if s.Option.Model != listen.Name {
			alone = append(alone, s)
		}
	}
	r.cfg.Model = append(schema.ToModel(alone), listen,
		fixed("workers.count", cty.NumberIntVal(1)), fixed("workers.class", cty.StringVal("thread")), fixed("workers.master", cty.False))
	if r.app != nil {
		v := cty.StringVal(strings.TrimSuffix(r.app.Text, "\n"))
		r.cfg.Model = append(r.cfg.Model, schema.Setting{
			Name: "app.module", Native: "MODULE:OBJECT", Value: &schema.Const{Val: v, Src: r.app.Range}, OnHost: v, Text: r.app.Text,
			Layer: schema.LayerCLI, Source: "command line", Range: r.app.Range, NameRange: r.app.Range,
		})
	}
	schema.SortModel(r.cfg.Model)
	native := cmdline.Native(r.cfg)
	delete(native, "listen") // waitress keeps open sockets there
	native["addresses"] = cmdline.Plain(listen.OnHost)
	r.cfg.Native = native
	r.cfg.Summary = r.summary(listen)
	return r.cfg, r.diags
}

func fixed(name string, v cty.Value) schema.Setting {
	text, _ := schema.TextOf(v)
	return schema.Setting{Name: name, Value: &schema.Const{Val: v}, OnHost: v, Text: text, Layer: schema.LayerDefault, Source: "waitress"}
}

// believed puts in the header that waitress believes of a trusted proxy when none is named.
func (r *reader) believed() {
	proxy := r.adjustments.Given["trusted_proxy"]
	headers := r.cfg.Setting("trusted_proxy_headers")
	if proxy == nil || proxy.Text == "" || headers == nil || headers.OnHost.LengthInt() > 0 {
		return
	}
	headers.OnHost = cty.TupleVal([]cty.Value{cty.StringVal("x-forwarded-proto")})
	headers.Value = &schema.Const{Val: headers.OnHost, Src: headers.Range}
	headers.Text = cmdline.Text(headers.Option, headers.OnHost)
}

// listen gives the addresses that waitress listens on: of a unix socket and --listen, the socket.
func (r *reader) listen() schema.Setting {
	a := r.adjustments
	s := schema.Setting{Name: "listen.http", Layer: schema.LayerDefault, Source: "default", OnHost: cty.DynamicVal}
	list, key := a.Addresses()
	if g := a.Given["unix_socket"]; g != nil {
		key, list = "unix_socket", []string{"unix:" + g.Text}
	} else {
		for i, address := range list {
			host, port := a.Split(address)
			if host == "*" {
				host = r.any()
			}
			list[i] = Join(host, port)
		}
	}
	if g := a.Given[key]; g != nil {
		s.Native, s.Layer, s.Source, s.Range, s.NameRange = key, schema.LayerCLI, "command line", g.Range, g.NameRange
		if !g.Value.IsKnown() || list == nil && key != "listen" {
			s.Value = &schema.Opaque{Source: g.Text, Reason: "waitress refuses the value", Src: g.Range}
			return s
		}
	}
	items := make([]cty.Value, len(list))
	for i, address := range list {
		items[i] = cty.StringVal(address)
	}
	s.OnHost = cty.TupleVal(items)
	s.Value = &schema.Const{Val: s.OnHost, Src: s.Range}
	s.Text = strings.Join(list, " ")
	return s
}

// any is the address that * stands for.
func (r *reader) any() string {
	if r.adjustments.truth("ipv6") && !r.adjustments.truth("ipv4") {
		return "::"
	}
	return "0.0.0.0"
}

// Join writes host and port as an address.
func Join(host, port string) string {
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() {
		host = "[" + host + "]"
	}
	return host + ":" + port
}

// summary says in one line what would run.
func (r *reader) summary(listen schema.Setting) string {
	var b strings.Builder
	fmt.Fprintf(&b, "waitress %s: ", r.release)
	switch n, ok := r.adjustments.number("threads"); {
	case !ok:
		b.WriteString("an unknown number of threads")
	case n == 1:
		b.WriteString("1 thread")
	default:
		fmt.Fprintf(&b, "%d threads", n)
	}
	if listen.OnHost.IsWhollyKnown() {
		b.WriteString(" on " + listen.Text)
	}
	if r.app != nil {
		b.WriteString(", app " + strings.TrimSpace(r.app.Text))
		if r.factory {
			b.WriteString("()")
		}
	}
	return b.String()
}

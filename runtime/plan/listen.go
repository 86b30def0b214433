package plan

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

type netipPrefix = netip.Prefix

func mustPrefix(text string) netip.Prefix {
	p, err := prefix(text)
	if err != nil {
		panic(err)
	}
	return p
}

// listen makes the listeners; addresses that speak another protocol than HTTP are refused.
func (r *reader) listen(p *Plan) {
	if len(r.addresses) > 0 {
		for _, text := range r.addresses {
			l, problem := r.listener(p, text)
			if problem != "" {
				r.diags = append(r.diags, schema.Errorf("run-listen", wholeFile(r.cfg), "Not an address", "%q: %s.", text, problem))
				continue
			}
			p.Listen = append(p.Listen, l)
		}
		return
	}
	for _, name := range []string{"listen.uwsgi", "listen.fastcgi", "listen.scgi"} {
		if s := r.known(name); s != nil && len(listOf(s)) > 0 && !r.refused(s) {
			protocol := strings.TrimPrefix(name, "listen.")
			r.refuse(s, "run-protocol", "Protocol not spoken", "%s speaks the %s protocol to a proxy, and gsrv run speaks HTTP. Use http-socket (or a plain bind) and the proxy's proxy_pass instead of %s_pass; gsrv run --listen ADDRESS serves HTTP without a change of the file.", strings.Join(listOf(s), ", "), protocol, protocol)
		}
	}
	s := r.known("listen.http")
	addresses := listOf(s)
	if len(addresses) == 0 && r.model["listen.http"] == nil && r.server != "uwsgi" {
		addresses = []string{"127.0.0.1:8000"}
	}
	if len(addresses) == 0 && !r.hasErrors() {
		r.diags = append(r.diags, schema.Errorf("run-listen", wholeFile(r.cfg), NoAddress, "The configuration names no address to listen on. Name one, such as 127.0.0.1:8000 or unix:/run/shop.sock."))
	}
	for i, text := range addresses {
		bound := []string{text}
		if r.server == "waitress" {
			if bound = r.waitressAddresses(i, text); len(bound) == 0 {
				r.refuse(s, "run-listen", "No address left", "The name in %s has no address of the family that ipv4 and ipv6 leave, and waitress does not start. Write the address itself, as in [::1]:8080.", text)
			}
		}
		for _, text := range bound {
			l, problem := r.listener(p, text)
			if problem != "" {
				r.refuse(s, "run-listen", "Not an address", "%q: %s", text, problem)
				continue
			}
			if !slices.ContainsFunc(p.Listen, func(other Listener) bool {
				return r.server == "waitress" && other.Address == l.Address && !strings.HasSuffix(l.Address, ":0")
			}) {
				p.Listen = append(p.Listen, l)
			}
		}
	}
}

// refused tells that a setting has been refused already, by its name.
func (r *reader) refused(s *schema.Setting) bool {
	return slices.ContainsFunc(r.diags, func(d *hcl.Diagnostic) bool { return d.Subject != nil && *d.Subject == at(s) })
}

func (r *reader) hasErrors() bool { return r.diags.HasErrors() }

func (r *reader) listener(p *Plan, text string) (Listener, string) {
	l := Listener{Text: text, UID: -1, GID: -1, Backlog: int(r.number("listen.backlog", 2048)), ReusePort: r.flag("listen.reuse_port", false), V6Only: r.server == "waitress"}
	var mode, owner *schema.Setting = r.known("listen.mode"), r.known("listen.owner")
	modeText, ownerText := textOf(mode, ""), textOf(owner, "")
	if s := r.known("listen.by_address"); s != nil && s.OnHost.Type().IsObjectType() {
		if v, ok := s.OnHost.AsValueMap()[text]; ok && v.Type().IsObjectType() {
			for k, e := range v.AsValueMap() {
				t, _ := schema.TextOf(e)
				switch k {
				case "backlog":
					l.Backlog, _ = strconv.Atoi(t)
				case "reuse_port":
					l.ReusePort = e.Type() == cty.Bool && e.True()
				case "mode":
					modeText = t
				case "owner":
					ownerText = t
				}
			}
		}
	}
	rest, isUnix := strings.CutPrefix(text, "unix:")
	switch {
	case isUnix:
		rest = strings.TrimPrefix(rest, "//")
		if rest == "" {
			return l, "the path of the socket is missing"
		}
		l.Network, l.Address = "unix", rest
		if !strings.HasPrefix(rest, "@") {
			l.Address = p.path(rest)
		}
	case strings.HasPrefix(text, "fd://"):
		n, err := strconv.Atoi(strings.TrimPrefix(text, "fd://"))
		if err != nil || n < 0 {
			return l, "it is no number of a descriptor, as in fd://3"
		}
		l.Network, l.Address = "fd", strconv.Itoa(n)
		return l, ""
	default:
		host, port, err := net.SplitHostPort(text)
		if err != nil {
			return l, "it is neither host:port, [v6]:port, unix:/path nor fd://3"
		}
		if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
			return l, "the port is no number from 0 to 65535"
		}
		l.Network, l.Address = "tcp", net.JoinHostPort(host, port)
		return l, ""
	}
	if modeText != "" {
		n, err := strconv.ParseUint(strings.TrimPrefix(modeText, "0o"), 8, 12)
		if err != nil {
			return l, "its mode " + modeText + " is no octal number such as 0660"
		}
		m := os.FileMode(n)
		l.Mode = &m
	}
	if ownerText != "" {
		u, g, hasGroup := strings.Cut(ownerText, ":")
		if u != "" {
			account, err := lookupUser(u)
			if err != nil {
				return l, err.Error()
			}
			l.UID, _ = strconv.Atoi(account.Uid)
			if !hasGroup {
				l.GID, _ = strconv.Atoi(account.Gid)
			}
		}
		if g != "" {
			gid, err := lookupGroup(g)
			if err != nil {
				return l, err.Error()
			}
			l.GID = gid
		}
	}
	return l, ""
}

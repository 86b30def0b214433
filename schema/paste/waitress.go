package paste

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema/ini"
)

// checkWaitress checks what waitress's Adjustments checks, and what it takes although it cannot be meant.
func checkWaitress(r *reading) {
	exclusive := []struct {
		one     string
		others  []string
		message string
	}{
		{"listen", []string{"host", "port"}, "host or port may not be set if listen is set."},
		{"listen", []string{"sockets"}, "socket may not be set if listen is set."},
		{"sockets", []string{"host", "port"}, "host or port may not be set if sockets is set."},
		{"sockets", []string{"unix_socket"}, "unix_socket may not be set if sockets is set"},
		{"unix_socket", []string{"host", "port"}, "unix_socket may not be set if host or port is set"},
		{"unix_socket", []string{"listen"}, "unix_socket may not be set if listen is set"},
	}
	conflict := false
	for _, e := range exclusive {
		if other := r.first(e.others...); r.has(e.one) && other != "" {
			conflict = true
			r.refuse("conflict", r.nameAt(other), "ValueError: "+e.message, "Two settings that exclude each other",
				"%s and %s say twice where to listen, and waitress refuses to start with both. Keep one of them.", e.one, strings.Join(e.others, " or "))
		}
	}
	if !conflict {
		checkAddresses(r)
	}
	checkTrustedProxy(r)
	if n, ok := r.number("threads"); ok && n <= 0 && r.has("threads") {
		r.warn("out-of-range", r.at("threads"), "No threads", "With %d threads waitress accepts connections and never answers. The default is 4.", n)
	}
	if scheme, ok := r.text("url_scheme"); ok && scheme != "http" && scheme != "https" {
		r.warn("invalid-value", r.at("url_scheme"), "Unknown scheme", "The application gets %s as wsgi.url_scheme, and every URL it makes begins with it. Write http or https.", ini.Quote(scheme))
	}
	if r.has("send_bytes") {
		r.note("deprecated", r.nameAt("send_bytes"), "Deprecated setting", "waitress warns of send_bytes since 1.3.0 and will refuse it one day. Remove it.")
	}
}

// addresses gives what waitress listens on before names are resolved, each as "host:port", and which key says so.
func addresses(r *reading) (list []string, key string) {
	if r.has("host", "port") {
		host, port := "0.0.0.0", "8080"
		key = r.first("port", "host")
		if v := r.given("host"); v != nil {
			if !v.Known {
				return nil, "host"
			}
			host, key = v.Text, "host"
		}
		if r.has("port") {
			v := r.values["port"]
			if !v.IsKnown() {
				return nil, "port"
			}
			port = v.AsBigFloat().Text('f', 0)
		}
		return []string{host + ":" + port}, key
	}
	if v, ok := r.values["listen"]; ok {
		if !v.IsKnown() {
			return nil, "listen"
		}
		for it := v.ElementIterator(); it.Next(); {
			_, x := it.Element()
			list = append(list, x.AsString())
		}
		return list, "listen"
	}
	return []string{"0.0.0.0:8080"}, ""
}

// splitAddress takes an address apart as waitress does; port is "" where it is left empty.
func splitAddress(r *reading, address string) (host, port string) {
	fallback := "8080"
	if v, ok := r.values["port"]; ok && v.IsKnown() && v.Type() == cty.Number {
		fallback = v.AsBigFloat().Text('f', 0)
	}
	i := strings.LastIndexByte(address, ':')
	if i < 0 {
		return address, fallback
	}
	host, port = address[:i], address[i+1:]
	if strings.Contains(port, "]") {
		host, port = address, fallback
	}
	if strings.Contains(host, "[") && strings.Contains(host, "]") {
		host = strings.TrimRight(strings.Trim(host, "["), "]")
	}
	return host, port
}

var (
	hostname = lazy(`^[\pL\pN._-]+$`)
	numeric  = lazy(`^[0-9]+(\.[0-9]+)*$`)
	digits   = lazy(`^[0-9]+$`)
	service  = lazy(`^[A-Za-z0-9+._-]+$`)
)

func checkAddresses(r *reading) {
	list, key := addresses(r)
	if key == "" {
		// The default is an IPv4 address, also where only a unix socket is listened on.
		if why := wrongHost(r, "0.0.0.0"); why != "" {
			r.refuse("invalid-address", r.at("ipv4"), "ValueError: Invalid host/port specified.", "No address left", "With ipv4 off waitress refuses to start on its default, 0.0.0.0:8080. Set host to an IPv6 address (:: for any) as well.")
		}
		return
	}
	if key == "listen" && len(list) == 0 && r.values["listen"].IsKnown() {
		r.warn("invalid-value", r.at(key), "Nothing to listen on", "listen is empty, and waitress starts without listening anywhere. Write host:port, or remove the key.")
	}
	for _, address := range list {
		host, port := splitAddress(r, address)
		at := r.at(key)
		if v := r.given(key); v != nil && key == "listen" {
			for _, f := range fieldsAt(v.Text) {
				if f.text == address {
					at = v.sub(f)
				}
			}
		}
		if why := wrongHost(r, host); why != "" {
			r.refuse("invalid-address", at, "ValueError: Invalid host/port specified.", "Not an address", "%s: %s; waitress refuses to start. Write host:port, as in 127.0.0.1:8080.", ini.Quote(address), why)
			continue
		}
		if numeric().MatchString(host) && strings.Count(host, ".") < 3 {
			r.warn("invalid-address", at, "A number for a host", "%s is taken for the host, which is short for another address (80 is 0.0.0.80), not for a port. Write 0.0.0.0:%s if the port is meant.", ini.Quote(host), host)
		}
		if r.has("port") && key == "host" {
			at = r.at("port")
		}
		checkPort(r, address, port, key, at)
	}
}

// wrongHost says why a host cannot be resolved on any machine; "" where it may be.
func wrongHost(r *reading, host string) string {
	ipv4, ipv6 := r.truth("ipv4"), r.truth("ipv6")
	if ipv4 == ipv6 {
		ipv4, ipv6 = true, true
	}
	address, err := netip.ParseAddr(host)
	switch {
	case host == "*":
		return ""
	case host == "":
		return "there is no host before the colon (* stands for any)"
	case err == nil && address.Is6() && !ipv6:
		return "it is an IPv6 address, and ipv6 is off"
	case err == nil && !address.Is6() && !ipv4:
		return "it is an IPv4 address, and ipv4 is off"
	case err == nil:
		return ""
	case shellVariable().MatchString(host):
		return "shell variables are not expanded in the file (write %(NAME)s and start with NAME=VALUE)"
	case strings.Contains(host, "/"):
		return "a scheme or path has no place in it (a unix socket is set with unix_socket)"
	case strings.Contains(host, ","):
		return "several addresses are separated by spaces, not commas"
	case !hostname().MatchString(host):
		return "the host " + ini.Quote(host) + " is neither a name nor an IP address"
	case numeric().MatchString(host) && !shortIPv4(host):
		return "the host " + ini.Quote(host) + " is no IPv4 address"
	case numeric().MatchString(host) && !ipv4:
		return "it is an IPv4 address, and ipv4 is off"
	}
	return ""
}

// shortIPv4 tells whether inet_aton takes a dotted number: one to four parts, the last filling what is left.
func shortIPv4(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return false
	}
	for i, p := range parts {
		limit := int64(255)
		if i == len(parts)-1 {
			limit = 1<<(8*(5-len(parts))) - 1
		}
		base := 10
		if len(p) > 1 && p[0] == '0' {
			base = 8
		}
		n := pythonInt(p, base)
		if n == nil || !n.IsInt64() || n.Int64() > limit {
			return false
		}
	}
	return true
}

func checkPort(r *reading, address, port, key string, at hcl.Range) {
	switch {
	case port == "":
		r.warn("invalid-address", at, "Port is missing", "%s has nothing after the colon, and waitress listens on a port that the system picks anew at every start. Write the port.", ini.Quote(address))
	case digits().MatchString(port):
		n := pythonInt(port, 10)
		switch {
		case n != nil && n.IsInt64() && n.Int64() <= 65535:
		case n == nil || !n.IsUint64() || int32(n.Uint64()) < 0:
			// glibc keeps the number in an int, and takes a negative one for no port.
			r.refuse("invalid-address", at, "ValueError: Invalid host/port specified.", "Port out of range", "A port is at most 65535, and waitress refuses to start with %s.", ini.Quote(port))
		default:
			r.warn("out-of-range", at, "Port out of range", "%s is over 65535; the system silently takes it modulo 65536, so waitress listens on port %d.", port, n.Uint64()&0xffff)
		}
	case shellVariable().MatchString(port):
		r.refuse("invalid-address", at, "ValueError: Invalid host/port specified.", "Not an address", "%s: shell variables are not expanded in the file, and waitress refuses to start. Write %%(NAME)s and start with NAME=VALUE behind the file's name.", ini.Quote(address))
	case !service().MatchString(port) || strings.HasPrefix(port, "-"):
		r.refuse("invalid-address", at, "ValueError: Invalid host/port specified.", "Not an address", "%s: %s is no port, and waitress refuses to start.", ini.Quote(address), ini.Quote(port))
	case !slices.Contains([]string{"http", "https", "http-alt"}, port):
		r.warn("invalid-address", at, "Port is no number", "%s: %s is looked up in /etc/services, and without an entry there waitress refuses to start. Write the port's number.", ini.Quote(address), ini.Quote(port))
	}
}

func checkTrustedProxy(r *reading) {
	proxy := r.given("trusted_proxy")
	if proxy == nil || proxy.Known && proxy.Text == "" {
		for _, name := range []string{"trusted_proxy_count", "trusted_proxy_headers"} {
			if v := r.given(name); v != nil && (name == "trusted_proxy_count" || ini.Strip(v.Text) != "") {
				r.refuse("conflict", r.nameAt(name), "ValueError: "+name+" has no meaning without setting trusted_proxy", "trusted_proxy is missing",
					"%s says what to believe of a proxy, and trusted_proxy does not say of which; waitress refuses to start. Add trusted_proxy = ADDRESS, or remove %s.", name, name)
			}
		}
		return
	}
	checkProxyHeaders(r)
	if !proxy.Known || proxy.Text == "*" {
		return
	}
	if _, err := netip.ParseAddr(proxy.Text); err == nil || proxy.Text == "localhost" && r.has("unix_socket") {
		return
	}
	why := "is compared with the proxy's IP address as text, so it never matches and the proxy's headers are dropped or ignored. Write the address, or * for any."
	switch {
	case strings.EqualFold(proxy.Text, "true") || strings.EqualFold(proxy.Text, "yes") || strings.EqualFold(proxy.Text, "on"):
		why = "is no switch: it " + why
	case strings.ContainsAny(proxy.Text, ",/ \n"):
		why = "holds one address only, no list and no network: it " + why
	}
	r.warn("invalid-value", r.at("trusted_proxy"), "Proxy is never trusted", "trusted_proxy = %s: the value %s", proxy.Text, why)
}

func checkProxyHeaders(r *reading) {
	headers, ok := r.values["trusted_proxy_headers"]
	if !ok || headers.IsKnown() && headers.LengthInt() == 0 {
		r.note("proxy-headers", r.nameAt("trusted_proxy"), "Which headers are believed", "Without trusted_proxy_headers waitress believes X-Forwarded-Proto alone, so the client's address is not known to the application. Name the headers that the proxy sets.")
		return
	}
	if !headers.IsKnown() {
		return
	}
	known := r.server.catalogue.Lookup("trusted_proxy_headers").Enum
	seen := map[string]bool{}
	for it := headers.ElementIterator(); it.Next(); {
		_, x := it.Element()
		name := x.AsString()
		seen[name] = true
		if !slices.Contains(known, name) {
			r.refuse("invalid-value", r.at("trusted_proxy_headers"), "ValueError: Received unknown trusted_proxy_headers value ("+name+") expected one of "+strings.Join(known, ", "), "Unknown header",
				"%s is none of the headers that waitress can believe: %s. Separate them by spaces.", ini.Quote(name), strings.Join(known, ", "))
		}
	}
	if seen["forwarded"] && len(seen) > 1 {
		r.refuse("conflict", r.at("trusted_proxy_headers"), "ValueError: The Forwarded proxy header and the X-Forwarded-{By,Host,Proto,Port,For} headers are mutually exclusive. Can't trust both!", "Two kinds of headers",
			"waitress believes either Forwarded or the X-Forwarded headers, and refuses to start with both. Keep what the proxy sets.")
	}
}

// checkPasteHTTP checks what egg:Paste#http checks when it starts.
func checkPasteHTTP(r *reading) {
	if v, ok := r.values["use_threadpool"]; ok && (!v.IsKnown() || v.False()) {
		return
	}
	workers, known := r.number("threadpool_workers")
	spawn, known2 := r.number("threadpool_spawn_if_under")
	hung, known3 := r.number("threadpool_hung_thread_limit")
	kill, known4 := r.number("threadpool_kill_thread_limit")
	if known && known2 && spawn > workers {
		at, what := r.at("threadpool_workers"), "Add threadpool_spawn_if_under with a smaller number, or use more workers."
		if r.has("threadpool_spawn_if_under") {
			at, what = r.at("threadpool_spawn_if_under"), "Make it smaller."
		}
		r.refuse("conflict", at, fmt.Sprintf("AssertionError: spawn_if_under (%d) should be less than nworkers (%d)", spawn, workers), "Too few threads",
			"threadpool_spawn_if_under (%d) must not be over threadpool_workers (%d), and the server does not start. %s", spawn, workers, what)
	}
	if known3 && known4 && kill != 0 && kill < hung {
		r.refuse("conflict", r.at(r.first("threadpool_kill_thread_limit", "threadpool_hung_thread_limit")), fmt.Sprintf("AssertionError: kill_thread_limit (%d) should be higher than hung_thread_limit (%d)", kill, hung), "Limits in the wrong order",
			"threadpool_kill_thread_limit (%d seconds) must not be under threadpool_hung_thread_limit (%d seconds), and the server does not start.", kill, hung)
	}
}

package waitress

import (
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema/ini"
	"gsrv/schema/python/value"
)

// Addresses gives what waitress listens on before names are resolved, each as "host:port", and which key says so.
func (a *Adjustments) Addresses() (list []string, key string) {
	if a.Has("host", "port") {
		host, port := "0.0.0.0", "8080"
		key = a.First("port", "host")
		if v := a.Given["host"]; v != nil {
			if !v.Known {
				return nil, "host"
			}
			host, key = v.Text, "host"
		}
		if a.Has("port") {
			v := a.value("port")
			if !v.IsKnown() {
				return nil, "port"
			}
			port = v.AsBigFloat().Text('f', 0)
		}
		return []string{host + ":" + port}, key
	}
	if a.Has("listen") {
		v := a.value("listen")
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

// Split takes an address apart as waitress does; port is "" where it is left empty.
func (a *Adjustments) Split(address string) (host, port string) {
	fallback := "8080"
	if v := a.value("port"); v.IsKnown() && v.Type() == cty.Number {
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

func (a *Adjustments) checkAddresses() {
	list, key := a.Addresses()
	if key == "" {
		// The default is an IPv4 address, also where only a unix socket is listened on.
		if why := a.wrongHost("0.0.0.0"); why != "" {
			a.refuse("invalid-address", a.at("ipv4"), "ValueError: Invalid host/port specified.", "No address left", "With ipv4 off waitress refuses to start on its default, 0.0.0.0:8080. Set host to an IPv6 address (:: for any) as well.")
		}
		return
	}
	if key == "listen" && len(list) == 0 && a.value("listen").IsKnown() {
		a.warn("invalid-value", a.at(key), "Nothing to listen on", "%s is empty, and waitress starts without listening anywhere. Write host:port, or leave it out.", a.Spell("listen", ""))
	}
	for _, address := range list {
		host, port := a.Split(address)
		at := a.at(key)
		if v := a.Given[key]; v != nil && key == "listen" && v.Sub != nil {
			if i := wordAt(v.Text, address); i >= 0 {
				at = v.Sub(i, i+len(address))
			}
		}
		if why := a.wrongHost(host); why != "" {
			a.refuse("invalid-address", at, "ValueError: Invalid host/port specified.", "Not an address", "%s: %s; waitress refuses to start. Write host:port, as in 127.0.0.1:8080.", ini.Quote(address), why)
			continue
		}
		if numeric().MatchString(host) && strings.Count(host, ".") < 3 {
			a.warn("invalid-address", at, "A number for a host", "%s is taken for the host, which is short for another address (80 is 0.0.0.80), not for a port. Write 0.0.0.0:%s if the port is meant.", ini.Quote(host), host)
		}
		if a.Has("port") && key == "host" {
			at = a.at("port")
		}
		a.checkPort(address, port, key, at)
	}
}

// wordAt gives the offset of the last word of a text that is the one looked for, or -1.
func wordAt(text, word string) int {
	found, at := -1, 0
	for _, w := range ini.Fields(text) {
		i := strings.Index(text[at:], w) + at
		if w == word {
			found = i
		}
		at = i + len(w)
	}
	return found
}

// wrongHost says why a host cannot be resolved on any machine; "" where it may be.
func (a *Adjustments) wrongHost(host string) string {
	ipv4, ipv6 := a.truth("ipv4"), a.truth("ipv6")
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
	case ShellVariable().MatchString(host):
		return a.Variables
	case strings.Contains(host, "/"):
		return "a scheme or path has no place in it (a unix socket is set with " + a.Spell("unix_socket", "") + ")"
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
		n := whole(p, base)
		if n == nil || !n.IsInt64() || n.Int64() > limit {
			return false
		}
	}
	return true
}

func (a *Adjustments) checkPort(address, port, key string, at hcl.Range) {
	switch {
	case port == "":
		a.warn("invalid-address", at, "Port is missing", "%s has nothing after the colon, and waitress listens on a port that the system picks anew at every start. Write the port.", ini.Quote(address))
	case digits().MatchString(port):
		n := whole(port, 10)
		switch {
		case n != nil && n.IsInt64() && n.Int64() <= 65535:
		case n == nil || !n.IsUint64() || int32(n.Uint64()) < 0:
			// glibc keeps the number in an int, and takes a negative one for no port.
			a.refuse("invalid-address", at, "ValueError: Invalid host/port specified.", "Port out of range", "A port is at most 65535, and waitress refuses to start with %s.", ini.Quote(port))
		default:
			a.warn("out-of-range", at, "Port out of range", "%s is over 65535; the system silently takes it modulo 65536, so waitress listens on port %d.", port, n.Uint64()&0xffff)
		}
	case ShellVariable().MatchString(port):
		a.refuse("invalid-address", at, "ValueError: Invalid host/port specified.", "Not an address", "%s: %s; waitress refuses to start.", ini.Quote(address), a.Variables)
	case !service().MatchString(port) || strings.HasPrefix(port, "-"):
		a.refuse("invalid-address", at, "ValueError: Invalid host/port specified.", "Not an address", "%s: %s is no port, and waitress refuses to start.", ini.Quote(address), ini.Quote(port))
	case !slices.Contains([]string{"http", "https", "http-alt"}, port):
		a.warn("invalid-address", at, "Port is no number", "%s: %s is looked up in /etc/services, and without an entry there waitress refuses to start. Write the port's number.", ini.Quote(address), ini.Quote(port))
	}
}

// ShellVariable matches a shell's variable that makes up a value or is written in braces.
var ShellVariable = lazy(`^\$[A-Za-z_][A-Za-z0-9_]*$|\$\{[A-Za-z_][A-Za-z0-9_]*(:?[-+=?][^}]*)?\}`)

// lazy compiles a pattern when it is first used: most runs of the program use none of them.
func lazy(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// whole reads a number as Python's int(text, base) does; nil for what is none.
func whole(text string, base int) *big.Int {
	n, err := value.ParseInt(nil, text, base)
	if err != nil {
		return nil
	}
	return n.Big()
}

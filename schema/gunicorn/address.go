package gunicorn

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"gsrv/schema"
	"gsrv/schema/python/value"
)

// An Address is where gunicorn listens, as its parse_address reads the text.
type Address struct {
	// Path is a unix socket's.
	Path string
	// FD is an inherited descriptor's number, where IsFD is set.
	FD   int
	IsFD bool
	// Host and Port are a TCP address's; the host is lower-case.
	Host string
	Port int
}

// String gives the address as the common model writes it.
func (a Address) String() string {
	switch {
	case a.IsFD:
		return "fd://" + strconv.Itoa(a.FD)
	case a.Path != "":
		return "unix:" + a.Path
	case strings.Contains(a.Host, ":"):
		return "[" + a.Host + "]:" + strconv.Itoa(a.Port)
	}
	return a.Host + ":" + strconv.Itoa(a.Port)
}

// ParseAddress reads a bind address as a release does. The error is a RuntimeError of Python's, with gunicorn's message.
func ParseAddress(v schema.Version, text string) (Address, error) {
	return parseAddress(v, text, 8000)
}

func parseAddress(v schema.Version, text string, defaultPort int) (Address, error) {
	if v.IsZero() {
		v = schema.MustVersion(Newest)
	}
	refuse := func(format string, args ...any) (Address, error) {
		return Address{}, value.NewException("RuntimeError", format, args...)
	}
	if rest, ok := strings.CutPrefix(text, "unix:"); ok {
		if v.AtLeast("17.5") {
			rest = strings.TrimPrefix(rest, "//")
		}
		if i := strings.LastIndex(rest, "unix:"); i >= 0 { // a repeated prefix: the last part counts
			rest = strings.TrimPrefix(rest[i+len("unix:"):], "//")
		}
		return Address{Path: rest}, nil
	}
	if rest, ok := strings.CutPrefix(text, "fd://"); ok && v.AtLeast("20.0.0") {
		n, err := value.ParseInt(nil, rest, 10)
		if err != nil {
			return refuse("%s is not a valid file descriptor.", pyRepr(rest))
		}
		fd, _ := n.Int64()
		return Address{FD: int(fd), IsFD: true}, nil
	}
	if rest, ok := strings.CutPrefix(text, "tcp://"); ok {
		text, _, _ = strings.Cut(rest, "tcp://")
	}
	if !v.AtLeast("20.0.0") {
		return oldAddress(text, defaultPort)
	}
	host, port := text, strconv.Itoa(defaultPort)
	switch {
	case strings.Contains(text, "[") && strings.Contains(text, "]"):
		host, _, _ = strings.Cut(text, "]")
		host = dropFirst(host)
		if _, after, found := strings.Cut(text, "]:"); found {
			port, _, _ = strings.Cut(after, "]:")
		}
	case strings.Contains(text, ":"):
		parts := strings.Split(text, ":")
		host, port = parts[0], parts[1]
	case text == "":
		host = "0.0.0.0"
	}
	n, err := value.ParseInt(nil, port, 10)
	if err != nil {
		return refuse("%s is not a valid port number.", pyRepr(port))
	}
	number, _ := n.Int64()
	return Address{Host: lower(host), Port: int(number)}, nil
}

// oldAddress reads host and port as releases before 20.0 did.
func oldAddress(text string, defaultPort int) (Address, error) {
	a := Address{Port: defaultPort}
	switch {
	case strings.Contains(text, "[") && strings.Contains(text, "]"):
		host, _, _ := strings.Cut(text, "]")
		a.Host = lower(dropFirst(host))
	case strings.Contains(text, ":"):
		host, _, _ := strings.Cut(text, ":")
		a.Host = lower(host)
	case text == "":
		a.Host = "0.0.0.0"
	default:
		a.Host = lower(text)
	}
	if _, port, found := strings.Cut(text[strings.LastIndexByte(text, ']')+1:], ":"); found {
		n, err := strconv.Atoi(port)
		if err != nil || strings.ContainsAny(port, "+-") {
			return Address{}, value.NewException("RuntimeError", "%s is not a valid port number.", pyRepr(port))
		}
		a.Port = n
	}
	return a, nil
}

// dropFirst leaves out the first character, whatever it is.
func dropFirst(s string) string {
	for i := range s {
		if i > 0 {
			return s[i:]
		}
	}
	return ""
}

func hostPort(v value.Value) (value.Value, error) {
	s, err := stringOrNone(v)
	if err != nil || s == value.None {
		return s, err
	}
	parts := strings.Split(string(s.(value.Str)), ":")
	if len(parts) != 2 {
		return nil, typeError("Value must consist of: hostname:port")
	}
	port, err := value.ParseInt(nil, parts[1], 10)
	if err != nil {
		return nil, err
	}
	return value.NewTuple(value.Str(parts[0]), port), nil
}

var unixHostname = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^unix:(\p{Nd}+)\n?$`) })

func (c *validator) statsdAddress(v value.Value) (value.Value, error) {
	s, err := stringOrNone(v)
	if err != nil || s == value.None {
		return s, err
	}
	t := string(s.(value.Str))
	if m := unixHostname().FindStringSubmatch(t); m != nil {
		port, err := value.ParseInt(nil, m[1], 10)
		if err != nil {
			return nil, err
		}
		return value.NewTuple(value.Str("unix"), port), nil
	}
	a, err := parseAddress(c.release.Version, t, 8125)
	switch {
	case err != nil:
		return nil, typeError("Value must be one of ('host:port', 'unix://PATH')")
	case a.IsFD:
		return value.NewInt(int64(a.FD)), nil
	case strings.HasPrefix(t, "unix:"):
		return value.Str(a.Path), nil
	}
	return value.NewTuple(value.Str(a.Host), value.NewInt(int64(a.Port))), nil
}

func (c *validator) addrList(v value.Value) (value.Value, error) {
	list, err := stringToList(v)
	if err != nil {
		return nil, err
	}
	out := value.NewList()
	for _, item := range list.(*value.List).Elems {
		t := string(item.(value.Str))
		if t == "*" {
			out.Elems = append(out.Elems, item)
			continue
		}
		switch {
		case !c.release.AtLeast("24.1.0"):
			if !isPythonAddress(t) {
				return nil, valueError("%s does not appear to be an IPv4 or IPv6 address", pyRepr(t))
			}
		default:
			network, hostBits, ok := pythonNetwork(t)
			loose := !c.release.AtLeast("24.1.1")
			switch {
			case !ok:
				return nil, valueError("%s does not appear to be an IPv4 or IPv6 network", pyRepr(t))
			case hostBits && !loose:
				return nil, valueError("%s has host bits set", t)
			case loose: // 24.1.0 alone kept the parsed networks
				out.Elems = append(out.Elems, ipNetwork(network))
				continue
			}
		}
		out.Elems = append(out.Elems, item)
	}
	return out, nil
}

// ipNetwork is an object of Python's ipaddress module.
type ipNetwork netip.Prefix

// TypeName implements value.Value.
func (n ipNetwork) TypeName() string {
	if netip.Prefix(n).Addr().Is4() {
		return "IPv4Network"
	}
	return "IPv6Network"
}

// PyRepr implements value.Reprer.
func (n ipNetwork) PyRepr(*value.Budget) (string, error) {
	return n.TypeName() + "('" + netip.Prefix(n).String() + "')", nil
}

// PyStr implements value.Strer.
func (n ipNetwork) PyStr(*value.Budget) (string, error) { return netip.Prefix(n).String(), nil }

// isPythonAddress tells whether ipaddress.ip_address takes a text.
func isPythonAddress(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && !strings.Contains(a.Zone(), "%")
}

// pythonNetwork reads what ipaddress.ip_network takes: an address alone, with a prefix length, or, for IPv4, with a
// netmask or hostmask. hostBits tells that the address lies inside the network.
func pythonNetwork(s string) (network netip.Prefix, hostBits, ok bool) {
	text, mask, hasMask := strings.Cut(s, "/")
	if !isPythonAddress(text) {
		return network, false, false
	}
	a := netip.MustParseAddr(text).WithZone("")
	bits := a.BitLen()
	if hasMask {
		n, err := strconv.Atoi(mask)
		switch {
		case err == nil && !strings.ContainsAny(mask, "+-") && n <= a.BitLen():
			bits = n
		case a.Is4() && maskBits(mask) >= 0:
			bits = maskBits(mask)
		default:
			return network, false, false
		}
	}
	p := netip.PrefixFrom(a, bits)
	return p.Masked(), p.Masked().Addr() != a, true
}

// maskBits gives the prefix length of an IPv4 netmask or hostmask, or -1.
func maskBits(s string) int {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is4() {
		return -1
	}
	b := a.As4()
	n := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	for bits := range 33 {
		ones := uint32(uint64(0xFFFFFFFF) << (32 - bits))
		if n == ones {
			return bits
		}
	}
	for bits := range 33 {
		if n == ^uint32(uint64(0xFFFFFFFF)<<(32-bits)) {
			return bits
		}
	}
	return -1
}

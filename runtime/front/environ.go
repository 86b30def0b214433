package front

import (
	"strings"

	"gsrv/runtime/http1"
)

// A message is what the environ is made of, whichever protocol brought it.
type message struct {
	method, target, path, query string
	protocol                    string // HTTP/1.1
	secure                      bool   // came over TLS
	headers                     []http1.Header
	// requestID, where set, stands for the field that carries it.
	requestID string
}

// upper maps a byte of a field's name to what stands in the environ.
var upper [256]byte

// tokenByte says which bytes a field's name may have.
var tokenByte [256]bool

func init() {
	for i := range upper {
		c := byte(i)
		switch {
		case c >= 'a' && c <= 'z':
			upper[i] = c - 32
		case c == '-':
			upper[i] = '_'
		default:
			upper[i] = c
		}
		tokenByte[i] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c != 0 && strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
	}
}

// appendVar appends a variable. Neither key nor value may hold NUL, CR or LF.
func appendVar(b []byte, key, value string) []byte {
	b = append(b, key...)
	b = append(b, 0)
	b = append(b, value...)
	return append(b, 0)
}

// appendKey appends HTTP_ and a field's name.
func appendKey(b []byte, name string) []byte {
	b = append(b, "HTTP_"...)
	n := len(b)
	b = append(b, name...)
	key := b[n:]
	for i, c := range key {
		key[i] = upper[c]
	}
	return append(b, 0)
}

func environKey(name string) string { return string(appendKey(nil, name)[:len(name)+5]) }

func bad(reason string) *http1.Error { return &http1.Error{Status: 400, Reason: reason} }

// environ appends the variables of a request to b. Fields that must not reach the application are left out, as header_map
// and forwarder_headers say; a field that comes several times is joined with commas, as in gunicorn.
//
// Beyond gunicorn, the field Proxy is left out (HTTP_PROXY is where libraries look for a proxy of their own), and a path
// that holds NUL, CR or LF once decoded is refused.
func (s *settings) environ(b []byte, m *message, p *peer) ([]byte, *http1.Error) {
	b = appendVar(b, "REQUEST_METHOD", m.method)
	b = appendVar(b, "RAW_URI", m.target)
	if s.RequestURI {
		b = appendVar(b, "REQUEST_URI", m.target)
	}
	b = appendVar(b, "QUERY_STRING", m.query)
	b = appendVar(b, "SERVER_PROTOCOL", m.protocol)
	b = append(b, p.fixed...)

	trusted := s.trusts(p)
	script, host := s.ScriptName, ""
	scheme, schemeSaid := "http", false
	if m.secure || s.Scheme == "https" {
		scheme = "https"
	}
	twice := mayRepeat(m.headers)
	for i := range m.headers {
		h := &m.headers[i]
		name := h.Name
		if trusted {
			for k := range s.schemes {
				if want := &s.schemes[k]; len(want.Name) == len(name) && strings.EqualFold(want.Name, name) {
					said := "http"
					if h.Value == want.Value {
						said = "https"
					}
					if schemeSaid && said != scheme {
						return b, bad("Contradictory scheme headers")
					}
					scheme, schemeSaid = said, true
				}
			}
		}
		if strings.IndexByte(name, '_') >= 0 {
			ok, err := s.underscore(name, trusted)
			if err != nil {
				return b, err
			}
			if !ok {
				continue
			}
		}
		switch len(name) {
		case 4:
			if strings.EqualFold(name, "host") {
				if host != "" {
					return b, bad("Invalid HTTP Header: 'HOST'")
				}
				host = h.Value
			}
		case 5:
			if strings.EqualFold(name, "proxy") {
				continue
			}
		case 11:
			if strings.EqualFold(name, "script_name") {
				script = h.Value
			}
		case 12:
			if strings.EqualFold(name, "content-type") {
				if twice && earlier(m.headers, i) {
					return b, bad("Invalid HTTP Header: 'CONTENT-TYPE'")
				}
				b = appendVar(b, "CONTENT_TYPE", h.Value)
				continue
			}
		case 14:
			if strings.EqualFold(name, "content-length") {
				if twice && earlier(m.headers, i) {
					return b, bad("Invalid HTTP Header: 'CONTENT-LENGTH'")
				}
				b = appendVar(b, "CONTENT_LENGTH", h.Value)
				continue
			}
		}
		if m.requestID != "" && len(name)+5 == len(s.requestID) && environKey(name) == s.requestID {
			continue
		}
		if twice && s.taken(m.headers, i, trusted) {
			continue
		}
		b = appendKey(b, name)
		b = append(b, h.Value...)
		if twice {
			for j := i + 1; j < len(m.headers); j++ {
				if sameKey(m.headers[j].Name, name) && s.passes(m.headers[j].Name, trusted) {
					b = append(b, ',')
					b = append(b, m.headers[j].Value...)
				}
			}
		}
		b = append(b, 0)
	}
	if m.requestID != "" {
		b = appendVar(b, s.requestID, m.requestID)
	}
	b = appendVar(b, "wsgi.url_scheme", scheme)
	b = p.appendServer(b, host, scheme)

	path := m.path
	if script != "" {
		switch rest, below := strings.CutPrefix(path, script); {
		case s.KeepOutside && (!below || rest != "" && rest[0] != '/'):
		case !below:
			return b, &http1.Error{Status: 500, Reason: "Request path " + quote(path) + " does not start with SCRIPT_NAME " + quote(script)}
		default:
			path = rest
		}
	}
	b = append(b, "PATH_INFO\x00"...)
	start := len(b)
	b = appendUnquoted(b, path)
	for _, c := range b[start:] {
		if c == 0 || c == '\r' || c == '\n' {
			return b, bad("Invalid path: NUL, CR or LF in it")
		}
	}
	b = append(b, 0)
	return appendVar(b, "SCRIPT_NAME", script), nil
}

// underscore says whether a field with "_" in its name may pass, or that the request is to be refused.
func (s *settings) underscore(name string, trusted bool) (bool, *http1.Error) {
	if s.passes(name, trusted) {
		return true, nil
	}
	if s.headerMap == mapRefuse {
		return false, bad("Invalid HTTP header name: " + quote(upperName(name)))
	}
	return false, nil
}

// passes says whether a field may reach the application by its name.
func (s *settings) passes(name string, trusted bool) bool {
	if strings.IndexByte(name, '_') < 0 || s.headerMap == mapDangerous {
		return true
	}
	return trusted && (s.forwarderAll || s.forwarder[upperName(name)])
}

// mayRepeat says that two fields may have the same key; it never misses any.
func mayRepeat(hs []http1.Header) bool {
	var seen uint64
	for i := range hs {
		n := hs[i].Name
		if n == "" {
			continue
		}
		bit := uint64(1) << ((len(n)*5 + int(upper[n[0]]) + 3*int(upper[n[len(n)-1]])) & 63)
		if seen&bit != 0 {
			return true
		}
		seen |= bit
	}
	return false
}

// taken says that a field before the one at i has the same key, so that it holds this value already.
func (s *settings) taken(hs []http1.Header, i int, trusted bool) bool {
	for j := range hs[:i] {
		if sameKey(hs[j].Name, hs[i].Name) && s.passes(hs[j].Name, trusted) {
			return true
		}
	}
	return false
}

// earlier says that a field before the one at i has the same name.
func earlier(hs []http1.Header, i int) bool {
	for j := range hs[:i] {
		if strings.EqualFold(hs[j].Name, hs[i].Name) {
			return true
		}
	}
	return false
}

// sameKey says that two names give the same variable.
func sameKey(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		if upper[a[i]] != upper[b[i]] {
			return false
		}
	}
	return true
}

// upperName gives a field's name in upper case, as settings have it.
func upperName(name string) string { return strings.ToUpper(name) }

// appendUnquoted decodes %XX; what is no such escape stays, as in Python's unquote_to_bytes.
func appendUnquoted(b []byte, s string) []byte {
	for {
		i := strings.IndexByte(s, '%')
		if i < 0 {
			return append(b, s...)
		}
		b = append(b, s[:i]...)
		s = s[i:]
		if len(s) >= 3 {
			hi, lo := unhex(s[1]), unhex(s[2])
			if hi < 16 && lo < 16 {
				b = append(b, hi<<4|lo)
				s = s[3:]
				continue
			}
		}
		b = append(b, '%')
		s = s[1:]
	}
}

func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}

// lookup finds a variable in an environ.
func lookup(env []byte, key string) (string, bool) {
	for s := string(env); s != ""; {
		k, rest, _ := strings.Cut(s, "\x00")
		v, rest, _ := strings.Cut(rest, "\x00")
		if k == key {
			return v, true
		}
		s = rest
	}
	return "", false
}

func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if !tokenByte[s[i]] {
			return false
		}
	}
	return s != ""
}

// validValue says whether a field may have the value: visible characters, blanks and what is above ASCII.
func validValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

func hasControl(s string) bool { return strings.ContainsAny(s, "\x00\r\n") }

// quote writes text as Python's repr does, near enough for a message.
func quote(s string) string { return "'" + string(appendEscaped(nil, s)) + "'" }

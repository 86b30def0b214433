package front

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"gsrv/runtime/http1"
)

// A piece of an access log format: text, or an atom with the text before it.
type piece struct {
	text  string
	atom  byte   // of gunicorn's one-letter atoms; 'i', 'o', 'e' with a name are in braces; 0: text alone
	name  string // small letters
	brace bool
	verb  string // how Go formats it where the format asks for more than %s
}

// parseFormat takes gunicorn's access_log_format apart: Python's % formatting with names.
func parseFormat(f string) ([]piece, error) {
	var out []piece
	var text strings.Builder
	for i := 0; i < len(f); i++ {
		if f[i] != '%' {
			text.WriteByte(f[i])
			continue
		}
		at := i
		if i++; i < len(f) && f[i] == '%' {
			text.WriteByte('%')
			continue
		}
		if i == len(f) || f[i] != '(' {
			return nil, fmt.Errorf("access_log_format: at %q: a name in parentheses must follow %% (a percent sign is %%%%)", f[at:])
		}
		end, depth := i, 0
		for ; end < len(f); end++ {
			if f[end] == '(' {
				depth++
			} else if f[end] == ')' {
				if depth--; depth == 0 {
					break
				}
			}
		}
		if end == len(f) {
			return nil, fmt.Errorf("access_log_format: at %q: the parenthesis is not closed", f[at:])
		}
		name := f[i+1 : end]
		flags := end + 1
		for flags < len(f) && strings.IndexByte("#0- +.123456789", f[flags]) >= 0 {
			flags++
		}
		if flags == len(f) {
			return nil, fmt.Errorf("access_log_format: at %q: the conversion (such as s) is missing", f[at:])
		}
		p := piece{text: text.String()}
		text.Reset()
		switch f[flags] {
		case 's', 'd', 'i':
		case 'r', 'a':
			p.verb = "%" + f[end+1:flags] + "q"
		default:
			return nil, fmt.Errorf("access_log_format: at %q: conversion %q is none of s, d, r", f[at:], f[flags:flags+1])
		}
		if flags > end+1 && p.verb == "" {
			p.verb = "%" + f[end+1:flags] + "s"
		}
		if f[flags] == 'd' || f[flags] == 'i' {
			if len(name) != 1 || !strings.Contains("TDMB", name) {
				return nil, fmt.Errorf("access_log_format: at %q: %%d is for the numbers T, D, M and B; use %%(%s)s", f[at:], name)
			}
			if p.verb != "" {
				p.verb = p.verb[:len(p.verb)-1] + "d"
			}
		}
		switch {
		case len(name) > 3 && name[0] == '{' && name[len(name)-2] == '}' && strings.IndexByte("ioe", name[len(name)-1]|0x20) >= 0:
			p.brace, p.name, p.atom = true, strings.ToLower(name[1:len(name)-2]), name[len(name)-1]|0x20
		case len(name) == 1 && strings.Contains("hlutrsmUqHbBfaTDMLp", name):
			p.atom = name[0]
		default:
			p.atom, p.name = '-', name // gunicorn writes "-" for what it does not know
		}
		out = append(out, p)
		i = flags
	}
	if text.Len() > 0 {
		out = append(out, piece{text: text.String()})
	}
	return out, nil
}

// UnknownAtoms names the atoms of a format that gunicorn does not know and writes as "-".
func UnknownAtoms(format string) []string {
	ps, err := parseFormat(format)
	if err != nil {
		return nil
	}
	var out []string
	for _, p := range ps {
		if p.atom == '-' {
			out = append(out, p.name)
		}
	}
	return out
}

// log writes the line of an answer.
func (l *AccessLog) log(a *answer, status int, took int64) {
	b := a.sc.line[:0]
	if l.sink != nil {
		b = appendRecord(b, a, status, took)
		a.sc.line = b
		l.sink(b)
		return
	}
	switch {
	case l.uwsgi != nil:
		var ok bool
		if b, ok = l.uwsgi.line(b, a, status, took); !ok {
			return
		}
	case l.json:
		b = a.appendJSON(b, status, took)
	default:
		for i := range l.format {
			b = l.format[i].append(b, a, status, took)
		}
	}
	b = append(b, '\n')
	a.sc.line = b
	l.add(b)
}

// append appends the piece for an answer.
func (p *piece) append(b []byte, a *answer, status int, took int64) []byte {
	b = append(b, p.text...)
	if p.atom == 0 {
		return b
	}
	if p.verb == "" {
		return p.appendAtom(b, a, status, took)
	}
	v := string(p.appendAtom(nil, a, status, took))
	if strings.HasSuffix(p.verb, "d") {
		n, _ := strconv.ParseInt(v, 10, 64)
		return fmt.Appendf(b, p.verb, n)
	}
	return fmt.Appendf(b, p.verb, v)
}

func (p *piece) appendAtom(b []byte, a *answer, status int, took int64) []byte {
	h := &a.sc.head
	if p.brace {
		switch p.atom {
		case 'i':
			for i := len(h.Headers) - 1; i >= 0; i-- {
				if strings.EqualFold(h.Headers[i].Name, p.name) && a.set.passes(h.Headers[i].Name, a.set.trusts(a.c.peer)) {
					return appendEscaped(b, h.Headers[i].Value)
				}
			}
			return append(b, '-')
		case 'o':
			return appendPair(b)(header(a.sc.reply.fields, p.name))
		default:
			return appendPair(b)(lookupFold(a.sc.env, p.name))
		}
	}
	switch p.atom {
	case 'h':
		return appendEscaped(b, a.c.peer.addr)
	case 'u':
		return appendPair(b)(user(h.Get("authorization")))
	case 't':
		return appendLogTime(b)
	case 'r':
		b = append(b, h.Method...)
		b = append(b, ' ')
		b = appendEscaped(b, h.Target)
		b = append(b, ' ')
		return appendProtocol(b, h.Major, h.Minor)
	case 's':
		return strconv.AppendInt(b, int64(status), 10)
	case 'm':
		return append(b, h.Method...)
	case 'U':
		v, ok := lookup(a.sc.env, "PATH_INFO")
		if !ok {
			v = string(appendUnquoted(nil, h.Path))
		}
		return appendEscaped(b, v)
	case 'q':
		return appendEscaped(b, h.Query)
	case 'H':
		return appendProtocol(b, h.Major, h.Minor)
	case 'b', 'B':
		return strconv.AppendInt(b, a.said, 10)
	case 'f':
		return appendPair(b)(lastValue(h, "referer"))
	case 'a':
		return appendPair(b)(lastValue(h, "user-agent"))
	case 'T':
		return strconv.AppendInt(b, took/int64(time.Second), 10)
	case 'D':
		return strconv.AppendInt(b, took/int64(time.Microsecond), 10)
	case 'M':
		return strconv.AppendInt(b, took/int64(time.Millisecond), 10)
	case 'L':
		b = strconv.AppendInt(b, took/int64(time.Second), 10)
		b = append(b, '.')
		us := strconv.Itoa(int(took % int64(time.Second) / int64(time.Microsecond)))
		b = append(b, "000000"[len(us):]...)
		return append(b, us...)
	case 'p':
		pid := a.req.Worker
		if pid == 0 {
			pid = os.Getpid()
		}
		b = append(b, '<')
		b = strconv.AppendInt(b, int64(pid), 10)
		return append(b, '>')
	}
	return append(b, '-')
}

var logTime atomic.Pointer[dateLine]

// appendLogTime appends the time of the line, as in Apache's logs.
func appendLogTime(b []byte) []byte {
	t := time.Now()
	d := logTime.Load()
	if d == nil || d.second != t.Unix() {
		d = &dateLine{t.Unix(), t.AppendFormat(nil, "[02/Jan/2006:15:04:05 -0700]")}
		logTime.Store(d)
	}
	return append(b, d.line...)
}

// appendOr appends text, or "-" where there is none.
func appendOr(b []byte, s string, ok bool) []byte {
	if !ok {
		return append(b, '-')
	}
	return appendEscaped(b, s)
}

// appendPair is appendOr for what gives both.
func appendPair(b []byte) func(string, bool) []byte {
	return func(s string, ok bool) []byte { return appendOr(b, s, ok) }
}

// appendEscaped appends what a client chose so that it can end neither a quotation nor a line: quotes and backslashes get a
// backslash, what cannot be seen becomes \xHH. gunicorn escapes the quote alone, so that its lines can be forged.
func appendEscaped(b []byte, s string) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case c == '"' || c == '\\':
				b = append(b, '\\', c)
			case c < ' ' || c == 0x7f:
				b = appendHex(b, c)
			default:
				b = append(b, c)
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n < 2 || !unicode.IsGraphic(r) || unicode.Is(unicode.Zs, r) {
			for ; n > 0; n-- {
				b = appendHex(b, s[i])
				i++
			}
			continue
		}
		b = append(b, s[i:i+n]...)
		i += n
	}
	return b
}

func appendHex(b []byte, c byte) []byte {
	const digits = "0123456789abcdef"
	return append(b, '\\', 'x', digits[c>>4], digits[c&15])
}

// user is the name in basic credentials.
func user(credentials string) (string, bool) {
	scheme, rest, ok := strings.Cut(credentials, " ")
	if !ok || !strings.HasPrefix(strings.ToLower(scheme), "basic") {
		return "", false
	}
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
	if err != nil {
		return "", false
	}
	name, _, _ := bytes.Cut(b, []byte(":"))
	return string(name), len(name) > 0 && utf8.Valid(name)
}

// lastValue finds a field of the request; all of them where it comes several times, as the environ has them.
func lastValue(h *http1.Head, name string) (v string, ok bool) {
	for i := range h.Headers {
		if f := &h.Headers[i]; len(f.Name) == len(name) && strings.EqualFold(f.Name, name) {
			if ok {
				v += ","
			}
			v, ok = v+f.Value, true
		}
	}
	return v, ok
}

// lookupFold finds a variable of the environ, whatever the case of its name.
func lookupFold(env []byte, lower string) (string, bool) {
	for s := string(env); s != ""; {
		k, rest, _ := strings.Cut(s, "\x00")
		v, rest, _ := strings.Cut(rest, "\x00")
		if strings.EqualFold(k, lower) {
			return v, true
		}
		s = rest
	}
	return "", false
}

// record is a line of the JSON log; names are those of OpenTelemetry's semantic conventions where it has one.
type record struct {
	Time      string  `json:"time"`
	Client    string  `json:"client.address"`
	User      string  `json:"user.name,omitempty"`
	Method    string  `json:"http.request.method"`
	Path      string  `json:"url.path"`
	Query     string  `json:"url.query,omitempty"`
	Protocol  string  `json:"network.protocol.version"`
	Status    int     `json:"http.response.status_code"`
	Bytes     int64   `json:"http.response.body.size"`
	Received  int64   `json:"http.request.body.size"`
	Duration  float64 `json:"http.server.request.duration"`
	Referer   string  `json:"http.request.header.referer,omitempty"`
	Agent     string  `json:"user_agent.original,omitempty"`
	Worker    int     `json:"process.pid,omitempty"`
	RequestID string  `json:"request.id,omitempty"`
}

func (a *answer) appendJSON(b []byte, status int, took int64) []byte {
	h := &a.sc.head
	r := record{
		Time: time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"), Client: a.c.peer.addr, Method: h.Method,
		Path: h.Path, Query: h.Query, Protocol: strconv.Itoa(h.Major) + "." + strconv.Itoa(h.Minor), Status: status,
		Bytes: a.said, Received: a.req.Length, Duration: float64(took/1000) / 1e6, Worker: a.req.Worker, RequestID: a.sc.id,
	}
	r.User, _ = user(h.Get("authorization"))
	r.Referer, _ = lastValue(h, "referer")
	r.Agent, _ = lastValue(h, "user-agent")
	line, err := json.Marshal(&r)
	if err != nil {
		return b
	}
	return append(b, line...)
}

func appendProtocol(b []byte, major, minor int) []byte {
	b = append(b, "HTTP/"...)
	b = strconv.AppendInt(b, int64(major), 10)
	b = append(b, '.')
	return strconv.AppendInt(b, int64(minor), 10)
}

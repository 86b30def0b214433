package value

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

func strSplit(right bool) func(c *call) (Value, error) {
	return func(c *call) (Value, error) {
		s := strOf(c)
		limit := -1
		if c.has(1) {
			var err error
			if limit, err = needSize(c.args[1]); err != nil {
				return nil, err
			}
		}
		sep := ""
		if c.has(0) {
			if _, none := c.args[0].(NoneType); !none {
				x, ok := c.args[0].(Str)
				switch {
				case !ok && IsForeign(c.args[0]):
					return nil, foreignError(c.args[0], "splitting by")
				case !ok:
					return nil, typeError("must be str or None, not %s", TypeName(c.args[0]))
				case x == "":
					return nil, valueError("empty separator")
				}
				sep = string(x)
			}
		}
		if err := c.b.text(len(s)); err != nil {
			return nil, err
		}
		var parts []string
		switch {
		case sep != "" && right:
			parts = rsplitBy(s, sep, limit)
		case sep != "" && limit >= 0 && limit < len(s)+1:
			parts = strings.SplitN(s, sep, limit+1)
		case sep != "":
			parts = strings.Split(s, sep)
		case right:
			parts = rsplitSpace(s, limit, isSpace)
		default:
			parts = splitSpace(s, limit, isSpace)
		}
		return textList(c.b, parts, func(s string) Value { return Str(s) })
	}
}

func textList(b *Budget, parts []string, wrap func(string) Value) (Value, error) {
	if err := b.elems(len(parts)); err != nil {
		return nil, err
	}
	out := make([]Value, len(parts))
	for i, p := range parts {
		out[i] = wrap(p)
	}
	return &List{out}, nil
}

func rsplitBy(s, sep string, limit int) []string {
	var parts []string
	for limit != 0 {
		i := strings.LastIndex(s, sep)
		if i < 0 {
			break
		}
		parts = append(parts, s[i+len(sep):])
		s = s[:i]
		limit--
	}
	parts = append(parts, s)
	slices.Reverse(parts)
	return parts
}

func splitSpace(s string, limit int, space func(rune) bool) []string {
	var parts []string
	trim := func() {
		for s != "" {
			r, n := nextRune(s)
			if !space(r) {
				return
			}
			s = s[n:]
		}
	}
	for trim(); s != ""; trim() {
		if limit >= 0 && len(parts) == limit {
			return append(parts, s) // what follows keeps its white space at the other end
		}
		i := 0
		for i < len(s) {
			r, n := nextRune(s[i:])
			if space(r) {
				break
			}
			i += n
		}
		parts = append(parts, s[:i])
		s = s[i:]
	}
	return parts
}

func rsplitSpace(s string, limit int, space func(rune) bool) []string {
	var parts []string
	trim := func() {
		for s != "" {
			r, n := lastRune(s)
			if !space(r) {
				return
			}
			s = s[:len(s)-n]
		}
	}
	for trim(); s != ""; trim() {
		if limit >= 0 && len(parts) == limit {
			parts = append(parts, s)
			break
		}
		i := len(s)
		for i > 0 {
			r, n := lastRune(s[:i])
			if space(r) {
				break
			}
			i -= n
		}
		parts = append(parts, s[i:])
		s = s[:i]
	}
	slices.Reverse(parts)
	return parts
}

func isLineBreak(r rune) bool {
	switch r {
	case '\n', '\r', '\v', '\f', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
		return true
	}
	return false
}

func strSplitlines(c *call) (Value, error) {
	keep := false
	if c.has(0) {
		n, err := needCInt(c.args[0])
		if err != nil {
			return nil, err
		}
		keep = n != 0
	}
	s := strOf(c)
	if err := c.b.text(len(s)); err != nil {
		return nil, err
	}
	return textList(c.b, splitLines(s, keep, isLineBreak), func(s string) Value { return Str(s) })
}

func splitLines(s string, keep bool, isBreak func(rune) bool) []string {
	var parts []string
	for i := 0; i < len(s); {
		r, n := nextRune(s[i:])
		if !isBreak(r) {
			i += n
			continue
		}
		end := i + n
		if r == '\r' && end < len(s) && s[end] == '\n' {
			end++
		}
		if keep {
			parts = append(parts, s[:end])
		} else {
			parts = append(parts, s[:i])
		}
		s, i = s[end:], 0
	}
	if s != "" {
		parts = append(parts, s)
	}
	return parts
}

func strMaketrans(c *call) (Value, error) {
	d := NewDict()
	put := func(k rune, v Value) error { return d.Set(c.b, NewInt(int64(k)), v) }
	if len(c.args) == 1 {
		m, ok := c.args[0].(*Dict)
		if !ok {
			if IsForeign(c.args[0]) {
				return nil, foreignError(c.args[0], "translating by")
			}
			return nil, typeError("if you give only one argument to maketrans it must be a dict")
		}
		for _, e := range m.entries {
			if e.hk == nil {
				continue
			}
			switch k := e.key.(type) {
			case Str:
				if runeLen(string(k)) != 1 {
					return nil, valueError("string keys in translate table must be of length 1")
				}
				r, _ := nextRune(string(k))
				if err := put(r, e.val); err != nil {
					return nil, err
				}
			case Int, Bool:
				if err := d.Set(c.b, k, e.val); err != nil {
					return nil, err
				}
			default:
				if IsForeign(k) {
					return nil, foreignError(k, "translating by")
				}
				return nil, typeError("keys in translate table must be strings or integers")
			}
		}
		return d, nil
	}
	from, ok := c.args[0].(Str)
	if !ok {
		if IsForeign(c.args[0]) {
			return nil, foreignError(c.args[0], "translating by")
		}
		return nil, typeError("first maketrans argument must be a string if there is a second argument")
	}
	to, err := needStr(c.args[1], "maketrans() argument 2 must be str, not %s")
	if err != nil {
		return nil, err
	}
	del := ""
	if c.has(2) {
		if del, err = needStr(c.args[2], "maketrans() argument 3 must be str, not %s"); err != nil {
			return nil, err
		}
	}
	fr, tr := decodeRunes(string(from)), decodeRunes(to)
	if len(fr) != len(tr) {
		return nil, valueError("the first two maketrans arguments must have equal length")
	}
	for i, r := range fr {
		if err := put(r, NewInt(int64(tr[i]))); err != nil {
			return nil, err
		}
	}
	for _, r := range decodeRunes(del) {
		if err := put(r, None); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func strTranslate(c *call) (Value, error) {
	var sb strings.Builder
	for rest := strOf(c); rest != ""; {
		r, n := nextRune(rest)
		rest = rest[n:]
		v, err := GetItem(c.b, c.args[0], NewInt(int64(r)))
		if err != nil {
			if e, ok := err.(*Exception); ok && e.IsA("LookupError") {
				v = NewInt(int64(r))
			} else {
				return nil, err
			}
		}
		out := ""
		switch v := v.(type) {
		case NoneType:
		case Str:
			out = string(v)
		case Int, Bool:
			i, _ := asInt(v)
			cp := i.clamp()
			if cp < 0 || cp > utf8.MaxRune {
				return nil, valueError("character mapping must be in range(0x110000)")
			}
			out = runeString(rune(cp))
		default:
			if IsForeign(v) {
				return nil, foreignError(v, "translating to")
			}
			return nil, typeError("character mapping must return integer, None or str")
		}
		if err := c.b.text(len(out)); err != nil {
			return nil, err
		}
		sb.WriteString(out)
	}
	return Str(sb.String()), nil
}

// codec gives the canonical name of the encodings that are modelled.
func codec(name string) string {
	switch strings.ReplaceAll(strings.ToLower(name), "_", "-") {
	case "utf-8", "utf8", "u8", "cp65001":
		return "utf-8"
	case "ascii", "us-ascii", "646":
		return "ascii"
	case "latin-1", "latin1", "iso-8859-1", "iso8859-1", "8859", "l1", "cp819", "latin":
		return "latin-1"
	}
	return ""
}

func codecArgs(c *call, fn string) (enc, errs string, err error) {
	enc, errs = "utf-8", "strict"
	if c.has(0) {
		if enc, err = needStr(c.args[0], fn+"() argument 'encoding' must be str, not %s"); err != nil {
			return "", "", err
		}
		if strings.Contains(enc, "\x00") {
			return "", "", valueError("embedded null character")
		}
		if !isASCII(enc) {
			return "", "", unsupported("the encoding %s is not modelled", strRepr(enc))
		}
	}
	if c.has(1) {
		if errs, err = needStr(c.args[1], fn+"() argument 'errors' must be str, not %s"); err != nil {
			return "", "", err
		}
		if strings.Contains(errs, "\x00") {
			return "", "", valueError("embedded null character")
		}
	}
	name := codec(enc)
	if name == "" {
		return "", "", unsupported("the encoding %s is not modelled", strRepr(enc))
	}
	return name, errs, nil
}

func strEncode(c *call) (Value, error) { return encodeAs(c, "encode") }

// encodeAs is str.encode, or bytes(text, encoding), under its name in error messages.
func encodeAs(c *call, fn string) (Value, error) {
	enc, errs, err := codecArgs(c, fn)
	if err != nil {
		return nil, err
	}
	s := strOf(c)
	if err := c.b.text(len(s)); err != nil {
		return nil, err
	}
	if isASCII(s) || enc == "utf-8" && utf8.ValidString(s) {
		return Bytes(s), nil
	}
	limit, reason := rune(0x80), "ordinal not in range(128)"
	switch enc {
	case "latin-1":
		limit, reason = 0x100, "ordinal not in range(256)"
	case "utf-8":
		limit, reason = 0x110000, "surrogates not allowed"
	}
	bad := func(r rune) bool { return r >= limit || enc == "utf-8" && isSurrogate(r) }
	var out []byte
	rs := decodeRunes(s)
	for i := 0; i < len(rs); i++ {
		r := rs[i]
		switch {
		case !bad(r) && enc == "utf-8":
			out = appendRune(out, r)
			continue
		case !bad(r):
			out = append(out, byte(r))
			continue
		}
		if err := c.b.Alloc(12); err != nil {
			return nil, err
		}
		switch errs {
		case "ignore":
		case "replace":
			out = append(out, '?')
		case "backslashreplace":
			out = append(out, escapeRune(r)...)
		case "xmlcharrefreplace":
			out = fmt.Appendf(out, "&#%d;", r)
		case "surrogateescape", "surrogatepass", "namereplace":
			if errs == "surrogatepass" && enc == "utf-8" && isSurrogate(r) {
				out = appendRune(out, r)
				continue
			}
			if errs == "surrogateescape" && r >= 0xdc80 && r <= 0xdcff {
				out = append(out, byte(r-0xdc00))
				continue
			}
			if errs == "namereplace" {
				return nil, unsupported("the error handler namereplace is not modelled")
			}
			fallthrough
		case "strict":
			j := i + 1
			for j < len(rs) && bad(rs[j]) {
				j++
			}
			where := fmt.Sprintf("character '%s' in position %d", escapeRune(r), i)
			if j > i+1 {
				where = fmt.Sprintf("characters in position %d-%d", i, j-1)
			}
			return nil, &Exception{
				Type: "UnicodeEncodeError",
				Msg:  fmt.Sprintf("'%s' codec can't encode %s: %s", enc, where, reason),
				Args: []Value{Str(enc), Str(s), NewInt(int64(i)), NewInt(int64(j)), Str(reason)},
			}
		default:
			return nil, NewException("LookupError", "unknown error handler name '%s'", errs)
		}
	}
	return Bytes(out), nil
}

// decodeBytes is bytes.decode.
func decodeBytes(b *Budget, s, enc, errs string) (Value, error) {
	if err := b.text(len(s) * 2); err != nil {
		return nil, err
	}
	if isASCII(s) || enc == "utf-8" && utf8.ValidString(s) {
		return Str(s), nil
	}
	var out []byte
	for i := 0; i < len(s); {
		c := s[i]
		if c < 0x80 {
			out = append(out, c)
			i++
			continue
		}
		if enc == "latin-1" {
			out = appendRune(out, rune(c))
			i++
			continue
		}
		bad, reason := 1, "ordinal not in range(128)"
		if enc == "utf-8" {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || n > 1 {
				out = append(out, s[i:i+n]...)
				i += n
				continue
			}
			if errs == "surrogatepass" {
				if r, n := nextRune(s[i:]); n == 3 && isSurrogate(r) {
					out = append(out, s[i:i+3]...)
					i += 3
					continue
				}
			}
			bad, reason = utf8Error(s[i:])
		}
		switch errs {
		case "ignore":
		case "replace":
			out = appendRune(out, utf8.RuneError)
		case "backslashreplace":
			for k := range bad {
				out = fmt.Appendf(out, `\x%02x`, s[i+k])
			}
		case "surrogateescape":
			for k := range bad {
				out = appendRune(out, 0xdc00+rune(s[i+k]))
			}
		case "strict", "surrogatepass":
			where := fmt.Sprintf("byte 0x%02x in position %d", c, i)
			if bad > 1 {
				where = fmt.Sprintf("bytes in position %d-%d", i, i+bad-1)
			}
			return nil, &Exception{
				Type: "UnicodeDecodeError",
				Msg:  fmt.Sprintf("'%s' codec can't decode %s: %s", enc, where, reason),
				Args: []Value{Str(enc), Bytes(s), NewInt(int64(i)), NewInt(int64(i + bad)), Str(reason)},
			}
		case "xmlcharrefreplace", "namereplace":
			return nil, typeError("don't know how to handle UnicodeDecodeError in error callback")
		default:
			return nil, NewException("LookupError", "unknown error handler name '%s'", errs)
		}
		i += bad
	}
	return Str(out), nil
}

// utf8Error is how many bytes at the start of s are one error, and CPython's word for it.
func utf8Error(s string) (int, string) {
	c := s[0]
	need := 0
	lo, hi := byte(0x80), byte(0xbf)
	switch {
	case c < 0xc2 || c > 0xf4:
		return 1, "invalid start byte"
	case c < 0xe0:
		need = 1
	case c < 0xf0:
		need = 2
		if c == 0xe0 {
			lo = 0xa0
		} else if c == 0xed {
			hi = 0x9f
		}
	default:
		need = 3
		if c == 0xf0 {
			lo = 0x90
		} else if c == 0xf4 {
			hi = 0x8f
		}
	}
	for k := 1; k <= need; k++ {
		if k >= len(s) {
			return k, "unexpected end of data"
		}
		if s[k] < lo || s[k] > hi {
			return k, "invalid continuation byte"
		}
		lo, hi = 0x80, 0xbf
	}
	return 1, "invalid start byte"
}

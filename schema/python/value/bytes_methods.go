package value

import (
	"encoding/hex"
	"slices"
	"strings"
)

func bytesOf(c *call) string { return string(c.recv.(Bytes)) }

func bytesSpace(c rune) bool { return c == ' ' || c >= 9 && c <= 13 }

func bytesMethods() map[string]method {
	text := func(f func(string) string) method {
		return noArgs(func(c *call) (Value, error) { return Bytes(f(bytesOf(c))), c.b.text(len(bytesOf(c))) })
	}
	every := func(f func(byte) bool) method {
		return noArgs(func(c *call) (Value, error) {
			for i := range len(bytesOf(c)) {
				if !f(bytesOf(c)[i]) {
					return False, nil
				}
			}
			return Bool(bytesOf(c) != ""), nil
		})
	}
	lower := func(c byte) bool { return c >= 'a' && c <= 'z' }
	upper := func(c byte) bool { return c >= 'A' && c <= 'Z' }
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	one := func(f func(b *Budget, s, x string) (Value, error)) method {
		return oneArg(func(c *call) (Value, error) {
			x, err := needBytes(c.args[0])
			if err != nil {
				return nil, err
			}
			if err := c.b.text(len(bytesOf(c))); err != nil {
				return nil, err
			}
			return f(c.b, bytesOf(c), x)
		})
	}
	m := map[string]method{
		"decode": kwArgs(0, []string{"encoding", "errors"}, func(c *call) (Value, error) {
			enc, errs, err := codecArgs(c, "decode")
			if err != nil {
				return nil, err
			}
			return decodeBytes(c.b, bytesOf(c), enc, errs)
		}),
		"hex": kwArgs(0, []string{"sep", "bytes_per_sep"}, func(c *call) (Value, error) {
			if c.has(0) {
				return nil, unsupported("bytes.hex with a separator is not modelled")
			}
			return Str(hex.EncodeToString([]byte(bytesOf(c)))), c.b.text(2 * len(bytesOf(c)))
		}),
		"isalnum": every(func(c byte) bool { return lower(c) || upper(c) || digit(c) }),
		"isalpha": every(func(c byte) bool { return lower(c) || upper(c) }),
		"isascii": noArgs(func(c *call) (Value, error) { return Bool(isASCII(bytesOf(c))), nil }),
		"isdigit": every(digit),
		"isspace": every(func(c byte) bool { return bytesSpace(rune(c)) }),
		"join":    oneArg(bytesJoin),
		"lower":   text(func(s string) string { return asciiMap(s, 'A', 'Z') }),
		"upper":   text(func(s string) string { return asciiMap(s, 'a', 'z') }),
		"replace": posArgs(2, 3, bytesReplace),
		"removeprefix": one(func(_ *Budget, s, x string) (Value, error) {
			return Bytes(strings.TrimPrefix(s, x)), nil
		}),
		"removesuffix": one(func(_ *Budget, s, x string) (Value, error) {
			return Bytes(strings.TrimSuffix(s, x)), nil
		}),
		"partition":  one(bytesPartition(false)),
		"rpartition": one(bytesPartition(true)),
		"split":      kwArgs(0, []string{"sep", "maxsplit"}, bytesSplit(false)),
		"rsplit":     kwArgs(0, []string{"sep", "maxsplit"}, bytesSplit(true)),
		"splitlines": kwArgs(0, []string{"keepends"}, func(c *call) (Value, error) {
			keep := 0
			if c.has(0) {
				var err error
				if keep, err = needCInt(c.args[0]); err != nil {
					return nil, err
				}
			}
			parts := splitLines(bytesOf(c), keep != 0, func(r rune) bool { return r == '\n' || r == '\r' })
			return textList(c.b, parts, func(s string) Value { return Bytes(s) })
		}),
		"startswith": tupleArgs(1, 3, bytesStartswith("startswith", strings.HasPrefix)),
		"endswith":   tupleArgs(1, 3, bytesStartswith("endswith", strings.HasSuffix)),
	}
	for _, how := range []string{"find", "rfind", "index", "rindex", "count"} {
		m[how] = tupleArgs(1, 3, bytesFind(how))
	}
	for _, how := range []string{"strip", "lstrip", "rstrip"} {
		m[how] = posArgs(0, 1, bytesStrip(how))
	}
	return m
}

// asciiMap changes the case of the letters from lo to hi.
func asciiMap(s string, lo, hi byte) string {
	buf := []byte(s)
	for i, c := range buf {
		if c >= lo && c <= hi {
			buf[i] = c ^ 0x20
		}
	}
	return string(buf)
}

func bytesJoin(c *call) (Value, error) {
	elems, err := Collect(c.b, c.args[0])
	if err != nil {
		if e, ok := err.(*Exception); ok && e.Type == "TypeError" {
			return nil, typeError("can only join an iterable")
		}
		return nil, err
	}
	parts := make([]string, len(elems))
	for i, e := range elems {
		s, ok := e.(Bytes)
		if !ok {
			if IsForeign(e) {
				return nil, foreignError(e, "joining")
			}
			return nil, typeError("sequence item %d: expected a bytes-like object, %s found", i, TypeName(e))
		}
		if err := c.b.text(len(s) + len(bytesOf(c))); err != nil {
			return nil, err
		}
		parts[i] = string(s)
	}
	return Bytes(strings.Join(parts, bytesOf(c))), nil
}

func bytesReplace(c *call) (Value, error) {
	from, err := needBytes(c.args[0])
	if err != nil {
		return nil, err
	}
	to, err := needBytes(c.args[1])
	if err != nil {
		return nil, err
	}
	limit := -1
	if c.has(2) {
		if limit, err = needSize(c.args[2]); err != nil {
			return nil, err
		}
	}
	v, err := replaceText(c.b, bytesOf(c), from, to, limit, func(s string) (rune, int) { return rune(s[0]), 1 })
	if err != nil {
		return nil, err
	}
	return Bytes(v.(Str)), nil
}

func bytesPartition(right bool) func(b *Budget, s, sep string) (Value, error) {
	return func(_ *Budget, s, sep string) (Value, error) {
		if sep == "" {
			return nil, valueError("empty separator")
		}
		i := strings.Index(s, sep)
		if right {
			i = strings.LastIndex(s, sep)
		}
		switch {
		case i < 0 && right:
			return NewTuple(Bytes(""), Bytes(""), Bytes(s)), nil
		case i < 0:
			return NewTuple(Bytes(s), Bytes(""), Bytes("")), nil
		}
		return NewTuple(Bytes(s[:i]), Bytes(sep), Bytes(s[i+len(sep):])), nil
	}
}

func bytesSplit(right bool) func(c *call) (Value, error) {
	return func(c *call) (Value, error) {
		limit := -1
		if c.has(1) {
			var err error
			if limit, err = needSize(c.args[1]); err != nil {
				return nil, err
			}
		}
		s := bytesOf(c)
		if err := c.b.text(len(s)); err != nil {
			return nil, err
		}
		var parts []string
		if _, none := arg(c, 0).(NoneType); none {
			fields := strings.FieldsFunc(s, bytesSpace)
			if limit >= 0 && limit < len(fields) {
				if !isASCII(s) {
					return nil, unsupported("splitting bytes outside ASCII at white space is not modelled")
				}
				if right {
					fields = rsplitSpace(s, limit, bytesSpace)
				} else {
					fields = splitSpace(s, limit, bytesSpace)
				}
			}
			parts = fields
		} else {
			sep, err := needBytes(c.args[0])
			switch {
			case err != nil:
				return nil, err
			case sep == "":
				return nil, valueError("empty separator")
			case right:
				parts = rsplitBy(s, sep, limit)
			case limit >= 0 && limit <= len(s):
				parts = strings.SplitN(s, sep, limit+1)
			default:
				parts = strings.Split(s, sep)
			}
		}
		return textList(c.b, parts, func(s string) Value { return Bytes(s) })
	}
}

func bytesStartswith(name string, test func(s, x string) bool) func(c *call) (Value, error) {
	return func(c *call) (Value, error) {
		start, end, err := bounds(c, 1, len(bytesOf(c)))
		if err != nil {
			return nil, err
		}
		options := []Value{c.args[0]}
		if t, ok := c.args[0].(*Tuple); ok {
			options = t.Elems
		}
		for _, o := range options {
			x, ok := o.(Bytes)
			if !ok {
				if IsForeign(o) {
					return nil, foreignError(o, "comparing")
				}
				if _, tuple := c.args[0].(*Tuple); tuple {
					return nil, typeError("a bytes-like object is required, not '%s'", TypeName(o))
				}
				return nil, typeError("%s first arg must be bytes or a tuple of bytes, not %s", name, TypeName(o))
			}
			if start <= end && test(bytesOf(c)[start:end], string(x)) {
				return True, nil
			}
		}
		return False, nil
	}
}

func bytesFind(how string) func(c *call) (Value, error) {
	return func(c *call) (Value, error) {
		s := bytesOf(c)
		start, end, err := bounds(c, 1, len(s))
		if err != nil {
			return nil, err
		}
		var sub string
		if n, ok := asInt(c.args[0]); ok {
			i, fits := n.Int64()
			if !fits || i < 0 || i > 255 {
				return nil, valueError("byte must be in range(0, 256)")
			}
			sub = string([]byte{byte(i)})
		} else if x, ok := c.args[0].(Bytes); ok {
			sub = string(x)
		} else if IsForeign(c.args[0]) {
			return nil, foreignError(c.args[0], "searching for")
		} else {
			return nil, typeError("argument should be integer or bytes-like object, not '%s'", TypeName(c.args[0]))
		}
		pos, count := -1, 0
		if start <= end {
			part := s[start:end]
			switch {
			case how == "count" && sub == "":
				count = len(part) + 1
			case how == "count":
				count = strings.Count(part, sub)
			case how[0] == 'r':
				pos = strings.LastIndex(part, sub)
			default:
				pos = strings.Index(part, sub)
			}
			if pos >= 0 {
				pos += start
			}
		}
		switch {
		case how == "count":
			return NewInt(int64(count)), nil
		case pos < 0 && strings.HasSuffix(how, "index"):
			return nil, valueError("subsection not found")
		}
		return NewInt(int64(pos)), nil
	}
}

func bytesStrip(how string) func(c *call) (Value, error) {
	return func(c *call) (Value, error) {
		set := " \t\n\r\v\f"
		if _, none := arg(c, 0).(NoneType); !none {
			var err error
			if set, err = needBytes(c.args[0]); err != nil {
				return nil, err
			}
		}
		s := bytesOf(c)
		for how != "rstrip" && s != "" && strings.IndexByte(set, s[0]) >= 0 {
			s = s[1:]
		}
		for how != "lstrip" && s != "" && strings.IndexByte(set, s[len(s)-1]) >= 0 {
			s = s[:len(s)-1]
		}
		return Bytes(s), nil
	}
}

func bytesFromhex(c *call) (Value, error) {
	s, err := needStr(c.args[0], "fromhex() argument must be str, not %s")
	if err != nil {
		return nil, err
	}
	if err := c.b.text(len(s)); err != nil {
		return nil, err
	}
	var out []byte
	rs := decodeRunes(s)
	for i, r := range rs {
		if r >= 0x80 {
			return nil, valueError("non-hexadecimal number found in fromhex() arg at position %d", i)
		}
	}
	nibble := func(i int) int {
		if i < len(rs) && rs[i] < 0x80 {
			if d := digitValue(byte(rs[i])); d < 16 {
				return d
			}
		}
		return -1
	}
	for i := 0; i < len(rs); {
		if bytesSpace(rs[i]) {
			i++
			continue
		}
		hi, lo := nibble(i), nibble(i+1)
		switch {
		case hi < 0:
			return nil, valueError("non-hexadecimal number found in fromhex() arg at position %d", i)
		case lo < 0:
			return nil, valueError("non-hexadecimal number found in fromhex() arg at position %d", i+1)
		}
		out = append(out, byte(hi<<4|lo))
		i += 2
	}
	return Bytes(out), nil
}

func bytesMaketrans(c *call) (Value, error) {
	from, err := needBytes(c.args[0])
	if err != nil {
		return nil, err
	}
	to, err := needBytes(c.args[1])
	if err != nil {
		return nil, err
	}
	if len(from) != len(to) {
		return nil, valueError("maketrans arguments must have same length")
	}
	table := make([]byte, 256)
	for i := range table {
		table[i] = byte(i)
	}
	for i := range len(from) {
		table[from[i]] = to[i]
	}
	return Bytes(slices.Clone(table)), nil
}

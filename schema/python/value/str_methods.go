package value

import (
	"strings"
)

func strOf(c *call) string { return string(c.recv.(Str)) }

// textFunc is a method without arguments that maps text to text; grow is how much longer, in
// times, its result may be.
func textFunc(grow int, f func(string) string) method {
	return noArgs(func(c *call) (Value, error) {
		if err := c.b.text(len(strOf(c)) * grow); err != nil {
			return nil, err
		}
		if err := c.b.Step(int64(len(strOf(c))) / 4); err != nil {
			return nil, err
		}
		return Str(f(strOf(c))), nil
	})
}

func testFunc(f func(string) bool) method {
	return noArgs(func(c *call) (Value, error) {
		return Bool(f(strOf(c))), c.b.Step(int64(len(strOf(c))) / 8)
	})
}

func everyRune(f func(rune) bool) method {
	return testFunc(func(s string) bool { return allRunes(s, f) })
}

func strMethods() map[string]method {
	return map[string]method{
		"capitalize":   textFunc(3, strCapitalize),
		"casefold":     textFunc(3, strFold),
		"center":       posArgs(1, 2, strJustify("center")),
		"count":        tupleArgs(1, 3, strFind("count")),
		"encode":       kwArgs(0, []string{"encoding", "errors"}, strEncode),
		"endswith":     tupleArgs(1, 3, strStartswith("endswith")),
		"expandtabs":   kwArgs(0, []string{"tabsize"}, strExpandtabs),
		"find":         tupleArgs(1, 3, strFind("find")),
		"format":       varKwArgs(strFormat),
		"format_map":   oneArg(strFormatMap),
		"index":        tupleArgs(1, 3, strFind("index")),
		"isalnum":      everyRune(isAlnum),
		"isalpha":      everyRune(isAlpha),
		"isascii":      testFunc(isASCII),
		"isdecimal":    everyRune(isDecimal),
		"isdigit":      everyRune(isDigit),
		"isidentifier": testFunc(isIdentifier),
		"islower":      testFunc(func(s string) bool { return strIsCase(s, isLowerRune, isUpperRune) }),
		"isnumeric":    everyRune(isNumeric),
		"isprintable":  testFunc(func(s string) bool { return s == "" || allRunes(s, isPrintable) }),
		"isspace":      everyRune(isSpace),
		"istitle":      testFunc(strIsTitle),
		"isupper":      testFunc(func(s string) bool { return strIsCase(s, isUpperRune, isLowerRune) }),
		"join":         oneArg(strJoin),
		"ljust":        posArgs(1, 2, strJustify("ljust")),
		"lower":        textFunc(3, strLower),
		"lstrip":       posArgs(0, 1, strStrip("lstrip")),
		"partition":    oneArg(strPartition(false)),
		"removeprefix": oneArg(strRemove("removeprefix", strings.TrimPrefix)),
		"removesuffix": oneArg(strRemove("removesuffix", strings.TrimSuffix)),
		"replace":      posArgs(2, 3, strReplace),
		"rfind":        tupleArgs(1, 3, strFind("rfind")),
		"rindex":       tupleArgs(1, 3, strFind("rindex")),
		"rjust":        posArgs(1, 2, strJustify("rjust")),
		"rpartition":   oneArg(strPartition(true)),
		"rsplit":       kwArgs(0, []string{"sep", "maxsplit"}, strSplit(true)),
		"rstrip":       posArgs(0, 1, strStrip("rstrip")),
		"split":        kwArgs(0, []string{"sep", "maxsplit"}, strSplit(false)),
		"splitlines":   kwArgs(0, []string{"keepends"}, strSplitlines),
		"startswith":   tupleArgs(1, 3, strStartswith("startswith")),
		"strip":        posArgs(0, 1, strStrip("strip")),
		"swapcase":     textFunc(3, strSwapcase),
		"title":        textFunc(3, strTitle),
		"translate":    oneArg(strTranslate),
		"upper":        textFunc(3, strUpper),
		"zfill":        oneArg(strZfill),
	}
}

func strJustify(how string) func(c *call) (Value, error) {
	return func(c *call) (Value, error) {
		width, err := needSize(c.args[0])
		if err != nil {
			return nil, err
		}
		fill := " "
		if c.has(1) {
			f, ok := c.args[1].(Str)
			if !ok {
				if IsForeign(c.args[1]) {
					return nil, foreignError(c.args[1], "padding with")
				}
				return nil, typeError("The fill character must be a unicode character, not %s", TypeName(c.args[1]))
			}
			fill = string(f)
			if runeLen(fill) != 1 {
				return nil, typeError("The fill character must be exactly one character long")
			}
		}
		s := strOf(c)
		pad := width - runeLen(s)
		if pad <= 0 {
			return Str(s), nil
		}
		if err := c.b.Alloc(mulSize(int64(pad), int64(len(fill)))); err != nil {
			return nil, err
		}
		left := 0
		switch how {
		case "rjust":
			left = pad
		case "center":
			left = pad/2 + pad&width&1
		}
		return Str(strings.Repeat(fill, left) + s + strings.Repeat(fill, pad-left)), nil
	}
}

// bounds reads the optional start and end of find and its kind, clipped to a length.
func bounds(c *call, first, length int) (int, int, error) {
	at := func(i, dflt int) (int, error) {
		if !c.has(i) {
			return dflt, nil
		}
		if _, ok := c.args[i].(NoneType); ok {
			return dflt, nil
		}
		n, ok := asInt(c.args[i])
		if !ok {
			if IsForeign(c.args[i]) {
				return 0, foreignError(c.args[i], "slicing by")
			}
			return 0, typeError("slice indices must be integers or None or have an __index__ method")
		}
		k := n.clamp()
		if k < 0 {
			k = max(k+int64(length), 0)
		}
		// A start beyond the end finds not even the empty string.
		return int(min(k, int64(length)+1)), nil
	}
	start, err := at(first, 0)
	if err != nil {
		return 0, 0, err
	}
	end, err := at(first+1, length)
	return start, min(end, length), err
}

func strFind(how string) func(c *call) (Value, error) {
	return func(c *call) (Value, error) {
		s := strOf(c)
		if err := c.b.Step(int64(len(s)) / 16); err != nil {
			return nil, err
		}
		n := runeLen(s)
		start, end, err := bounds(c, 1, n)
		if err != nil {
			return nil, err
		}
		sub, err := ensureStr(c.args[0])
		if err != nil {
			return nil, err
		}
		pos, count := -1, 0
		if start <= end {
			part := substring(s, start, end)
			switch how {
			case "count":
				if sub == "" {
					count = end - start + 1
				} else {
					count = strings.Count(part, sub)
				}
			case "find", "index":
				pos = strings.Index(part, sub)
			default:
				pos = strings.LastIndex(part, sub)
			}
			if pos >= 0 {
				pos = start + runeLen(part[:pos])
			}
		}
		switch {
		case how == "count":
			return NewInt(int64(count)), nil
		case pos < 0 && strings.HasSuffix(how, "index"):
			return nil, valueError("substring not found")
		}
		return NewInt(int64(pos)), nil
	}
}

func strStartswith(how string) func(c *call) (Value, error) {
	return func(c *call) (Value, error) {
		s := strOf(c)
		start, end, err := bounds(c, 1, runeLen(s))
		if err != nil {
			return nil, err
		}
		part, inside := "", start <= end
		if inside {
			part = substring(s, start, end)
		}
		test := strings.HasPrefix
		if how == "endswith" {
			test = strings.HasSuffix
		}
		if t, ok := c.args[0].(*Tuple); ok {
			for _, e := range t.Elems {
				x, ok := e.(Str)
				if !ok {
					if IsForeign(e) {
						return nil, foreignError(e, "comparing")
					}
					return nil, typeError("tuple for %s must only contain str, not %s", how, TypeName(e))
				}
				if inside && test(part, string(x)) {
					return True, nil
				}
			}
			return False, nil
		}
		x, ok := c.args[0].(Str)
		if !ok {
			if IsForeign(c.args[0]) {
				return nil, foreignError(c.args[0], "comparing")
			}
			return nil, typeError("%s first arg must be str or a tuple of str, not %s", how, TypeName(c.args[0]))
		}
		return Bool(inside && test(part, string(x))), nil
	}
}

func strExpandtabs(c *call) (Value, error) {
	size := 8
	if c.has(0) {
		var err error
		if size, err = needCInt(c.args[0]); err != nil {
			return nil, err
		}
	}
	s := strOf(c)
	if err := c.b.text(len(s)); err != nil {
		return nil, err
	}
	if err := c.b.Alloc(mulSize(int64(strings.Count(s, "\t")), int64(max(size, 0)))); err != nil {
		return nil, err
	}
	var sb strings.Builder
	col := 0
	for len(s) > 0 {
		r, n := nextRune(s)
		switch {
		case r == '\t':
			if size > 0 {
				pad := size - col%size
				sb.WriteString(strings.Repeat(" ", pad))
				col += pad
			}
		default:
			sb.WriteString(s[:n])
			if col++; r == '\n' || r == '\r' {
				col = 0
			}
		}
		s = s[n:]
	}
	return Str(sb.String()), nil
}

func strJoin(c *call) (Value, error) {
	elems, err := Collect(c.b, c.args[0])
	if err != nil {
		if e, ok := err.(*Exception); ok && e.Type == "TypeError" {
			return nil, typeError("can only join an iterable")
		}
		return nil, err
	}
	sep := strOf(c)
	parts := make([]string, len(elems))
	for i, e := range elems {
		s, ok := e.(Str)
		if !ok {
			if IsForeign(e) {
				return nil, foreignError(e, "joining")
			}
			return nil, typeError("sequence item %d: expected str instance, %s found", i, TypeName(e))
		}
		if err := c.b.text(len(s) + len(sep)); err != nil {
			return nil, err
		}
		parts[i] = string(s)
	}
	return Str(strings.Join(parts, sep)), nil
}

func strStrip(how string) func(c *call) (Value, error) {
	return func(c *call) (Value, error) {
		s := strOf(c)
		in := isSpace
		if c.has(0) {
			if _, none := c.args[0].(NoneType); !none {
				x, ok := c.args[0].(Str)
				if !ok {
					if IsForeign(c.args[0]) {
						return nil, foreignError(c.args[0], "stripping")
					}
					return nil, typeError("%s arg must be None or str", how)
				}
				if err := c.b.Step(mulSize(int64(len(s)), int64(len(x))) / 64); err != nil {
					return nil, err
				}
				set := decodeRunes(string(x))
				in = func(r rune) bool {
					for _, q := range set {
						if q == r {
							return true
						}
					}
					return false
				}
			}
		}
		if how != "rstrip" {
			for len(s) > 0 {
				r, n := nextRune(s)
				if !in(r) {
					break
				}
				s = s[n:]
			}
		}
		if how != "lstrip" {
			for len(s) > 0 {
				r, n := lastRune(s)
				if !in(r) {
					break
				}
				s = s[:len(s)-n]
			}
		}
		return Str(s), c.b.text(len(s))
	}
}

// lastRune decodes the last character of s.
func lastRune(s string) (rune, int) {
	i := len(s) - 1
	for i > 0 && len(s)-i < 4 && s[i]&0xC0 == 0x80 {
		i--
	}
	if r, n := nextRune(s[i:]); i+n == len(s) {
		return r, n
	}
	return nextRune(s[len(s)-1:])
}

func strPartition(right bool) func(c *call) (Value, error) {
	return func(c *call) (Value, error) {
		s := strOf(c)
		sep, err := ensureStr(c.args[0])
		if err != nil {
			return nil, err
		}
		if sep == "" {
			return nil, valueError("empty separator")
		}
		i := strings.Index(s, sep)
		if right {
			i = strings.LastIndex(s, sep)
		}
		switch {
		case i < 0 && right:
			return NewTuple(Str(""), Str(""), Str(s)), nil
		case i < 0:
			return NewTuple(Str(s), Str(""), Str("")), nil
		}
		return NewTuple(Str(s[:i]), Str(sep), Str(s[i+len(sep):])), c.b.text(len(s))
	}
}

// ensureStr is a string argument of the functions that search.
func ensureStr(v Value) (string, error) {
	if s, ok := v.(Str); ok {
		return string(s), nil
	}
	if IsForeign(v) {
		return "", foreignError(v, "searching for")
	}
	return "", typeError("must be str, not %s", TypeName(v))
}

func strRemove(name string, trim func(s, x string) string) func(c *call) (Value, error) {
	return func(c *call) (Value, error) {
		x, err := needStr(c.args[0], name+"() argument must be str, not %s")
		if err != nil {
			return nil, err
		}
		return Str(trim(strOf(c), x)), c.b.text(len(strOf(c)))
	}
}

func strReplace(c *call) (Value, error) {
	s := strOf(c)
	from, err := needStr(c.args[0], "replace() argument 1 must be str, not %s")
	if err != nil {
		return nil, err
	}
	to, err := needStr(c.args[1], "replace() argument 2 must be str, not %s")
	if err != nil {
		return nil, err
	}
	limit := -1
	if c.has(2) {
		if limit, err = needSize(c.args[2]); err != nil {
			return nil, err
		}
	}
	return replaceText(c.b, s, from, to, limit, nextRune)
}

// replaceText replaces up to limit occurrences, all when it is negative.
func replaceText(b *Budget, s, from, to string, limit int, next func(string) (rune, int)) (Value, error) {
	n := 0
	if from == "" {
		for rest := s; rest != ""; n++ {
			_, k := next(rest)
			rest = rest[k:]
		}
		n++
	} else {
		n = strings.Count(s, from)
	}
	if limit >= 0 && limit < n {
		n = limit
	}
	if err := b.text(len(s)); err != nil {
		return nil, err
	}
	if err := b.Alloc(mulSize(int64(n), int64(len(to)))); err != nil {
		return nil, err
	}
	if from != "" || n == 0 {
		return Str(strings.Replace(s, from, to, n)), nil
	}
	var sb strings.Builder
	for i := 0; ; i++ {
		if i < n {
			sb.WriteString(to)
		}
		if s == "" {
			return Str(sb.String()), nil
		}
		_, k := next(s)
		sb.WriteString(s[:k])
		s = s[k:]
	}
}

func strZfill(c *call) (Value, error) {
	width, err := needSize(c.args[0])
	if err != nil {
		return nil, err
	}
	s := strOf(c)
	pad := width - runeLen(s)
	if pad <= 0 {
		return Str(s), nil
	}
	if err := c.b.Alloc(int64(pad)); err != nil {
		return nil, err
	}
	sign := ""
	if s != "" && (s[0] == '+' || s[0] == '-') {
		sign, s = s[:1], s[1:]
	}
	return Str(sign + strings.Repeat("0", pad) + s), nil
}

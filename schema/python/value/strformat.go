package value

import (
	"math"
	"strings"
)

func strFormat(c *call) (Value, error) {
	f := &fieldReader{b: c.b, args: c.rest, lookup: kwargLookup(c.kw)}
	return f.all(strOf(c))
}

func strFormatMap(c *call) (Value, error) {
	f := &fieldReader{b: c.b, noArgs: true, lookup: func(name string) (Value, error) {
		return GetItem(c.b, c.args[0], Str(name))
	}}
	return f.all(strOf(c))
}

func kwargLookup(kw []Kwarg) func(string) (Value, error) {
	return func(name string) (Value, error) {
		for _, k := range kw {
			if k.Name == name {
				return k.Value, nil
			}
		}
		return nil, &Exception{Type: "KeyError", Msg: strRepr(name), Args: []Value{Str(name)}}
	}
}

// FormatPieces splits template.format(*args, **kwargs) into pieces without showing the values.
func FormatPieces(b *Budget, template string, args []Value, kwargs []Kwarg) ([]Piece, error) {
	b = b.orNew()
	f := &fieldReader{b: b, args: args, lookup: kwargLookup(kwargs)}
	var pieces []Piece
	err := f.read(template, 2, func(p Piece) error {
		pieces = append(pieces, p)
		return nil
	})
	return pieces, err
}

// fieldReader goes through a template of str.format.
type fieldReader struct {
	b      *Budget
	args   []Value
	noArgs bool // format_map has no positional arguments
	lookup func(name string) (Value, error)
	// numbering of fields: unknown at first, then automatic or manual.
	auto, manual bool
	next         int
}

func (f *fieldReader) all(template string) (Value, error) {
	s, err := f.text(template, 2)
	return Str(s), err
}

func (f *fieldReader) text(template string, depth int) (string, error) {
	var sb strings.Builder
	err := f.read(template, depth, func(p Piece) error {
		s, err := p.Render(f.b)
		sb.WriteString(s)
		return err
	})
	return sb.String(), err
}

// read follows MarkupIterator_next of Objects/stringlib/unicode_format.h.
func (f *fieldReader) read(template string, depth int, emit func(Piece) error) error {
	if depth <= 0 {
		return valueError("Max string recursion exceeded")
	}
	if err := f.b.text(len(template) * 4); err != nil {
		return err
	}
	rs := decodeRunes(template)
	for pos := 0; pos < len(rs); {
		start := pos
		var c rune
		markup := false
		for pos < len(rs) {
			c = rs[pos]
			pos++
			if c == '{' || c == '}' {
				markup = true
				break
			}
		}
		end := pos >= len(rs)
		n := pos
		switch {
		case c == '}' && (end || rs[pos] != c):
			return valueError("Single '}' encountered in format string")
		case c == '{' && end:
			return valueError("Single '{' encountered in format string")
		case markup && rs[pos] == c:
			pos++
			markup = false
		case markup:
			n--
		}
		if n > start {
			if err := emit(Piece{Text: encodeRunes(rs[start:n])}); err != nil {
				return err
			}
		}
		if !markup {
			continue
		}
		fd, next, err := parseField(rs, pos)
		if err != nil {
			return err
		}
		pos = next
		p, err := f.resolve(fd, depth)
		if err != nil {
			return err
		}
		if err := emit(p); err != nil {
			return err
		}
	}
	return nil
}

// field is one replacement field as it was written.
type field struct {
	name   []rune
	conv   rune
	spec   []rune
	nested bool
}

func parseField(rs []rune, pos int) (fd field, next int, err error) {
	var c rune
	start := pos
	bracket, found := false, false
	for pos < len(rs) && !found {
		c = rs[pos]
		pos++
		switch c {
		case '{':
			if !bracket {
				return fd, 0, valueError("unexpected '{' in field name")
			}
		case '[':
			bracket = true
		case ']':
			bracket = false
		case '}', ':', '!':
			found = !bracket
		}
	}
	if !found {
		return fd, 0, valueError("expected '}' before end of string")
	}
	fd.name = rs[start : pos-1]
	if c == '}' {
		return fd, pos, nil
	}
	if c == '!' {
		if pos >= len(rs) {
			return fd, 0, valueError("end of string while looking for conversion specifier")
		}
		fd.conv = rs[pos]
		pos++
		if pos < len(rs) {
			c = rs[pos]
			pos++
			if c == '}' {
				return fd, pos, nil
			}
			if c != ':' {
				return fd, 0, valueError("expected ':' after conversion specifier")
			}
		}
	}
	start = pos
	for depth := 1; pos < len(rs); {
		c = rs[pos]
		pos++
		switch c {
		case '{':
			fd.nested = true
			depth++
		case '}':
			if depth--; depth == 0 {
				fd.spec = rs[start : pos-1]
				return fd, pos, nil
			}
		}
	}
	return fd, 0, valueError("unmatched '{' in format spec")
}

func (f *fieldReader) resolve(fd field, depth int) (Piece, error) {
	v, err := f.value(fd.name)
	if err != nil {
		return Piece{}, err
	}
	p := Piece{Value: v, Spec: encodeRunes(fd.spec)}
	switch fd.conv {
	case 0:
	case 'r', 's', 'a':
		p.Conv = byte(fd.conv)
	default:
		return p, valueError("Unknown conversion specifier %s", charText(fd.conv))
	}
	if fd.nested {
		p.Spec, err = f.text(p.Spec, depth-1)
	}
	return p, err
}

// fieldInt is a name made of digits only, or -1.
func fieldInt(rs []rune) (int, error) {
	if len(rs) == 0 {
		return -1, nil
	}
	n := 0
	for _, r := range rs {
		d := decimalDigit(r)
		if d < 0 {
			return -1, nil
		}
		if n > (math.MaxInt64-d)/10 {
			return -1, valueError("Too many decimal digits in format string")
		}
		n = n*10 + d
	}
	return n, nil
}

// value looks a field name up: first.attr[index]…
func (f *fieldReader) value(name []rune) (Value, error) {
	i := 0
	for i < len(name) && name[i] != '.' && name[i] != '[' {
		i++
	}
	first, rest := name[:i], name[i:]
	index, err := fieldInt(first)
	if err != nil {
		return nil, err
	}
	if len(first) == 0 || index >= 0 {
		auto := len(first) == 0
		switch {
		case auto && f.manual:
			return nil, valueError("cannot switch from manual field specification to automatic field numbering")
		case !auto && f.auto:
			return nil, valueError("cannot switch from automatic field numbering to manual field specification")
		case auto:
			f.auto = true
			index = f.next
			f.next++
		default:
			f.manual = true
		}
	}
	var v Value
	switch {
	case index < 0:
		v, err = f.lookup(encodeRunes(first))
	case f.noArgs:
		err = valueError("Format string contains positional fields")
	case index >= len(f.args):
		err = NewException("IndexError", "Replacement index %d out of range for positional args tuple", index)
	default:
		v = f.args[index]
	}
	for err == nil && len(rest) > 0 {
		v, rest, err = f.part(v, rest)
	}
	return v, err
}

// part follows one .attr or [index].
func (f *fieldReader) part(v Value, rest []rune) (Value, []rune, error) {
	open := rest[0]
	rest = rest[1:]
	i := 0
	switch open {
	case '.':
		for i < len(rest) && rest[i] != '.' && rest[i] != '[' {
			i++
		}
		name := encodeRunes(rest[:i])
		rest = rest[i:]
		if name == "" {
			return nil, nil, valueError("Empty attribute in format string")
		}
		if f.b != nil && f.b.GetAttr != nil {
			v, err := f.b.GetAttr(f.b, v, name)
			return v, rest, err
		}
		v, err := Attribute(f.b, v, name)
		return v, rest, err
	case '[':
		for i < len(rest) && rest[i] != ']' {
			i++
		}
		if i >= len(rest) {
			return nil, nil, valueError("Missing ']' in format string")
		}
		name := rest[:i]
		rest = rest[i+1:]
		if len(name) == 0 {
			return nil, nil, valueError("Empty attribute in format string")
		}
		n, err := fieldInt(name)
		if err != nil {
			return nil, nil, err
		}
		var key Value = NewInt(int64(n))
		if n < 0 {
			key = Str(encodeRunes(name))
		}
		v, err = GetItem(f.b, v, key)
		return v, rest, err
	}
	return nil, nil, valueError("Only '.' or '[' may follow ']' in format field specifier")
}

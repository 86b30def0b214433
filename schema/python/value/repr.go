package value

import (
	"fmt"
	"strings"
)

// shower builds the repr of nested containers, charging as it goes.
type shower struct {
	b     *Budget
	sb    strings.Builder
	stack []any // the containers being shown, for "[...]"
}

func (w *shower) write(s string) error {
	if err := w.b.text(len(s)); err != nil {
		return err
	}
	w.sb.WriteString(s)
	return nil
}

// Repr is repr(v).
func Repr(b *Budget, v Value) (string, error) {
	b = b.orNew()
	w := shower{b: b}
	if err := w.show(v); err != nil {
		return "", err
	}
	return w.sb.String(), nil
}

// ToStr is str(v).
func ToStr(b *Budget, v Value) (string, error) {
	switch x := v.(type) {
	case Str:
		return string(x), nil
	case Strer:
		return x.PyStr(b)
	}
	return Repr(b, v)
}

// Ascii is ascii(v).
func Ascii(b *Budget, v Value) (string, error) {
	b = b.orNew()
	s, err := Repr(b, v)
	if err != nil || isASCII(s) {
		return s, err
	}
	if err := b.text(len(s) * 4); err != nil {
		return "", err
	}
	return mapRunes(s, func(r rune) string {
		if r < 0x80 {
			return string(r)
		}
		return escapeRune(r)
	}), nil
}

func (w *shower) show(v Value) error {
	switch v := v.(type) {
	case NoneType:
		return w.write("None")
	case EllipsisType:
		return w.write("Ellipsis")
	case NotImplementedType:
		return w.write("NotImplemented")
	case Bool:
		if v {
			return w.write("True")
		}
		return w.write("False")
	case Int:
		s, err := intText(v)
		if err != nil {
			return err
		}
		return w.write(s)
	case Float:
		return w.write(floatRepr(float64(v)))
	case Complex:
		return w.write(complexRepr(complex128(v)))
	case Str:
		if err := w.b.Step(int64(len(v)) / 8); err != nil {
			return err
		}
		return w.write(strRepr(string(v)))
	case Bytes:
		if err := w.b.Step(int64(len(v)) / 8); err != nil {
			return err
		}
		return w.write(bytesRepr(string(v)))
	case *List:
		return w.elems(v, v.Elems, "[", "]", "[...]")
	case *Tuple:
		end := ")"
		if len(v.Elems) == 1 {
			end = ",)"
		}
		return w.elems(v, v.Elems, "(", end, "(...)")
	case *Set:
		return w.set(v)
	case *Dict:
		return w.dict(v)
	case *Range:
		s := fmt.Sprintf("range(%s, %s", v.Start.Big(), v.Stop.Big())
		if v.Step.Cmp(NewInt(1)) != 0 {
			s += ", " + v.Step.Big().String()
		}
		return w.write(s + ")")
	case *Slice:
		return w.elems(v, []Value{v.Start, v.Stop, v.Step}, "slice(", ")", "slice(...)")
	case *DictView:
		elems, err := v.elems(w.b)
		if err != nil {
			return err
		}
		return w.elems(v, elems, string(v.Kind)+"([", "])", "...")
	case Reprer:
		s, err := v.PyRepr(w.b)
		if err != nil {
			return err
		}
		return w.write(s)
	case *Iter:
		return unsupported("the repr of a %s object shows its address", v.Name)
	}
	return foreignError(v, "showing")
}

// open notes that container c is being shown; again is true when it already is.
func (w *shower) open(c any) (again bool, err error) {
	for _, s := range w.stack {
		if s == c {
			return true, nil
		}
	}
	if len(w.stack) >= maxDepth {
		return false, unsupported("containers nested more than %d deep", maxDepth)
	}
	w.stack = append(w.stack, c)
	return false, nil
}

func (w *shower) close() { w.stack = w.stack[:len(w.stack)-1] }

func (w *shower) elems(c any, elems []Value, open, end, again string) error {
	inside, err := w.open(c)
	if err != nil {
		return err
	}
	if inside {
		return w.write(again)
	}
	defer w.close()
	if err := w.write(open); err != nil {
		return err
	}
	for i, e := range elems {
		if i > 0 {
			if err := w.write(", "); err != nil {
				return err
			}
		}
		if err := w.show(e); err != nil {
			return err
		}
	}
	return w.write(end)
}

func (w *shower) set(s *Set) error {
	switch {
	case s.Len() == 0:
		return w.write(s.TypeName() + "()")
	case s.Len() > 1:
		return orderError(s)
	case s.Frozen:
		return w.elems(s, s.Elems(), "frozenset({", "})", "frozenset(...)")
	}
	return w.elems(s, s.Elems(), "{", "}", "set(...)")
}

func (w *shower) dict(d *Dict) error {
	inside, err := w.open(d)
	if err != nil {
		return err
	}
	if inside {
		return w.write("{...}")
	}
	defer w.close()
	if err := w.write("{"); err != nil {
		return err
	}
	first := true
	for _, e := range d.entries {
		if e.hk == nil {
			continue
		}
		if !first {
			if err := w.write(", "); err != nil {
				return err
			}
		}
		first = false
		if err := w.show(e.key); err != nil {
			return err
		}
		if err := w.write(": "); err != nil {
			return err
		}
		if err := w.show(e.val); err != nil {
			return err
		}
	}
	return w.write("}")
}

func orderError(s *Set) error {
	return unsupported("the order of a %s's members is not known", s.TypeName())
}

func escapeRune(r rune) string {
	switch {
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

func strRepr(s string) string {
	q := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		q = '"'
	}
	buf := make([]byte, 0, len(s)+2)
	buf = append(buf, q)
	for len(s) > 0 {
		r, n := nextRune(s)
		s = s[n:]
		switch {
		case r == rune(q) || r == '\\':
			buf = append(buf, '\\', byte(r))
		case r == '\n':
			buf = append(buf, `\n`...)
		case r == '\r':
			buf = append(buf, `\r`...)
		case r == '\t':
			buf = append(buf, `\t`...)
		case isPrintable(r):
			buf = appendRune(buf, r)
		default:
			buf = append(buf, escapeRune(r)...)
		}
	}
	return string(append(buf, q))
}

func bytesRepr(s string) string {
	q := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		q = '"'
	}
	buf := make([]byte, 0, len(s)+3)
	buf = append(buf, 'b', q)
	for i := range len(s) {
		switch c := s[i]; {
		case c == q || c == '\\':
			buf = append(buf, '\\', c)
		case c == '\n':
			buf = append(buf, `\n`...)
		case c == '\r':
			buf = append(buf, `\r`...)
		case c == '\t':
			buf = append(buf, `\t`...)
		case c < ' ' || c >= 0x7f:
			buf = fmt.Appendf(buf, `\x%02x`, c)
		default:
			buf = append(buf, c)
		}
	}
	return string(append(buf, q))
}

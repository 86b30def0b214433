package value

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// JSONOptions are the arguments of json.dumps; the zero value has Python's defaults but for
// EnsureASCII, AllowNaN and the separators: see [NewJSONOptions].
type JSONOptions struct {
	SkipKeys, EnsureASCII, AllowNaN, SortKeys bool
	Pretty                                    bool   // an indent was given
	Indent                                    string // of one level
	ItemSep, KeySep                           string
	Default                                   Value // a function, or nil
}

// NewJSONOptions is what json.dumps does by default.
func NewJSONOptions() JSONOptions {
	return JSONOptions{EnsureASCII: true, AllowNaN: true, ItemSep: ", ", KeySep: ": "}
}

// JSONDumps is json.dumps(v).
func JSONDumps(b *Budget, v Value, o JSONOptions) (string, error) {
	b = b.orNew()
	w := &jsonWriter{shower: shower{b: b}, o: o}
	if err := w.value(v); err != nil {
		return "", err
	}
	return w.sb.String(), nil
}

type jsonWriter struct {
	shower
	o JSONOptions
}

func (w *jsonWriter) value(v Value) error {
	switch x := v.(type) {
	case NoneType, Bool, Int, Float:
		s, err := w.scalar(x)
		if err != nil {
			return err
		}
		return w.write(s)
	case Str:
		return w.write(jsonString(string(x), w.o.EnsureASCII))
	case *List:
		return w.list(x, x.Elems)
	case *Tuple:
		return w.list(x, x.Elems)
	case *Dict:
		return w.object(x)
	}
	if IsForeign(v) {
		return foreignError(v, "writing as JSON")
	}
	if w.o.Default == nil {
		return typeError("Object of type %s is not JSON serializable", TypeName(v))
	}
	again, err := w.open(v)
	if err == nil && again {
		err = valueError("Circular reference detected")
	}
	if err != nil {
		return err
	}
	defer w.close()
	d, err := callFunc(w.b, w.o.Default, v)
	if err != nil {
		return err
	}
	return w.value(d)
}

// scalar is the text of a constant or a number.
func (w *jsonWriter) scalar(v Value) (string, error) {
	switch x := v.(type) {
	case NoneType:
		return "null", nil
	case Bool:
		if x {
			return "true", nil
		}
		return "false", nil
	case Int:
		return intText(x)
	case Float:
		f := float64(x)
		if f == f && !math.IsInf(f, 0) {
			return floatRepr(f), nil
		}
		if !w.o.AllowNaN && w.o.Pretty { // json's Python encoder says more than its C one
			return "", valueError("Out of range float values are not JSON compliant: %s", floatRepr(f))
		}
		if !w.o.AllowNaN {
			return "", valueError("Out of range float values are not JSON compliant")
		}
		switch {
		case f != f:
			return "NaN", nil
		case f > 0:
			return "Infinity", nil
		}
		return "-Infinity", nil
	}
	return "", nil
}

// begin opens a container, and line starts a new line in it.
func (w *jsonWriter) begin(c any) error {
	again, err := w.open(c)
	if err == nil && again {
		err = valueError("Circular reference detected")
	}
	return err
}

func (w *jsonWriter) line(level int) error {
	if !w.o.Pretty {
		return nil
	}
	if err := w.b.Alloc(mulSize(int64(level), int64(len(w.o.Indent)))); err != nil {
		return err
	}
	return w.write("\n" + strings.Repeat(w.o.Indent, level))
}

func (w *jsonWriter) list(c any, elems []Value) error {
	if len(elems) == 0 {
		return w.write("[]")
	}
	if err := w.begin(c); err != nil {
		return err
	}
	level := len(w.stack)
	if err := w.write("["); err != nil {
		return err
	}
	for i, e := range elems {
		if i > 0 {
			if err := w.write(w.o.ItemSep); err != nil {
				return err
			}
		}
		if err := w.line(level); err != nil {
			return err
		}
		if err := w.value(e); err != nil {
			return err
		}
	}
	w.close()
	if err := w.line(level - 1); err != nil {
		return err
	}
	return w.write("]")
}

func (w *jsonWriter) object(d *Dict) error {
	if d.Len() == 0 {
		return w.write("{}")
	}
	if err := w.begin(d); err != nil {
		return err
	}
	level := len(w.stack)
	if err := w.write("{"); err != nil {
		return err
	}
	if err := w.line(level); err != nil {
		return err
	}
	entries := slices.DeleteFunc(slices.Clone(d.entries), func(e dictEntry) bool { return e.hk == nil })
	if w.o.SortKeys {
		keys := make([]Value, len(entries))
		for i, e := range entries {
			keys[i] = NewTuple(e.key, NewInt(int64(i)))
		}
		if err := sortElems(w.b, keys, None, False); err != nil {
			return err
		}
		sorted := make([]dictEntry, len(entries))
		for i, k := range keys {
			n, _ := k.(*Tuple).Elems[1].(Int).Int64()
			sorted[i] = entries[n]
		}
		entries = sorted
	}
	first := true
	for _, e := range entries {
		key, skip, err := w.key(e.key)
		if err != nil {
			return err
		}
		if skip {
			continue
		}
		if !first {
			if err := w.write(w.o.ItemSep); err != nil {
				return err
			}
			if err := w.line(level); err != nil {
				return err
			}
		}
		first = false
		if err := w.write(jsonString(key, w.o.EnsureASCII) + w.o.KeySep); err != nil {
			return err
		}
		if err := w.value(e.val); err != nil {
			return err
		}
	}
	w.close()
	if err := w.line(level - 1); err != nil {
		return err
	}
	return w.write("}")
}

func (w *jsonWriter) key(k Value) (text string, skip bool, err error) {
	switch x := k.(type) {
	case Str:
		return string(x), false, nil
	case NoneType, Bool, Int, Float:
		text, err = w.scalar(x)
		return text, false, err
	}
	if IsForeign(k) {
		return "", false, foreignError(k, "writing as JSON")
	}
	if w.o.SkipKeys {
		return "", true, nil
	}
	return "", false, typeError("keys must be str, int, float, bool or None, not %s", TypeName(k))
}

func jsonString(s string, ascii bool) string {
	buf := make([]byte, 0, len(s)+2)
	buf = append(buf, '"')
	for len(s) > 0 {
		r, n := nextRune(s)
		s = s[n:]
		switch {
		case r == '"' || r == '\\':
			buf = append(buf, '\\', byte(r))
		case r == '\n':
			buf = append(buf, `\n`...)
		case r == '\r':
			buf = append(buf, `\r`...)
		case r == '\t':
			buf = append(buf, `\t`...)
		case r == '\f':
			buf = append(buf, `\f`...)
		case r == '\b':
			buf = append(buf, `\b`...)
		case r < ' ' || ascii && r > '~' && r < 0x10000:
			buf = fmt.Appendf(buf, `\u%04x`, r)
		case ascii && r >= 0x10000:
			r -= 0x10000
			buf = fmt.Appendf(buf, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			buf = appendRune(buf, r)
		}
	}
	return string(append(buf, '"'))
}

var jsonDumpsNames = []string{
	"obj", "skipkeys", "ensure_ascii", "check_circular", "allow_nan", "cls", "indent",
	"separators", "default", "sort_keys",
}

func jsonDumpsFunc(c *call) (Value, error) {
	if len(c.rest) != 1 {
		return nil, typeError("dumps() missing 1 required positional argument: 'obj'")
	}
	o := NewJSONOptions()
	sep := Value(None)
	for _, k := range c.kw {
		t, terr := Truth(c.b, k.Value)
		_, none := k.Value.(NoneType)
		switch k.Name {
		case "skipkeys":
			o.SkipKeys = t
		case "ensure_ascii":
			o.EnsureASCII = t
		case "allow_nan":
			o.AllowNaN = t
		case "sort_keys":
			o.SortKeys = t
		case "check_circular":
			if terr == nil && !t {
				return nil, unsupported("json.dumps with check_circular=False is not modelled")
			}
		case "indent":
			if err := o.setIndent(k.Value); err != nil {
				return nil, err
			}
		case "separators":
			sep = k.Value
			terr = nil
		case "default":
			terr = nil
			if !none {
				o.Default = k.Value
			}
		default:
			if !slices.Contains(jsonDumpsNames, k.Name) || !none {
				return nil, unsupported("json.dumps with %s is not modelled", k.Name)
			}
		}
		if terr != nil {
			return nil, terr
		}
	}
	if _, none := sep.(NoneType); !none {
		parts, err := Unpack(c.b, sep, 2, 0, false)
		if err != nil {
			return nil, err
		}
		a, ok1 := parts[0].(Str)
		k, ok2 := parts[1].(Str)
		if !ok1 || !ok2 {
			return nil, unsupported("json.dumps with separators that are not strings is not modelled")
		}
		o.ItemSep, o.KeySep = string(a), string(k)
	} else if o.Pretty {
		o.ItemSep = ","
	}
	s, err := JSONDumps(c.b, c.rest[0], o)
	return Str(s), err
}

func (o *JSONOptions) setIndent(v Value) error {
	switch x := v.(type) {
	case NoneType:
		return nil
	case Str:
		o.Indent = string(x)
	case Bool, Int:
		n, _ := asInt(x)
		i := n.clamp()
		if i > 1000 {
			return unsupported("json.dumps with an indent of %s is not modelled", n.Big())
		}
		o.Indent = strings.Repeat(" ", int(max(i, 0)))
	default:
		return unsupported("json.dumps with an indent of type %s is not modelled", TypeName(v))
	}
	o.Pretty = true
	return nil
}

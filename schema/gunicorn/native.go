package gunicorn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"unicode/utf8"

	"gsrv/schema"
	"gsrv/schema/python/value"
)

// An Object is a JSON object that keeps its order.
type Object struct {
	names  []string
	values []any
}

// Set adds a member or replaces its value.
func (o *Object) Set(name string, v any) {
	for i, n := range o.names {
		if n == name {
			o.values[i] = v
			return
		}
	}
	o.names = append(o.names, name)
	o.values = append(o.values, v)
}

// Get gives a member's value, or nil.
func (o *Object) Get(name string) any {
	for i, n := range o.names {
		if n == name {
			return o.values[i]
		}
	}
	return nil
}

// Names lists the members in order.
func (o *Object) Names() []string { return o.names }

// MarshalJSON implements json.Marshaler.
func (o *Object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, name := range o.names {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := Text(name).MarshalJSON()
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		v, err := json.Marshal(o.values[i])
		if err != nil {
			return nil, err
		}
		b.Write(v)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Text is Python text: JSON keeps the lone surrogates that bytes of the environment become.
type Text string

// MarshalJSON implements json.Marshaler.
func (t Text) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(t)) {
		return json.Marshal(string(t))
	}
	b := []byte{'"'}
	for i := 0; i < len(t); {
		r, n := utf8.DecodeRuneInString(string(t[i:]))
		if r == utf8.RuneError && n == 1 {
			if i+2 < len(t) && t[i] == 0xED && t[i+1] >= 0xA0 { // a surrogate in generalised UTF-8
				b = fmt.Appendf(b, `\u%04x`, 0xD000|int(t[i+1]&0x3F)<<6|int(t[i+2]&0x3F))
				i += 3
				continue
			}
			b = append(b, `\ufffd`...)
			i++
			continue
		}
		piece, _ := json.Marshal(string(r))
		b = append(b, piece[1:len(piece)-1]...)
		i += n
	}
	return append(b, '"'), nil
}

// nativeValue gives a value such that Python's print of what a JSON reader makes of it is the text that gunicorn's
// --print-config prints: text stands for itself, other JSON values for their repr, and what JSON has no form for
// becomes the text of its repr.
func nativeValue(v value.Value) (any, bool) {
	if j, ok := jsonForm(v, maxNesting); ok {
		return j, true
	}
	s, ok := printed(v)
	return Text(s), ok
}

// maxNesting is how deep containers are followed; a list may hold itself.
const maxNesting = 100

func jsonForm(v value.Value, depth int) (any, bool) {
	if depth == 0 {
		return nil, false
	}
	switch v := v.(type) {
	case value.NoneType:
		return nil, true
	case value.Bool:
		return bool(v), true
	case value.Int:
		return json.Number(v.Big().String()), true
	case value.Float:
		if f := float64(v); !math.IsInf(f, 0) && !math.IsNaN(f) {
			s, err := value.Repr(nil, v)
			return json.Number(s), err == nil
		}
	case value.Str:
		return Text(v), true
	case *value.List:
		out := make([]any, len(v.Elems))
		for i, x := range v.Elems {
			j, ok := jsonForm(x, depth-1)
			if !ok {
				return nil, false
			}
			out[i] = j
		}
		return out, true
	case *value.Dict:
		out := &Object{}
		for _, item := range dictItems(v) {
			key, isText := item[0].(value.Str)
			j, ok := jsonForm(item[1], depth-1)
			if !ok || !isText {
				return nil, false
			}
			out.Set(string(key), j)
		}
		return out, true
	}
	return nil, false
}

func dictItems(d *value.Dict) [][2]value.Value {
	items := make([][2]value.Value, 0, d.Len())
	for k, v := range d.Items {
		items = append(items, [2]value.Value{k, v})
	}
	return items
}

// native gives the settings as gunicorn --check-config --print-config shows them, in the order of the names it prints.
func (r *reader) native() *Object {
	out := &Object{}
	for _, name := range sortedNames(r.stack.entries) {
		e := r.stack.entries[name]
		if r.fromCommand && (name == "check_config" || name == "print_config") {
			out.Set(name, true) // as the command that prints them sets them
			continue
		}
		if e.val != nil {
			if j, ok := nativeValue(e.val); ok {
				out.Set(name, j)
				continue
			}
		}
		unknown := &Object{}
		unknown.Set("unknown", Text(e.why()))
		unknown.Set("expression", Text(r.source(e)))
		out.Set(name, unknown)
	}
	return out
}

func (e *entry) why() string {
	switch {
	case e.refused:
		return "gunicorn refuses the value"
	case e.reason != "":
		return e.reason
	case e.val != nil:
		return "it holds an object that gsrv does not print as Python would"
	}
	return "it depends on the host"
}

// source gives the text of an entry's expression as it stands in its file.
func (r *reader) source(e *entry) string {
	if o, ok := e.Value.(*schema.Opaque); ok && o.Source != "" {
		return o.Source
	}
	at := e.Value.Range()
	if src := r.in.Files.Text(at.Filename); src != nil && at.Start.Byte < at.End.Byte && at.End.Byte <= len(src) {
		return string(src[at.Start.Byte:at.End.Byte])
	}
	return schema.ExprText(e.Value)
}

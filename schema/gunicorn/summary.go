package gunicorn

import (
	"fmt"
	"strings"

	"gsrv/schema"
	"gsrv/schema/python/value"
)

// summary says in one line what would run: "gunicorn 26.1.0: 9 gthread workers (4 threads) on 127.0.0.1:8000, app
// shop.wsgi:application".
func (r *reader) summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "gunicorn %s: ", r.release.Version)
	class := "workers of an unknown class"
	e := r.stack.entries["worker_class"]
	switch v := e.val.(type) {
	case value.Str:
		class = r.effectiveClass(string(v)) + " workers"
	case *code:
		class = v.ref.Name + " workers"
	default:
		if e.Layer == schema.LayerFile && e.Value != nil {
			class = "workers of class " + shorten(schema.ExprText(e.Value))
		}
	}
	count := r.amount("workers")
	if count == "1" {
		class = strings.Replace(class, "workers", "worker", 1)
	}
	b.WriteString(count + " " + class)
	if r.release.Spec("threads") != nil && (strings.Contains(class, "gthread") || strings.Contains(class, "unknown")) {
		if n := r.amount("threads"); n == "1" {
			b.WriteString(" (1 thread)")
		} else {
			b.WriteString(" (" + n + " threads)")
		}
	}
	b.WriteString(" on " + r.places())
	if r.app.known {
		b.WriteString(", app " + r.appName())
	}
	return b.String()
}

// amount gives a number, or its expression.
func (r *reader) amount(name string) string {
	e := r.stack.entries[name]
	if n, ok := e.val.(value.Int); ok {
		return n.Big().String()
	}
	if _, opaque := e.Value.(*schema.Opaque); opaque || e.Value == nil {
		return "an unknown number of"
	}
	return "(" + shorten(schema.ExprText(e.Value)) + ")"
}

// places gives the addresses listened on.
func (r *reader) places() string {
	e := r.stack.entries["bind"]
	list, ok := e.val.(*value.List)
	if !ok {
		if e.Value == nil {
			return "an unknown address"
		}
		if _, opaque := e.Value.(*schema.Opaque); opaque {
			return "an unknown address"
		}
		return shorten(schema.ExprText(e.Value))
	}
	var out []string
	for _, x := range list.Elems {
		s, ok := x.(value.Str)
		if !ok {
			continue
		}
		if a, err := ParseAddress(r.release.Version, string(s)); err == nil {
			out = append(out, a.String())
		} else {
			out = append(out, string(s))
		}
	}
	if len(out) == 0 {
		return "no address"
	}
	return strings.Join(out, " and ")
}

func (r *reader) appName() string {
	if r.app.paste {
		return r.shownName(r.app.uri)
	}
	module, object := moduleAndObject(r.app.uri)
	return module + ":" + object
}

package syntax

import (
	"reflect"
	"testing"
)

// TestInspect holds that Inspect reaches every node there is, which reflection finds without knowing the types.
func TestInspect(t *testing.T) {
	nodeType := reflect.TypeFor[Node]()
	types := map[reflect.Type]bool{}
	for _, c := range cases(t) {
		m, err := Parse("f", []byte(c.Source))
		if err != nil {
			continue
		}
		all := map[Node]bool{}
		var find func(v reflect.Value)
		find = func(v reflect.Value) {
			switch v.Kind() {
			case reflect.Interface, reflect.Pointer:
				if v.IsNil() {
					return
				}
				if v.Kind() == reflect.Pointer && v.Type().Implements(nodeType) {
					all[v.Interface().(Node)] = true
				}
				if v.Elem().Type().PkgPath() == nodeType.PkgPath() || v.Elem().Kind() == reflect.Pointer {
					find(v.Elem())
				}
			case reflect.Struct:
				for i := range v.NumField() {
					find(v.Field(i))
				}
			case reflect.Slice:
				for i := range v.Len() {
					find(v.Index(i))
				}
			}
		}
		find(reflect.ValueOf(m.Body))
		InspectBody(m.Body, func(n Node) bool {
			types[reflect.TypeOf(n)] = true
			if !all[n] {
				t.Errorf("%q: %T comes twice or from nowhere", c.Source, n)
			}
			delete(all, n)
			return true
		})
		for n := range all {
			t.Errorf("%q: %T is not reached", c.Source, n)
		}
	}
	if len(types) < 65 {
		t.Errorf("only %d types of nodes seen", len(types))
	}
}

// TestInspectStops holds that nothing below a node is visited where f says so.
func TestInspectStops(t *testing.T) {
	m, err := Parse("f", []byte("def f(a=g(1)): return h(2)\n"))
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	InspectBody(m.Body, func(n Node) bool {
		seen = append(seen, reflect.TypeOf(n).Elem().Name())
		_, call := n.(*Call)
		return !call
	})
	want := []string{"FunctionDef", "Arg", "Call", "Return", "Call"}
	if !reflect.DeepEqual(seen, want) {
		t.Errorf("got %v, want %v", seen, want)
	}
}

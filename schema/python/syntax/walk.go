package syntax

import "reflect"

// Inspect calls f for a node and, as long as f answers true, for every node below it, in source order of the fields.
func Inspect(n Node, f func(Node) bool) {
	if n == nil || reflect.ValueOf(n).IsNil() || !f(n) {
		return
	}
	children(reflect.ValueOf(n).Elem(), f)
}

// InspectBody calls Inspect for each statement.
func InspectBody(body []Stmt, f func(Node) bool) {
	for _, s := range body {
		Inspect(s, f)
	}
}

var nodeType = reflect.TypeFor[Node]()

func children(v reflect.Value, f func(Node) bool) {
	for i := range v.NumField() {
		field(v.Field(i), f)
	}
}

func field(v reflect.Value, f func(Node) bool) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return
		}
		if v.Type().Implements(nodeType) {
			Inspect(v.Interface().(Node), f)
		} else if v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Struct && v.Type().Elem().PkgPath() == nodeType.PkgPath() {
			children(v.Elem(), f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			field(v.Index(i), f)
		}
	}
}

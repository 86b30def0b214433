package eval

import (
	"math/big"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// getAttr is obj.name.
func (in *interp) getAttr(obj value.Value, name string, n syntax.Node) (value.Value, error) {
	switch o := obj.(type) {
	case *module:
		return in.moduleAttr(o, name, n)
	case *instance:
		return in.instanceAttr(o, name, n)
	case *class:
		return in.classAttr(o, name, n)
	case *superObject:
		for _, k := range o.after() {
			if v, ok := k.attrs[name]; ok {
				return in.bindAttr(v, o.self, n)
			}
		}
		if self, ok := o.self.(*instance); ok && name == "__init__" && self.exc != nil {
			return fn(name, func(in *interp, args []value.Value, _ []value.Kwarg, _ syntax.Node) (value.Value, error) {
				in.initException(self, args)
				return value.None, nil
			}), nil
		}
		if self, ok := o.self.(*instance); ok && name == "__str__" && self.exc != nil {
			return returns(name, value.Str(self.exc.Msg)), nil
		}
		if name == "__new__" {
			return fn(name, func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
				if c, ok := first(args).(*class); ok && !derivesBuiltin(c) && c.kind == "" && c.hasUnknownBase() == nil {
					return &instance{class: c, attrs: map[string]value.Value{}}, nil
				}
				return in.follow(n, "__new__()", args...), nil
			}), nil
		}
		if name == "__init__" || name == "__post_init__" || name == "__init_subclass__" {
			return &native{name: name, call: func(*interp, []value.Value, []value.Kwarg, syntax.Node) (value.Value, error) { return value.None, nil }}, nil
		}
		if w := o.class.hasUnknownBase(); w != nil {
			return &Unknown{w}, nil
		}
		return nil, in.raise(n, "AttributeError", "'super' object has no attribute '%s'", name)
	case *function:
		switch name {
		case "__name__":
			return value.Str(o.name), nil
		case "__qualname__":
			return value.Str(o.qual), nil
		case "__doc__":
			return o.doc, nil
		case "__module__":
			return value.Str(o.mod.name), nil
		case "__wrapped__":
			if o.wrapped != nil {
				return o.wrapped, nil
			}
		}
		if v, ok := o.attrs[name]; ok {
			return v, nil
		}
		return nil, in.raise(n, "AttributeError", "'function' object has no attribute '%s'", name)
	case *Symbolic:
		return &boundBuiltin{recv: o, name: name}, nil
	case *Unknown:
		u := in.unknown(n, o.Why.Reason, o.Why.Needs...)
		return u, nil
	case *environ:
		return &boundBuiltin{recv: o, name: name}, nil
	case *namespace:
		return &boundBuiltin{recv: o, name: name}, nil
	case *native, *partial, *method, *wrapper, *boundBuiltin:
		if w, ok := obj.(*wrapper); ok && w.kind == "property" && (name == "setter" || name == "getter" || name == "deleter") {
			return fn(name, func(_ *interp, args []value.Value, _ []value.Kwarg, _ syntax.Node) (value.Value, error) {
				c := *w
				switch name {
				case "setter":
					c.set = first(args)
				case "getter":
					c.fn = first(args)
				}
				return &c, nil
			}), nil
		}
		if name == "__name__" {
			if f := in.funcRef(obj, in.rng(n)); f != nil {
				return value.Str(f.Name), nil
			}
		}
		if nat, ok := obj.(*native); ok && (name == "cache_clear" || name == "cache_info") {
			return nat, nil
		}
		return in.unknown(n, "it is an attribute of a function"), nil
	case *fieldDefault:
		return in.unknown(n, "it is an attribute of a dataclass field"), nil
	}
	if value.HasMethod(obj.TypeName(), name) {
		return &boundBuiltin{recv: obj, name: name}, nil
	}
	v, err := value.Attribute(in.budget, obj, name)
	return in.wrap(v, err, n)
}

func (in *interp) instanceAttr(o *instance, name string, n syntax.Node) (value.Value, error) {
	if path, ok := o.attrs["\x00path"]; ok {
		return in.pathAttr(o, path, name, n)
	}
	if v, _, ok := o.class.lookup(name); ok {
		if w, isProp := v.(*wrapper); isProp && w.kind == "property" {
			return in.call(w.fn, []value.Value{o}, nil, n)
		}
	}
	if o.dict != nil {
		// What was written to __dict__ counts too.
		if v, ok := o.dict.GetStr(name); ok {
			return v, nil
		}
	} else if v, ok := o.attrs[name]; ok {
		return v, nil
	}
	if v, _, ok := o.class.lookup(name); ok {
		return in.bindAttr(v, o, n)
	}
	switch name {
	case "__class__":
		return o.class, nil
	case "__dict__":
		if o.dict != nil {
			return o.dict, nil
		}
		d := value.NewDict()
		o.dict = d
		for _, k := range o.order {
			if err := d.SetStr(in.budget, k, o.attrs[k]); err != nil {
				return in.wrap(nil, err, n)
			}
		}
		return d, nil
	case "args":
		if o.exc != nil {
			return value.NewTuple(o.exc.Args...), nil
		}
	case "filename", "errno", "strerror", "code", "lineno", "msg", "name", "reason", "__traceback__", "__cause__", "__context__":
		if o.exc != nil {
			return in.unknown(n, "it is a detail of an exception"), nil
		}
	}
	if w := o.class.hasUnknownBase(); w != nil {
		return &Unknown{&schema.Opaque{Source: in.cur.text(n), Reason: w.Reason, Needs: w.Needs, Src: in.rng(n)}}, nil
	}
	if m, _, ok := o.class.lookup("__getattr__"); ok {
		return in.call(&method{self: o, fn: m}, []value.Value{value.Str(name)}, nil, n)
	}
	if o.class.kind == "enum" && derivesText(o.class) {
		return in.getAttr(o.attrs["value"], name, n)
	}
	if o.class.kind == "namedtuple" && (name == "_asdict" || name == "_replace") {
		return in.unknown(n, "the method "+name+" of a named tuple is not followed"), nil
	}
	return nil, in.raise(n, "AttributeError", "'%s' object has no attribute '%s'", o.class.name, name)
}

// derivesText tells whether the members of an enum are text or numbers too.
func derivesText(c *class) bool {
	for _, k := range c.mro() {
		if k.builtin && (k.name == "str" || k.name == "int") {
			return true
		}
	}
	return false
}

// bindAttr binds a class attribute to an object.
func (in *interp) bindAttr(v value.Value, self value.Value, n syntax.Node) (value.Value, error) {
	switch f := v.(type) {
	case *function:
		return &method{self: self, fn: f}, nil
	case *native:
		return &method{self: self, fn: f}, nil
	case *wrapper:
		switch f.kind {
		case "staticmethod":
			return f.fn, nil
		case "classmethod":
			if i, ok := self.(*instance); ok {
				return &method{self: i.class, fn: f.fn}, nil
			}
			return &method{self: self, fn: f.fn}, nil
		case "property":
			return in.call(f.fn, []value.Value{self}, nil, n)
		}
	}
	return v, nil
}

func (in *interp) classAttr(c *class, name string, n syntax.Node) (value.Value, error) {
	if v, _, ok := c.lookup(name); ok {
		switch w := v.(type) {
		case *wrapper:
			switch w.kind {
			case "staticmethod":
				return w.fn, nil
			case "classmethod":
				return &method{self: c, fn: w.fn}, nil
			}
		case *fieldDefault:
			if w.value != nil {
				return w.value, nil
			}
		}
		return v, nil
	}
	switch name {
	case "__name__", "__qualname__":
		return value.Str(c.name), nil
	case "_fields":
		if c.kind == "namedtuple" {
			t := value.NewTuple()
			for _, f := range c.fields {
				t.Elems = append(t.Elems, value.Str(f))
			}
			return t, nil
		}
	case "__mro__":
		t := value.NewTuple()
		for _, k := range c.mro() {
			t.Elems = append(t.Elems, k)
		}
		if k := len(t.Elems); k == 0 || t.Elems[k-1] != value.Value(in.classes["object"]) {
			t.Elems = append(t.Elems, in.classes["object"])
		}
		return t, nil
	case "__members__":
		d := value.NewDict()
		for _, m := range c.members {
			if err := d.SetStr(in.budget, m, c.attrs[m]); err != nil {
				return in.wrap(nil, err, n)
			}
		}
		return d, nil
	case "__dict__":
		d := value.NewDict()
		for _, k := range c.order {
			if err := d.SetStr(in.budget, k, c.attrs[k]); err != nil {
				return in.wrap(nil, err, n)
			}
		}
		return d, nil
	case "__doc__":
		return value.None, nil
	case "__module__":
		if c.mod != nil {
			return value.Str(c.mod.name), nil
		}
	}
	if c.builtin {
		if value.HasMethod(c.name, name) {
			return in.unboundMethod(c.name, name), nil
		}
	}
	if o := c.hasUnknownBase(); o != nil {
		return &Unknown{&schema.Opaque{Source: in.cur.text(n), Reason: o.Reason, Needs: o.Needs, Src: in.rng(n)}}, nil
	}
	return nil, in.raise(n, "AttributeError", "type object '%s' has no attribute '%s'", c.name, name)
}

// unboundMethod is str.lower, dict.fromkeys.
func (in *interp) unboundMethod(class, name string) value.Value {
	return &native{name: class + "." + name, call: func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
		if name == "fromkeys" || name == "maketrans" || name == "fromhex" || name == "from_bytes" {
			if anyHidden(args, 0) {
				return in.follow(n, class+"."+name, args...), nil
			}
			v, err := value.CallClassMethod(in.budget, class, name, args, kwargs)
			return in.wrap(v, err, n)
		}
		if len(args) == 0 {
			return nil, in.raise(n, "TypeError", "unbound method %s.%s() needs an argument", class, name)
		}
		return in.callMethod(args[0], name, args[1:], kwargs, n)
	}}
}

// callMethod is obj.name(…).
func (in *interp) callMethod(obj value.Value, name string, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
	switch o := obj.(type) {
	case *environ:
		return o.method(name, args, kwargs, n)
	case *sysModules:
		if name == "get" && len(args) > 0 {
			return in.getItem(o, args[0], n)
		}
		return in.unknown(n, "which modules are loaded is known only when the server runs"), nil
	case *namespace:
		return in.namespaceMethod(o, name, args, kwargs, n)
	case *Symbolic:
		if mutable(o.Expr) {
			switch name {
			case "append", "extend", "insert", "update", "add", "setdefault", "pop", "popitem", "remove", "discard", "clear", "sort", "reverse":
				in.spoil(o, n)
			}
		}
		return in.symbolicMethod(o, name, args, kwargs, n), nil
	case *module, *instance, *class, *superObject, *function, *Unknown, *native, *method, *partial, *wrapper, *boundBuiltin, *fieldDefault:
		fn, err := in.getAttr(obj, name, n)
		if err != nil {
			return nil, err
		}
		return in.call(fn, args, kwargs, n)
	}
	if it, ok := obj.(*value.Iter); ok {
		if g := in.generatorOf[it]; g != nil && (name == "send" || name == "close" || name == "throw") {
			return in.generatorMethod(it, g, name, args, n)
		}
	}
	if !value.HasMethod(obj.TypeName(), name) {
		return nil, in.raise(n, "AttributeError", "'%s' object has no attribute '%s'", obj.TypeName(), name)
	}
	if text, ok := obj.(value.Str); ok {
		if v, done := in.textMethod(string(text), name, args, kwargs, n); done {
			return v, nil
		}
	}
	if d, ok := obj.(*value.Dict); ok && name == "update" {
		return value.None, in.dictUpdate(d, args, kwargs, n)
	}
	for _, a := range args {
		if isForeignUnknown(a) && !storesArgument(obj, name) {
			if _, ok := obj.(*value.Dict); ok && (name == "get" || name == "pop" || name == "setdefault") && a != args[0] && !hidden(args[0]) {
				continue
			}
			return in.follow(n, "the method "+name, append([]value.Value{obj}, args...)...), nil
		}
	}
	v, err := value.CallMethod(in.budget, obj, name, args, kwargs)
	return in.wrap(v, err, n)
}

// storesArgument tells whether a method of a container only keeps its argument.
func storesArgument(obj value.Value, name string) bool {
	switch obj.(type) {
	case *value.List:
		return name == "append" || name == "insert"
	}
	return false
}

func (in *interp) dictUpdate(d *value.Dict, args []value.Value, kwargs []value.Kwarg, n syntax.Node) error {
	for _, a := range args {
		switch a.(type) {
		case *value.Dict, *environ, *namespace, *Symbolic, *Unknown:
			why, err := in.updateDict(d, a, n)
			if err != nil {
				return err
			}
			if why != nil {
				in.poison(d, why)
			}
			continue
		}
		if _, err := value.CallMethod(in.budget, d, "update", []value.Value{a}, nil); err != nil {
			_, err = in.wrap(nil, err, n)
			return err
		}
	}
	for _, k := range kwargs {
		if err := d.SetStr(in.budget, k.Name, k.Value); err != nil {
			_, err = in.wrap(nil, err, n)
			return err
		}
	}
	return nil
}

// textMethod calls methods of known text with arguments that are not known: join, format.
func (in *interp) textMethod(text, name string, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, bool) {
	switch name {
	case "format":
		if !anyHidden(args, 0) && !kwargsHidden(kwargs) {
			return nil, false
		}
		pieces, err := value.FormatPieces(in.budget, text, args, kwargs)
		if err != nil {
			return in.follow(n, "formatting", append(args, kwValues(kwargs)...)...), true
		}
		return in.piecesExpr(pieces, n), true
	case "join":
		if len(args) != 1 || !hidden(args[0]) {
			return nil, false
		}
		var elems []value.Value
		switch l := args[0].(type) {
		case *value.List:
			elems = l.Elems
		case *value.Tuple:
			elems = l.Elems
		default:
			return in.follow(n, "join", args...), true
		}
		var parts []schema.Expr
		at := in.rng(n)
		for i, e := range elems {
			if !isText(e) {
				return in.follow(n, "join", elems...), true
			}
			if i > 0 {
				parts = append(parts, schema.String(text, at))
			}
			parts = append(parts, in.toExpr(e, at))
		}
		return symbolic(concat(at, parts...), "str"), true
	}
	return nil, false
}

func kwargsHidden(kwargs []value.Kwarg) bool { return anyHidden(kwValues(kwargs), 0) }

func kwValues(kwargs []value.Kwarg) []value.Value {
	out := make([]value.Value, len(kwargs))
	for i, k := range kwargs {
		out[i] = k.Value
	}
	return out
}

// namespaceMethod calls a method of globals() or locals().
func (in *interp) namespaceMethod(ns *namespace, name string, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
	switch name {
	case "update":
		for _, a := range args {
			d := value.NewDict()
			why, err := in.updateDict(d, a, n)
			if err != nil {
				return nil, err
			}
			if why != nil {
				ns.scope.open = append(ns.scope.open, why.Why)
				continue
			}
			d.Items(func(k, v value.Value) bool {
				return ns.setItem(in, k, v, n, n) == nil
			})
		}
		for _, k := range kwargs {
			in.bind(ns.scope, k.Name, k.Value, n, n, "")
		}
		return value.None, nil
	case "setdefault":
		if len(args) > 0 {
			if key, ok := args[0].(value.Str); ok {
				if v, found := ns.scope.vars[string(key)]; found {
					return v.v, nil
				}
				v := value.Value(value.None)
				if len(args) > 1 {
					v = args[1]
				}
				in.bind(ns.scope, string(key), v, n, n, "")
				return v, nil
			}
		}
	}
	return in.callMethod(ns.dict(in), name, args, kwargs, n)
}

// getItem is obj[index].
func (in *interp) getItem(obj, index value.Value, n syntax.Node) (value.Value, error) {
	switch o := obj.(type) {
	case *environ:
		name, ok := index.(value.Str)
		if !ok {
			if isForeignUnknown(index) {
				return in.follow(n, "a variable whose name is not known", index), nil
			}
			return nil, in.raise(n, "TypeError", "str expected, not %s", index.TypeName())
		}
		return o.subscript(string(name), n)
	case *sysModules:
		if name, ok := index.(value.Str); ok {
			if m, found := in.modules[string(name)]; found {
				return m, nil
			}
		}
		return in.follow(n, "which modules are loaded", index), nil
	case *namespace:
		if name, ok := index.(value.Str); ok {
			if v, found := o.scope.vars[string(name)]; found {
				return v.v, nil
			}
			return nil, in.thrown(&value.Exception{Type: "KeyError", Msg: pyQuote(string(name)), Args: []value.Value{name}}, n)
		}
		return in.follow(n, "a name that is not known", index), nil
	case *Symbolic:
		return in.symbolicItem(o, index, n), nil
	case *Unknown:
		return in.follow(n, "a subscript", o), nil
	case *instance:
		if o.class.kind == "namedtuple" {
			return in.getItem(in.namedTupleValues(o), index, n)
		}
		if m, _, ok := o.class.lookup("__getitem__"); ok {
			return in.call(&method{self: o, fn: m}, []value.Value{index}, nil, n)
		}
		if w := o.class.hasUnknownBase(); w != nil {
			return &Unknown{w}, nil
		}
		return nil, in.raise(n, "TypeError", "'%s' object is not subscriptable", o.class.name)
	case *class:
		if o.kind == "enum" {
			if name, ok := index.(value.Str); ok {
				if v, found := o.attrs[string(name)]; found {
					return v, nil
				}
				return nil, in.thrown(&value.Exception{Type: "KeyError", Msg: pyQuote(string(name)), Args: []value.Value{name}}, n)
			}
		}
		return o, nil // list[int] and the like
	case *native, *function, *method:
		return obj, nil
	}
	if isForeignUnknown(index) {
		if d, ok := obj.(*value.Dict); ok {
			return in.mapItem(d, index, n), nil
		}
		return in.follow(n, "an index that is not known", index), nil
	}
	v, err := value.GetItem(in.budget, obj, index)
	return in.wrap(v, err, n)
}

// mapItem is a dict with text keys under a key that depends on the host: the choice of a profile by a variable.
func (in *interp) mapItem(d *value.Dict, index value.Value, n syntax.Node) value.Value {
	key, ok := index.(*Symbolic)
	if !ok || d.Len() == 0 || d.Len() > 20 {
		return in.follow(n, "a key that is not known", index)
	}
	at := in.rng(n)
	var out value.Value
	good := true
	d.Items(func(k, v value.Value) bool {
		text, isText := k.(value.Str)
		if !isText {
			good = false
			return false
		}
		if out == nil {
			out = v
			return true
		}
		test := &schema.Binary{Op: "==", L: key.Expr, R: schema.String(string(text), at), Src: at}
		out = in.joinValue(test, v, out, at)
		return true
	})
	if !good {
		return in.follow(n, "a key that is not known", index)
	}
	return out
}

func (in *interp) symbolicItem(s *Symbolic, index value.Value, n syntax.Node) value.Value {
	switch e := s.Expr.(type) {
	case *schema.Map:
		if k, ok := index.(value.Str); ok {
			for i, name := range e.Keys {
				if name == string(k) {
					return in.fromExpr(e.Values[i])
				}
			}
		}
	case *schema.List:
		if k, ok := index.(value.Int); ok {
			if i, fits := k.Int64(); fits && i >= 0 && i < int64(len(e.Items)) {
				return in.fromExpr(e.Items[i])
			}
		}
	case *schema.Cond:
		at := in.rng(n)
		a := in.symbolicOrItem(e.Then, index, n)
		b := in.symbolicOrItem(e.Else, index, n)
		if a != nil && b != nil {
			return in.joinValue(e.Test, a, b, at)
		}
	}
	return in.follow(n, "a subscript", s, index)
}

func (in *interp) symbolicOrItem(e schema.Expr, index value.Value, n syntax.Node) value.Value {
	switch e.(type) {
	case *schema.Map, *schema.List, *schema.Cond:
		v := in.symbolicItem(&Symbolic{Expr: e}, index, n)
		if _, bad := v.(*Unknown); !bad {
			return v
		}
	}
	return nil
}

// fromCty turns a constant of an expression into a Python value, or nil.
func fromCty(v cty.Value) value.Value {
	switch {
	case v.IsNull():
		return value.None
	case !v.IsKnown():
		return nil
	case v.Type() == cty.String:
		return value.Str(v.AsString())
	case v.Type() == cty.Bool:
		return value.Bool(v.True())
	case v.Type() == cty.Number:
		f := v.AsBigFloat()
		if i, acc := f.Int(nil); acc == big.Exact {
			return value.NewBigInt(i)
		}
		x, _ := f.Float64()
		return value.Float(x)
	}
	return nil
}

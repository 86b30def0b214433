package startup

import (
	"slices"
	"strings"

	"gsrv/schema/python/syntax"
)

// builtin handles callables that do something with the values that are followed: containers, imports, functions that
// call what they are given. done is false for all others.
func (a *analysis) builtin(f *frame, node syntax.Expr, name string, on *instance, args arguments) (v value, done bool) {
	first, given := args.get(0, "")
	switch name {
	case "builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset", "builtins.sorted", "builtins.reversed", "builtins.iter":
		if !given {
			return &list{}, true
		}
		a.consume(f, node, first)
		if elems, exact := a.elements(first); exact || len(elems) > 0 {
			return &list{elems: slices.Clone(elems), open: !exact}, true
		}
		return nil, name != "builtins.sorted" && name != "builtins.reversed"
	case "builtins.range":
		return rangeOf(args)
	case "builtins.len", "builtins.any", "builtins.all", "builtins.max", "builtins.min", "builtins.sum":
		a.consume(f, node, first)
		return nil, true
	case "builtins.dict":
		out := &dict{items: map[string]value{}, open: given || args.open}
		for k, v := range args.kw {
			out.items[k] = v
		}
		return out, true
	case "builtins.map":
		if len(args.pos) == 2 {
			elems, exact := a.elements(args.pos[1])
			out := &list{open: !exact}
			for _, e := range elems[:min(len(elems), maxTurns)] {
				out.elems = append(out.elems, a.callValue(f, node, first, arguments{pos: []value{e}, mod: f.mod}))
			}
			return out, true
		}
	case "builtins.enumerate":
		elems, exact := a.elements(first)
		out := &list{open: !exact}
		for i, e := range elems {
			out.elems = append(out.elems, &list{elems: []value{constant{int64(i)}, e}})
		}
		if exact || len(elems) > 0 {
			return out, true
		}
	case "builtins.bool":
		if t := a.truth(first); t != unknown {
			return truthOnly(t), true
		}
		return nil, true
	case "builtins.getattr":
		if attr, ok := args.get(1, ""); ok {
			if s, ok := text(attr); ok {
				return a.getattr(f, node, first, s), true
			}
		}
		return nil, true
	case "builtins.setattr":
		if i, ok := first.(*instance); ok && len(args.pos) == 3 {
			if s, ok := text(args.pos[1]); ok {
				if i.attrs == nil {
					i.attrs = map[string]value{}
				}
				i.attrs[s] = args.pos[2]
			}
		}
		return nil, true
	case "builtins.str", "builtins.int", "builtins.float":
		if c, ok := first.(constant); ok && name == "builtins.str" {
			if _, ok := c.v.(string); ok {
				return c, true
			}
		}
		return nil, true
	case "builtins.object.__new__":
		if c, ok := first.(*class); ok {
			return &instance{project: c, lib: a.libraryBase(c, 0), attrs: map[string]value{}}, true
		}
		return nil, true
	case "builtins.__import__":
		if s, ok := text(first); ok {
			top, _, _ := strings.Cut(s, ".")
			if a.importModule(f, node, s); a.find(top) != nil {
				return a.find(top), true
			}
			return libref{top}, true
		}
		return nil, true
	case "importlib.import_module", "django.utils.module_loading.import_module":
		return a.importCall(f, node, first, args), true
	case "django.utils.module_loading.import_string", "werkzeug.utils.import_string":
		s, ok := text(first)
		if !ok {
			return nil, true
		}
		return a.importPath(f, node, strings.ReplaceAll(s, ":", ".")), true
	case "flask.Flask.config.from_object", "quart.Quart.config.from_object":
		if s, ok := text(first); ok {
			a.importPath(f, node, s)
		}
		return nil, true
	case "functools.partial":
		if len(args.pos) > 0 {
			return partial{first, arguments{pos: args.pos[1:], kw: args.kw, open: args.open}}, true
		}
	case "functools.wraps", "functools.lru_cache", "functools.cache":
		if fn, ok := first.(*function); ok && name != "functools.wraps" {
			return fn, true
		}
		return &instance{lib: name, call: args}, true
	case "functools.wraps.__call__", "functools.lru_cache.__call__":
		return first, true
	case "os.environ.get", "os.getenv":
		v, known := a.environment(first)
		if known && !isNone(v) {
			return v, true
		}
		if fallback, ok := args.get(1, "default"); known {
			if ok {
				return fallback, true
			}
			return constant{nil}, true
		}
		return nil, true
	case "os.environ.setdefault":
		if s, ok := text(first); ok && len(args.pos) > 1 {
			if v, known := a.environment(first); known && !isNone(v) {
				return v, true
			}
			if _, ok := a.environ[s]; !ok {
				a.environ[s] = args.pos[1]
			}
		}
		return nil, true
	case "os.environ.update":
		if d, ok := first.(*dict); ok {
			for k, v := range d.items {
				a.environ[k] = v
			}
		}
		return nil, true
	case "os.register_at_fork":
		if v, ok := args.kw["after_in_child"]; ok {
			a.afterFork(f, node, v)
		}
		return nil, true
	case "uwsgidecorators.postfork":
		if _, worker := first.(constant); worker {
			return nil, false // @postfork(2), for the worker of that number
		}
		a.afterFork(f, node, first)
		return first, true
	case "uwsgidecorators.thread":
		if fn, ok := first.(*function); ok {
			out := *fn
			out.wrap = "thread"
			return &out, true
		}
		return first, true
	case "asyncio.run", "asyncio.AbstractEventLoop.run_until_complete", "asyncio.Runner.run", "asgiref.sync.async_to_sync.__call__", "anyio.run", "trio.run":
		if name == "anyio.run" || name == "trio.run" {
			first = a.callValue(f, node, first, arguments{pos: args.pos[min(1, len(args.pos)):], mod: f.mod})
		}
		a.add1(f, node, EventLoop, name, "", "the loop has ended when the call returns", nil)
		return a.await(f, node, first), true
	case "asyncio.create_task", "asyncio.ensure_future", "asyncio.AbstractEventLoop.create_task", "asyncio.gather", "asyncio.wait_for":
		if name == "asyncio.gather" || name == "asyncio.wait_for" {
			for _, v := range args.pos {
				a.await(f, node, v)
			}
			return nil, true
		}
	case "django.setup", "django.core.wsgi.get_wsgi_application", "django.core.asgi.get_asgi_application":
		a.setupDjango(f, node, name)
		return &instance{lib: name, call: args}, true
	case "gevent.joinall", "gevent.wait":
		elems, _ := a.elements(first)
		for _, e := range elems {
			if i, ok := e.(*instance); ok {
				a.ended(i)
			}
		}
		return nil, true
	}
	if on != nil {
		if lastPart(name) == "is_alive" && startable(on.lib) {
			return truthOnly(truthOf(len(on.effects) > 0)), true
		}
		switch on.lib {
		case "list", "dict", "str":
			return a.container(f, node, name, on.attrs[""], args), true
		}
	}
	return nil, false
}

// rangeOf gives the numbers of a short range that is written in full.
func rangeOf(args arguments) (value, bool) {
	var bounds []int
	for _, v := range args.pos {
		c, _ := v.(constant)
		i, ok := integer(c)
		if !ok {
			return nil, false
		}
		bounds = append(bounds, i)
	}
	first, last := 0, 0
	switch len(bounds) {
	case 1:
		last = bounds[0]
	case 2:
		first, last = bounds[0], bounds[1]
	default:
		return nil, false
	}
	if last-first > maxTurns {
		return nil, false
	}
	out := &list{}
	for i := first; i < last; i++ {
		out.elems = append(out.elems, constant{int64(i)})
	}
	return out, true
}

// importCall is importlib.import_module.
func (a *analysis) importCall(f *frame, node syntax.Expr, name value, args arguments) value {
	s, ok := text(name)
	if !ok {
		return nil
	}
	if strings.HasPrefix(s, ".") {
		v, _ := args.get(1, "package")
		base, ok := text(v)
		if !ok {
			return nil
		}
		rest := strings.TrimLeft(s, ".")
		for range len(s) - len(rest) - 1 {
			base = parentPart(base)
		}
		s = strings.TrimSuffix(base+"."+rest, ".")
	}
	if m := a.importModule(f, node, s); m != nil {
		return m
	}
	if top, _, _ := strings.Cut(s, "."); a.find(top) == nil {
		a.imported(f, node, s)
		return libref{s}
	}
	return nil
}

// importPath imports the module of a dotted path and gives what the path names: a module or something in one.
func (a *analysis) importPath(f *frame, node syntax.Expr, path string) value {
	top, _, _ := strings.Cut(path, ".")
	if a.find(top) == nil {
		return libref{path}
	}
	if m := a.find(path); m != nil {
		a.importModule(f, node, path)
		return m
	}
	parent := parentPart(path)
	if parent == "" {
		return nil
	}
	m := a.importModule(f, node, parent)
	if m == nil {
		return nil
	}
	return a.attribute(f, node, m, lastPart(path), false)
}

// container is a method of a list, a dictionary or a text.
func (a *analysis) container(f *frame, node syntax.Expr, name string, on value, args arguments) value {
	first, _ := args.get(0, "")
	switch on := on.(type) {
	case *list:
		a.spend(len(on.elems) / 8)
		switch lastPart(name) {
		case "append", "insert", "add":
			v := first
			if lastPart(name) == "insert" {
				v, _ = args.get(1, "")
			}
			on.elems = append(on.elems, v)
			on.open = on.open || a.depth > 0
		case "extend", "update":
			elems, exact := a.elements(first)
			on.elems, on.open = append(on.elems, elems...), on.open || !exact || a.depth > 0
		case "pop":
			if n := len(on.elems); n > 0 {
				return on.elems[n-1]
			}
		case "remove", "clear", "sort", "reverse":
			on.open = true
		case "copy":
			a.spend(len(on.elems))
			return &list{elems: slices.Clone(on.elems), open: on.open}
		}
		on.limit()
	case *dict:
		switch lastPart(name) {
		case "get", "pop", "setdefault":
			k, ok := text(first)
			if !ok {
				return nil
			}
			if v, ok := on.items[k]; ok {
				return v
			}
			fallback, given := args.get(1, "")
			if lastPart(name) == "setdefault" {
				on.items[k] = fallback
			}
			switch {
			case on.open:
				return nil
			case given:
				return fallback
			}
			return constant{nil}
		case "update":
			if d, ok := first.(*dict); ok && !d.open {
				a.spend(8 * len(d.items))
				for k, v := range d.items {
					on.items[k] = v
				}
			} else {
				on.open = true
			}
		case "values", "items":
			a.spend(16 * len(on.items))
			out := &list{open: on.open}
			keys := make([]string, 0, len(on.items))
			for k := range on.items {
				keys = append(keys, k)
			}
			slices.Sort(keys)
			for _, k := range keys {
				v := on.items[k]
				if lastPart(name) == "items" {
					key := value(constant{k})
					if strings.HasPrefix(k, "\x00") {
						key = nil
					}
					v = &list{elems: []value{key, v}}
				}
				out.elems = append(out.elems, v)
			}
			return out
		}
	case constant:
		s, _ := on.v.(string)
		a.spend(len(s) / 64)
		switch lastPart(name) {
		case "lower":
			return constant{strings.ToLower(s)}
		case "upper":
			return constant{strings.ToUpper(s)}
		case "strip":
			if len(args.pos) == 0 {
				return constant{strings.TrimSpace(s)}
			}
		case "startswith":
			if t, ok := text(first); ok {
				return truthOnly(truthOf(strings.HasPrefix(s, t)))
			}
		case "endswith":
			if t, ok := text(first); ok {
				return truthOnly(truthOf(strings.HasSuffix(s, t)))
			}
		}
	}
	return nil
}

// consume takes the elements of something: a query of Django's is sent then.
func (a *analysis) consume(f *frame, node syntax.Node, v value) {
	i, ok := v.(*instance)
	if ok && isQuery(i.lib) {
		a.add1(f, node, Connection, i.lib, "", "the query is sent when its rows are taken", nil)
	}
}

func sortTexts(v []value) {
	slices.SortFunc(v, func(a, b value) int {
		x, _ := text(a)
		y, _ := text(b)
		return strings.Compare(x, y)
	})
}

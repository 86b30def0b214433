package eval

import (
	"errors"
	"iter"
	"slices"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// A generator runs a generator function, or a generator expression, one value at a time, as CPython does: what it does
// between two values happens when the next one is asked for.
type generator struct {
	in     *interp
	resume func() (value.Value, bool)
	stop   func()
	yield  func(value.Value) bool
	// own is the generator's part of the interpreter's state while it waits.
	own state
	// count is how many values were asked for, done that it has ended.
	count         int
	done, running bool
	// broken is set where a branch that depends on the host moved it on one side only.
	broken bool
	err    error
	// sent is the value, thrown the exception that the next yield gives.
	sent   value.Value
	thrown error
	at     syntax.Node
}

// TypeName implements value.Value.
func (*generator) TypeName() string { return "generator" }

// state is what belongs to one thread of execution.
type state struct {
	frames    []frame
	scopes    []*scope
	tries     []*tryFrame
	handling  []*raised
	cur       *module
	exprDepth int
	forkDepth int
}

func (in *interp) state() state {
	return state{slices.Clone(in.frames), slices.Clone(in.scopes), slices.Clone(in.tries), slices.Clone(in.handling), in.cur, in.exprDepth, in.forkDepth}
}

func (in *interp) setState(s state) {
	in.frames, in.scopes, in.tries, in.handling, in.cur, in.exprDepth, in.forkDepth = s.frames, s.scopes, s.tries, s.handling, s.cur, s.exprDepth, s.forkDepth
}

// A dependsError ends a statement whose course is not known; what the statement assigns is not known either.
type dependsError struct{ why *Unknown }

// Error implements error.
func (d *dependsError) Error() string { return d.why.Why.Reason }

var (
	errClosed    = errors.New("the generator is closed")
	errForkYield = errors.New("a generator gives a value on some hosts only")
)

// maxGenerators bounds the generators of a run, each of which has a stack of its own; maxNested those that wait for another.
const maxGenerators, maxNested = 2000, 200

// newGenerator makes a generator of a body that gives values by yielded.
func (in *interp) newGenerator(body func(g *generator) error, n syntax.Node) (value.Value, error) {
	if len(in.generators) >= maxGenerators {
		return nil, &giveUp{what: "it makes too many generators", at: in.rng(n)}
	}
	g := &generator{in: in, at: n}
	cur := in.cur
	g.resume, g.stop = iter.Pull(func(yield func(value.Value) bool) {
		g.yield = yield
		if g.err = g.thrown; g.err == nil {
			in.cur = cur
			g.err = body(g)
		}
	})
	in.generators = append(in.generators, g)
	it := value.NewIter("generator", func(*value.Budget) (value.Value, bool, error) { return g.next() })
	if in.generatorOf == nil {
		in.generatorOf = map[*value.Iter]*generator{}
	}
	in.generatorOf[it] = g
	return it, nil
}

func (g *generator) depends(reason string) error {
	at := g.in.rng(g.at)
	return &dependsError{&Unknown{&schema.Opaque{Source: g.in.cur.text(g.at), Reason: reason, Src: at}}}
}

// next runs the generator up to its next value.
func (g *generator) next() (value.Value, bool, error) {
	in := g.in
	switch {
	case g.running:
		return nil, false, value.NewException("ValueError", "generator already executing")
	case g.broken:
		return nil, false, g.depends("how far a generator has come depends on the host")
	case g.done:
		err := g.thrown
		g.thrown = nil
		return nil, false, err
	case len(in.waiting) >= maxNested:
		return nil, false, &giveUp{what: "its generators are nested too deeply", at: in.rng(g.at)}
	}
	if err := in.budget.Step(1); err != nil {
		return nil, false, err
	}
	consumer := in.state()
	in.waiting = append(in.waiting, consumer.scopes)
	if g.count == 0 {
		g.own = consumer
		g.own.forkDepth = 0
	}
	in.setState(g.own)
	g.running = true
	g.count++
	v, ok := g.resume()
	g.running = false
	g.own = in.state()
	in.waiting = in.waiting[:len(in.waiting)-1]
	in.setState(consumer)
	if ok {
		return v, true, nil
	}
	g.done = true
	switch {
	case errors.Is(g.err, errClosed):
		return nil, false, nil
	case errors.Is(g.err, errForkYield):
		g.broken = true
		return nil, false, g.depends("what a generator gives depends on the host")
	}
	if r, ok := isException(g.err); ok && r.exc.Type == "StopIteration" {
		return nil, false, in.raise(g.at, "RuntimeError", "generator raised StopIteration")
	}
	return nil, false, g.err
}

// give hands a value to the consumer and waits to be resumed; it gives what was sent.
func (g *generator) give(v value.Value) (value.Value, error) {
	if g.in.forkDepth > 0 {
		return nil, errForkYield
	}
	if !g.yield(v) {
		return nil, errClosed
	}
	if err := g.thrown; err != nil {
		g.thrown = nil
		return nil, err
	}
	sent := g.sent
	g.sent = nil
	if sent == nil {
		sent = value.None
	}
	return sent, nil
}

// generatorMethod is send, throw and close of a generator.
func (in *interp) generatorMethod(it *value.Iter, g *generator, name string, args []value.Value, n syntax.Node) (value.Value, error) {
	switch name {
	case "send":
		g.sent = first(args)
		return builtinNext(in, []value.Value{it}, nil, n)
	case "close":
		if !g.done {
			g.thrown = errClosed
			if _, _, err := g.next(); err != nil {
				return in.wrap(nil, err, n)
			}
			g.done = true
		}
		return value.None, nil
	}
	g.broken = true
	return in.unknown(n, "the method "+name+" of a generator is not followed"), nil
}

// callGenerator makes the generator of a call of a generator function.
func (in *interp) callGenerator(f *function, s *scope, n syntax.Node) (value.Value, error) {
	at := in.rng(n)
	return in.newGenerator(func(g *generator) error {
		s.vars["\x00generator"] = slot{v: g}
		in.cur = f.mod
		in.frames = append(in.frames, frame{name: f.name, at: at})
		in.scopes = append(in.scopes, s)
		out, err := in.block(f.body, s)
		_, err = in.settleGuarded(out, err, f.def)
		return err
	}, n)
}

// generatorExpression is (x for y in z): the first iterable is evaluated at once, the rest when values are asked for.
func (in *interp) generatorExpression(n *syntax.GeneratorExp, s *scope) (value.Value, error) {
	iterable, err := in.expr(n.Generators[0].Iter, s)
	if err != nil {
		return nil, err
	}
	if isForeignUnknown(iterable) {
		if _, why, err := in.iterate(iterable, n.Generators[0].Iter); why != nil || err != nil {
			return orUnknown(nil, why, err)
		}
	} else if _, err := value.Iterate(in.budget, iterable); err != nil && !isOwn(iterable) {
		return in.wrap(nil, err, n.Generators[0].Iter)
	}
	inner := &scope{vars: map[string]slot{"\x00comp": {v: value.True}}, parent: s, globals: s.globals, mod: s.mod, isFunc: true}
	return in.newGenerator(func(g *generator) error {
		in.scopes = append(in.scopes, inner)
		why, err := in.generate(n.Generators, iterable, n, inner, func(s *scope) error {
			v, err := in.expr(n.Elt, s)
			if err != nil {
				return err
			}
			_, err = g.give(v)
			return err
		})
		if why != nil && err == nil {
			return &dependsError{why}
		}
		return err
	}, n)
}

// yielded gives a value from the generator function that is running.
func (in *interp) yielded(v value.Value, s *scope) (value.Value, error) {
	for p := s; p != nil; p = p.parent {
		if g, ok := p.vars["\x00generator"].v.(*generator); ok {
			return g.give(v)
		}
	}
	return value.None, nil
}

// closeGenerators ends what still waits.
func (in *interp) closeGenerators() {
	for _, g := range in.generators {
		g.stop()
	}
}

// contextManager is contextlib.contextmanager.
func contextManager(_ *interp, args []value.Value, _ []value.Kwarg, _ syntax.Node) (value.Value, error) {
	made := first(args)
	return fn("contextmanager", func(in *interp, args []value.Value, kwargs []value.Kwarg, n syntax.Node) (value.Value, error) {
		v, err := in.call(made, args, kwargs, n)
		if err != nil {
			return nil, err
		}
		it, ok := v.(*value.Iter)
		g := in.generatorOf[it]
		if !ok || g == nil {
			return in.follow(n, "a context manager", v), nil
		}
		enter := fn("__enter__", func(in *interp, _ []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
			v, more, err := g.next()
			if err != nil {
				return in.wrap(nil, err, n)
			}
			if !more {
				return nil, in.raise(n, "RuntimeError", "generator didn't yield")
			}
			return v, nil
		})
		exit := fn("__exit__", func(in *interp, args []value.Value, _ []value.Kwarg, n syntax.Node) (value.Value, error) {
			failed := false
			if len(args) > 1 {
				if o, ok := args[1].(*instance); ok && o.exc != nil {
					g.thrown = &raised{exc: o.exc, inst: o, class: o.class, at: in.rng(n)}
					failed = true
				}
			}
			_, more, err := g.next()
			switch {
			case err != nil:
				return in.wrap(nil, err, n)
			case more:
				return nil, in.raise(n, "RuntimeError", "generator didn't stop")
			}
			return value.Bool(failed), nil
		})
		return &instance{class: &class{name: "_GeneratorContextManager", attrs: table{"__enter__": enter, "__exit__": exit}}, attrs: table{}}, nil
	}), nil
}

func (in *interp) yieldedOnly(v value.Value, s *scope) error {
	_, err := in.yielded(v, s)
	return err
}

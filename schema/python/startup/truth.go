package startup

import (
	"math/big"
	"slices"
	"strings"

	"gsrv/schema/python/syntax"
)

type truth int

const (
	unknown truth = iota
	yes
	no
)

func (t truth) not() truth {
	switch t {
	case yes:
		return no
	case no:
		return yes
	}
	return unknown
}

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// truth tells whether a value is true, as far as it can be known.
func (a *analysis) truth(v value) truth {
	switch v := v.(type) {
	case constant:
		switch c := v.v.(type) {
		case nil:
			return no
		case bool:
			return truthOf(c)
		case string:
			return truthOf(c != "")
		case syntax.Bytes:
			return truthOf(c != "")
		case int64:
			return truthOf(c != 0)
		case *big.Int:
			return truthOf(c.Sign() != 0)
		case float64:
			return truthOf(c != 0)
		}
		return yes
	case *list:
		if len(v.elems) > 0 {
			return yes
		}
		if !v.open {
			return no
		}
	case *dict:
		if len(v.items) > 0 {
			return yes
		}
		if !v.open {
			return no
		}
	case *function, *class, *module, coroutine, partial:
		return yes
	case *instance:
		if v.project != nil && v.lib == "" {
			if _, ok := a.classAttr(v.project, "__bool__", nil); ok {
				return unknown
			}
			if _, ok := a.classAttr(v.project, "__len__", nil); ok {
				return unknown
			}
			return yes
		}
		if isClass(v.lib) {
			return yes
		}
	case libref:
		if v.name == "typing.TYPE_CHECKING" || v.name == "typing_extensions.TYPE_CHECKING" {
			return no
		}
	case libmethod:
		if stateAttributes[lastPart(v.name)] && isClass(v.on.lib) && startable(v.on.lib) {
			return truthOf(len(v.on.effects) > 0)
		}
	case alt:
		out := a.truth(v[0])
		for _, one := range v[1:] {
			if a.truth(one) != out {
				return unknown
			}
		}
		return out
	}
	return unknown
}

// stateAttributes tell whether an object has been started.
var stateAttributes = map[string]bool{"running": true, "started": true}

// isClass tells by its case whether a library's callable is a class, so that what it gives is true.
func isClass(name string) bool {
	last := lastPart(name)
	return last != "" && last[0] >= 'A' && last[0] <= 'Z' && strings.ToUpper(last) != last
}

func lastPart(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

func (a *analysis) unary(f *frame, e *syntax.UnaryOp) value {
	v := a.expr(f, e.Operand)
	switch e.Op {
	case syntax.Not:
		if t := a.truth(v); t != unknown {
			return truthOnly(t.not())
		}
	case syntax.USub:
		if c, ok := v.(constant); ok {
			if i, ok := integer(c); ok {
				return constant{int64(-i)}
			}
		}
	}
	return nil
}

func (a *analysis) compare(f *frame, e *syntax.Compare) value {
	left := a.expr(f, e.Left)
	out := yes
	for i, op := range e.Ops {
		right := a.expr(f, e.Comparators[i])
		t := a.compareOne(left, op, right)
		switch {
		case t == no:
			return truthOnly(no)
		case t == unknown:
			out = unknown
		}
		left = right
	}
	if out == unknown {
		return nil
	}
	return truthOnly(out)
}

func (a *analysis) compareOne(left value, op syntax.CmpOperator, right value) truth {
	switch op {
	case syntax.IsNot:
		return a.compareOne(left, syntax.Is, right).not()
	case syntax.NotEq:
		return a.compareOne(left, syntax.Eq, right).not()
	case syntax.NotIn:
		return a.compareOne(left, syntax.In, right).not()
	case syntax.Is, syntax.Eq:
		return equality(left, right)
	case syntax.In:
		return a.contains(left, right)
	case syntax.Lt, syntax.LtE, syntax.Gt, syntax.GtE:
		return ordered(left, op, right)
	}
	return unknown
}

func equality(left, right value) truth {
	one, ok1 := left.(constant)
	two, ok2 := right.(constant)
	switch {
	case ok1 && ok2:
		return truthOf(equalConstants(one, two))
	case ok1:
		return equalsConstant(right, one)
	case ok2:
		return equalsConstant(left, two)
	}
	return unknown
}

// equalsConstant compares something that is no constant with one: an object of a known sort is none of them.
func equalsConstant(v value, c constant) truth {
	switch v := v.(type) {
	case *function, *class, *module, *list, *dict, coroutine, partial:
		return no
	case *instance:
		if c.v == nil && (v.project != nil || isClass(v.lib)) {
			return no
		}
	case alt:
		out := unknown
		for i, one := range v {
			t := equality(one, c)
			if i > 0 && t != out {
				return unknown
			}
			out = t
		}
		return out
	}
	return unknown
}

func equalConstants(a, b constant) bool {
	x, ok1 := a.v.(*big.Int)
	y, ok2 := b.v.(*big.Int)
	if ok1 && ok2 {
		return x.Cmp(y) == 0
	}
	if ok1 != ok2 {
		return false
	}
	if i, ok := integer(a); ok {
		if j, ok := integer(b); ok {
			return i == j
		}
	}
	switch a.v.(type) {
	case nil, bool, string, int64, float64, syntax.Bytes:
		return a.v == b.v
	}
	return false
}

// integer gives a small whole number; True and False are numbers too.
func integer(c constant) (int, bool) {
	switch v := c.v.(type) {
	case int64:
		if v > -1<<31 && v < 1<<31 {
			return int(v), true
		}
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case *big.Int:
		if v.IsInt64() && v.Int64() > -1<<31 && v.Int64() < 1<<31 {
			return int(v.Int64()), true
		}
	}
	return 0, false
}

func isZero(c constant) bool { i, ok := integer(c); return ok && i == 0 }

func (a *analysis) contains(left, right value) truth {
	switch right := right.(type) {
	case *list:
		sure := !right.open
		a.spend(len(right.elems))
		for _, e := range right.elems {
			switch equality(left, e) {
			case yes:
				return yes
			case unknown:
				sure = false
			}
		}
		if sure {
			return no
		}
	case constant:
		s, ok1 := right.v.(string)
		t, ok2 := text(left)
		if ok1 && ok2 {
			a.spend(len(s) / 64)
			return truthOf(strings.Contains(s, t))
		}
	case *dict:
		if k, ok := text(left); ok {
			if _, ok := right.items[k]; ok {
				return yes
			}
			if !right.open {
				return no
			}
		}
	case libref:
		switch right.name {
		case "sys.argv":
			// A server's command line holds no command of manage.py or of celery.
			if s, ok := text(left); ok && slices.Contains(managementCommands, s) {
				return no
			}
		case "os.environ":
			if v, known := a.environment(left); known {
				return truthOf(v != value(constant{nil}))
			}
		}
	}
	return unknown
}

// managementCommands are commands of manage.py and of other programs that import the application but do not serve it.
var managementCommands = []string{
	"runserver", "migrate", "makemigrations", "collectstatic", "test", "shell", "createsuperuser", "check", "loaddata", "dumpdata",
	"flush", "compilemessages", "makemessages", "showmigrations", "sqlmigrate", "runserver_plus", "shell_plus", "pytest", "db",
}

// ordered compares numbers and sys.version_info with a tuple.
func ordered(left value, op syntax.CmpOperator, right value) truth {
	sign := 0
	one, ok1 := left.(constant)
	two, ok2 := right.(constant)
	version, isRef := left.(libref)
	switch {
	case ok1 && ok2:
		i, known1 := integer(one)
		j, known2 := integer(two)
		if !known1 || !known2 {
			return unknown
		}
		sign = i - j
	case isRef && version.name == "sys.version_info":
		// Python 3 runs it, of which release is not known.
		l, ok := right.(*list)
		if !ok || l.open || len(l.elems) == 0 {
			return unknown
		}
		c, _ := l.elems[0].(constant)
		major, known := integer(c)
		minor := 0
		if len(l.elems) > 1 {
			c, _ := l.elems[1].(constant)
			minor, _ = integer(c)
		}
		switch {
		case !known || major == 3 && minor > 6:
			return unknown
		case major <= 3:
			sign = 1
		default:
			sign = -1
		}
	default:
		return unknown
	}
	switch op {
	case syntax.Lt:
		return truthOf(sign < 0)
	case syntax.LtE:
		return truthOf(sign <= 0)
	case syntax.Gt:
		return truthOf(sign > 0)
	}
	return truthOf(sign >= 0)
}

package eval

import (
	"slices"
	"strings"

	"gsrv/schema"
	"gsrv/schema/python/syntax"
	"gsrv/schema/python/value"
)

// formatted puts the text of paths in their place where a template shows them with %s.
func formatted(template string, arg value.Value) value.Value {
	if strings.Contains(template, "%r") || strings.Contains(template, "%a") {
		return arg
	}
	if p := pathText(arg); p != nil {
		return p
	}
	t, ok := arg.(*value.Tuple)
	if !ok || !slices.ContainsFunc(t.Elems, func(v value.Value) bool { return pathText(v) != nil }) {
		return arg
	}
	out := value.NewTuple(slices.Clone(t.Elems)...)
	for i, v := range out.Elems {
		if p := pathText(v); p != nil {
			out.Elems[i] = p
		}
	}
	return out
}

func (in *interp) percent(template string, arg value.Value, n syntax.Node) (value.Value, error) {
	pieces, err := value.PercentPieces(in.budget, template, arg)
	if err != nil {
		if _, unsupported := err.(*value.UnsupportedError); unsupported {
			return in.follow(n, "% formatting", arg), nil
		}
		return in.wrap(nil, err, n)
	}
	return in.piecesExpr(pieces, n), nil
}

func (in *interp) joinedStr(n *syntax.JoinedStr, s *scope) (value.Value, error) {
	at := in.rng(n)
	var parts []schema.Expr
	open := false
	var all []value.Value
	for _, part := range n.Values {
		switch p := part.(type) {
		case *syntax.Constant:
			parts = append(parts, schema.String(p.Value.(string), at))
		case *syntax.FormattedValue:
			v, err := in.expr(p.Value, s)
			if err != nil {
				return nil, err
			}
			spec := ""
			if p.FormatSpec != nil {
				sv, err := in.expr(p.FormatSpec, s)
				if err != nil {
					return nil, err
				}
				text, ok := sv.(value.Str)
				if !ok {
					return in.follow(n, "formatting", sv), nil
				}
				spec = string(text)
			}
			all = append(all, v)
			if isForeignUnknown(v) || hidden(v) {
				sym, ok := v.(*Symbolic)
				if !ok || p.Conversion != -1 && p.Conversion != 's' || spec != "" && !(spec == "d" && sym.Kind == "int") {
					return in.follow(n, "formatting", all...), nil
				}
				open = true
				parts = append(parts, sym.Expr)
				continue
			}
			text, unknown, err := in.formatValue(v, p.Conversion, spec, p)
			if err != nil {
				return nil, err
			}
			if unknown != nil {
				return unknown, nil
			}
			parts = append(parts, schema.String(text, at))
		}
	}
	if open {
		return symbolic(concat(at, parts...), "str"), nil
	}
	text := ""
	for _, p := range parts {
		text += p.(*schema.Const).Val.AsString()
		if err := in.budget.Alloc(int64(len(text))); err != nil {
			return in.wrap(nil, err, n)
		}
	}
	return value.Str(text), nil
}

// formatValue shows a known value in an f-string.
func (in *interp) formatValue(v value.Value, conversion int, spec string, n syntax.Node) (string, *Unknown, error) {
	v, err := in.shown(v, n)
	if err != nil {
		return "", nil, err
	}
	if u, ok := v.(*Unknown); ok {
		return "", u, nil
	}
	if conversion > 0 {
		text, err := value.Convert(in.budget, v, byte(conversion))
		if err != nil {
			return in.textError(err, n)
		}
		v = value.Str(text)
	}
	text, err := value.Format(in.budget, v, spec)
	if err != nil {
		return in.textError(err, n)
	}
	return text, nil, nil
}

func (in *interp) textError(err error, n syntax.Node) (string, *Unknown, error) {
	u, err := in.wrap(nil, err, n)
	if err != nil {
		return "", nil, err
	}
	return "", u.(*Unknown), nil
}

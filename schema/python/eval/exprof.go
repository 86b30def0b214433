package eval

import (
	"math"
	"math/big"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/python/value"
)

// toExpr gives a value as an expression of the common model.
func (in *interp) toExpr(v value.Value, at hcl.Range) schema.Expr { return exprOf(in, v, at, 0) }

func exprOf(in *interp, v value.Value, at hcl.Range, depth int) schema.Expr {
	if depth == 0 {
		in.exprNodes = 0
	}
	in.exprNodes++
	if depth > 50 || in.exprNodes > maxNodes {
		return &schema.Opaque{Reason: "it is too large or nested too deeply to write down", Src: at}
	}
	switch v := v.(type) {
	case nil, value.NoneType:
		return schema.None(at)
	case value.Bool:
		return schema.Bool(bool(v), at)
	case value.Int:
		return &schema.Const{Val: cty.NumberVal(new(big.Float).SetInt(v.Big())), Src: at}
	case value.Float:
		if math.IsInf(float64(v), 0) || math.IsNaN(float64(v)) {
			return &schema.Opaque{Source: "float", Reason: "it is no finite number", Src: at}
		}
		return &schema.Const{Val: cty.NumberFloatVal(float64(v)), Src: at}
	case value.Str:
		return schema.String(string(v), at)
	case *Symbolic:
		return v.Expr
	case *Unknown:
		return v.Why
	case *value.List:
		return &schema.List{Items: exprsOf(in, v.Elems, at, depth), Src: at}
	case *value.Tuple:
		return &schema.List{Items: exprsOf(in, v.Elems, at, depth), Src: at}
	case *value.Set:
		return &schema.List{Items: exprsOf(in, v.Elems(), at, depth), Src: at}
	case *value.Dict:
		m := &schema.Map{Src: at}
		v.Items(func(k, x value.Value) bool {
			key, ok := k.(value.Str)
			if !ok {
				text, err := value.Repr(in.budget, k)
				if err != nil {
					text = "?"
				}
				key = value.Str(text)
			}
			m.Keys = append(m.Keys, string(key))
			m.Values = append(m.Values, exprOf(in, x, at, depth+1))
			return true
		})
		return m
	case *module:
		return &schema.Opaque{Source: v.name, Reason: "it is the module " + v.name, Src: at}
	case *environ:
		return &schema.Opaque{Source: "os.environ", Reason: "it is the whole environment", Src: at}
	}
	if f := in.funcRef(v, at); f != nil {
		return f
	}
	if p, ok := v.(*instance); ok {
		if path, ok := p.attrs["\x00path"]; ok {
			return exprOf(in, path, at, depth+1)
		}
		return &schema.Opaque{Source: p.class.name + "(…)", Reason: "it is an object of class " + p.class.name, Src: at}
	}
	return &schema.Opaque{Source: v.TypeName(), Reason: "it is an object of type " + v.TypeName(), Src: at}
}

func exprsOf(in *interp, vs []value.Value, at hcl.Range, depth int) []schema.Expr {
	out := make([]schema.Expr, len(vs))
	for i, v := range vs {
		out[i] = exprOf(in, v, at, depth+1)
	}
	return out
}

// funcRef describes a callable, or gives nil.
func (in *interp) funcRef(v value.Value, at hcl.Range) *schema.FuncRef {
	switch v := v.(type) {
	case *function:
		ref := &schema.FuncRef{Name: v.name, Kind: "function", Def: v.def, Src: at}
		if v.expr != nil {
			ref.Kind = "lambda"
		}
		for _, a := range v.args.PosOnlyArgs {
			ref.Params = append(ref.Params, a.Arg)
		}
		for _, a := range v.args.Args {
			ref.Params = append(ref.Params, a.Arg)
		}
		ref.VarArgs = v.args.Vararg != nil
		if v.wrapped != nil {
			if w := in.funcRef(v.wrapped, at); w != nil {
				w.Src = at
				return w
			}
		}
		return ref
	case *method:
		ref := in.funcRef(v.fn, at)
		if ref == nil {
			return nil
		}
		c := *ref
		if len(c.Params) > 0 {
			c.Params = c.Params[1:]
		}
		return &c
	case *class:
		ref := &schema.FuncRef{Name: v.name, Kind: "class", Def: v.def, Src: at}
		if v.mod != nil && v.mod.name != "" && v.mod != in.main {
			ref.Name = v.mod.name + "." + v.name
		}
		if init, _, ok := v.lookup("__init__"); ok {
			if r := in.funcRef(init, at); r != nil && len(r.Params) > 0 {
				ref.Params, ref.VarArgs = r.Params[1:], r.VarArgs
			}
		}
		return ref
	case *instance:
		call, _, ok := v.class.lookup("__call__")
		if !ok {
			return nil
		}
		if r := in.funcRef(call, at); r != nil {
			c := *r
			if len(c.Params) > 0 {
				c.Params = c.Params[1:]
			}
			c.Name, c.Kind, c.Def = v.class.name, "instance", v.class.def
			return &c
		}
	case *partial:
		ref := in.funcRef(v.fn, at)
		if ref == nil {
			return nil
		}
		c := *ref
		c.Kind = "instance"
		c.Params = slices.Clone(c.Params[min(len(v.args), len(c.Params)):])
		for _, k := range v.kwargs {
			if i := slices.Index(c.Params, k.Name); i >= 0 {
				c.Params = c.Params[:i]
			}
		}
		return &c
	case *native:
		if v.wrapped != nil {
			return in.funcRef(v.wrapped, at)
		}
		return &schema.FuncRef{Name: v.name, Kind: "function", VarArgs: true, Src: at}
	case *wrapper:
		return in.funcRef(v.fn, at)
	}
	return nil
}

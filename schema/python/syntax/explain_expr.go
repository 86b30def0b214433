package syntax

// expressions defines operators from the weakest to the strongest.
func (g *grammar) expressions() {
	r := g.r
	comma := isOp(oComma)
	tuple := func(of string) []rule {
		return []rule{
			as("tuple", seq(r(of), plus(seq(comma, r(of))), opt(comma))),
			as("tuple", seq(r(of), comma)),
			r(of),
		}
	}
	conditional := as("conditional expression", seq(r("disjunction"), isKw(kIf), r("disjunction"), isKw(kElse), r("expression")))
	g.def("expressions", tuple("expression")...)
	g.memo("expression",
		mistake(r("invalid_expression")),
		mistake(r("invalid_legacy_expression")),
		conditional, r("disjunction"), r("lambda"))
	g.def("plain_expression", quietly(alt(conditional, r("disjunction"), r("lambda"))))
	g.def("yield",
		as("yield expression", seq(isKw(kYield), isKw(kFrom), r("expression"))),
		as("yield expression", seq(isKw(kYield), opt(r("star_expressions")))))
	g.def("star_expressions", tuple("star_expression")...)
	starred := as("starred", seq(isOp(oStar), r("bitwise_or")))
	g.memo("star_expression", starred, r("expression"))
	g.def("star_named_expressions", seq(list1(r("star_named_expression"), oComma), opt(comma)))
	g.def("star_named_expression", starred, r("named_expression"))
	g.def("assignment_expression", as("named expression", seq(name, isOp(oColonEq), cut, r("expression"))))
	g.def("named_expression",
		r("assignment_expression"),
		mistake(r("invalid_named_expression")),
		pick(0, seq(r("expression"), notAhead(isOp(oColonEq)))))
	g.memo("disjunction",
		as("expression", seq(r("conjunction"), plus(seq(isKw(kOr), r("conjunction"))))),
		r("conjunction"))
	g.memo("conjunction",
		as("expression", seq(r("inversion"), plus(seq(isKw(kAnd), r("inversion"))))),
		r("inversion"))
	g.memo("inversion", as("expression", seq(isKw(kNot), r("inversion"))), r("comparison"))
	g.def("comparison",
		as("comparison", seq(r("bitwise_or"), plus(seq(r("cmp_op"), r("bitwise_or"))))),
		r("bitwise_or"))
	g.def("cmp_op",
		anyOp(oEqEq, oNotEq, oLessEq, oLess, oGreaterEq, oGreater),
		seq(isKw(kNot), isKw(kIn)), isKw(kIn),
		seq(isKw(kIs), isKw(kNot), ahead(r("bitwise_or"))), isKw(kIs))

	levels := []struct {
		name string
		ops  []op
	}{
		{"bitwise_or", []op{oVBar}},
		{"bitwise_xor", []op{oCircum}},
		{"bitwise_and", []op{oAmper}},
		{"shift", []op{oLShift, oRShift}},
		{"sum", []op{oPlus, oMinus}},
		{"term", []op{oStar, oSlash, oDSlash, oPercent, oAt}},
	}
	for i, l := range levels {
		operand := "factor"
		if i+1 < len(levels) {
			operand = levels[i+1].name
		}
		g.memo(l.name, leftToRight(r(operand), seq(anyOp(l.ops...), r(operand)), "expression"))
	}
	g.memo("factor",
		as("expression", seq(isOp(oPlus), r("factor"))),
		as("expression", seq(isOp(oMinus), r("factor"))),
		as("expression", seq(isOp(oTilde), r("factor"))),
		r("power"))
	g.def("power",
		as("expression", seq(r("await"), isOp(oDStar), r("factor"))),
		r("await"))
	g.memo("await", as("await expression", seq(isKw(kAwait), r("primary"))), r("primary"))
	g.memo("primary", func(x *explainer) (*xnode, outcome) { return primary(x, g, false) })
	// t_primary is a primary with more to come: what stands before the last ".x" or "[x]" of a target.
	g.memo("t_primary", func(x *explainer) (*xnode, outcome) { return primary(x, g, true) })
}

// leftToRight matches an operand and then as many tails as there are.
func leftToRight(first, tail rule, what string) rule {
	return func(x *explainer) (*xnode, outcome) {
		start := x.mark
		left, out := first(x)
		if out != hit {
			return nil, miss
		}
		for {
			mark := x.mark
			if _, out := tail(x); out != hit {
				x.mark = mark
				return left, hit
			}
			left = &xnode{what: what, start: start, end: x.mark - 1}
		}
	}
}

// primary matches an atom and what follows it: attributes, calls, subscripts. For a target each piece has to be
// followed by another one.
func primary(x *explainer, g *grammar, target bool) (*xnode, outcome) {
	start := x.mark
	more := func() bool {
		if !target {
			return true
		}
		o := x.peek().op
		return o == oLPar || o == oLSqb || o == oDot
	}
	left, out := g.rules["atom"].rule(x)
	if out != hit || !more() {
		return nil, miss
	}
	names := []string{"attribute_tail", "genexp", "call_tail", "subscript_tail"}
	if target {
		names = []string{"attribute_tail", "subscript_tail", "genexp", "call_tail"}
	}
	whats := map[string]string{"attribute_tail": "attribute", "genexp": "function call", "call_tail": "function call", "subscript_tail": "subscript"}
	for {
		mark, grown := x.mark, false
		for _, tail := range names {
			if _, out := g.rules[tail].rule(x); out == hit && more() {
				left = &xnode{what: whats[tail], start: start, end: x.mark - 1}
				grown = true
				break
			}
			x.mark = mark
		}
		if !grown {
			return left, hit
		}
	}
}

// atoms defines names, literals and what is in brackets.
func (g *grammar) atoms() {
	r := g.r
	g.def("attribute_tail", seq(isOp(oDot), name))
	g.def("call_tail", seq(isOp(oLPar), opt(r("arguments")), isOp(oRPar)))
	g.def("subscript_tail", seq(isOp(oLSqb), r("slices"), isOp(oRSqb)))
	g.def("slices",
		seq(r("slice"), notAhead(isOp(oComma))),
		seq(list1(alt(r("slice"), r("starred_expression")), oComma), opt(isOp(oComma))))
	g.def("slice",
		seq(opt(r("expression")), isOp(oColon), opt(r("expression")), opt(seq(isOp(oColon), opt(r("expression"))))),
		r("named_expression"))
	g.memo("strings", literals)
	g.def("replacement", seq(isOp(oLPar), alt(r("yield"), r("star_expressions")), isOp(oRPar), newline, endMarker))
	g.def("atom",
		name,
		as("True", seq(isKw(kTrue))), as("False", seq(isKw(kFalse))), as("None", seq(isKw(kNoneValue))),
		r("strings"),
		number,
		seqOf(ahead(isOp(oLPar)), alt(r("tuple"), r("group"), r("genexp"))),
		seqOf(ahead(isOp(oLSqb)), alt(r("list"), r("listcomp"))),
		seqOf(ahead(isOp(oLBrace)), alt(r("dict"), r("set"), r("dictcomp"), r("setcomp"))),
		as("ellipsis", seq(isOp(oEllipsis))))
	g.def("group",
		pick(1, seq(isOp(oLPar), alt(r("yield"), r("named_expression")), isOp(oRPar))),
		mistake(r("invalid_group")))
	g.def("tuple", as("tuple", seq(isOp(oLPar),
		opt(seq(r("star_named_expression"), isOp(oComma), opt(r("star_named_expressions")))), isOp(oRPar))))
	g.def("list", as("list", seq(isOp(oLSqb), opt(r("star_named_expressions")), isOp(oRSqb))))
	g.def("set", as("set display", seq(isOp(oLBrace), r("star_named_expressions"), isOp(oRBrace))))
	g.def("dict",
		as("dict literal", seq(isOp(oLBrace), opt(seq(list1(r("dict_item"), oComma), opt(isOp(oComma)))), isOp(oRBrace))),
		seq(isOp(oLBrace), r("invalid_dict_items"), isOp(oRBrace))) // in both passes
	g.def("dict_item", seq(isOp(oDStar), r("bitwise_or")), r("key_value"))
	g.def("key_value", seq(r("expression"), isOp(oColon), r("expression")))

	g.def("for_ifs", plus(r("for_if")))
	rest := []rule{isKw(kFor), r("star_targets"), isKw(kIn), cut, r("disjunction"), star(seq(isKw(kIf), r("disjunction")))}
	g.def("for_if",
		seq(append([]rule{isKw(kAsync)}, rest...)...),
		seq(rest...),
		mistake(r("invalid_for_target")))
	element := alt(r("assignment_expression"), seq(r("expression"), notAhead(isOp(oColonEq))))
	g.def("listcomp",
		as("list comprehension", seq(isOp(oLSqb), r("named_expression"), r("for_ifs"), isOp(oRSqb))),
		mistake(r("invalid_comprehension")))
	g.def("setcomp",
		as("set comprehension", seq(isOp(oLBrace), r("named_expression"), r("for_ifs"), isOp(oRBrace))),
		mistake(r("invalid_comprehension")))
	g.def("genexp",
		as("generator expression", seq(isOp(oLPar), element, r("for_ifs"), isOp(oRPar))),
		mistake(r("invalid_comprehension")))
	g.def("dictcomp",
		as("dict comprehension", seq(isOp(oLBrace), r("key_value"), r("for_ifs"), isOp(oRBrace))),
		mistake(r("invalid_dict_comprehension")))

	g.memo("arguments",
		pick(0, seq(r("args"), opt(isOp(oComma)), ahead(isOp(oRPar)))),
		mistake(r("invalid_arguments")))
	g.def("positional", list1(alt(r("starred_expression"), seq(element, notAhead(isOp(oAssign)))), oComma))
	g.def("args",
		seq(r("positional"), opt(seq(isOp(oComma), r("kwargs")))),
		seq(r("kwargs")))
	g.def("kwargs",
		seq(list1(r("kwarg_or_starred"), oComma), isOp(oComma), list1(r("kwarg_or_double"), oComma)),
		list1(r("kwarg_or_starred"), oComma),
		list1(r("kwarg_or_double"), oComma))
	g.def("starred_expression", as("starred", seq(isOp(oStar), r("expression"))))
	keyword := as("keyword", seq(name, isOp(oAssign), r("expression")))
	g.def("kwarg_or_starred", mistake(r("invalid_kwarg")), keyword, r("starred_expression"))
	g.def("kwarg_or_double", mistake(r("invalid_kwarg")), keyword, as("**", seq(isOp(oDStar), r("expression"))))
}

// seqOf gives what the second rule matches, if the first one lets it.
func seqOf(guard, r rule) rule { return pick(1, seq(guard, r)) }

// parameterRules defines parameter lists of functions, or with a prefix those of lambdas.
func (g *grammar) parameterRules(prefix string, closing op) {
	r := func(name string) rule { return g.r(prefix + name) }
	end := alt(isOp(oComma), ahead(isOp(closing)))
	if prefix == "" {
		g.def("param", seq(name, opt(seq(isOp(oColon), g.r("expression")))))
		g.def("starred_param", seq(name, isOp(oColon), g.r("star_expression")))
	} else {
		g.def(prefix+"param", seq(name))
		g.def("lambda", as("lambda", seq(isKw(kLambda), opt(r("params")), isOp(oColon), g.r("expression"))))
	}
	g.def(prefix+"default", seq(isOp(oAssign), g.r("expression")), mistake(r("invalid_default")))
	g.def(prefix+"no_default", pick(0, seq(r("param"), end)))
	g.def(prefix+"with_default", seq(r("param"), r("default"), end))
	g.def(prefix+"maybe_default", seq(r("param"), opt(r("default")), end))
	g.def(prefix+"params",
		mistake(r("invalid_params")),
		seq(r("slash_no_default"), star(r("no_default")), star(r("with_default")), opt(r("star_etc"))),
		seq(r("slash_with_default"), star(r("with_default")), opt(r("star_etc"))),
		seq(plus(r("no_default")), star(r("with_default")), opt(r("star_etc"))),
		seq(plus(r("with_default")), opt(r("star_etc"))),
		r("star_etc"))
	g.def(prefix+"slash_no_default", seq(plus(r("no_default")), isOp(oSlash), end))
	g.def(prefix+"slash_with_default", seq(star(r("no_default")), plus(r("with_default")), isOp(oSlash), end))
	starEtc := []rule{
		mistake(r("invalid_star_etc")),
		seq(isOp(oStar), r("no_default"), star(r("maybe_default")), opt(r("kwds"))),
	}
	if prefix == "" {
		starEtc = append(starEtc, seq(isOp(oStar), r("starred_param"), end, star(r("maybe_default")), opt(r("kwds"))))
	}
	g.def(prefix+"star_etc", append(starEtc,
		seq(isOp(oStar), isOp(oComma), plus(r("maybe_default")), opt(r("kwds"))),
		r("kwds"))...)
	g.def(prefix+"kwds", mistake(r("invalid_kwds")), seq(isOp(oDStar), r("no_default")))
}

// targetRules defines what can be assigned to or deleted.
func (g *grammar) targetRules() {
	r := g.r
	comma := isOp(oComma)
	noMore := notAhead(anyOp(oLPar, oLSqb, oDot))
	attribute := as("attribute", seq(r("t_primary"), isOp(oDot), name, noMore))
	subscript := as("subscript", seq(r("t_primary"), isOp(oLSqb), r("slices"), isOp(oRSqb), noMore))
	g.def("star_targets",
		pick(0, seq(r("star_target"), notAhead(comma))),
		as("tuple", seq(r("star_target"), star(seq(comma, r("star_target"))), opt(comma))))
	targets := seq(list1(r("star_target"), oComma), opt(comma))
	g.memo("star_target",
		as("starred", seq(isOp(oStar), notAhead(isOp(oStar)), r("star_target"))),
		r("target_with_star_atom"))
	g.memo("target_with_star_atom", attribute, subscript, r("star_atom"))
	g.def("star_atom",
		name,
		pick(1, seq(isOp(oLPar), r("target_with_star_atom"), isOp(oRPar))),
		as("tuple", seq(isOp(oLPar), opt(alt(
			seq(r("star_target"), plus(seq(comma, r("star_target"))), opt(comma)),
			seq(r("star_target"), comma))), isOp(oRPar))),
		as("list", seq(isOp(oLSqb), opt(targets), isOp(oRSqb))))
	g.def("single_target", r("single_place"), name, pick(1, seq(isOp(oLPar), r("single_target"), isOp(oRPar))))
	g.def("single_place", attribute, subscript)
	g.def("del_targets", seq(list1(r("del_target"), oComma), opt(comma)))
	g.memo("del_target", attribute, subscript, r("del_atom"))
	g.def("del_atom",
		name,
		pick(1, seq(isOp(oLPar), r("del_target"), isOp(oRPar))),
		as("tuple", seq(isOp(oLPar), opt(r("del_targets")), isOp(oRPar))),
		as("list", seq(isOp(oLSqb), opt(r("del_targets")), isOp(oRSqb))))
}

package syntax

// mistakes defines what describes wrong expressions and simple statements. The order within a rule is part of it.
func (g *grammar) mistakes() {
	r := g.r
	comma := isOp(oComma)
	g.def("invalid_arguments",
		on(seq(alt(seq(r("positional"), comma, r("kwargs")), r("kwargs")), comma, isOp(oStar)), func(x *explainer, k []*xnode) {
			x.at(k[2], "iterable argument unpacking follows keyword argument unpacking")
		}),
		on(seq(r("expression"), r("for_ifs"), comma, opt(alt(r("args"), seq(r("expression"), r("for_ifs"))))), func(x *explainer, k []*xnode) {
			x.between(k[0], lastOf(k[1]), "Generator expression must be parenthesized")
		}),
		on(seq(name, isOp(oAssign), r("expression"), r("for_ifs")), badEqual),
		on(seq(r("args"), r("for_ifs")), func(x *explainer, k []*xnode) {
			var positional []*xnode
			for _, e := range k[0].exprs() {
				if e.what != "keyword" && e.what != "**" {
					positional = append(positional, e)
				}
			}
			if n := len(positional); n > 1 {
				x.between(positional[n-1], lastOf(k[1]), "Generator expression must be parenthesized")
			}
		}),
		on(seq(r("args"), comma, r("expression"), r("for_ifs")), func(x *explainer, k []*xnode) {
			x.between(k[2], lastOf(k[3]), "Generator expression must be parenthesized")
		}),
		on(seq(r("args"), comma, r("args")), func(x *explainer, k []*xnode) {
			for _, e := range k[0].exprs() {
				if e.what == "**" {
					x.here("positional argument follows keyword argument unpacking")
				}
			}
			x.here("positional argument follows keyword argument")
		}))
	g.def("invalid_kwarg",
		on(seq(anyKw(kTrue, kFalse, kNoneValue), isOp(oAssign)), func(x *explainer, k []*xnode) {
			x.between(k[0], k[1], "cannot assign to %s", x.p.text(x.tokens[k[0].start]))
		}),
		on(seq(name, isOp(oAssign), r("expression"), r("for_ifs")), badEqual),
		on(seq(notAhead(seq(name, isOp(oAssign))), r("expression"), isOp(oAssign)), func(x *explainer, k []*xnode) {
			x.between(k[1], k[2], `expression cannot contain assignment, perhaps you meant "=="?`)
		}))
	g.def("invalid_legacy_expression",
		on(seq(name, notAhead(isOp(oLPar)), r("star_expressions")), func(x *explainer, k []*xnode) {
			if word := x.p.text(x.tokens[k[0].start]); word == "print" || word == "exec" {
				x.between(k[0], k[2], "Missing parentheses in call to '%s'. Did you mean %s(...)?", word, word)
			}
		}))
	g.def("invalid_expression",
		on(seq(notAhead(alt(seq(name, stringKind), likeSoft)), r("disjunction"), r("plain_expression")), func(x *explainer, k []*xnode) {
			if word := x.p.text(x.tokens[k[1].start]); k[1].what == "name" && (word == "print" || word == "exec") || x.level(x.mark-1) == 0 {
				return
			}
			x.between(k[1], k[2], "invalid syntax. Perhaps you forgot a comma?")
		}),
		on(seq(r("disjunction"), isKw(kIf), r("disjunction"), notAhead(alt(isKw(kElse), isOp(oColon)))), func(x *explainer, k []*xnode) {
			x.between(k[0], k[2], "expected 'else' after 'if' expression")
		}))
	noEqual := notAhead(anyOp(oAssign, oColonEq))
	g.memo("invalid_named_expression",
		on(seq(r("expression"), isOp(oColonEq), r("expression")), func(x *explainer, k []*xnode) {
			x.at(k[0], "cannot use assignment expressions with %s", k[0].what)
		}),
		on(seq(name, isOp(oAssign), r("bitwise_or"), noEqual), func(x *explainer, k []*xnode) {
			x.between(k[0], k[2], "invalid syntax. Maybe you meant '==' or ':=' instead of '='?")
		}),
		on(seq(notAhead(alt(r("list"), r("tuple"), r("genexp"), anyKw(kTrue, kNoneValue, kFalse))), r("bitwise_or"), isOp(oAssign), r("bitwise_or"), noEqual), func(x *explainer, k []*xnode) {
			x.at(k[1], "cannot assign to %s here. Maybe you meant '==' instead of '='?", k[1].what)
		}))
	g.def("invalid_assignment",
		on(seq(r("invalid_annotated"), isOp(oColon), r("expression")), func(x *explainer, k []*xnode) {
			x.at(k[0], "only single target (not %s) can be annotated", k[0].what)
		}),
		on(seq(r("star_named_expression"), comma, star(r("star_named_expressions")), isOp(oColon), r("expression")), func(x *explainer, k []*xnode) {
			x.at(k[0], "only single target (not tuple) can be annotated")
		}),
		on(seq(r("expression"), isOp(oColon), r("expression")), func(x *explainer, k []*xnode) {
			x.at(k[0], "illegal target for annotation")
		}),
		on(seq(star(seq(r("star_targets"), isOp(oAssign))), r("star_expressions"), isOp(oAssign)), func(x *explainer, k []*xnode) {
			x.badTarget(k[1], assignTarget)
		}),
		on(seq(star(seq(r("star_targets"), isOp(oAssign))), r("yield"), isOp(oAssign)), func(x *explainer, k []*xnode) {
			x.at(k[1], "assignment to yield expression not possible")
		}),
		on(seq(r("star_expressions"), augmented, alt(r("yield"), r("star_expressions"))), func(x *explainer, k []*xnode) {
			x.at(k[0], "'%s' is an illegal expression for augmented assignment", k[0].what)
		}))
	g.def("invalid_annotated", r("list"), r("tuple"), pick(1, seq(isOp(oLPar), r("invalid_annotated"), isOp(oRPar))))
	g.def("invalid_del", on(seq(isKw(kDel), r("star_expressions")), func(x *explainer, k []*xnode) { x.badTarget(k[1], delTarget) }))
	g.def("invalid_import_targets", on(seq(r("import_names"), comma, newline), func(x *explainer, _ []*xnode) {
		x.here("trailing comma not allowed without surrounding parentheses")
	}))
	g.def("invalid_for_target", on(seq(opt(isKw(kAsync)), isKw(kFor), r("star_expressions")), func(x *explainer, k []*xnode) {
		x.badTarget(k[2], forTarget)
	}))
	g.def("invalid_group",
		on(seq(isOp(oLPar), r("starred_expression"), isOp(oRPar)), func(x *explainer, k []*xnode) {
			x.at(k[1], "cannot use starred expression here")
		}),
		on(seq(isOp(oLPar), isOp(oDStar), r("expression"), isOp(oRPar)), func(x *explainer, k []*xnode) {
			x.at(k[1], "cannot use double starred expression here")
		}))

	const forgotten = "did you forget parentheses around the comprehension target?"
	g.def("invalid_comprehension",
		on(seq(anyOp(oLSqb, oLPar, oLBrace), r("starred_expression"), r("for_ifs")), func(x *explainer, k []*xnode) {
			x.at(k[1], "iterable unpacking cannot be used in comprehension")
		}),
		on(seq(anyOp(oLSqb, oLBrace), r("star_named_expression"), comma, r("star_named_expressions"), r("for_ifs")), func(x *explainer, k []*xnode) {
			x.between(k[1], lastOf(k[3]), forgotten)
		}),
		on(seq(anyOp(oLSqb, oLBrace), r("star_named_expression"), comma, r("for_ifs")), func(x *explainer, k []*xnode) {
			x.between(k[1], k[2], forgotten)
		}))
	g.def("invalid_dict_comprehension", on(seq(isOp(oLBrace), isOp(oDStar), r("bitwise_or"), r("for_ifs"), isOp(oRBrace)), func(x *explainer, k []*xnode) {
		x.at(k[1], "dict unpacking cannot be used in dict comprehension")
	}))
	starValue := on(seq(r("expression"), isOp(oColon), isOp(oStar), r("bitwise_or")), func(x *explainer, k []*xnode) {
		x.between(k[2], k[3], "cannot use a starred expression in a dictionary value")
	})
	const noValue = "expression expected after dictionary key and ':'"
	g.def("invalid_dict_items",
		seq(list1(r("dict_item"), oComma), comma, r("invalid_key_value")),
		starValue,
		on(seq(r("expression"), isOp(oColon), ahead(anyOp(oRBrace, oComma))), func(x *explainer, k []*xnode) { x.at(k[1], noValue) }))
	g.def("invalid_key_value",
		on(seq(r("expression"), notAhead(isOp(oColon))), func(x *explainer, k []*xnode) {
			end := int(x.tokens[k[0].end].end)
			x.p.failRange(end-1, end, "':' expected after dictionary key")
		}),
		starValue,
		on(seq(r("expression"), isOp(oColon), ahead(anyOp(oRBrace, oComma))), func(x *explainer, k []*xnode) { x.at(k[1], noValue) }))

	g.mistakesOfParameters("", oRPar, "Function parameters cannot be parenthesized")
	g.mistakesOfParameters("lambda_", oColon, "Lambda expression parameters cannot be parenthesized")
}

func (g *grammar) mistakesOfParameters(prefix string, closing op, parenthesised string) {
	r := func(name string) rule { return g.r(prefix + name) }
	slashed := alt(r("slash_no_default"), r("slash_with_default"))
	inner := plus(r("no_default"))
	if prefix != "" {
		inner = list1(r("param"), oComma)
	}
	say := func(i int, msg string) func(*explainer, []*xnode) {
		return func(x *explainer, k []*xnode) { x.at(k[i], "%s", msg) }
	}
	g.def(prefix+"invalid_params",
		on(seq(star(r("no_default")), alt(r("slash_with_default"), plus(r("with_default"))), r("no_default")), say(2, "non-default argument follows default argument")),
		on(seq(star(r("no_default")), isOp(oLPar), inner, opt(isOp(oComma)), isOp(oRPar)), func(x *explainer, k []*xnode) {
			x.between(k[1], k[4], "%s", parenthesised)
		}),
		on(seq(isOp(oSlash), isOp(oComma)), say(0, "at least one argument must precede /")),
		on(seq(slashed, star(r("maybe_default")), isOp(oSlash)), say(2, "/ may appear only once")),
		on(seq(opt(slashed), star(r("maybe_default")), isOp(oStar), alt(isOp(oComma), r("no_default")), star(r("maybe_default")), isOp(oSlash)), say(5, "/ must be ahead of *")),
		on(seq(plus(r("maybe_default")), isOp(oSlash), isOp(oStar)), say(2, "expected comma between / and *")))
	g.def(prefix+"invalid_default", on(seq(isOp(oAssign), ahead(anyOp(oRPar, oComma))), say(0, "expected default value expression")))
	bare := say(0, "named arguments must follow bare *")
	if prefix != "" {
		bare = func(x *explainer, _ []*xnode) { x.here("named arguments must follow bare *") }
	}
	g.def(prefix+"invalid_star_etc",
		on(seq(isOp(oStar), alt(isOp(closing), seq(isOp(oComma), anyOp(closing, oDStar)))), bare),
		on(seq(isOp(oStar), r("param"), isOp(oAssign)), say(2, "var-positional argument cannot have default value")),
		on(seq(isOp(oStar), alt(r("no_default"), isOp(oComma)), star(r("maybe_default")), isOp(oStar), alt(r("no_default"), isOp(oComma))), say(3, "* argument may appear only once")))
	g.def(prefix+"invalid_kwds",
		on(seq(isOp(oDStar), r("param"), isOp(oAssign)), say(2, "var-keyword argument cannot have default value")),
		on(seq(isOp(oDStar), r("param"), isOp(oComma), alt(r("param"), anyOp(oStar, oDStar, oSlash))), say(3, "arguments cannot follow var-keyword argument")))
}

func badEqual(x *explainer, k []*xnode) {
	x.between(k[0], k[1], "invalid syntax. Maybe you meant '==' or ':=' instead of '='?")
}

// lastOf gives the last expression in a node.
func lastOf(n *xnode) *xnode {
	if list := n.exprs(); len(list) > 0 {
		return list[len(list)-1]
	}
	return n
}

// badTarget refuses what in an expression cannot be assigned to or deleted, if there is anything.
func (x *explainer) badTarget(n *xnode, kind targetKind) {
	bad := x.findBad(n, kind)
	if bad == nil {
		return
	}
	if kind == delTarget {
		x.at(bad, "cannot delete %s", bad.what)
	}
	x.at(bad, "cannot assign to %s", bad.what)
}

func (x *explainer) findBad(n *xnode, kind targetKind) *xnode {
	switch n.what {
	case "name", "attribute", "subscript":
		return nil
	case "list", "tuple":
		for _, e := range n.exprs() {
			if bad := x.findBad(e, kind); bad != nil {
				return bad
			}
		}
		return nil
	case "starred":
		if kind == delTarget {
			return n
		}
		return x.findBad(n.exprs()[0], kind)
	case "comparison":
		// "for a in b" reads "a in b" as one: its left side is the target.
		if kind == forTarget {
			if x.tokens[n.kids[1].kids[0].start].kw == kIn {
				return x.findBad(n.kids[0], kind)
			}
			return nil
		}
	}
	return n
}

package syntax

// mistakesOfBlocks defines what describes wrong compound statements: above all a missing colon or block.
func (g *grammar) mistakesOfBlocks() {
	r, colon := g.r, isOp(oColon)
	noBlock := seq(newline, notAhead(indent))
	async := opt(isKw(kAsync))
	noColon := func(rules ...rule) rule {
		return on(seq(append(rules, newline)...), func(x *explainer, _ []*xnode) { x.here("expected ':'") })
	}
	// unindented describes a header with no block behind it; head tells which of its parts is the keyword.
	unindented := func(what string, head int, rules ...rule) rule {
		return on(seq(append(rules, colon, noBlock)...), func(x *explainer, k []*xnode) {
			x.indentationError("expected an indented block after %s on line %d", what, x.tokens[k[head].start].line)
		})
	}
	g.def("invalid_block", on(noBlock, func(x *explainer, _ []*xnode) { x.indentationError("expected an indented block") }))
	for word, k := range map[string]keyword{"if": kIf, "elif": kElif, "while": kWhile} {
		g.def("invalid_"+word,
			noColon(isKw(k), r("named_expression")),
			unindented("'"+word+"' statement", 0, isKw(k), r("named_expression")))
	}
	g.def("invalid_else", unindented("'else' statement", 0, isKw(kElse)))
	g.def("invalid_for",
		noColon(async, isKw(kFor), r("star_targets"), isKw(kIn), r("star_expressions")),
		unindented("'for' statement", 1, async, isKw(kFor), r("star_targets"), isKw(kIn), r("star_expressions")))
	params := opt(newer(r("type_params")))
	g.def("invalid_def", unindented("function definition", 1, async, isKw(kDef), name, params, isOp(oLPar), opt(r("params")), isOp(oRPar),
		opt(seq(isOp(oArrow), r("expression")))))
	g.def("invalid_class",
		noColon(isKw(kClass), name, params, opt(r("class_args"))),
		unindented("class definition", 0, isKw(kClass), name, params, opt(r("class_args"))))

	target := opt(seq(isKw(kAs), r("star_target")))
	items := list1(seq(r("expression"), target), oComma)
	inParens := seq(isOp(oLPar), list1(seq(r("expressions"), target), oComma), opt(isOp(oComma)), isOp(oRPar))
	g.def("invalid_with", noColon(async, isKw(kWith), items), noColon(async, isKw(kWith), inParens))
	g.def("invalid_with_indent",
		unindented("'with' statement", 1, async, isKw(kWith), items),
		unindented("'with' statement", 1, async, isKw(kWith), inParens))
	g.def("invalid_with_item", on(seq(r("expression"), isKw(kAs), r("expression"), ahead(anyOp(oComma, oRPar, oColon))), func(x *explainer, k []*xnode) {
		x.badTarget(k[2], withTarget)
	}))

	const both = "cannot have both 'except' and 'except*' on the same 'try'"
	g.def("invalid_try",
		unindented("'try' statement", 0, isKw(kTry)),
		on(seq(isKw(kTry), colon, r("block"), notAhead(anyKw(kExcept, kFinally))), func(x *explainer, _ []*xnode) {
			x.here("expected 'except' or 'finally' block")
		}),
		on(seq(isKw(kTry), colon, star(r("block")), plus(r("except")), isKw(kExcept), isOp(oStar), r("expression"), r("as_name"), colon), func(x *explainer, k []*xnode) {
			x.between(k[4], k[5], both)
		}),
		on(seq(isKw(kTry), colon, star(r("block")), plus(r("except_star")), isKw(kExcept), opt(seq(r("expression"), r("as_name"))), colon), func(x *explainer, k []*xnode) {
			x.at(k[4], both)
		}))
	starOpt := opt(isOp(oStar))
	g.def("invalid_except",
		on(seq(isKw(kExcept), starOpt, r("expression"), isOp(oComma), r("expressions"), r("as_name"), colon), func(x *explainer, k []*xnode) {
			x.between(k[2], k[4], "multiple exception types must be parenthesized")
		}),
		noColon(isKw(kExcept), starOpt, r("expression"), r("as_name")),
		noColon(isKw(kExcept)),
		on(seq(isKw(kExcept), isOp(oStar), alt(newline, colon)), func(x *explainer, _ []*xnode) {
			x.here("expected one or more exception types")
		}))
	g.def("invalid_except_indent",
		unindented("'except' statement", 0, isKw(kExcept), r("expression"), r("as_name")),
		unindented("'except' statement", 0, isKw(kExcept)))
	g.def("invalid_except_star_indent",
		unindented("'except*' statement", 0, isKw(kExcept), isOp(oStar), r("expression"), r("as_name")))
	g.def("invalid_finally", unindented("'finally' statement", 0, isKw(kFinally)))

	g.def("invalid_match",
		noColon(soft("match"), r("subject")),
		unindented("'match' statement", 0, soft("match"), r("subject")))
	g.def("invalid_case",
		noColon(soft("case"), r("patterns"), opt(r("guard"))),
		unindented("'case' statement", 0, soft("case"), r("patterns"), opt(r("guard"))))
	g.def("invalid_as_pattern",
		on(seq(r("or_pattern"), isKw(kAs), soft("_")), func(x *explainer, k []*xnode) { x.at(k[2], "cannot use '_' as a target") }),
		on(seq(r("or_pattern"), isKw(kAs), notAhead(name), r("expression")), func(x *explainer, k []*xnode) { x.at(k[3], "invalid pattern target") }))
	g.def("invalid_class_pattern", on(seq(list1(name, oDot), isOp(oLPar), opt(seq(r("positional_patterns"), isOp(oComma))), r("keyword_patterns"), isOp(oComma), r("positional_patterns")),
		func(x *explainer, k []*xnode) { x.at(k[5], "positional patterns follow keyword patterns") }))
}

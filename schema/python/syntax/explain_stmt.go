package syntax

// statements defines simple statements.
func (g *grammar) statements() {
	r := g.r
	g.def("file", seq(opt(r("statements")), endMarker))
	g.def("statements", plus(r("statement")))
	g.def("statement", r("compound"), r("simple_line"))
	g.def("simple_line",
		seq(r("simple"), notAhead(isOp(oSemi)), newline),
		seq(list1(r("simple"), oSemi), opt(isOp(oSemi)), newline))
	g.memo("simple",
		r("assignment"),
		newer(seq(ahead(soft("type")), r("type_alias"))),
		r("star_expressions"),
		seq(isKw(kReturn), opt(r("star_expressions"))),
		seq(ahead(anyKw(kImport, kFrom)), r("import")),
		seq(ahead(isKw(kRaise)), alt(
			seq(isKw(kRaise), r("expression"), opt(seq(isKw(kFrom), r("expression")))),
			isKw(kRaise))),
		isKw(kPass),
		seq(ahead(isKw(kDel)), r("del")),
		r("yield"),
		seq(isKw(kAssert), r("expression"), opt(seq(isOp(oComma), r("expression")))),
		isKw(kBreak), isKw(kContinue),
		seq(isKw(kGlobal), list1(name, oComma)),
		seq(isKw(kNonlocal), list1(name, oComma)))

	value := opt(seq(isOp(oAssign), r("annotated_rhs")))
	g.def("assignment",
		seq(name, isOp(oColon), r("expression"), value),
		seq(alt(seq(isOp(oLPar), r("single_target"), isOp(oRPar)), r("single_place")), isOp(oColon), r("expression"), value),
		seq(plus(seq(r("star_targets"), isOp(oAssign))), alt(r("yield"), r("star_expressions")), notAhead(isOp(oAssign))),
		seq(r("single_target"), augmented, cut, alt(r("yield"), r("star_expressions"))),
		mistake(r("invalid_assignment")))
	g.def("annotated_rhs", r("yield"), r("star_expressions"))
	g.def("type_alias", seq(soft("type"), name, opt(r("type_params")), isOp(oAssign), r("expression")))
	g.def("del",
		seq(isKw(kDel), r("del_targets"), ahead(alt(isOp(oSemi), newline))),
		mistake(r("invalid_del")))

	g.def("import",
		seq(isKw(kImport), list1(seq(r("dotted_name"), r("as_name")), oComma)),
		seq(isKw(kFrom), star(anyOp(oDot, oEllipsis)), r("dotted_name"), isKw(kImport), r("import_targets")),
		seq(isKw(kFrom), plus(anyOp(oDot, oEllipsis)), isKw(kImport), r("import_targets")))
	g.def("as_name", opt(seq(isKw(kAs), name)))
	g.def("dotted_name", list1(name, oDot))
	g.def("import_names", list1(seq(name, r("as_name")), oComma))
	g.def("import_targets",
		seq(isOp(oLPar), r("import_names"), opt(isOp(oComma)), isOp(oRPar)),
		seq(r("import_names"), notAhead(isOp(oComma))),
		isOp(oStar),
		mistake(r("invalid_import_targets")))
}

func augmented(x *explainer) (*xnode, outcome) {
	if t := x.peek(); t.op < oPlusEq || t.op > oAtEq {
		return nil, miss
	}
	return x.advance(), hit
}

// compound defines statements with blocks.
func (g *grammar) compound() {
	r, colon := g.r, isOp(oColon)
	async := isKw(kAsync)
	g.def("compound",
		seq(ahead(alt(isKw(kDef), isOp(oAt), async)), r("function")),
		seq(ahead(isKw(kIf)), r("if")),
		seq(ahead(alt(isKw(kClass), isOp(oAt))), r("class")),
		seq(ahead(alt(isKw(kWith), async)), r("with")),
		seq(ahead(alt(isKw(kFor), async)), r("for")),
		seq(ahead(isKw(kTry)), r("try")),
		seq(ahead(isKw(kWhile)), r("while")),
		r("match"))
	g.memo("block",
		seq(newline, indent, r("statements"), dedent),
		r("simple_line"),
		mistake(r("invalid_block")))
	g.def("decorators", plus(seq(isOp(oAt), r("named_expression"), newline)))

	g.def("class", seq(r("decorators"), r("class_raw")), r("class_raw"))
	g.def("class_raw",
		mistake(r("invalid_class")),
		seq(isKw(kClass), name, opt(newer(r("type_params"))), opt(r("class_args")), colon, r("block")))
	g.def("class_args", seq(isOp(oLPar), opt(r("arguments")), isOp(oRPar)))
	g.def("function", seq(r("decorators"), r("function_raw")), r("function_raw"))
	function := seq(isKw(kDef), name, opt(newer(r("type_params"))), must(oLPar, "("), opt(r("params")), isOp(oRPar),
		opt(seq(isOp(oArrow), r("expression"))), must(oColon, ":"), r("block"))
	g.def("function_raw", mistake(r("invalid_def")), function, seq(async, function))
	bound := opt(seq(isOp(oColon), r("expression")))
	g.def("type_params", seq(isOp(oLSqb), list1(r("type_param"), oComma), opt(isOp(oComma)), isOp(oRSqb)))
	g.def("type_param",
		seq(name, bound, opt(seq(isOp(oAssign), r("expression")))),
		seq(isOp(oStar), name, opt(seq(isOp(oAssign), r("star_expression")))),
		seq(isOp(oDStar), name, opt(seq(isOp(oAssign), r("expression")))))

	for word, k := range map[string]keyword{"if": kIf, "elif": kElif} {
		head := seq(isKw(k), r("named_expression"), colon, r("block"))
		g.def(word, mistake(r("invalid_"+word)), seq(head, r("elif")), seq(head, opt(r("else"))))
	}
	g.def("else", mistake(r("invalid_else")), seq(isKw(kElse), must(oColon, ":"), r("block")))
	g.def("while", mistake(r("invalid_while")), seq(isKw(kWhile), r("named_expression"), colon, r("block"), opt(r("else"))))
	forIn := []rule{isKw(kFor), r("star_targets"), isKw(kIn), cut, r("star_expressions"), colon, r("block"), opt(r("else"))}
	g.def("for",
		mistake(r("invalid_for")),
		seq(forIn...),
		seq(append([]rule{async}, forIn...)...),
		mistake(r("invalid_for_target")))
	items := list1(r("with_item"), oComma)
	inParens := seq(isOp(oLPar), items, opt(isOp(oComma)), isOp(oRPar))
	g.def("with",
		mistake(r("invalid_with_indent")),
		seq(isKw(kWith), inParens, colon, r("block")),
		seq(isKw(kWith), items, colon, r("block")),
		seq(async, isKw(kWith), inParens, colon, r("block")),
		seq(async, isKw(kWith), items, colon, r("block")),
		mistake(r("invalid_with")))
	g.def("with_item",
		seq(r("expression"), isKw(kAs), r("star_target"), ahead(anyOp(oComma, oRPar, oColon))),
		mistake(r("invalid_with_item")),
		r("expression"))

	try := seq(isKw(kTry), must(oColon, ":"), r("block"))
	rest := seq(opt(r("else")), opt(r("finally")))
	g.def("try",
		mistake(r("invalid_try")),
		seq(try, r("finally")),
		seq(try, plus(r("except")), rest),
		seq(try, plus(r("except_star")), rest))
	several := newer(seq(r("expression"), isOp(oComma), r("expressions")))
	g.def("except",
		mistake(r("invalid_except_indent")),
		seq(isKw(kExcept), r("expression"), r("as_name"), colon, r("block")),
		seq(isKw(kExcept), several, colon, r("block")),
		seq(isKw(kExcept), colon, r("block")),
		mistake(r("invalid_except")))
	g.def("except_star",
		mistake(r("invalid_except_star_indent")),
		seq(isKw(kExcept), isOp(oStar), r("expression"), r("as_name"), colon, r("block")),
		seq(isKw(kExcept), isOp(oStar), several, colon, r("block")),
		mistake(r("invalid_except")))
	g.def("finally", mistake(r("invalid_finally")), seq(isKw(kFinally), must(oColon, ":"), r("block")))
}

// patterns defines the match statement.
func (g *grammar) patterns() {
	r := g.r
	comma := opt(isOp(oComma))
	g.def("match",
		seq(soft("match"), r("subject"), isOp(oColon), newline, indent, plus(r("case")), dedent),
		mistake(r("invalid_match")))
	g.def("subject",
		seq(r("star_named_expression"), isOp(oComma), opt(r("star_named_expressions"))),
		r("named_expression"))
	g.def("case",
		mistake(r("invalid_case")),
		seq(soft("case"), r("patterns"), opt(r("guard")), isOp(oColon), r("block")))
	g.def("guard", seq(isKw(kIf), r("named_expression")))
	g.def("patterns", r("open_sequence"), r("pattern"))
	g.def("pattern", r("as_pattern"), r("or_pattern"))
	g.def("as_pattern",
		seq(r("or_pattern"), isKw(kAs), r("capture")),
		mistake(r("invalid_as_pattern")))
	g.def("or_pattern", list1(r("closed_pattern"), oVBar))
	g.memo("closed_pattern",
		r("literal_pattern"),
		r("capture"),
		soft("_"),
		seq(r("attr"), notAhead(anyOp(oDot, oLPar, oAssign))),
		seq(isOp(oLPar), r("pattern"), isOp(oRPar)),
		seq(isOp(oLSqb), opt(r("maybe_sequence")), isOp(oRSqb)),
		seq(isOp(oLPar), opt(r("open_sequence")), isOp(oRPar)),
		r("mapping_pattern"),
		r("class_pattern"))
	g.def("literal_pattern",
		seq(r("signed_number"), notAhead(anyOp(oPlus, oMinus))),
		seq(opt(isOp(oMinus)), complexPart(false), anyOp(oPlus, oMinus), complexPart(true)),
		g.r("strings"),
		anyKw(kNoneValue, kTrue, kFalse))
	g.def("signed_number", number, seq(isOp(oMinus), number))
	g.def("capture", seq(notAhead(soft("_")), name, notAhead(anyOp(oDot, oLPar, oAssign))))
	g.def("attr", seq(name, plus(seq(isOp(oDot), name))))
	g.def("open_sequence", seq(r("maybe_star"), isOp(oComma), opt(r("maybe_sequence"))))
	g.def("maybe_sequence", seq(list1(r("maybe_star"), oComma), comma))
	g.def("maybe_star", r("star_pattern"), r("pattern"))
	g.memo("star_pattern", seq(isOp(oStar), alt(r("capture"), soft("_"))))
	double := seq(isOp(oDStar), r("capture"))
	items := list1(seq(alt(r("literal_pattern"), r("attr")), isOp(oColon), r("pattern")), oComma)
	g.def("mapping_pattern",
		seq(isOp(oLBrace), isOp(oRBrace)),
		seq(isOp(oLBrace), double, comma, isOp(oRBrace)),
		seq(isOp(oLBrace), items, isOp(oComma), double, comma, isOp(oRBrace)),
		seq(isOp(oLBrace), items, comma, isOp(oRBrace)))
	g.def("positional_patterns", list1(r("pattern"), oComma))
	g.def("keyword_patterns", list1(seq(name, isOp(oAssign), r("pattern")), oComma))
	cls := seq(list1(name, oDot), isOp(oLPar))
	g.def("class_pattern",
		seq(cls, isOp(oRPar)),
		seq(cls, r("positional_patterns"), comma, isOp(oRPar)),
		seq(cls, r("keyword_patterns"), comma, isOp(oRPar)),
		seq(cls, r("positional_patterns"), isOp(oComma), r("keyword_patterns"), comma, isOp(oRPar)),
		mistake(r("invalid_class_pattern")))
}

// complexPart is the real or the imaginary number of a complex literal in a pattern.
func complexPart(imaginary bool) rule {
	return func(x *explainer) (*xnode, outcome) {
		n, out := number(x)
		if out != hit {
			return n, out
		}
		if _, is := x.p.numberValue(x.tokens[n.start]).(complex128); is != imaginary {
			if imaginary {
				x.at(n, "imaginary number required in complex literal")
			}
			x.at(n, "real number required in complex literal")
		}
		return n, out
	}
}

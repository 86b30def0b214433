package syntax

import "strings"

// hint tells what a refused text looks like where CPython's message does not: Python 2, or what word processors and web
// pages make of quotes and spaces. It is empty where there is nothing to add.
func hint(e *SyntaxError, text string) string {
	if what := python2(e, text); what != "" {
		return "This looks like Python 2: " + what
	}
	switch {
	case e.Type == "TabError":
		return "Indent the whole file in one way, best with spaces only: Python 2 took a tab for up to eight spaces, Python 3 does not guess."
	case strings.HasPrefix(e.Msg, "(unicode error) 'utf-8' codec"), strings.HasPrefix(e.Msg, "Non-UTF-8"):
		return "The file is not UTF-8. Save it as UTF-8, or name its encoding in its first line: # -*- coding: latin-1 -*-"
	case strings.HasSuffix(e.Msg, "null bytes"):
		return "The file is no plain text; perhaps it is UTF-16 or binary. Save it as UTF-8."
	case strings.HasPrefix(e.Msg, "invalid character '") || strings.HasPrefix(e.Msg, "invalid non-printable character"):
		return strangeCharacter(e.Msg)
	}
	return ""
}

// python2 says how Python 3 writes what is only Python 2.
func python2(e *SyntaxError, text string) string {
	at := min(e.Start, len(text))
	line := text[strings.LastIndexByte(text[:at], '\n')+1:]
	line, _, _ = strings.Cut(line, "\n")
	line = strings.TrimSpace(line)
	found := text[at:min(max(e.End, at), len(text))]
	switch {
	case strings.HasPrefix(e.Msg, "Missing parentheses in call to 'print'"):
		return "there print is a statement. Write print(…)."
	case strings.HasPrefix(e.Msg, "Missing parentheses in call to 'exec'"):
		return "there exec is a statement. Write exec(…)."
	case strings.HasPrefix(e.Msg, "leading zeros in decimal integer"):
		return "there 0777 is an octal number. Write 0o777."
	case strings.HasPrefix(e.Msg, "multiple exception types must be parenthesized"):
		return `there "except A, e" gives the exception a name. Write "except A as e".`
	case found == "<>":
		return "there <> means not equal. Write !=."
	case found == "`":
		return "there backticks are repr(…). Write repr(…)."
	case e.Msg == "invalid decimal literal" && strings.HasPrefix(strings.TrimLeft(text[at:], "0123456789"), "L"),
		e.Msg == "invalid hexadecimal literal" && strings.HasPrefix(strings.TrimLeft(text[at:], "0123456789abcdefABCDEF"), "L"):
		return "there 10L is a long integer. Leave out the L, all integers are long."
	case e.Msg == "invalid syntax" && strings.HasPrefix(line, "raise ") && found == ",":
		return `there "raise E, text" raises E(text). Write "raise E(text)".`
	case e.Msg == "invalid syntax" && strings.HasPrefix(line, "exec "):
		return "there exec is a statement. Write exec(…)."
	case e.Msg == "invalid syntax" && strings.HasPrefix(line, "print "):
		return "there print is a statement. Write print(…)."
	}
	if e.Msg == "invalid syntax" && (found != "" && (found[0] == '\'' || found[0] == '"')) && (strings.HasSuffix(text[:at], "ur") || strings.HasSuffix(text[:at], "UR")) {
		return "there ur'…' is a raw text. Write r'…', all strings are text."
	}
	return ""
}

// strangeCharacter names the way out for characters that come with text copied from elsewhere.
func strangeCharacter(msg string) string {
	_, code, _ := strings.Cut(msg, "U+")
	switch strings.TrimSuffix(code, ")") {
	case "2018", "2019", "201A", "201B", "2032", "00B4":
		return "This is a typographic quote, as word processors and web pages put it. Write '."
	case "201C", "201D", "201E", "201F", "2033", "00AB", "00BB":
		return `This is a typographic quote, as word processors and web pages put it. Write ".`
	case "2010", "2011", "2012", "2013", "2014", "2212":
		return "This is a dash, as word processors and web pages put it. Write the hyphen-minus -."
	case "2026":
		return "This is one character that looks like three dots. Write ... ."
	case "00A0", "2007", "202F":
		return "This is a no-break space, as it comes with text copied from web pages. Write a plain space."
	case "200B", "200C", "200D", "2060", "FEFF":
		return "This character is invisible; it comes with text copied from elsewhere. Delete it."
	}
	return ""
}

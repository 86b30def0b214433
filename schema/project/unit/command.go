package unit

import (
	"fmt"
	"strings"

	"gsrv/schema"
)

// commands reads the command lines of a key. One that systemd cannot read keeps the unit from being started.
func (g getter) commands(key string) (out []Command) {
	g.each(key, func(a *Assignment) {
		if a.Value == "" {
			out = nil
			return
		}
		list, complaints := parseCommands(a)
		out = append(out, list...)
		for _, c := range complaints {
			where := a.Sub(c.at.start, c.at.end)
			switch {
			case c.ignored && !templated(a.Value):
				g.r.warn(where, a.line, c.message, "invalid-command", c.advice)
			case !templated(a.Value):
				g.r.fail(where, a.line, c.message, "invalid-command", c.advice)
			}
		}
	})
	return out
}

// A complaint is what systemd says of a command; ignored tells that it goes on.
type complaint struct {
	message, advice string
	at              token
	ignored         bool
}

// parseCommands reads one assignment: commands parted by a lone semicolon.
func parseCommands(a *Assignment) (out []Command, said []complaint) {
	s := a.Value
	begin := 0
	escape := func(w token, from int) {
		said = append(said, complaint{fmt.Sprintf("Ignoring unknown escape sequences: \"%s\"", s[from:]), "Write two backslashes for one that is meant.", w, true})
	}
	for i := 0; i < len(s); {
		for i < len(s) && isSpace(s[i]) {
			i++
		}
		begin = i
		w, next, unknown, ok, bad := nextWord(s, i)
		if bad {
			return out, append(said, complaint{fmt.Sprintf("Unbalanced quoting, ignoring: \"%s\"", s[begin:]), "Close the quote: the unit is not started like this, unless the command has a dash in front.", w, true})
		}
		if !ok {
			return out, said
		}
		if unknown {
			escape(w, i)
		}
		i = next
		if w.text == ";" {
			continue
		}
		c := Command{Range: a.Range}
		path := w.text
		if m := placeholder().FindStringIndex(path); m == nil || m[0] != 0 {
			path = c.prefixes(path)
		}
		marked := templated(path)
		path, c.Open = specifiers(path)
		c.Open = c.Open || marked
		optional := ""
		if c.IgnoreFailure {
			optional = ", ignoring"
		}
		switch {
		case path == "":
			return out, append(said, complaint{fmt.Sprintf("Empty path in command line%s: '%s'", optional, s), "Name the program behind the prefix.", w, c.IgnoreFailure})
		case marked:
		case strings.ContainsAny(path, "\"'\\") || strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f }):
			return out, append(said, complaint{fmt.Sprintf("Executable name contains special characters%s: %s", optional, path), "Name the program without quotes, backslashes or control characters.", w, c.IgnoreFailure})
		case strings.HasSuffix(path, "/"):
			return out, append(said, complaint{fmt.Sprintf("Executable path specifies a directory%s: %s", optional, path), "Name the program.", w, c.IgnoreFailure})
		case !strings.HasPrefix(path, "/") && strings.Contains(path, "/") && !c.Open:
			return out, append(said, complaint{fmt.Sprintf("Neither a valid executable name nor an absolute path%s: %s", optional, path), "Give the whole path, beginning with a slash: a path is not looked up in WorkingDirectory=.", w, c.IgnoreFailure})
		}
		c.Path = schema.Word{Text: path, Range: a.Sub(w.start+len(c.Prefixes), w.end)}
		if !c.Argv0 {
			c.Words = append(c.Words, c.Path)
		}
		done := false
		for !done {
			for i < len(s) && isSpace(s[i]) {
				i++
			}
			switch {
			case i == len(s):
				done = true
			case s[i] == ';' && (i+1 == len(s) || isSpace(s[i+1])):
				i++
				done = true
			case strings.HasPrefix(s[i:], `\;`) && (i+2 == len(s) || isSpace(s[i+2])):
				c.Words = append(c.Words, schema.Word{Text: ";", Range: a.Sub(i, i+2)})
				i += 2
			default:
				w, next, unknown, _, bad := nextWord(s, i)
				if bad {
					return out, append(said, complaint{fmt.Sprintf("Unbalanced quoting, ignoring: \"%s\"", s[begin:]), "Close the quote: the unit is not started like this, unless the command has a dash in front.", w, c.IgnoreFailure})
				}
				if unknown {
					escape(w, i)
				}
				text, open := specifiers(w.text)
				c.Open = c.Open || open || templated(text)
				c.Words = append(c.Words, schema.Word{Text: text, Range: a.Sub(w.start, w.end)})
				i = next
			}
		}
		if len(c.Words) == 0 || c.Words[0].Text == "" {
			return out, append(said, complaint{fmt.Sprintf("Empty executable name or zeroeth argument%s: %s", optional, s), "Behind @ and the path stands the name that the program is given.", w, c.IgnoreFailure})
		}
		out = append(out, c)
	}
	return out, said
}

// prefixes takes the prefixes off a program.
func (c *Command) prefixes(s string) string {
	bang := 0
	for i := 0; i < len(s); i++ {
		switch b := s[i]; {
		case b == '-' && !c.IgnoreFailure:
			c.IgnoreFailure = true
		case b == '@' && !c.Argv0:
			c.Argv0 = true
		case b == ':' && !c.NoEnvironment:
			c.NoEnvironment = true
		case b == '+' && !c.Privileged:
			c.Privileged = true
		case b == '!' && (bang == 1 || bang == 0 && !c.Privileged):
			bang++
			c.Privileged = true
		default:
			c.Prefixes = s[:i]
			return s[i:]
		}
	}
	c.Prefixes = s
	return ""
}

// Expand puts variables in, as the manager does when it starts the command: ${NAME} anywhere, $NAME as a word of its
// own, parted at white space. A name that lookup does not know gives nothing, as with systemd, and is listed in unknown:
// it may come from an EnvironmentFile= that was not read, or from the manager.
func (c *Command) Expand(lookup func(string) (string, bool)) (words []schema.Word, unknown []string) {
	if c.NoEnvironment {
		return c.Words, nil
	}
	get := func(name string) string {
		v, ok := lookup(name)
		if !ok {
			unknown = append(unknown, name)
		}
		return v
	}
	for i, w := range c.Words {
		if name, ok := strings.CutPrefix(w.Text, "$"); ok && i > 0 && variableName().MatchString(name) {
			value := get(name)
			for j := 0; ; {
				part, next, _, ok, bad := nextWord(value, j)
				if !ok || bad || len(words) > 10_000 {
					break
				}
				words = append(words, schema.Word{Text: part.text, Range: w.Range})
				j = next
			}
			continue
		}
		words = append(words, schema.Word{Text: substitute(w.Text, get), Range: w.Range})
	}
	return words, unknown
}

// substitute replaces ${NAME} and $$ in a word.
func substitute(s string, get func(string) string) string {
	if !strings.Contains(s, "$") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] == '$' && i+1 < len(s) {
			if s[i+1] == '$' {
				b.WriteByte('$')
				i += 2
				continue
			}
			if s[i+1] == '{' {
				if n := strings.IndexByte(s[i:], '}'); n > 2 && variableName().MatchString(s[i+2:i+n]) {
					if b.Len() < 1<<20 {
						b.WriteString(get(s[i+2 : i+n]))
					}
					i += n + 1
					continue
				}
			}
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

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
		list, message, advice, at := parseCommands(a)
		out = append(out, list...)
		if message == "" {
			return
		}
		where := a.Sub(at.start, at.end)
		if strings.HasPrefix(message, "Ignoring unknown") {
			g.r.warn(where, a.line, message, "unknown-escape", advice)
			return
		}
		if templated(a.Value) {
			return
		}
		if strings.Contains(message, "ignoring") {
			g.r.warn(where, a.line, message, "invalid-command", advice)
			return
		}
		g.r.fail(where, a.line, message, "invalid-command", advice)
	})
	return out
}

// parseCommands reads one assignment: commands parted by a lone semicolon.
func parseCommands(a *Assignment) (out []Command, message, advice string, at token) {
	s := a.Value
	for i := 0; i < len(s); {
		w, next, unknown, ok, bad := nextWord(s, i)
		if bad {
			return out, fmt.Sprintf("Unbalanced quoting, ignoring: \"%s\"", s[i:]), "Close the quote. The unit is not started like this.", w
		}
		if !ok {
			return out, message, advice, at
		}
		escape := func(w token, from int) {
			if message == "" {
				message, advice, at = fmt.Sprintf("Ignoring unknown escape sequences: \"%s\"", s[from:]), "Write two backslashes for one that is meant.", w
			}
		}
		if unknown {
			escape(w, i)
		}
		i = next
		if w.text == ";" {
			continue
		}
		c := Command{Range: a.Range}
		path := c.prefixes(w.text)
		path, c.Open = specifiers(path)
		optional := ""
		if c.IgnoreFailure {
			optional = ", ignoring"
		}
		switch {
		case path == "":
			return out, fmt.Sprintf("Empty path in command line%s: \"%s\"", optional, s), "Name the program behind the prefix.", w
		case strings.HasSuffix(path, "/"):
			return out, fmt.Sprintf("The executable path specifies a directory%s: \"%s\"", optional, path), "Name the program.", w
		case !strings.HasPrefix(path, "/") && strings.Contains(path, "/") && !c.Open:
			return out, fmt.Sprintf("Neither a valid executable name nor an absolute path%s: %s", optional, path), "Give the whole path, beginning with a slash: a path is not looked up in WorkingDirectory=.", w
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
					return out, fmt.Sprintf("Unbalanced quoting, ignoring: \"%s\"", s[i:]), "Close the quote. The unit is not started like this.", w
				}
				if unknown {
					escape(w, i)
				}
				text, open := specifiers(w.text)
				c.Open = c.Open || open
				c.Words = append(c.Words, schema.Word{Text: text, Range: a.Sub(w.start, w.end)})
				i = next
			}
		}
		if len(c.Words) == 0 || c.Words[0].Text == "" {
			return out, fmt.Sprintf("Empty executable name or zeroeth argument%s: %s", optional, s), "Behind @ and the path stands the name that the program is given.", w
		}
		out = append(out, c)
	}
	return out, message, advice, at
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

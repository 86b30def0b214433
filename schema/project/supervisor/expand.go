package supervisor

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"gsrv/schema/ini"
)

// maxExpanded bounds an expanded value in bytes.
const maxExpanded = 1 << 20

// A mapped text knows for each of its bytes which byte of the key's value it comes from.
type mapped struct {
	text string
	at   []int // len(text)+1 offsets
	open bool
}

// plainMapped is a value before expansion.
func plainMapped(text string) mapped {
	m := mapped{text: text, at: make([]int, len(text)+1)}
	for i := range m.at {
		m.at[i] = i
	}
	return m
}

// expandError is what Python's formatting objects to.
type expandError struct{ message string }

func (e *expandError) Error() string { return e.message }

// names are what %(name)s may stand for. A value is a string, or an int64 for process_num and numprocs.
type names struct {
	values map[string]any
	// openEnv tells that variables beyond those listed may exist.
	openEnv bool
}

func (n names) with(more map[string]any) names {
	out := names{values: map[string]any{}, openEnv: n.openEnv}
	for k, v := range n.values {
		out.values[k] = v
	}
	for k, v := range more {
		out.values[k] = v
	}
	return out
}

// open marks a name that exists with a value that is not known.
type open struct{}

// expand puts the names' values in, as Python's % operator with a dictionary does. option is the name in the message.
func expand(m mapped, n names, option string) (mapped, *expandError) {
	if !strings.Contains(m.text, "%") {
		return m, nil
	}
	out := mapped{open: m.open}
	var b strings.Builder
	put := func(s string, at int, each bool) {
		for j := range len(s) {
			if each {
				out.at = append(out.at, m.at[at+j])
			} else {
				out.at = append(out.at, m.at[at])
			}
		}
		b.WriteString(s)
	}
	bad := func(why string) *expandError {
		return &expandError{fmt.Sprintf("Format string %s for %s is badly formatted: %s", ini.PythonRepr(m.text), ini.PythonRepr(option), why)}
	}
	s := m.text
	for i := 0; i < len(s); {
		if s[i] != '%' {
			put(s[i:i+1], i, true)
			i++
			continue
		}
		start := i
		i++
		name, hasName := "", false
		if i < len(s) && s[i] == '(' {
			depth, j := 1, i+1
			for j < len(s) && depth > 0 {
				switch s[j] {
				case '(':
					depth++
				case ')':
					depth--
				}
				j++
			}
			if depth > 0 {
				return m, bad("incomplete format key")
			}
			name, hasName = s[i+1:j-1], true
			i = j
			if _, ok := n.values[name]; !ok && !(n.openEnv && strings.HasPrefix(name, "ENV_")) {
				known := make([]string, 0, len(n.values))
				for k := range n.values {
					known = append(known, k)
				}
				sort.Strings(known)
				return m, &expandError{fmt.Sprintf("Format string %s for %s contains names (%s) which cannot be expanded. Available names: %s", ini.PythonRepr(m.text), ini.PythonRepr(option), ini.PythonRepr(name), strings.Join(known, ", "))}
			}
		}
		flags := i
		for i < len(s) && strings.IndexByte("-+ #0", s[i]) >= 0 {
			i++
		}
		width := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		if i < len(s) && s[i] == '*' {
			return m, bad("* wants int")
		}
		digits := s[width:i]
		precision := -1
		if i < len(s) && s[i] == '.' {
			j := i + 1
			for j < len(s) && s[j] >= '0' && s[j] <= '9' {
				j++
			}
			precision, _ = strconv.Atoi(s[i+1 : j])
			i = j
		}
		for i < len(s) && strings.IndexByte("hlL", s[i]) >= 0 {
			i++
		}
		if i == len(s) {
			return m, bad("incomplete format")
		}
		verb := s[i]
		i++
		if verb == '%' {
			put("%", start, false)
			continue
		}
		if !hasName {
			if verb == 's' || verb == 'r' || verb == 'a' { // Python writes the dictionary itself
				put(s[start:i], start, true)
				out.open = true
				continue
			}
			return m, bad(plainVerb(verb, i-1))
		}
		value, ok := n.values[name]
		if _, unknown := value.(open); unknown || !ok {
			put(s[start:i], start, true)
			out.open = true
			continue
		}
		text, why := format(value, verb, s[flags:width], digits, precision, i-1)
		if why != "" {
			return m, bad(why)
		}
		if b.Len()+len(text) > maxExpanded {
			return m, bad("the value is longer than a megabyte")
		}
		put(text, start, false)
	}
	out.at = append(out.at, m.at[len(m.text)])
	out.text = b.String()
	return out, nil
}

func plainVerb(verb byte, at int) string {
	switch verb {
	case 'd', 'i', 'u':
		return fmt.Sprintf("%%%c format: a real number is required, not dict", verb)
	case 'x', 'X', 'o':
		return fmt.Sprintf("%%%c format: an integer is required, not dict", verb)
	case 'e', 'E', 'f', 'F', 'g', 'G':
		return "must be real number, not dict"
	case 'c':
		return "%c requires int or char"
	}
	return unsupported(verb, at)
}

func unsupported(verb byte, at int) string {
	return fmt.Sprintf("unsupported format character '%c' (0x%x) at index %d", verb, verb, at)
}

// format writes one value.
func format(value any, verb byte, flags, width string, precision, at int) (text, why string) {
	left, zero := strings.Contains(flags, "-"), strings.Contains(flags, "0")
	n, number := value.(int64)
	switch verb {
	case 's', 'a', 'r':
		if number {
			text = strconv.FormatInt(n, 10)
		} else if text = value.(string); verb != 's' {
			text = ini.PythonRepr(text)
		}
		if precision >= 0 && precision < len(text) {
			text = text[:precision]
		}
		zero = false
	case 'd', 'i', 'u':
		if !number {
			return "", fmt.Sprintf("%%%c format: a real number is required, not str", verb)
		}
		text = strconv.FormatInt(n, 10)
		if precision > len(text) {
			text = strings.Repeat("0", min(precision, 4096)-len(text)) + text
		}
		switch {
		case strings.Contains(flags, "+"):
			text = "+" + text
		case strings.Contains(flags, " "):
			text = " " + text
		}
	case 'x', 'X', 'o':
		if !number {
			return "", fmt.Sprintf("%%%c format: an integer is required, not str", verb)
		}
		text = strconv.FormatInt(n, map[byte]int{'x': 16, 'X': 16, 'o': 8}[verb])
		if verb == 'X' {
			text = strings.ToUpper(text)
		}
	default:
		if slices.Contains([]byte("eEfFgGc"), verb) {
			return "", "this conversion is not supported"
		}
		return "", unsupported(verb, at)
	}
	w, _ := strconv.Atoi(width)
	if pad := min(w, 4096) - len(text); pad > 0 {
		switch {
		case left:
			text += strings.Repeat(" ", pad)
		case zero:
			text = strings.Repeat("0", pad) + text
		default:
			text = strings.Repeat(" ", pad) + text
		}
	}
	return text, ""
}

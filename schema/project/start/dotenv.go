package start

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// A setting is one line of an environment file.
type setting struct {
	name  string
	value Value
	bare  bool // a name without "="
}

// envFile reads NAME=value lines as Compose and honcho do: "export " in front is allowed, quotes are taken off,
// " #" begins a comment behind an unquoted value.
func envFile(src *source) (list []setting) {
	text := src.text
	for pos := 0; pos < len(text) && len(list) < 5_000; {
		end := lineEnd(text, pos)
		line := strings.TrimRight(text[pos:end], "\r\n")
		start := pos
		pos = end
		trimmed := strings.TrimLeft(line, " \t\ufeff")
		start += len(line) - len(trimmed)
		if rest, ok := strings.CutPrefix(trimmed, "export "); ok {
			start += len(trimmed) - len(strings.TrimLeft(rest, " \t"))
			trimmed = strings.TrimLeft(rest, " \t")
		}
		if trimmed == "" || trimmed[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(trimmed, "=")
		name = strings.TrimSpace(name)
		if !isName(name) {
			continue
		}
		at := src.at(start, start+len(trimmed))
		if !ok {
			list = append(list, setting{name: name, bare: true, value: Value{Range: at}})
			continue
		}
		list = append(list, setting{name: name, value: dotenvValue(strings.TrimLeft(value, " \t"), at)})
	}
	return list
}

func dotenvValue(raw string, at hcl.Range) Value {
	if raw != "" && (raw[0] == '"' || raw[0] == '\'') {
		quote := raw[0]
		var b strings.Builder
		for i := 1; i < len(raw); i++ {
			switch {
			case raw[i] == quote:
				return Value{Text: b.String(), Range: at, Open: quote == '"' && strings.Contains(b.String(), "$")}
			case raw[i] == '\\' && quote == '"' && i+1 < len(raw):
				i++
				if raw[i] == 'n' {
					b.WriteByte('\n')
				} else {
					b.WriteByte(raw[i])
				}
			default:
				b.WriteByte(raw[i])
			}
		}
		return Value{Text: strings.TrimSpace(raw), Range: at, Open: true} // goes on on the next line
	}
	if i := strings.Index(raw, " #"); i >= 0 {
		raw = raw[:i]
	}
	raw = strings.TrimSpace(raw)
	return Value{Text: raw, Range: at, Open: strings.Contains(raw, "$")}
}

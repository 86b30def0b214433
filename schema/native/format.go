package native

import (
	"bytes"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/rogpeppe/go-internal/diff"
)

// formatRounds bounds how often the layout is computed until it no longer changes.
const formatRounds = 4

// Format lays a configuration out in the one canonical way: two spaces for each level, equals signs aligned, one
// blank line at most and none at the ends of a block or file, LF line ends, no byte order mark. Comments and every
// token stay. A text that does not parse is given back as it is, with the reasons.
func Format(src []byte) ([]byte, hcl.Diagnostics) { return FormatFile("", src) }

// FormatFile is Format with the file's name in the diagnostics.
func FormatFile(name string, src []byte) ([]byte, hcl.Diagnostics) {
	t, diags := check(name, src)
	if t == nil {
		return src, diags
	}
	_, more := hclsyntax.ParseConfig(t.masked, name, hcl.InitialPos)
	if diags = syntaxProblems(append(diags, more...)); diags.HasErrors() {
		return src, diags
	}
	out := bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	out = bytes.ReplaceAll(out, []byte("\r\n"), []byte("\n"))
	for range formatRounds {
		next := blankLines(hclwrite.Format(out))
		if bytes.Equal(next, out) {
			break
		}
		out = next
	}
	if !sameTokens(src, out) {
		return src, nil // layout must never change what a file says
	}
	return out, nil
}

// Diff gives the unified difference between a file and its formatted text; empty where there is none.
func Diff(name string, before, after []byte) []byte {
	return diff.Diff(name, before, name+" (formatted)", after)
}

// blankLines keeps one blank line of several, and none after an opening brace, before a closing one, or at the ends
// of the file.
func blankLines(src []byte) []byte {
	tokens, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos)
	var out bytes.Buffer
	end := 0
	newlines := 1 // as if a line had just ended, with a brace before it
	opened := true
	for i, t := range tokens {
		gap := src[end:t.Range.Start.Byte]
		end = t.Range.End.Byte
		switch t.Type {
		case hclsyntax.TokenNewline:
			if newlines >= 2 || newlines == 1 && (opened || closes(tokens[i+1:])) {
				continue
			}
			newlines++
			out.Write(bytes.TrimRight(gap, " \t"))
			out.WriteByte('\n')
			continue
		case hclsyntax.TokenEOF:
			continue
		}
		out.Write(gap)
		if t.Type == hclsyntax.TokenComment && !bytes.HasPrefix(t.Bytes, []byte("/*")) {
			out.Write(bytes.TrimRight(t.Bytes, " \t\r\n"))
			if bytes.HasSuffix(t.Bytes, []byte("\n")) {
				out.WriteByte('\n')
			}
		} else {
			out.Write(t.Bytes)
		}
		newlines, opened = 0, t.Type == hclsyntax.TokenOBrace
		if t.Type == hclsyntax.TokenComment && bytes.HasSuffix(t.Bytes, []byte("\n")) {
			newlines = 1
			opened = false
		}
		if t.Type == hclsyntax.TokenCHeredoc && bytes.HasSuffix(t.Bytes, []byte("\n")) {
			newlines = 1
		}
	}
	text := out.Bytes()
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(text, '\n')
	}
	return text
}

// closes tells whether nothing but line ends stands before a closing brace or the end of the file.
func closes(rest hclsyntax.Tokens) bool {
	for _, t := range rest {
		switch t.Type {
		case hclsyntax.TokenNewline:
			continue
		case hclsyntax.TokenCBrace, hclsyntax.TokenEOF:
			return true
		}
		return false
	}
	return true
}

// sameTokens tells whether two texts say the same, line ends and blank lines aside.
func sameTokens(a, b []byte) bool {
	x, y := words(a), words(b)
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i].Type != y[i].Type || !bytes.Equal(trimmed(x[i]), trimmed(y[i])) {
			return false
		}
	}
	return true
}

func words(src []byte) hclsyntax.Tokens {
	src = bytes.ReplaceAll(bytes.TrimPrefix(src, []byte("\xef\xbb\xbf")), []byte("\r\n"), []byte("\n"))
	tokens, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos)
	var out hclsyntax.Tokens
	for _, t := range tokens {
		if t.Type != hclsyntax.TokenNewline {
			out = append(out, t)
		}
	}
	return out
}

func trimmed(t hclsyntax.Token) []byte {
	if t.Type == hclsyntax.TokenComment || t.Type == hclsyntax.TokenCHeredoc || t.Type == hclsyntax.TokenOHeredoc {
		return bytes.TrimSpace(t.Bytes)
	}
	return t.Bytes
}

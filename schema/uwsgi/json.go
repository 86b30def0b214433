package uwsgi

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// maxNesting bounds how deep values may be nested; uWSGI takes nothing below the second level.
const maxNesting = 10_000

// jsonReader reads JSON as yajl does, the library of uWSGI's usual builds: repeated keys are kept in order, numbers
// keep their text, comments are allowed, and nothing may follow the value.
type jsonReader struct {
	r    *reader
	src  *source
	t    text
	at   int
	fail string
}

// jsonValue is a value as far as uWSGI looks at it.
type jsonValue struct {
	kind   byte // one of " n t f 0 [ {
	text   text
	items  []jsonValue
	keys   []text
	at, to int
}

func (r *reader) readJSON(src *source, t text, asked string, where hcl.Range) {
	t = t.cstring()
	j := &jsonReader{r: r, src: src, t: t}
	v := j.value(0)
	if j.fail == "" {
		j.blank()
		if j.at < len(t.s) {
			j.fail = "something follows the end of the value"
		}
	}
	if j.fail != "" {
		at := j.place(j.at, j.at+1)
		r.refuse("syntax-error", at, "JSON cannot be read", "error parsing JSON data", "uWSGI exits: %s.", j.fail)
		return
	}
	var root *jsonValue
	for i, k := range v.keys {
		if k.s == asked {
			root = &v.items[i]
			break
		}
	}
	if v.kind != '{' || root == nil || root.kind != '{' {
		at := where
		if root != nil {
			at = j.place(root.at, root.to)
		} else if v.kind == '{' {
			at = j.place(v.at, v.at+1)
		}
		r.refuse("section-missing", at, "No object with the options", fmt.Sprintf("you must define a object named %s in your JSON data", asked),
			"uWSGI takes its options from the object %q of the file's outermost object, there is none, and it exits. Write {%q: {…}}.", asked, asked)
		return
	}
	for i, k := range root.keys {
		item := root.items[i]
		values := []jsonValue{item}
		if item.kind == '[' {
			values = item.items
		}
		for _, x := range values {
			switch x.kind {
			case '"', '0':
				r.add(&entry{key: k, val: x.text.cstring(), raw: x.text, valRange: j.place(x.at, x.to)})
			case 't':
				r.add(&entry{key: k, val: plain("1"), raw: x.text, valRange: j.place(x.at, x.to)})
			case 'f', 'n':
				r.add(&entry{key: k, val: plain("0"), raw: x.text, valRange: j.place(x.at, x.to)})
			default:
				r.warn("value-ignored", j.place(x.at, x.to), "Nested value",
					"uWSGI takes text, numbers, true, false, null and lists of these, and silently ignores this value: %s is not set. Write it as text.", k.s)
			}
		}
	}
}

func (j *jsonReader) place(from, to int) hcl.Range {
	t := j.t.slice(min(from, len(j.t.s)), min(to, len(j.t.s)))
	if at := t.rng(); at.Filename != "" {
		return at
	}
	return j.src.rng(len(j.src.text), len(j.src.text))
}

func (j *jsonReader) blank() {
	s := j.t.s
	for j.at < len(s) {
		switch {
		case strings.IndexByte(" \t\n\v\f\r", s[j.at]) >= 0:
			j.at++
		case strings.HasPrefix(s[j.at:], "//"):
			if i := strings.IndexByte(s[j.at:], '\n'); i >= 0 {
				j.at += i
			} else {
				j.at = len(s)
			}
		case strings.HasPrefix(s[j.at:], "/*"):
			i := strings.Index(s[j.at+2:], "*/")
			if i < 0 {
				j.fail = "the comment does not end"
				return
			}
			j.at += i + 4
		default:
			return
		}
	}
}

func (j *jsonReader) value(depth int) (v jsonValue) {
	j.blank()
	v.at = j.at
	defer func() { v.to = j.at }()
	if j.fail != "" {
		return v
	}
	s := j.t.s
	if j.at >= len(s) {
		j.fail = "the file ends where a value should be"
		return v
	}
	if depth > maxNesting {
		j.fail = "values are nested too deep"
		return v
	}
	c := s[j.at]
	v.kind = c
	switch {
	case c == '{' || c == '[':
		j.at++
		j.collection(&v, depth)
	case c == '"':
		v.text = j.quoted()
	case c == '-' || c >= '0' && c <= '9':
		v.kind = '0'
		v.text = j.number()
	default:
		for _, word := range []string{"true", "false", "null"} {
			if strings.HasPrefix(s[j.at:], word) {
				v.text = j.t.slice(j.at, j.at+len(word))
				j.at += len(word)
				return v
			}
		}
		r, _ := utf8.DecodeRuneInString(s[j.at:])
		j.fail = fmt.Sprintf("%q cannot stand here", r)
	}
	return v
}

func (j *jsonReader) collection(v *jsonValue, depth int) {
	end := byte('}')
	if v.kind == '[' {
		end = ']'
	}
	for first := true; ; first = false {
		j.blank()
		if j.fail != "" {
			return
		}
		if j.at >= len(j.t.s) {
			j.fail = fmt.Sprintf("the file ends before the %q that closes this", end)
			return
		}
		if j.t.s[j.at] == end && first {
			j.at++
			return
		}
		if v.kind == '{' {
			if j.t.s[j.at] != '"' {
				j.fail = "a key in double quotes must stand here"
				return
			}
			key := j.quoted()
			v.keys = append(v.keys, key.cstring())
			j.blank()
			if j.fail == "" && (j.at >= len(j.t.s) || j.t.s[j.at] != ':') {
				j.fail = "a colon must follow the key"
			}
			if j.fail != "" {
				return
			}
			j.at++
		}
		item := j.value(depth + 1)
		if j.fail != "" {
			return
		}
		v.items = append(v.items, item)
		j.blank()
		if j.fail != "" {
			return
		}
		switch {
		case j.at < len(j.t.s) && j.t.s[j.at] == ',':
			j.at++
		case j.at < len(j.t.s) && j.t.s[j.at] == end:
			j.at++
			return
		default:
			j.fail = fmt.Sprintf("a comma or %q must stand here", end)
			return
		}
	}
}

func (j *jsonReader) number() text {
	s, from := j.t.s, j.at
	digits := func() bool {
		n := j.at
		for j.at < len(s) && s[j.at] >= '0' && s[j.at] <= '9' {
			j.at++
		}
		return j.at > n
	}
	if s[j.at] == '-' {
		j.at++
	}
	if j.at < len(s) && s[j.at] == '0' {
		j.at++
	} else if !digits() {
		j.fail = "digits must follow the minus sign"
	}
	if j.fail == "" && j.at < len(s) && s[j.at] == '.' {
		j.at++
		if !digits() {
			j.fail = "digits must follow the decimal point"
		}
	}
	if j.fail == "" && j.at < len(s) && (s[j.at] == 'e' || s[j.at] == 'E') {
		j.at++
		if j.at < len(s) && (s[j.at] == '+' || s[j.at] == '-') {
			j.at++
		}
		if !digits() {
			j.fail = "digits must follow the exponent"
		}
	}
	return j.t.slice(from, j.at)
}

// quoted reads a string; the parts without escapes keep their place.
func (j *jsonReader) quoted() text {
	s := j.t.s
	j.at++
	var parts []text
	from := j.at
	for j.at < len(s) {
		c := s[j.at]
		switch {
		case c == '"':
			parts = append(parts, j.t.slice(from, j.at))
			j.at++
			return join(parts...)
		case c == '\\':
			parts = append(parts, j.t.slice(from, j.at), j.escape())
			from = j.at
		case c < 0x20 && c != 0:
			j.fail = "control characters must be written as escapes in strings"
		case c < 0x80:
			j.at++
		default:
			n := map[bool]int{true: 1}[c>>5 == 6] + map[bool]int{true: 2}[c>>4 == 14] + map[bool]int{true: 3}[c>>3 == 30]
			for k := 1; k <= n; k++ {
				if j.at+k >= len(s) || s[j.at+k]>>6 != 2 {
					n = 0
				}
			}
			if n == 0 {
				j.fail = "the string is not valid UTF-8"
			}
			j.at += n + 1
		}
		if j.fail != "" {
			return text{}
		}
	}
	j.fail = "the string does not end"
	return text{}
}

func (j *jsonReader) escape() text {
	s, from := j.t.s, j.at
	hex := func(at int) (n rune, ok bool) {
		if at+6 > len(s) || s[at] != '\\' || s[at+1] != 'u' {
			return 0, false
		}
		for _, c := range []byte(s[at+2 : at+6]) {
			k := strings.IndexByte("0123456789abcdef", c|0x20)
			if k < 0 {
				return 0, false
			}
			n = n<<4 | rune(k)
		}
		return n, true
	}
	out := ""
	switch k := strings.IndexByte(`"\/bfnrtu`, (s + "\x01")[min(j.at+1, len(s))]); {
	case k < 0:
		j.fail = "there is no such escape"
		return text{}
	case k < 8:
		out = string("\"\\/\b\f\n\r\t"[k])
		j.at += 2
	default:
		n, ok := hex(j.at)
		if !ok {
			j.fail = `four hexadecimal digits must follow \u`
			return text{}
		}
		j.at += 6
		if n&0xfc00 == 0xd800 {
			low, ok := hex(j.at)
			if !ok {
				out = "?"
				break
			}
			j.at += 6
			n = (n&0x3f)<<10 | (n>>6&0xf+1)<<16 | low&0x3ff
		}
		out = string(n)
	}
	piece := j.t.slice(from, j.at)
	t := plain(out)
	if out != "" && len(piece.segs) > 0 && piece.segs[0].src != nil {
		g := piece.segs[0]
		return t.placed(g.src, g.from, piece.segs[len(piece.segs)-1].to)
	}
	return t
}

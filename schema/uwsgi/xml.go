package uwsgi

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// xmlNode is an element's child as libxml2's tree has it, as far as uWSGI looks at it.
type xmlNode struct {
	// kind is e for an element, t for text, c for a comment, d for CDATA, p for an instruction.
	kind     byte
	name     string
	attrs    map[string]string
	content  text
	children []*xmlNode
	from, to int
}

// readXML takes the children of the uwsgi element for options. The element is the root, or the first one of that name
// below it; an id chooses between several, and between options.
func (r *reader) readXML(src *source, t text, id string, byID bool, where hcl.Range) {
	root, err := parseXML(t)
	place := func(from, to int) hcl.Range {
		if at := t.slice(min(from, len(t.s)), min(to, len(t.s))).rng(); at.Filename != "" {
			return at
		}
		return src.rng(len(src.text), len(src.text))
	}
	if err != nil {
		var bad *xmlProblem
		at := where
		if errors.As(err, &bad) {
			at = place(bad.at, bad.at+1)
		}
		r.refuse("syntax-error", at, "XML cannot be read", fmt.Sprintf("[uWSGI] could not parse file %s.", src.name), "uWSGI exits: %v.", err)
		return
	}
	element := root
	if root.name != "uwsgi" {
		element = nil
		for _, c := range root.children {
			if c.kind == 'e' && c.name == "uwsgi" && !skipID(c, id, byID) {
				element = c
				break
			}
		}
		if element == nil {
			r.refuse("section-missing", place(root.from, root.from+1), "No uwsgi element", "[uWSGI] invalid xml root element, <uwsgi> expected.",
				"uWSGI takes its options from the element <uwsgi>, which must be the outermost one or a child of it, and exits without it.")
			return
		}
	}
	for _, c := range element.children {
		if skipID(c, id, byID) {
			continue
		}
		at := place(c.from, c.to)
		if c.kind == 'd' && c.content.s != "" {
			r.add(&entry{key: plain("eval"), val: c.content, raw: c.content, keyRange: at, valRange: at})
		}
		if c.kind != 'e' {
			continue
		}
		if c.name == "app" {
			r.xmlApp(c, at)
			continue
		}
		e := &entry{key: plain(c.name), keyRange: at, valRange: at, val: plain("1")}
		if len(c.children) > 0 {
			first := c.children[0]
			if first.kind == 'e' {
				r.crash(e, "The element <%s> holds the element <%s> instead of text", c.name, first.name)
				return
			}
			e.val = first.content.cstring()
			if place := first.content.rng(); place.Filename != "" {
				e.valRange = place
			}
		}
		e.raw = e.val
		r.add(e)
	}
}

func skipID(n *xmlNode, id string, byID bool) bool {
	have, ok := n.attrs["id"]
	return byID && ok && have != id
}

// xmlApp is the old form <app mountpoint="/x"><script>…</script></app>.
func (r *reader) xmlApp(c *xmlNode, at hcl.Range) {
	app := &entry{key: plain("app"), keyRange: at, valRange: at}
	var content *text
	switch {
	case len(c.children) == 0:
		r.add(app)
		return
	case len(c.children) == 1 && c.children[0].kind != 'e':
		content = &c.children[0].content
	case len(c.children) > 1 && len(c.children[1].children) > 0 && c.children[1].children[0].kind != 'e':
		content = &c.children[1].children[0].content
	}
	if content == nil {
		return
	}
	val := content.cstring()
	if m, ok := c.attrs["mountpoint"]; ok {
		val = join(plain(m+"="), val)
	} else if d, ok := c.attrs["domain"]; ok {
		val = join(plain(d+"|="), val)
	}
	r.add(&entry{key: plain("mount"), val: val, raw: val, keyRange: at, valRange: at})
	r.add(app)
}

type xmlProblem struct {
	at  int
	why string
}

func (p *xmlProblem) Error() string { return p.why }

// parseXML builds the tree of a text. Text between two tags is one child; a CDATA section and a comment are ones of
// their own.
func parseXML(t text) (*xmlNode, error) {
	// The byte for what is not known on the host is none that XML allows; DEL stands in for it.
	d := xml.NewDecoder(strings.NewReader(strings.ReplaceAll(t.s, unknown, "\x7f")))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var root *xmlNode
	var open []*xmlNode
	for count := 0; ; count++ {
		from := int(d.InputOffset())
		tok, err := d.RawToken()
		to := int(d.InputOffset())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, &xmlProblem{at: to, why: strings.TrimPrefix(err.Error(), "XML syntax ")}
		}
		if count > 4*maxEntries || len(open) > maxNesting {
			return nil, &xmlProblem{at: to, why: "the document is too large"}
		}
		var node *xmlNode
		switch tok := tok.(type) {
		case xml.StartElement:
			node = &xmlNode{kind: 'e', name: tok.Name.Local, attrs: map[string]string{}}
			if tok.Name.Space != "" {
				// Without a declared namespace libxml2 keeps the prefix in the name.
				node.name = tok.Name.Space + ":" + tok.Name.Local
			}
			for _, a := range tok.Attr {
				if _, twice := node.attrs[a.Name.Local]; twice {
					return nil, &xmlProblem{at: from, why: "an attribute is given twice"}
				}
				node.attrs[a.Name.Local] = a.Value
			}
		case xml.EndElement:
			name := tok.Name.Local
			if tok.Name.Space != "" {
				name = tok.Name.Space + ":" + name
			}
			if len(open) == 0 || open[len(open)-1].name != name {
				return nil, &xmlProblem{at: from, why: fmt.Sprintf("</%s> closes no open element", name)}
			}
			open[len(open)-1].to = to
			open = open[:len(open)-1]
			continue
		case xml.CharData:
			raw := t.s[from:to]
			node = &xmlNode{kind: 't', content: xmlText(t, from, to, string(tok))}
			if strings.HasPrefix(raw, "<![CDATA[") {
				node.kind = 'd'
				node.content = t.slice(from+len("<![CDATA["), max(from+len("<![CDATA["), to-len("]]>")))
			}
			if len(open) == 0 {
				if node.kind == 'd' || strings.TrimLeft(string(tok), " \t\r\n") != "" {
					return nil, &xmlProblem{at: from, why: "text stands outside the outermost element"}
				}
				continue
			}
		case xml.Comment:
			node = &xmlNode{kind: 'c', content: t.slice(from+len("<!--"), to-len("-->"))}
		case xml.ProcInst:
			if tok.Target == "xml" {
				if from > 0 {
					return nil, &xmlProblem{at: from, why: "the XML declaration must be the first thing in the file"}
				}
				continue
			}
			node = &xmlNode{kind: 'p', content: plain(string(tok.Inst))}
		default:
			continue
		}
		node.from, node.to = from, to
		if len(open) > 0 {
			parent := open[len(open)-1]
			parent.children = append(parent.children, node)
		} else if node.kind == 'e' {
			if root != nil {
				return nil, &xmlProblem{at: from, why: "there is more than one outermost element"}
			}
			root = node
		}
		if node.kind == 'e' {
			open = append(open, node)
		}
	}
	switch {
	case len(open) > 0:
		return nil, &xmlProblem{at: open[len(open)-1].from, why: fmt.Sprintf("<%s> is not closed", open[len(open)-1].name)}
	case root == nil:
		return nil, &xmlProblem{at: 0, why: "there is no element"}
	}
	return root, nil
}

// xmlText gives a text's characters, with the place of the whole where it holds references such as &amp;.
func xmlText(t text, from, to int, value string) text {
	raw := t.slice(from, to)
	if strings.ReplaceAll(raw.s, unknown, "\x7f") == value {
		return raw
	}
	out := plain(value)
	if raw.literal() && len(raw.segs) > 0 && raw.segs[0].src != nil && value != "" {
		return out.placed(raw.segs[0].src, raw.segs[0].from, raw.segs[len(raw.segs)-1].to)
	}
	return out
}

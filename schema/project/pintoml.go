package project

import (
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// A tomlEntry is one key of a TOML document with its value.
type tomlEntry struct {
	// table is the path of the table it stands in; header counts the table headers so far, so that the entries of one
	// [[package]] share a number.
	table  []string
	header int
	key    []string
	keyEnd unstable.Range
	value  *unstable.Node
}

// eachTOML gives the entries of a document in order. The nodes are good only until yield returns. A fault ends the
// reading; what stood before it has been given.
func eachTOML(text []byte, yield func(tomlEntry)) error {
	var p unstable.Parser
	p.Reset(text)
	var e tomlEntry
	for p.NextExpression() {
		node := p.Expression()
		switch node.Kind {
		case unstable.Table, unstable.ArrayTable:
			e.table, _ = keyPath(node)
			e.header++
		case unstable.KeyValue:
			e.key, e.keyEnd = keyPath(node)
			e.value = node.Value()
			yield(e)
		}
	}
	return tomlError(p.Error(), text)
}

func keyPath(node *unstable.Node) (path []string, last unstable.Range) {
	it := node.Key()
	for it.Next() {
		path = append(path, string(it.Node().Data))
		last = it.Node().Raw
	}
	return path, last
}

// A tomlString is a string of a document and where its characters begin in it.
type tomlString struct {
	text  string
	start int
	end   int
}

func stringOf(node *unstable.Node) (tomlString, bool) {
	if node == nil || node.Kind != unstable.String {
		return tomlString{}, false
	}
	start, length := int(node.Raw.Offset), int(node.Raw.Length)
	quotes := 1
	if length >= 6 && length-len(node.Data) >= 6 {
		quotes = 3
	}
	return tomlString{text: string(node.Data), start: start + quotes, end: start + length - quotes}, true
}

// stringsOf gives the strings of an array.
func stringsOf(node *unstable.Node) []tomlString {
	if node == nil || node.Kind != unstable.Array {
		return nil
	}
	var out []tomlString
	it := node.Children()
	for it.Next() {
		if s, ok := stringOf(it.Node()); ok {
			out = append(out, s)
		}
	}
	return out
}

// fields gives the entries of an inline table.
func fields(node *unstable.Node, yield func(key string, value *unstable.Node)) {
	if node == nil || node.Kind != unstable.InlineTable {
		return
	}
	it := node.Children()
	for it.Next() {
		if kv := it.Node(); kv.Kind == unstable.KeyValue {
			path, _ := keyPath(kv)
			yield(strings.Join(path, "."), kv.Value())
		}
	}
}

// dependencyTable reads one entry of a table name = specifier, as Poetry and Pipenv write it: a string, a table with a
// version, or (Poetry) a list of tables for different Pythons.
func (r *pinReader) dependencyTable(src *source, e tomlEntry, dev bool) {
	if len(e.key) == 0 || strings.EqualFold(e.key[0], "python") {
		return
	}
	name := e.key[0]
	switch {
	case len(e.key) == 2: // gunicorn.version = "^20"
		if s, ok := stringOf(e.value); ok && e.key[1] == "version" {
			r.specifier(src, name, s, dev)
		}
	case len(e.key) > 2:
	case e.value.Kind == unstable.String:
		s, _ := stringOf(e.value)
		r.specifier(src, name, s, dev)
	case e.value.Kind == unstable.InlineTable:
		r.dependencyFields(src, name, e, e.value, dev)
	case e.value.Kind == unstable.Array:
		it := e.value.Children()
		for it.Next() {
			r.dependencyFields(src, name, e, it.Node(), dev)
		}
	}
}

func (r *pinReader) dependencyFields(src *source, name string, e tomlEntry, table *unstable.Node, dev bool) {
	var version tomlString
	var hasVersion, elsewhere bool
	fields(table, func(key string, value *unstable.Node) {
		s, ok := stringOf(value)
		switch {
		case !ok:
		case key == "version":
			version, hasVersion = s, true
		case key == "markers":
			elsewhere = elsewhere || foreign(s.text)
		case key == "platform" || key == "sys_platform" || key == "os_name" || key == "python":
			elsewhere = elsewhere || strings.EqualFold(s.text, "win32") || strings.EqualFold(s.text, "darwin") || strings.HasPrefix(s.text, "<3.0") || s.text == "<3" || strings.HasPrefix(s.text, "2.")
		}
	})
	switch {
	case elsewhere:
	case hasVersion:
		r.specifier(src, name, version, dev)
	default:
		start := int(e.keyEnd.Offset)
		r.add(Pin{Name: normaliseName(name), Kind: KindRequirement, Dev: dev, Range: src.at(start, start+int(e.keyEnd.Length))})
	}
}

// specifier adds what a string says about one package's version.
func (r *pinReader) specifier(src *source, name string, s tomlString, dev bool) {
	p := specPin(name, s.text)
	p.Kind, p.Dev = KindRequirement, dev
	p.Range = src.at(s.start, s.end)
	if text, at, exact := exactVersion(s.text); exact && p.Exact() {
		p.Range = src.at(s.start+at, s.start+at+len(text))
	}
	r.add(p)
}

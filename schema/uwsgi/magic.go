package uwsgi

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// maxMagic bounds the % letters of one file. uWSGI copies the whole rest of the file for each of them.
const maxMagic = 100_000

// magicTable is what each % letter stands for at the moment. A letter that is not in it stands for nothing: uWSGI
// removes the % and the letter, whatever byte it is.
type magicTable map[byte]text

// A % letter for each fact, for messages.
func magicOf(f schema.Fact) string {
	switch f {
	case schema.CPUCount:
		return "%k"
	case schema.Hostname:
		return "%h"
	case schema.CurrentDir:
		return "%v"
	case schema.UserID:
		return "%u"
	case schema.UserName:
		return "%U"
	case schema.GroupID:
		return "%g"
	case schema.GroupName:
		return "%G"
	case schema.Now:
		return "%t"
	}
	return "%b"
}

func (r *reader) hostFact(f schema.Fact) text {
	v, known := r.in.Host.Fact(f)
	s, ok := "", false
	if known {
		s, ok = schema.TextOf(v)
	}
	return expression(&schema.HostFact{Fact: f}, s, known && ok)
}

// systemMagic are the letters that no file changes.
func (r *reader) systemMagic() magicTable {
	m := magicTable{
		'%': plain("%"), '(': plain("%("), '[': plain("\x1b"),
		'k': r.hostFact(schema.CPUCount), 'h': r.hostFact(schema.Hostname),
		'u': r.hostFact(schema.UserID), 'U': r.hostFact(schema.UserName),
		'g': r.hostFact(schema.GroupID), 'G': r.hostFact(schema.GroupName),
		't': r.hostFact(schema.Now), 'T': r.hostFact(schema.Now),
		'V': plain(r.version),
	}
	m['v'] = expression(&schema.HostFact{Fact: schema.CurrentDir}, r.dir, r.dir != "")
	return m
}

// fillMagic sets the letters for a configuration file named by an option, as uWSGI does before it opens it. It
// answers false where that already fails.
func (r *reader) fillMagic(name string, o *entry) bool {
	m := r.magic
	m['o'] = plain(name)
	if name == "-" || scheme(name) != "" {
		return true
	}
	file, section := name, ""
	colon := strings.LastIndexByte(name, ':')
	if colon >= 0 {
		file, section = name[:colon], name[colon+1:]
	}
	if colon != 0 && !r.fillPath(file, o) {
		return false
	}
	m['x'] = plain(section)
	if !r.magicFirst {
		for _, c := range []byte("OPDSCENXIJ") {
			m[c] = m[c|0x20]
		}
		r.magicFirst = true
	}
	return true
}

func (r *reader) fillPath(file string, o *entry) bool {
	m := r.magic
	full := r.in.Files.Path(file)
	if file == "" {
		full = ""
	}
	info, err := os.Lstat(full)
	switch {
	case err == nil && info.Mode()&os.ModeSymlink != 0:
		if !strings.HasPrefix(file, "/") {
			full = r.dir + "/" + file
		}
	default:
		resolved, evalErr := filepath.EvalSymlinks(full)
		if evalErr != nil && full != "" && r.in.Files.Text(file) != nil {
			resolved, evalErr = filepath.Clean(full), nil // a text that is to be such a file
		}
		if full == "" || evalErr != nil {
			if err == nil {
				err = evalErr
			}
			r.fileProblem(file, err, o)
			return false
		}
		full = resolved
		if !filepath.IsAbs(full) {
			if abs, err := filepath.Abs(full); err == nil {
				full = abs
			}
		}
	}
	// What is a path below the directory the server is started in stays one, whatever that directory is called.
	m['b'] = expression(&schema.HostFact{Fact: schema.ServerPath}, "/usr/bin/uwsgi-core", r.modular)
	m['p'] = plain(full)
	m['j'] = plain(pathHash(full))
	if info, err := os.Lstat(full); err == nil {
		m['i'] = inode(info)
	}
	base := full[strings.LastIndexByte(full, '/')+1:]
	dir := full[:len(full)-len(base)]
	m['s'], m['d'] = plain(base), plain(dir)
	m['c'], m['e'], m['n'] = text{}, text{}, plain(base)
	// The letters of the directory are taken without its last slash; the root's directory has nothing left.
	trimmed := strings.TrimSuffix(dir, "/")
	if i := strings.LastIndexByte(trimmed, '/'); i >= 0 {
		m['c'] = plain(trimmed[i+1:])
	}
	parts := strings.FieldsFunc(trimmed, func(c rune) bool { return c == '/' })
	for i := range 10 {
		m[byte('0'+i)] = text{}
		if i < len(parts) {
			m[byte('0'+i)] = plain(parts[i])
		}
	}
	if i := strings.LastIndexByte(base, '.'); i >= 0 {
		m['e'], m['n'] = plain(base[i+1:]), plain(base[:i])
	}
	return true
}

// pathHash is the djb33x hash of a path, its four bytes in memory order as hex digits.
func pathHash(path string) string {
	h := uint32(5381)
	for i := range len(path) {
		h = (h<<5 + h) ^ uint32(int32(int8(path[i])))
	}
	return strings.ToUpper(hex.EncodeToString([]byte{byte(h), byte(h >> 8), byte(h >> 16), byte(h >> 24)}))
}

// substituteMagic replaces the % letters in a file's raw text. A terminated text has the NUL byte behind it that uWSGI
// ends texts with, which a % as the last byte removes.
func (r *reader) substituteMagic(src *source, t text, terminated bool) text {
	if !strings.Contains(t.s, "%") {
		return t
	}
	if n := len(t.s); terminated && strings.HasSuffix(t.s, "%") && (strings.Count(t.s, "%")-strings.Count(t.s, "%%"))%2 == 1 {
		r.warn("percent-at-end", src.rng(len(src.text)-1, len(src.text)), "A % as the last byte of the file",
			"uWSGI takes the % and the end of the text for one of its variables and reads on in memory that is not the file's. Write %%, or end the file with a line break.")
		t = t.slice(0, n-1)
	}
	var parts []text
	from, count := 0, 0
	for {
		i := strings.IndexByte(t.s[from:], '%')
		if i < 0 || from+i+1 >= len(t.s) {
			break
		}
		if count++; count > maxMagic {
			r.limit("too-many-magic", src.rng(0, 0), "Too many % letters", "%s holds more than %d variables written with %%. Nothing after them is read.", src.name, maxMagic)
			return join(append(parts, t.slice(from, from+i))...)
		}
		at := from + i
		letter := t.s[at+1]
		place := t.slice(at, at+2)
		parts = append(parts, t.slice(from, at))
		value := r.magic[letter]
		if g := place.segs; len(g) == 1 && g[0].src != nil {
			value = value.placed(g[0].src, g[0].from, g[0].to)
			for k := range value.segs {
				value.segs[k].expr = exprAt(value.segs[k].expr, g[0].src.rng(g[0].from, g[0].to))
			}
			r.checkMagic(letter, g[0])
		}
		parts = append(parts, value)
		from = at + 2
	}
	return join(append(parts, t.slice(from, len(t.s)))...)
}

func exprAt(e schema.Expr, at hcl.Range) schema.Expr {
	if f, ok := e.(*schema.HostFact); ok {
		return &schema.HostFact{Fact: f.Fact, Src: at}
	}
	return e
}

// magicLetters are all letters that can stand for something; the rest vanishes.
const magicLetters = "%([opdsnecxijbvhtTVkuUgGOPDSNECXIJ0123456789"

// checkMagic reports a % whose next byte stands for nothing.
func (r *reader) checkMagic(letter byte, g segment) {
	if strings.IndexByte(magicLetters, letter) >= 0 {
		return
	}
	if letter != '\n' && (letter == '\r' || inComment(g.src.text, g.from)) {
		return
	}
	at := g.src.rng(g.from, g.from+1)
	switch {
	case letter == '\n':
		r.warn("percent-at-line-end", at, "A % at the end of a line swallows the line break",
			"uWSGI replaces % and the byte after it before it splits the file into lines, so this line is glued to the next one. Write %% for a percent sign.")
	default:
		r.warn("unknown-percent", at, "A % that stands for nothing",
			"uWSGI has no variable %s and removes both bytes from the value. Write %%%% for a percent sign.", fmt.Sprintf("%q", "%"+string(letter)))
	}
}

// inComment tells whether an offset of an ini text lies in a comment line.
func inComment(text []byte, offset int) bool {
	i := offset
	for i > 0 && text[i-1] != '\n' {
		i--
	}
	for i < offset && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r') {
		i++
	}
	return i < len(text) && (text[i] == '#' || text[i] == ';')
}

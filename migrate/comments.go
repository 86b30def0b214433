package migrate

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"gsrv/migrate/write"
	"gsrv/schema"
)

// comments gives comments as lines of the target, each once.
func (n *migration) comments(list []int) string {
	var b strings.Builder
	for _, text := range n.texts(list) {
		b.WriteString(n.form.comment(text) + "\n")
	}
	return b.String()
}

// texts gives the lines of comments without their sign and the blank behind it, each comment once.
func (n *migration) texts(list []int) []string {
	var out []string
	for _, i := range list {
		if n.used[i] || n.hooks.has(i) {
			continue
		}
		n.used[i] = true
		for line := range strings.SplitSeq(n.parts[i].text, "\n") {
			line = strings.TrimRight(strings.Map(printable, strings.ToValidUTF8(line, "?")), " \t")
			if n.Config.Dialect == "uwsgi" {
				line = strings.ReplaceAll(line, "%%", "%")
			}
			out = append(out, strings.TrimPrefix(line, " "))
		}
	}
	return out
}

func printable(r rune) rune {
	if r < ' ' && r != '\t' || r == 0x7f || r == '\u2028' || r == '\u2029' || r == '\u0085' {
		return ' '
	}
	return r
}

// attach decides which item each comment goes with: the one behind which it stands, otherwise the next that is written;
// one that is right above a default keeps the default in the file.
func (n *migration) attach() {
	stands := func(i int) bool {
		w, ok := n.written[i]
		return ok && (w.stands || n.keep[i] && n.form.write == nil)
	}
	for i, p := range n.parts {
		if p.kind != KindComment || p.inside != "" || n.elsewhere(p) || n.hooks.has(i) {
			continue
		}
		if p.header {
			n.head = append(n.head, i)
			continue
		}
		owner := -1
		if p.behind {
			owner = n.behind(i)
			if _, ok := n.written[owner]; ok {
				n.keep[owner] = true
			}
			if !stands(owner) {
				owner = -1
			}
		}
		direct := owner // the item that the comment is about, whether it stands in the target or not
		if direct < 0 && p.behind {
			direct = n.behind(i)
		}
		below := p.whole.End.Line
		for j := i + 1; j < len(n.parts) && owner < 0; j++ {
			q := n.parts[j]
			if q.whole.Filename != p.whole.Filename {
				break
			}
			if q.kind == KindComment {
				if q.whole.Start.Line == below+1 {
					below = q.whole.End.Line
				}
				continue
			}
			if n.condition(j) { // what is above an if block is about what stands in it
				if q.whole.Start.Line == below+1 {
					below = q.whole.End.Line
				}
				continue
			}
			if q.whole.Start.Line == below+1 {
				if _, ok := n.written[j]; ok {
					n.keep[j] = true
				}
				if direct < 0 {
					direct = j
				}
			}
			if stands(j) {
				owner = j
			}
			below = -1
		}
		switch {
		case direct >= 0 && !stands(direct) && n.parts[direct].kind == KindSetting:
			n.orphans[direct] = append(n.orphans[direct], i)
		case owner < 0:
			n.foot = append(n.foot, i)
		default:
			n.above[owner] = append(n.above[owner], i)
		}
	}
}

// condition tells whether an item is the head of a block of uWSGI's.
func (n *migration) condition(i int) bool {
	return n.Config.Dialect == "uwsgi" && n.parts[i].kind == KindSetting && slices.ContainsFunc(n.settings[i], func(s schema.Setting) bool {
		return s.Option != nil && s.Option.Type == "logic"
	})
}

// behind gives the setting that a comment stands behind.
func (n *migration) behind(i int) int {
	for j := i - 1; j >= 0; j-- {
		if q := n.parts[j]; q.kind == KindSetting && q.whole.Filename == n.parts[i].whole.Filename && q.whole.End.Line == n.parts[i].whole.Start.Line {
			return j
		}
	}
	return -1
}

// orphaned gives the comments of settings that do not stand in the target, each with what became of its setting.
func (n *migration) orphaned() string {
	var b strings.Builder
	for i, p := range n.parts {
		if text := n.comments(n.orphans[i]); text != "" {
			it := n.item(i)
			b.WriteString(text + n.form.comment("("+p.key+" is not written: "+phrase(it.Reason)+".)") + "\n")
		}
	}
	return b.String()
}

// elsewhere tells whether an item belongs to a part of its file that the target refers to: the application's sections of
// a Paste file.
func (n *migration) elsewhere(p part) bool {
	if n.Config.Dialect != "paste" && n.Config.Dialect != "uwsgi" && n.Config.Dialect != "gunicorn" || p.section == "" || strings.HasPrefix(p.section, "server:") {
		return false
	}
	if n.Config.Dialect == "uwsgi" && n.isSection(p) || !strings.HasSuffix(p.whole.Filename, ".ini") {
		return false
	}
	return n.Config.Dialect != "uwsgi" || isSet(n.Config, "app.paste_file")
}

// isSection tells whether uWSGI reads the section that an item stands in.
func (n *migration) isSection(p part) bool {
	for i, q := range n.parts {
		if q.section == p.section && q.whole.Filename == p.whole.Filename && q.kind == KindSetting {
			if _, ok := n.written[i]; ok || len(n.settings[i]) > 0 {
				return true
			}
		}
	}
	return p.section == "uwsgi"
}

// undecided writes what the native writer has no place for, so that it is not lost.
func (n *migration) undecided() string {
	var b strings.Builder
	for i, p := range n.parts {
		if p.kind == KindComment {
			continue
		}
		if item := n.item(i); item.Class == write.Verbatim && !n.written[i].stands && !n.stoodFor(item.Target) {
			b.WriteString(n.form.comment(fmt.Sprintf("TODO(gsrv): %s (%s:%d): %s", oneLine(n.source(p)), filepath.Base(p.whole.Filename), p.whole.Start.Line, item.Reason)) + "\n")
		}
	}
	return b.String()
}

func (n *migration) source(p part) string {
	text := n.Config.Files.Text(p.whole.Filename)
	if text == nil || !p.whole.CanSliceBytes(text) {
		return p.key
	}
	return string(p.whole.SliceBytes(text))
}

func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.Map(printable, strings.ToValidUTF8(s, "?"))), " ")
	if r := []rune(s); len(r) > 160 {
		s = string(r[:160]) + "…"
	}
	return s
}

// stoodFor tells whether a setting of the model stands in the target, so that what it is made of needs no line.
func (n *migration) stoodFor(model string) bool {
	w, ok := n.models[model]
	return ok && w.stands
}

package plan

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// A Verdict says what becomes of a setting.
type Verdict uint8

// The verdicts.
const (
	// Honoured settings do what they do in their own server.
	Honoured Verdict = iota + 1
	// Refused ones cannot be honoured: the server does not start with them.
	Refused
	// Meaningless ones have nothing to act on here; the log says why.
	Meaningless
)

// String gives the word of the documentation.
func (v Verdict) String() string {
	return [...]string{"", "honoured", "refused", "meaningless"}[v]
}

// A Rule is the verdict of one or more settings.
type Rule struct {
	Verdict Verdict
	// Names are the settings, parted by spaces; one that ends in * is a family.
	Names string
	// Why says what is particular about an honoured one (often nothing), why one is meaningless, and of a refused one why
	// and what to use instead.
	Why string
}

// A Table holds the rules of one server's settings; the first that fits counts.
type Table struct {
	// Server is the name as schema.Config has it.
	Server string
	Rules  []Rule

	once     sync.Once
	exact    map[string]*Rule
	families []family
}

type family struct {
	prefix string
	rule   *Rule
}

// Tables are those of every server whose configurations are run.
var Tables = []*Table{gunicornTable, uwsgiTable, waitressTable, nativeTable}

func tableOf(server string) *Table {
	for _, t := range Tables {
		if t.Server == server {
			return t
		}
	}
	return nil
}

// Rule gives the rule of a setting, or nil.
func (t *Table) Rule(name string) *Rule {
	t.once.Do(func() {
		t.exact = map[string]*Rule{}
		for i := range t.Rules {
			for n := range strings.FieldsSeq(t.Rules[i].Names) {
				if prefix, ok := strings.CutSuffix(n, "*"); ok {
					t.families = append(t.families, family{prefix, &t.Rules[i]})
				} else if t.exact[n] == nil {
					t.exact[n] = &t.Rules[i]
				}
			}
		}
	})
	if r := t.exact[name]; r != nil {
		return r
	}
	for _, f := range t.families {
		if strings.HasPrefix(name, f.prefix) {
			return f.rule
		}
	}
	return nil
}

// RuleOf is Rule for a catalogue's option: an alias has the verdict of what it stands for, unless it has one of its own.
func (t *Table) RuleOf(o *schema.Option) *Rule {
	if r := t.Rule(o.Name); r != nil {
		return r
	}
	for _, name := range append([]string{o.Canonical, o.RenamedTo}, o.Aliases...) {
		if name != "" {
			if r := t.Rule(name); r != nil {
				return r
			}
		}
	}
	return nil
}

// verdicts looks at every setting that is given and refuses what cannot be honoured.
func (r *reader) verdicts() []Remark {
	table := tableOf(r.server)
	var settings []*schema.Setting
	var remarks []Remark
	// One word of uWSGI's may set several options: threads sets enable-threads. What it implies needs no remark.
	words := map[hcl.Range]int{}
	for i := range r.cfg.Settings {
		words[r.cfg.Settings[i].NameRange]++
	}
	for i := range r.cfg.Settings {
		s := &r.cfg.Settings[i]
		if s.Layer == schema.LayerDefault || s.Option == nil {
			continue
		}
		rule := table.RuleOf(s.Option)
		if rule == nil {
			r.refuse(s, "run-setting", "Setting not known here", "gsrv run does not know what to do with %s. Take it out.", s.Native)
			continue
		}
		switch rule.Verdict {
		case Refused:
			if !idle(s) && !(len(r.addresses) > 0 && addresses[s.Native]) {
				r.refuse(s, "run-setting", "Setting that gsrv run does not honour", "%s: %s", s.Native, rule.Why)
			}
		case Meaningless:
			if words[s.NameRange] > 1 && s.NameRange.Filename != "" {
				continue
			}
			settings = append(settings, s)
		}
	}
	slices.SortStableFunc(settings, func(a, b *schema.Setting) int {
		return cmp.Or(strings.Compare(at(a).Filename, at(b).Filename), at(a).Start.Byte-at(b).Start.Byte)
	})
	for _, s := range settings {
		remarks = append(remarks, Remark{Place: place(at(s)), Setting: s.Native, Why: table.RuleOf(s.Option).Why})
	}
	return remarks
}

// addresses are refused settings that only say where to listen.
var addresses = map[string]bool{"uwsgi-socket": true, "suwsgi-socket": true, "puwsgi-socket": true, "fastcgi-socket": true, "scgi-socket": true, "listen.uwsgi": true, "listen.fastcgi": true, "listen.scgi": true}

// harmless are values of refused settings that ask for nothing, beside the default, false, empty and none.
var harmless = map[string][]string{
	"protocol":     {"http"},
	"logger_class": {"gunicorn.glogging.Logger", "gunicorn.instrument.statsd.Statsd", "egg:gunicorn#simple", "simple"},
	"log.class":    {"gunicorn.glogging.Logger"},
	"max-apps":     {"64"},
}

// idle tells that a setting asks for nothing that is not the case anyway.
func idle(s *schema.Setting) bool {
	v := s.OnHost
	if v == cty.NilVal || !v.IsWhollyKnown() {
		return false
	}
	if v.IsNull() {
		return true
	}
	if s.Native == "trusted_proxy_headers" {
		return !slices.ContainsFunc(listOf(s), func(h string) bool { return h != "x-forwarded-proto" })
	}
	text, ok := schema.TextOf(v)
	if ok {
		for _, h := range harmless[s.Native] {
			if text == h {
				return true
			}
		}
	}
	if p, ok := plain(v); ok && s.Option.Default != "" {
		if b, err := json.Marshal(p); err == nil && string(b) == s.Option.Default {
			return true
		}
	}
	switch {
	case v.Type() == cty.Bool:
		return v.False()
	case v.Type() == cty.Number:
		f, _ := v.AsBigFloat().Float64()
		return f == 0
	case v.Type() == cty.String:
		switch text {
		case "":
			return s.Option.Type != "bool"
		case "false", "off", "no", "0":
			return s.Option.Type == "bool"
		}
		return false
	case v.CanIterateElements():
		return v.LengthInt() == 0
	}
	return false
}

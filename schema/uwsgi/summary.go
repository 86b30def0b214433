package uwsgi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// summary is one line that says what would run.
func (r *reader) summary(c *schema.Config) string {
	if r.quit != nil {
		return fmt.Sprintf("uwsgi: no server, the option %s ends the program", r.quit.key.s)
	}
	var out []string
	if e := given(c.Settings, "emperor"); e != nil {
		out = append(out, "emperor of "+settingText(e))
	}
	if len(out) > 0 && !slices.ContainsFunc(c.Model, func(s schema.Setting) bool { return strings.HasPrefix(s.Name, "listen.") && s.Name != "listen.backlog" }) {
		return "uwsgi: " + out[0]
	}
	workers := countText(effective(c.Settings, "processes"), "process", "processes")
	if n, known := number(c.Settings, "threads"); !known || n > 1 {
		workers += " × " + countText(effective(c.Settings, "threads"), "thread", "threads")
	}
	if m := modelSetting(c.Model, "workers.class"); m != nil && m.Text != "sync" && m.Text != "thread" && m.Text != "" {
		workers += " (" + m.Text + ")"
	}
	out = append(out, workers)
	for _, l := range [][2]string{{"listen.http", "HTTP"}, {"listen.uwsgi", "uwsgi protocol"}, {"listen.fastcgi", "FastCGI"}, {"listen.scgi", "SCGI"}} {
		if m := modelSetting(c.Model, l[0]); m != nil {
			out = append(out, l[1]+" on "+addresses(m))
		}
	}
	switch {
	case modelSetting(c.Model, "app.module") != nil:
		out = append(out, "app "+settingText(modelSetting(c.Model, "app.module")))
	case modelSetting(c.Model, "app.file") != nil:
		out = append(out, "app "+settingText(modelSetting(c.Model, "app.file")))
	case modelSetting(c.Model, "app.paste_file") != nil:
		out = append(out, "Paste file "+settingText(modelSetting(c.Model, "app.paste_file")))
	case given(c.Settings, "mount") != nil:
		n := len(parts(given(c.Settings, "mount")))
		if n == 1 {
			out = append(out, "1 mounted app")
		} else {
			out = append(out, fmt.Sprintf("%d mounted apps", n))
		}
	}
	return "uwsgi: " + strings.Join(out, ", ")
}

func modelSetting(model []schema.Setting, name string) *schema.Setting {
	for i := range model {
		if model[i].Name == name {
			return &model[i]
		}
	}
	return nil
}

func settingText(s *schema.Setting) string {
	if t, ok := schema.TextOf(s.OnHost); s.OnHost != cty.NilVal && ok {
		return t
	}
	return schema.ExprText(s.Value)
}

func countText(s *schema.Setting, one, many string) string {
	if s == nil {
		return "1 " + one
	}
	t := settingText(s)
	if t == "1" {
		return "1 " + one
	}
	return t + " " + many
}

func addresses(m *schema.Setting) string {
	list, ok := m.Value.(*schema.List)
	if !ok {
		return settingText(m)
	}
	var out []string
	for i, item := range list.Items {
		text := schema.ExprText(item)
		if m.OnHost.IsKnown() && i < m.OnHost.LengthInt() {
			if t, ok := schema.TextOf(m.OnHost.AsValueSlice()[i]); ok {
				text = t
			}
		}
		out = append(out, strings.TrimPrefix(strings.Trim(text, `"`), "unix:"))
	}
	return strings.Join(out, " and ")
}

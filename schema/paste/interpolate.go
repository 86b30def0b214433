package paste

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/ini"
)

// get gives a section's option, or a default's, with its variables replaced.
func (c *configLoader) get(section, option string) (*Value, *Error) {
	raw := c.raw(section, option)
	if raw == nil {
		return nil, ini.NewError("NoOptionError", fmt.Sprintf("No option %s in section: %s", ini.PythonRepr(option), ini.PythonRepr(section)), "missing-key", c.file.headers[section], "No such key", "[%s] has no key %q.", section, option)
	}
	return c.interpolate(section, option, raw)
}

// raw finds an option as written: in the section, then among the defaults.
func (c *configLoader) raw(section, option string) *Value {
	if section != ini.DefaultSection {
		if k := c.file.index[[2]string{section, option}]; k != nil {
			return &Value{Text: k.Value, Known: true, Origin: FromSection, Section: section, File: c.file.doc.Filename, Key: k, Range: k.Range, NameRange: k.NameRange}
		}
	}
	return c.defaults.Get(option)
}

func (c *configLoader) interpolate(section, option string, raw *Value) (*Value, *Error) {
	v := *raw
	if !raw.Known {
		return &v, nil
	}
	depends := raw.Expr != nil && !schema.IsConst(raw.Expr)
	seen := map[string]bool{}
	lookup := func(name string) (string, bool) {
		r := c.raw(section, name)
		if r == nil && c.l.Open && schema.Nearest(name, c.names(section)) == "" {
			c.missing(name, raw)
			v.Known = false
			v.Refs = append(v.Refs, Ref{Name: name, Origin: FromCaller})
			return "?", true
		}
		if r == nil {
			return "", false
		}
		if !seen[name] {
			seen[name] = true
			v.Refs = append(v.Refs, Ref{Name: name, Origin: r.Origin, Range: r.Range})
		}
		if !r.Known {
			v.Known = false
			return "?", true
		}
		depends = depends || r.Expr != nil && !schema.IsConst(r.Expr)
		return r.Text, true
	}
	text, parts, err := ini.Interpolate(c.l.budget, option, section, raw.Text, lookup, func(i, j int) hcl.Range { return raw.part(i, j) })
	if err != nil {
		return nil, c.inFile(err, raw, section)
	}
	v.Text = text
	switch {
	case v.Known && !depends:
		v.Expr = schema.String(text, v.Range)
	case len(v.Refs) > 0:
		v.Expr = c.template(section, raw, parts, 0)
	}
	return &v, nil
}

// template is a value as an expression over the variables that depend on the host.
func (c *configLoader) template(section string, raw *Value, parts []ini.Part, depth int) schema.Expr {
	t := &schema.Template{Src: raw.Range}
	for _, p := range parts {
		at := raw.part(p.Start, p.End)
		r := (*Value)(nil)
		if p.Name != "" {
			r = c.raw(section, p.Name)
		}
		switch {
		case r == nil && p.Name != "":
			t.Parts = append(t.Parts, &schema.Opaque{
				Source: "%(" + p.Name + ")s", Reason: "the variable is given when the server is started",
				Needs: []string{"variable " + p.Name}, Src: at,
			})
		case r == nil || r.Expr == nil && len(r.Refs) == 0 && r.Origin != FromDefault && r.Origin != FromSection:
			t.Parts = append(t.Parts, schema.String(p.Text, at))
		case r.Expr != nil:
			t.Parts = append(t.Parts, r.Expr)
		case depth < 10:
			inner, err := c.nested(section, p.Name, r, depth)
			if err != nil {
				inner = schema.String(p.Text, at)
			}
			t.Parts = append(t.Parts, inner)
		}
	}
	if len(t.Parts) == 1 {
		return t.Parts[0]
	}
	return t
}

func (c *configLoader) nested(section, name string, raw *Value, depth int) (schema.Expr, *Error) {
	lookup := func(name string) (string, bool) {
		if r := c.raw(section, name); r != nil {
			return r.Text, true
		}
		return "?", c.l.Open
	}
	_, parts, err := ini.Interpolate(c.l.budget, name, section, raw.Text, lookup, func(i, j int) hcl.Range { return raw.part(i, j) })
	if err != nil {
		return nil, err
	}
	return c.template(section, raw, parts, depth+1), nil
}

// part gives the place of the raw value's bytes from i to j.
func (v *Value) part(i, j int) hcl.Range {
	if v.Key != nil {
		return v.Key.Sub(i, j)
	}
	return v.Range
}

// inFile adds the file's name to an interpolation error, as PasteDeploy does, and a place where the value has none.
func (c *configLoader) inFile(err *Error, raw *Value, section string) *Error {
	err.Message = "Error in file " + c.filename + ": " + err.Message
	for _, d := range err.Diags {
		schema.DetailOf(d).ServerMessage = err.Class + ": " + err.Message
		if d.Subject.Filename != "" {
			continue
		}
		at := c.file.doc.Range(0, 0)
		d.Subject = &at
		if raw.Origin == FromLoader {
			d.Detail = fmt.Sprintf("The file's own path, %s, holds a percent sign, and PasteDeploy takes it for a variable; no section of the file can be read. Move the file to a path without one.", ini.Quote(raw.Text))
		}
	}
	return err
}

// defaultsConf is the parser's defaults() with every value interpolated. A value that becomes empty stays as written.
func (c *configLoader) defaultsConf() (*Conf, *Error) {
	if c.interpolated != nil {
		return c.interpolated, nil
	}
	out := newConf()
	for _, name := range c.defaults.names {
		v, err := c.get(ini.DefaultSection, name)
		if err != nil {
			return nil, err
		}
		if v.Known && v.Text == "" {
			raw := *c.defaults.Get(name)
			v = &raw
			if v.Expr == nil {
				v.Expr = schema.String(v.Text, v.Range)
			}
		}
		out.set(name, v)
	}
	c.interpolated = out
	return out, nil
}

// names lists the variables that a section's values can refer to.
func (c *configLoader) names(section string) []string {
	names := c.defaults.Names()
	for _, k := range c.file.keys[section] {
		names = append(names, k.Name)
	}
	return names
}

// missing notes a variable that only the command line can give, and the value that refers to it.
func (c *configLoader) missing(name string, from *Value) {
	for _, m := range c.l.Missing {
		if m.Name == name {
			return
		}
	}
	c.l.Missing = append(c.l.Missing, Ref{Name: name, Origin: FromCaller, Range: schema.At(from.Range, c.file.doc.Range(0, 0))})
}

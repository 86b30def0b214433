package paste

import (
	"fmt"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/ini"
	"gsrv/schema/waitress"
)

// A ServerReader reads the settings of a server that has a dialect of its own: egg:gunicorn#main takes all of
// gunicorn's settings, its configuration file included. in.File is the Paste file.
type ServerReader func(in schema.Input, server *Context) (*schema.Config, hcl.Diagnostics)

// A Dialect reads Paste files and the command lines of pserve and paster.
type Dialect struct{ readers map[string]ServerReader }

// New makes the dialect. readers are for servers with a dialect of their own, by the object that their entry point
// names: "gunicorn.app.pasterapp:serve".
func New(readers map[string]ServerReader) *Dialect { return &Dialect{readers: readers} }

// Name implements schema.Dialect.
func (*Dialect) Name() string { return "paste" }

// Catalogue implements schema.Dialect with the settings of waitress, the server that most Paste files use. The
// options of others travel with their settings.
func (*Dialect) Catalogue() *schema.Catalogue { return waitress.Catalogue }

// Programs implements schema.Dialect.
func (*Dialect) Programs() []string { return []string{"pserve", "paster"} }

// Read implements schema.Dialect: the settings that the server of a Paste file is started with.
func (d *Dialect) Read(in schema.Input) (*schema.Config, hcl.Diagnostics) {
	r := &reader{dialect: d, in: in, config: &schema.Config{Dialect: "paste", Target: in.Version, Files: in.Files}}
	r.read()
	if r.config.Summary == "" {
		r.config.Summary = "paste: nothing that could be started"
	}
	return r.config, r.diags
}

// A reader is one run of Dialect.Read.
type reader struct {
	dialect *Dialect
	in      schema.Input
	config  *schema.Config
	diags   hcl.Diagnostics

	launch  *launch
	loader  *Loader
	request Request // URI, RelativeTo and Vars of both server and app
	file    string  // the ini file as the user wrote it; empty for an egg
	app     *Context
	server  *Context
	appName string
}

func (r *reader) add(diags ...*hcl.Diagnostic) { r.diags = append(r.diags, diags...) }

func (r *reader) read() {
	r.launch = &launch{program: "pserve", values: map[string]schema.Word{}, file: schema.Word{Text: r.in.File}}
	if len(r.in.Command) > 0 {
		l, diags := parseCommand(r.in.Command, r.in.Host)
		r.launch, r.diags = l, diags
		if diags.HasErrors() {
			return
		}
		if l.idle != "" {
			r.config.Summary = fmt.Sprintf("%s: %s; no server is started", l.program, l.idle)
			return
		}
	}
	if !r.locate() {
		return
	}
	r.loader = &Loader{Files: r.in.Files, Dir: r.in.Dir, Open: len(r.in.Command) == 0}
	if len(r.in.Command) > 0 {
		if e := ProgramEnvironment(r.in.Command[0].Text); e != nil {
			r.loader.Installed = e.Distribution
		}
	}
	serverErr, appErr := r.load()
	r.logging()
	r.needed()
	if serverErr != nil {
		r.add(serverErr.Diags...)
	}
	if appErr != nil && appErr != serverErr {
		for _, d := range appErr.Diags {
			schema.DetailOf(d).Application = true
		}
		r.add(appErr.Diags...)
	}
	switch {
	case r.server != nil:
		r.readServer()
	case serverErr == nil:
		r.noServer()
	}
	r.dropped()
}

// locate finds the file or egg that is meant, and the variables that the program adds to those given.
func (r *reader) locate() bool {
	l := r.launch
	uri := l.file.Text
	r.request = Request{RelativeTo: r.in.Dir, Vars: l.vars, At: l.file.Range}
	if len(r.in.Command) == 0 {
		r.file = uri
		r.request.URI = "config:" + escape(uri)
		return true
	}
	if l.program == "paster" {
		if !paster().MatchString(uri) {
			uri = "config:" + uri
		}
		r.request.URI = uri
		if rest, ok := strings.CutPrefix(uri, "config:"); ok {
			r.file, _, _ = strings.Cut(rest, "#")
		}
		return true
	}
	u, err := parsePlaster(uri)
	if err != nil {
		r.add(l.refuse("invalid-uri", l.file.Range, "Not an ini file", err.message, "%s", err.detail))
		return false
	}
	r.request.URI = u.scheme + ":" + u.path
	if u.fragment != "" {
		r.request.URI += "#" + u.fragment
	}
	here := r.in.Dir
	var vars []Var
	if u.scheme == "config" {
		r.file = u.path
		file := u.path
		if !path.IsAbs(file) {
			file = path.Join(r.in.Dir, file)
		}
		here = path.Dir(path.Clean(file))
		vars = append(vars, Var{Name: "__file__", Text: path.Clean(file)})
	}
	vars = append(vars, Var{Name: "here", Text: here})
	for _, v := range append(u.options, l.vars...) {
		vars = replace(vars, v)
	}
	r.request.Vars = vars
	return true
}

func replace(vars []Var, v Var) []Var {
	for i := range vars {
		if vars[i].Name == v.Name {
			vars[i] = v
			return vars
		}
	}
	return append(vars, v)
}

// escape keeps a file name from being decoded: PasteDeploy takes %20 for a space and # for the end.
func escape(name string) string { return strings.NewReplacer("%", "%25", "#", "%23").Replace(name) }

// load makes the contexts of server and application, as the program does before it starts.
func (r *reader) load() (serverErr, appErr *Error) {
	l := r.launch
	app := r.request
	app.Kind, app.Name = App, l.text("--app-name")
	if app.Name != "" {
		app.At = l.values["--app-name"].Range
	}
	server := r.request
	server.Kind, server.Name = Server, l.text("--server-name")
	if server.Name != "" {
		server.At = l.values["--server-name"].Range
	}
	if l.has("--server") {
		word := l.values["--server"]
		switch {
		case l.has("--server-name"):
			r.add(l.refuse("conflict", word.Range, "Two servers", "AssertionError", "--server names a server that comes with the program, --server-name a section of the file, and %s stops when both are given. Keep one.", l.program))
			return nil, nil
		case l.program == "pserve":
			r.add(l.refuse("broken-option", word.Range, "Option that crashes", "AttributeError: 'PServeCommand' object has no attribute 'get_config_loader'",
				"pserve of Pyramid 1.9 to 2.0 stops with an AttributeError whenever -s is given. Leave it out and add a [server:main] section with \"use = egg:pyramid#%s\".", word.Text))
			return nil, nil
		}
		server.URI, server.Name, server.At = "egg:PasteScript", word.Text, word.Range
	}
	r.appName = app.Name
	if _, fragment, found := strings.Cut(app.URI, "#"); r.appName == "" && found {
		r.appName = fragment
	}
	if r.appName == "" {
		r.appName = "main"
	}
	var err error
	if !r.serverless() {
		if r.server, err = r.loader.LoadContext(server); err != nil {
			serverErr = err.(*Error)
		}
	}
	if r.app, err = r.loader.LoadContext(app); err != nil {
		appErr = err.(*Error)
	}
	return serverErr, appErr
}

// serverless tells whether a file is read on its own, without a command, and has no server: it is then another
// program's to serve it.
func (r *reader) serverless() bool {
	if len(r.in.Command) > 0 || r.file == "" {
		return false
	}
	doc := r.document()
	if doc == nil {
		return false
	}
	for _, s := range doc.Sections {
		if kind, _, _ := strings.Cut(strings.ToLower(s.Name), ":"); ini.Strip(kind) == "server" {
			return false
		}
	}
	return true
}

// document gives the file as the loader reads it; nil where it cannot be.
func (r *reader) document() *ini.Document {
	if r.file == "" {
		return nil
	}
	name := r.file
	if !path.IsAbs(name) {
		name = strings.TrimSuffix(r.in.Dir, "/") + "/" + name
	}
	file := r.loader.read(name, r.launch.file.Range)
	if file.err != nil {
		return nil
	}
	return file.doc
}

func (r *reader) noServer() {
	if r.app == nil {
		return
	}
	r.config.Summary = "paste: application " + describe(r.app, r.appName) + "; the file has no server"
	r.add(schema.Notef("no-server", r.app.Header, "File without a server", "No [server:NAME] section says what serves the application, so another program does: gunicorn --paste %s, uwsgi --paste config:%s, or a server of its own. Give that command to see what it would use.", r.file, r.file))
	r.finish(nil)
}

// readServer makes the settings of the server that was found.
func (r *reader) readServer() {
	ctx := r.server
	r.variables()
	if read := r.dialect.readers[ctx.Object]; read != nil {
		in := r.in
		in.File = r.file
		config, diags := read(in, ctx)
		r.add(diags...)
		if config != nil {
			r.config = config
			r.finish(config.Model)
			return
		}
	}
	known := servers[ctx.Object]
	if known == nil {
		known = &server{name: objectName(ctx), catalogue: &schema.Catalogue{}}
		r.add(schema.Notef("unknown-server", schema.At(ctx.ObjectRange, ctx.Header), "Server is not known", "What %s takes is not known here, so its settings are shown as they are and not checked.", known.name))
	}
	r.config.Server = known.name
	reading := &reading{server: known, context: ctx, header: ctx.Header}
	if len(known.catalogue.Options) > 0 || known.function != "" {
		reading.run()
	}
	r.add(reading.diags...)
	r.settings(reading)
	r.meantForServer(known)
	r.finish(r.model(reading))
	r.config.Summary = r.summary(reading)
}

func objectName(ctx *Context) string {
	if ctx.Object == "" {
		return "the server"
	}
	return strings.TrimPrefix(ctx.Object, "egg:")
}

// settings lays the sections' values over the defaults.
func (r *reader) settings(s *reading) {
	defaults := &schema.Layer{Kind: schema.LayerDefault, Name: s.server.name + "'s defaults"}
	for i := range s.server.catalogue.Options {
		o := &s.server.catalogue.Options[i]
		v := defaultValue(o)
		defaults.Settings = append(defaults.Settings, schema.Setting{Native: o.Name, Option: o, Value: &schema.Const{Val: v}, OnHost: v, Text: plain(v), Source: defaults.Name})
	}
	layers := []*schema.Layer{defaults}
	chain := s.context.Sections
	for i := len(chain) - 1; i >= 0; i-- {
		layer := &schema.Layer{Kind: schema.LayerFramework, Name: "[" + chain[i].Name + "]"}
		if chain[i].File != r.file {
			layer.Name = chain[i].File + " " + layer.Name
		}
		for _, name := range s.context.Local.Names() {
			for v := s.context.Local.Get(name); v != nil; v = v.Over {
				if v.in(chain[i], i == 0) {
					layer.Settings = append(layer.Settings, s.setting(name, v, layer))
				}
			}
		}
		layers = append(layers, layer)
	}
	r.config.Layers = layers
	r.config.Settings = schema.Merge(layers)
	native := map[string]any{}
	for _, setting := range r.config.Settings {
		native[setting.Native] = fromValue(setting.OnHost)
	}
	r.config.Native = native
}

// in tells whether a value stands in a section. What "get" takes from elsewhere counts as the outermost section's.
func (v *Value) in(ref SectionRef, outermost bool) bool {
	if v.Origin != FromSection {
		return outermost
	}
	return v.File == ref.File && v.Section == ref.Name
}

func (s *reading) setting(name string, v *Value, layer *schema.Layer) schema.Setting {
	option := s.server.catalogue.Lookup(name)
	setting := schema.Setting{Native: name, Option: option, Value: v.Expr, OnHost: cty.DynamicVal, Layer: layer.Kind, Source: layer.Name, Range: v.Range, NameRange: v.NameRange}
	if !v.Known {
		return setting
	}
	setting.OnHost, setting.Text = cty.StringVal(v.Text), v.Text
	if option != nil {
		value, message := cast(option.Type, v.Text)
		if message != "" {
			value = cty.DynamicVal
		} else if schema.IsConst(v.Expr) {
			setting.Value = &schema.Const{Val: value, Src: v.Range}
		}
		setting.OnHost = value
	}
	return setting
}

func plain(v cty.Value) string {
	if v.IsNull() {
		return ""
	}
	if t, ok := schema.TextOf(v); ok {
		return t
	}
	return schema.ValueText(v)
}

// needed tells which variables must be given when the server is started; only a file read without its command has any.
func (r *reader) needed() {
	missing := r.loader.Missing
	if len(missing) == 0 {
		return
	}
	names := make([]string, len(missing))
	var related []schema.Related
	for i, m := range missing {
		names[i] = m.Name
		if i > 0 {
			related = append(related, schema.Related{Message: "this one too: " + m.Name, Range: m.Range})
		}
	}
	n := schema.Notef("needs-variable", missing[0].Range, "Variables are given at the start", "Nothing in the file sets %s, so the start fails unless the command does, and settings made of it are not known. Read the command that starts the server: pserve %s %s=VALUE …", strings.Join(names, ", "), r.file, names[0])
	schema.DetailOf(n).Related = related
	r.add(n)
}

// variables warns of variables that nothing can refer to.
func (r *reader) variables() {
	for _, v := range r.launch.vars {
		if v.Name == "" || strings.ContainsAny(v.Name, " \t") {
			r.add(schema.Warnf("invalid-value", v.NameRange, "Odd variable", "The variable's name is %s; nothing can refer to it. Write NAME=VALUE without spaces.", ini.Quote(v.Name)))
		}
	}
}

package gunicorn

import (
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/ini"
	"gsrv/schema/paste"
	"gsrv/schema/python/value"
)

// initPaste takes the application from --paste FILE#NAME.
func (r *reader) initPaste(w schema.Word) {
	given := strings.TrimSpace(w.Text)
	abs := value.PathAbs(w.Text, r.check.cwd)
	file, fragment, found := strings.Cut(abs, "#")
	if !r.release.AtLeast("20.0.0") && strings.Count(given, "#") > 1 {
		d := schema.Errorf("invalid-application", w.Range, "More than one # in the Paste file's name", "gunicorn ends with status 1. Only the application's section name stands behind a #.")
		schema.DetailOf(d).ServerMessage = "Error: too many values to unpack (expected 2)"
		r.add(d)
		r.stopped = true
		return
	}
	if !r.release.AtLeast("19.0") {
		file, found = abs, false // no section name yet
	}
	if r.in.Files.Exists(file) == "" {
		d := schema.Errorf("file-missing", w.Range, "No such Paste file", "%s does not exist, and gunicorn ends with status 1. Relative names start from the directory gunicorn is started in.", pyRepr(file))
		switch server := &schema.DetailOf(d).ServerMessage; {
		case r.release.AtLeast("19.4"):
			*server = "Error: " + pyRepr(file) + " not found"
		case r.release.AtLeast("19.0"):
			*server = "gunicorn.errors.ConfigError: " + pyRepr(file) + " not found"
		default:
			*server = "Error: name 'val' is not defined"
		}
		r.add(d)
		r.stopped = true
		return
	}
	r.app = appRef{uri: abs, known: true, given: true, at: w.Range, paste: true}
	if r.release.AtLeast("20.0.0") {
		r.layProcName(value.Str(file), schema.LayerCLI, "command line", w.Range)
		r.layLogConfig(file, w.Range)
		r.adviseOnServerSection(file)
		r.loadPasteApp(abs, w.Range)
		return
	}
	r.layServerSection(file, w.Range)
	if !r.stopped {
		uri := "config:" + file
		if found {
			uri += "#" + fragment
		}
		r.loadPasteApp(uri, w.Range)
	}
}

// layLogConfig sets logconfig to the Paste file where that has a [loggers] section.
func (r *reader) layLogConfig(file string, at hcl.Range) {
	if !r.hasLoggers(file) {
		return
	}
	s := r.release.Spec("logconfig")
	e := &entry{spec: s, raw: value.Str(file), Setting: schema.Setting{Native: s.Name, Option: s.Option, Name: s.Option.Model, Value: schema.String(file, at), Range: at, NameRange: at}}
	e.take(r.check.validate(s, e.raw))
	r.stack.lay(schema.LayerFramework, "[loggers]", []*entry{e})
}

// shownName gives the name under which a file is read and shown: relative where it lies below the directory.
func (r *reader) shownName(file string) string {
	if rest, ok := strings.CutPrefix(file, strings.TrimSuffix(r.in.Dir, "/")+"/"); ok && r.in.Dir != "" && rest != "" {
		return rest
	}
	return file
}

// hasLoggers reads a Paste file as Python's configparser does; what that refuses stops gunicorn.
func (r *reader) hasLoggers(file string) bool {
	shown := r.shownName(file)
	text, err := r.in.Files.Read(shown)
	if err != nil {
		return false // configparser skips what it cannot open; the loader of the application says more
	}
	doc, perr := ini.Parse(shown, text, ini.Dialect{LowerKeys: true, Source: file})
	if perr != nil {
		for _, d := range perr.Diags {
			r.add(d)
		}
		r.stopped = true
		return false
	}
	return doc.Section("loggers") != nil
}

// adviseOnServerSection finds gunicorn's settings in a [server:main] that gunicorn no longer reads.
func (r *reader) adviseOnServerSection(file string) {
	shown := r.shownName(file)
	text, err := r.in.Files.Read(shown)
	if err != nil || r.stopped {
		return
	}
	doc, perr := ini.Parse(shown, text, ini.Dialect{Lenient: true})
	if perr != nil {
		return
	}
	section := doc.Section("server:main")
	if section == nil || section.Key("use") == nil || !strings.Contains(section.Key("use").Value, "gunicorn") {
		return
	}
	for _, k := range section.Keys {
		if r.release.Spec(lower(k.Name)) == nil && k.Name != "host" && k.Name != "port" {
			continue
		}
		r.add(schema.Warnf("not-read", k.NameRange, "Setting that is not read", "gunicorn --paste reads no [server:main] since 20.0, so %s has no effect. Put it into gunicorn.conf.py or on the command line (host and port become --bind), or start the file with pserve.", k.Name))
		return // one place says it for all
	}
}

// layServerSection lays [server:main] as the framework's layer, which releases up to 19.10 do.
func (r *reader) layServerSection(file string, at hcl.Range) {
	loader := &paste.Loader{Files: r.in.Files, Dir: r.in.Dir}
	ctx, err := loader.LoadContext(paste.Request{Kind: paste.Server, URI: "config:" + escapeURI(file), RelativeTo: path.Dir(file), At: at})
	if err != nil {
		r.pasteError(err)
		r.stopped = true
		return
	}
	var given []pasteKey
	local := pasteKeys(ctx.Local)
	host, port := takeKey(&local, "host"), takeKey(&local, "port")
	given = append(given, bindOf(host, port)...)
	if !r.release.AtLeast("19.4") {
		given = append(given, intKey(local, "workers", "1", ctx.Header), intKey(local, "umask", "0", ctx.Header))
	}
	if v := ctx.Global.Get("__file__"); v != nil {
		given = append(given, pasteKey{name: "default_proc_name", val: value.Str(v.Text), expr: v.Expr, at: ctx.Header, nameAt: ctx.Header})
	}
	if r.release.AtLeast("19.2") && r.hasLoggers(file) {
		given = append(given, pasteKey{name: "logconfig", val: value.Str(file), expr: schema.String(file, ctx.Header), at: ctx.Header, nameAt: ctx.Header})
	}
	if r.stopped {
		return
	}
	for _, k := range append(pasteKeys(ctx.Global), local...) {
		if r.release.Spec(k.name) != nil {
			given = append(given, k)
		}
	}
	r.layPasteKeys(given, ctx, false)
}

// A pasteKey is one key of a Paste file as a value for a setting.
type pasteKey struct {
	name       string
	val        value.Value // nil where it is not known
	expr       schema.Expr
	at, nameAt hcl.Range
	section    string
}

func pasteKeys(c *paste.Conf) []pasteKey {
	var out []pasteKey
	for _, name := range c.Names() {
		v := c.Get(name)
		k := pasteKey{name: name, expr: v.Expr, at: v.Range, nameAt: v.NameRange, section: v.Section}
		if v.Known {
			k.val = value.Str(v.Text)
		}
		if k.expr == nil {
			k.expr = schema.String(v.Text, v.Range)
		}
		out = append(out, k)
	}
	return out
}

func takeKey(keys *[]pasteKey, name string) *pasteKey {
	for i, k := range *keys {
		if k.name == name {
			*keys = append((*keys)[:i:i], (*keys)[i+1:]...)
			return &k
		}
	}
	return nil
}

func keyText(k *pasteKey) (text string, known bool) {
	if k == nil {
		return "", true
	}
	s, ok := k.val.(value.Str)
	return string(s), ok
}

// bindOf makes bind of host and port: host:port, or the hosts of a list without a port; nothing for a port alone.
func bindOf(host, port *pasteKey) []pasteKey {
	h, hostKnown := keyText(host)
	p, portKnown := keyText(port)
	if host == nil || hostKnown && h == "" {
		return nil
	}
	out := pasteKey{name: "bind", at: host.at, nameAt: host.nameAt, section: host.section, expr: host.expr}
	if port != nil && !(portKnown && p == "") {
		out.expr = &schema.Template{Parts: []schema.Expr{host.expr, schema.String(":", host.at), port.expr}, Src: host.at}
		if hostKnown && portKnown {
			out.val = value.Str(h + ":" + p)
		}
		return []pasteKey{out}
	}
	if hostKnown {
		list := value.NewList()
		for part := range strings.SplitSeq(h, ",") {
			list.Elems = append(list.Elems, value.Str(part))
		}
		out.val = list
	}
	return []pasteKey{out}
}

// intKey is the number that releases before 19.4 make of workers and umask themselves.
func intKey(local []pasteKey, name, fallback string, header hcl.Range) pasteKey {
	for _, k := range local {
		if k.name == name {
			return k
		}
	}
	return pasteKey{name: name, val: value.Str(fallback), expr: schema.String(fallback, header), at: header, nameAt: header}
}

// layPasteKeys lays keys as settings; with strict set an unknown name is an error.
func (r *reader) layPasteKeys(keys []pasteKey, ctx *paste.Context, strict bool) {
	var out []*entry
	index := map[string]int{}
	for _, k := range keys {
		name := lower(k.name)
		s := r.release.Spec(name)
		if s == nil {
			if strict {
				r.unknownKey(k, ctx)
			}
			continue
		}
		e := &entry{spec: s, raw: k.val, Setting: schema.Setting{Native: s.Name, Option: s.Option, Name: s.Option.Model, Value: k.expr, Range: k.at, NameRange: k.nameAt}}
		if k.section != "" {
			e.Source = "[" + k.section + "]"
		}
		if k.val == nil {
			e.reason = "it depends on a variable that is not known"
		} else if raised := e.take(r.check.validate(s, k.val)); raised != nil {
			r.refuse(e, raised, true)
		}
		if i, seen := index[name]; seen {
			old := out[i]
			e.Shadowed = append([]schema.Setting{bare(old.Setting)}, old.Shadowed...)
			out[i] = e
			continue
		}
		index[name] = len(out)
		out = append(out, e)
	}
	r.stack.lay(schema.LayerFramework, "["+ctx.Section+"]", out)
}

func (r *reader) unknownKey(k pasteKey, ctx *paste.Context) {
	detail := "gunicorn has no setting " + pyRepr(lower(k.name)) + " and ends with status 1. "
	suggest := ""
	if o := Catalogue.Lookup(lower(k.name)); o != nil {
		detail += r.lifespan(o, k.name)
	} else if suggest = r.meant(lower(k.name)); suggest != "" {
		detail += "Did you mean " + suggest + "?"
	} else {
		detail += "Take it out of [" + ctx.Section + "]; what the application reads belongs into [DEFAULT] or its own section."
	}
	d := schema.Errorf("unknown-setting", k.nameAt, "Unknown setting "+k.name, "%s", detail)
	schema.DetailOf(d).ServerMessage = "Error: No configuration setting for: " + lower(k.name)
	schema.DetailOf(d).Suggest = suggest
	r.add(d)
}

// escapeURI keeps a file name from being decoded: PasteDeploy takes %20 for a space and # for the end.
func escapeURI(name string) string { return strings.NewReplacer("%", "%25", "#", "%23").Replace(name) }

// loadPasteApp looks whether Paste would find the application.
func (r *reader) loadPasteApp(uri string, at hcl.Range) {
	if !strings.Contains(uri, ":") {
		uri = "config:" + uri
	}
	loader := &paste.Loader{Files: r.in.Files, Dir: r.in.Dir}
	if _, err := loader.LoadContext(paste.Request{Kind: paste.App, URI: uri, RelativeTo: r.in.Dir, At: at}); err != nil {
		r.pasteError(err)
	}
}

// pasteError takes over what PasteDeploy refuses.
func (r *reader) pasteError(err error) {
	if e, ok := err.(*paste.Error); ok {
		r.diags = append(r.diags, e.Diags...)
		return
	}
	r.add(schema.Errorf("paste", hcl.Range{}, "Paste file cannot be loaded", "%s", err.Error()))
}

// readPasterCommand reads "gunicorn_paster ARGUMENTS FILE", which 20.0 no longer has.
func (r *reader) readPasterCommand() {
	program := r.in.Command[0]
	if r.release.AtLeast("20.0.0") {
		r.add(schema.Errorf("removed-command", program.Range, "gunicorn_paster is gone", "gunicorn %s has no gunicorn_paster, it was removed in 20.0: start it as gunicorn --paste FILE, and note that the settings of [server:main] are not read there. Or name the release in use with --target gunicorn@19.10.0.", r.release.Version))
		r.stopped = true
		return
	}
	args := r.arguments(r.in.Command[1:], program)
	if r.stopped {
		return
	}
	if len(args.positional) != 1 {
		d := schema.Errorf("no-application", program.Range, "No Paste file", "gunicorn_paster takes exactly one word besides its options, the Paste file, and got %d: it prints its usage and ends with status 2.", len(args.positional))
		schema.DetailOf(d).ServerMessage = "gunicorn_paster: error: No application name specified."
		r.add(d)
		r.stopped = true
		return
	}
	w := args.positional[0]
	file := value.PathAbs(w.Text, r.check.cwd)
	if r.in.Files.Exists(file) == "" {
		d := schema.Errorf("file-missing", w.Range, "No such Paste file", "%s does not exist: gunicorn_paster prints its usage and ends with status 2. Relative names start from the directory it is started in.", pyRepr(file))
		schema.DetailOf(d).ServerMessage = "gunicorn_paster: error: Config file not found: " + file
		r.add(d)
		r.stopped = true
		return
	}
	r.app = appRef{uri: file, known: true, given: true, at: w.Range, paste: true}
	r.layServerSection(file, w.Range)
	if r.stopped {
		return
	}
	r.loadPasteApp("config:"+escapeURI(file), w.Range)
	r.layConfiguration(args)
}

// ReadPaste reads the settings of "use = egg:gunicorn#main": those of the section, of the configuration file that
// its key config names or ./gunicorn.conf.py, and gunicorn's defaults. Neither the command line nor GUNICORN_CMD_ARGS
// counts there. in.File is the Paste file.
func ReadPaste(in schema.Input, ctx *paste.Context) (*schema.Config, hcl.Diagnostics) {
	r := newReader(in)
	r.fromCommand = false
	r.layDefaults()
	r.app = appRef{known: true, paste: true, uri: in.File, at: ctx.Header}
	if r.release.AtLeast("20.0.0") {
		r.serve(ctx)
	} else {
		r.pasterServer(ctx)
	}
	return r.finish()
}

// serve follows gunicorn.app.pasterapp.serve: the section's keys override the configuration file, and unknown ones are
// errors.
func (r *reader) serve(ctx *paste.Context) {
	local := pasteKeys(ctx.Local)
	config := takeKey(&local, "config")
	host, port := takeKey(&local, "host"), takeKey(&local, "port")
	if bind := bindOf(host, port); bind != nil {
		for i := range local { // bind keeps its place in the section
			if local[i].name == "bind" {
				r.overriddenBind(local[i], bind[0])
				local[i] = bind[0]
				bind = nil
				break
			}
		}
		local = append(local, bind...)
	}
	if v := ctx.Global.Get("__file__"); v != nil {
		r.layProcName(value.Str(v.Text), schema.LayerFramework, "["+ctx.Section+"]", ctx.Header)
		r.layLogConfig(v.Text, ctx.Header)
	}
	if r.stopped {
		return
	}
	r.layPasteConfig(config)
	r.layPasteKeys(local, ctx, true)
	r.enterDirectory()
}

func (r *reader) overriddenBind(old, by pasteKey) {
	r.add(schema.Warnf("overridden", old.at, "bind has no effect", "host takes its place: gunicorn makes bind of host and port where there is a host. Keep either bind or host and port."))
	schema.DetailOf(r.diags[len(r.diags)-1]).Related = []schema.Related{{Message: "host stands here", Range: by.at}}
}

// layPasteConfig reads the configuration file that the key config names, or the default one.
func (r *reader) layPasteConfig(config *pasteKey) {
	if config != nil && config.val == nil {
		r.open(&schema.Opaque{Reason: "the configuration file's name depends on a variable that is not known", Src: config.at})
		return
	}
	if text, _ := keyText(config); text != "" {
		r.layConfigFile(schema.Word{Text: text, Range: config.at})
		return
	}
	r.layDefaultFile()
}

// pasterServer follows the PasterServerApplication of releases before 20.0: the configuration file overrides the
// section's keys, and unknown ones are ignored.
func (r *reader) pasterServer(ctx *paste.Context) {
	local := pasteKeys(ctx.Local)
	host, port := takeKey(&local, "host"), takeKey(&local, "port")
	if host == nil {
		host = &pasteKey{name: "host", val: value.Str("127.0.0.1"), expr: schema.String("127.0.0.1", ctx.Header), at: ctx.Header, nameAt: ctx.Header}
	}
	if h, known := keyText(host); known && strings.HasPrefix(h, "unix:") {
		port = nil
	}
	keys := local
	bind := bindOf(host, port)
	if bind == nil {
		bind = []pasteKey{{name: "bind", val: value.NewList(value.Str("")), expr: host.expr, at: host.at, nameAt: host.nameAt}}
	}
	if s, ok := bind[0].val.(value.Str); ok { // these releases part the whole at commas
		list := value.NewList()
		for part := range strings.SplitSeq(string(s), ",") {
			list.Elems = append(list.Elems, value.Str(part))
		}
		bind[0].val = list
	}
	keys = append(keys, bind...)
	keys = append(keys, pasteKeys(ctx.Global)...)
	if v := ctx.Global.Get("__file__"); v != nil {
		keys = append(keys, pasteKey{name: "default_proc_name", val: value.Str(v.Text), expr: v.Expr, at: ctx.Header, nameAt: ctx.Header})
	}
	r.layPasteKeys(keys, ctx, false)
	if !r.release.AtLeast("18.0") {
		return // no configuration file yet
	}
	var config *pasteKey
	for i := range keys {
		if keys[i].name == "config" {
			config = &keys[i]
		}
	}
	r.layPasteConfig(config)
}

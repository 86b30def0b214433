package native

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"gsrv/schema"
)

// DefaultFile is the configuration that `gsrv run` reads when it is given none.
const DefaultFile = "gsrv.hcl"

// program is the command that serves an application from such a file, with its subcommand.
const (
	program    = "gsrv"
	subcommand = "run"
)

// options are those that the command takes beside the file; the value tells whether one takes a value.
var options = map[string]bool{"--no-check": false, "--batch": false, "--python": true, "--control": true, "--admin": true, "--cpus": true, "--target": true, "--listen": true, "--request-id-header": true, "--health-path": true, "--ready-path": true, "--deployment": true}

type dialect struct{}

// New gives the dialect of gsrv.hcl.
func New() schema.Dialect { return dialect{} }

func (dialect) Name() string { return schema.Model.Server }

func (dialect) Catalogue() *schema.Catalogue { return schema.Model }

func (dialect) Programs() []string { return []string{program} }

// blockHeader finds the opening of a block at the start of a line.
var blockHeader = lazily(`(?m)^[ \t]*([A-Za-z_][\w-]*)((?:[ \t]+"[^"\n]*")*)[ \t]*\{`)

// Recognise implements schema.Dialect: the name says HCL, and the blocks are this format's.
func (dialect) Recognise(name string, text []byte) int {
	if filepath.Base(name) == DefaultFile {
		return 100
	}
	known := root().blockNames()
	ours, others, sure := 0, 0, false
	for _, m := range blockHeader().FindAllSubmatch(text, 200) {
		if slices.Contains(known, string(m[1])) {
			ours++
			sure = sure || slices.Contains([]string{"app", "listen", "workers"}, string(m[1]))
		} else {
			others++
		}
	}
	switch hclName := strings.HasSuffix(name, ".hcl"); {
	case hclName && ours > others && sure:
		return 90
	case hclName && ours > 0:
		return 40 // blocks of the same names are in other tools' files
	case hclName && others == 0:
		return 40
	case ours >= 2 && !bytes.Contains(text, []byte("def ")):
		return 20
	}
	return 0
}

// Read implements schema.Dialect.
func (d dialect) Read(in schema.Input) (*schema.Config, hcl.Diagnostics) {
	cfg := &schema.Config{Dialect: d.Name(), Server: "gsrv", Target: in.Version, Files: in.Files}
	name := in.File
	var diags hcl.Diagnostics
	if len(in.Command) > 0 {
		name, diags = commandFile(in.Command)
	}
	var r *reader
	if !diags.HasErrors() {
		var more hcl.Diagnostics
		r, more = readFile(in, name)
		diags = append(diags, more...)
	}
	var file, extra []schema.Setting
	if r != nil {
		for _, s := range r.settings {
			if s.Option == nil {
				extra = append(extra, s)
			} else {
				file = append(file, s)
			}
		}
	}
	defaults := &schema.Layer{Kind: schema.LayerDefault, Name: "default", Settings: defaultSettings()}
	layer := &schema.Layer{Kind: schema.LayerFile, Name: name, Settings: append(slices.Clip(file), extra...)}
	cfg.Layers = []*schema.Layer{defaults, layer}
	cfg.Settings = schema.Merge(cfg.Layers)
	schema.SortByCatalogue(cfg.Settings, schema.Model)
	for _, s := range cfg.Settings {
		if s.Option != nil {
			cfg.Model = append(cfg.Model, s)
		}
	}
	cfg.Native = nativeObject(cfg)
	cfg.Summary = summary(cfg)
	return cfg, diags
}

// commandFile finds the file in `gsrv run FILE`.
func commandFile(command []schema.Word) (string, hcl.Diagnostics) {
	args := command[1:]
	if len(args) == 0 || args[0].Text != subcommand {
		at := command[0].Range
		if len(args) > 0 {
			at = args[0].Range
		}
		return "", hcl.Diagnostics{schema.Errorf("usage", at, "Not a command that serves", "The command that serves an application is %s %s FILE.", program, subcommand)}
	}
	name := ""
	skip := false
	for _, w := range args[1:] {
		option, _, hasValue := strings.Cut(w.Text, "=")
		takes, own := options[option]
		switch {
		case skip:
			skip = false
		case own:
			skip = takes && !hasValue
		case w.Text == "--" && name == "":
		case strings.HasPrefix(w.Text, "-"):
			return name, hcl.Diagnostics{schema.Errorf("usage", w.Range, "Unknown option", "%s %s takes the name of a configuration and no option %s.", program, subcommand, w.Text)}
		case name != "":
			return name, hcl.Diagnostics{schema.Errorf("usage", w.Range, "One file only", "%s %s takes one configuration, and %s is another.", program, subcommand, w.Text)}
		default:
			name = w.Text
		}
	}
	if name == "" {
		name = DefaultFile
	}
	return name, nil
}

func readFile(in schema.Input, name string) (*reader, hcl.Diagnostics) {
	at := hcl.Range{Filename: name, Start: hcl.InitialPos, End: hcl.InitialPos}
	src, err := in.Files.Read(name)
	if err != nil {
		switch {
		case errors.Is(err, schema.ErrTooLarge):
			return nil, hcl.Diagnostics{schema.Errorf("too-large", at, "File too large", "%s.", err)}
		case errors.Is(err, fs.ErrNotExist):
			return nil, hcl.Diagnostics{schema.Errorf("file-missing", at, "Configuration not found", "%s. docs/native.md shows how to write one.", err)}
		}
		return nil, hcl.Diagnostics{schema.Errorf("file-missing", at, "Configuration cannot be read", "%s.", err)}
	}
	t, diags := check(name, src)
	if t == nil {
		return nil, diags
	}
	parsed, more := hclsyntax.ParseConfig(t.masked, name, hcl.InitialPos)
	diags = syntaxProblems(append(diags, more...))
	body, ok := parsed.Body.(*hclsyntax.Body)
	if !ok {
		return nil, diags
	}
	r := &reader{text: t, ev: newEvaluator(in, name), places: map[string]hcl.Range{}}
	broken := slices.ContainsFunc(diags, func(d *hcl.Diagnostic) bool { return schema.DetailOf(d).Code == "syntax-error" })
	r.body(body)
	if broken {
		// What is left of a file that does not parse is no ground to find fault with.
		return r, diags
	}
	r.needsApplication(body)
	if beyond := len(r.diags) - maxProblems; beyond > 0 {
		r.diags, r.more = r.diags[:maxProblems:maxProblems], r.more+beyond
	}
	if r.more > 0 {
		r.diags = append(r.diags, schema.Errorf("too-many", at, "More problems", "There are %d more problems in this file.", r.more))
	}
	diags = append(diags, r.diags...)
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int { return a.Subject.Start.Byte - b.Subject.Start.Byte })
	return r, diags
}

// syntaxProblems puts the parser's diagnostics in gsrv's form, the first ones only: a binary file has thousands.
func syntaxProblems(diags hcl.Diagnostics) hcl.Diagnostics {
	if len(diags) > maxProblems {
		diags = diags[:maxProblems]
	}
	// One mistake often gives two diagnostics at one place; the first is the closer one.
	diags = slices.CompactFunc(diags, func(a, b *hcl.Diagnostic) bool { return a.Subject.Start == b.Subject.Start })
	for i, d := range diags {
		code := "syntax-error"
		if d.Summary == "Attribute redefined" {
			code = "duplicate-setting" // the only one after which the parser has missed nothing
		}
		diags[i] = &hcl.Diagnostic{Severity: hcl.DiagError, Summary: d.Summary, Detail: d.Detail, Subject: d.Subject, Context: d.Context, Extra: &schema.Detail{Code: code}}
	}
	return diags
}

// needsApplication reports a file that does not say what to serve.
func (r *reader) needsApplication(body *hclsyntax.Body) {
	if r.diags.HasErrors() {
		return // what is wrong may be the application
	}
	for _, name := range applicationSettings() {
		if _, ok := r.places[name]; ok {
			return
		}
	}
	at := hcl.Range{Filename: r.text.name, Start: hcl.InitialPos, End: hcl.InitialPos}
	for _, b := range body.Blocks {
		if len(b.Labels) == 0 && root().find(b.Type) != nil && root().find(b.Type).label != nil && strings.HasPrefix(applicationSettings()[0], b.Type+".") {
			at = b.TypeRange
		}
	}
	r.errorf("missing-application", at, "No application", `The file does not say what to serve. Name the WSGI application: app "shop.wsgi:application" {}.`)
}

// applicationSettings are the ways to name an application: the label of the first block, a file, a Paste file.
func applicationSettings() []string {
	first := root().blocks[0]
	names := []string{first.label.option.Name}
	for _, a := range first.attrs {
		if a.name == "file" || a.name == "paste_file" {
			names = append(names, a.option.Name)
		}
	}
	return names
}

// defaultOf is an option's default in the model's unit; null where it has none.
func defaultOf(o *schema.Option) cty.Value {
	if o.Default == "" {
		return schema.Null
	}
	v, err := jsonValue([]byte(o.Default))
	if err != nil {
		return schema.Null
	}
	return v
}

func jsonValue(text []byte) (cty.Value, error) {
	t, err := ctyjson.ImpliedType(text)
	if err != nil {
		return schema.Null, err
	}
	return ctyjson.Unmarshal(text, t)
}

func defaultSettings() []schema.Setting {
	options := schema.Model.Options
	out := make([]schema.Setting, len(options))
	for i := range options {
		o := &options[i]
		v := defaultOf(o)
		out[i] = schema.Setting{
			Name: o.Name, Native: o.Name, Option: o, Value: &schema.Const{Val: v}, OnHost: v,
			Text: textOf(o, v), Layer: schema.LayerDefault, Source: "default",
		}
	}
	return out
}

// nativeObject is the effective configuration as JSON in the shape of the file: blocks are objects, quantities have
// their units, and a value that the host does not tell is its expression as HCL in JSON has it, "${…}".
func nativeObject(cfg *schema.Config) map[string]any {
	top := map[string]any{}
	for i := range cfg.Settings {
		s := &cfg.Settings[i]
		if s.OnHost.IsKnown() && s.OnHost.IsNull() {
			continue
		}
		parts := strings.Split(s.Native, ".")
		if s.Option == nil {
			parts = strings.SplitN(s.Native, ".", 3)
		} else if role, _ := s.Option.Extra.(schema.ModelRole); role != "" && role != schema.RoleLabel {
			continue // listen blocks below
		}
		in := top
		for _, p := range parts[:len(parts)-1] {
			next, ok := in[p].(map[string]any)
			if !ok {
				next = map[string]any{}
				in[p] = next
			}
			in = next
		}
		in[parts[len(parts)-1]] = settingJSON(s.Option, s.Value, s.OnHost)
	}
	for _, b := range root().blocks {
		if b.listener {
			top[b.name] = listenersJSON(cfg, b)
		}
	}
	return top
}

func settingJSON(o *schema.Option, e schema.Expr, v cty.Value) any {
	if o != nil && o.Type == "hook" {
		if t, err := attributeText(o, e); err == nil && strings.HasPrefix(t, `"`) {
			return strings.Trim(t, `"`)
		}
	}
	if !v.IsWhollyKnown() {
		if list, ok := e.(*schema.List); ok && isSequence(v) && len(list.Items) == v.LengthInt() {
			out := make([]any, len(list.Items))
			for i, item := range v.AsValueSlice() {
				out[i] = settingJSON(nil, list.Items[i], item)
			}
			return out
		}
		t, err := hclText(e)
		if o != nil {
			t, err = attributeText(o, e)
		}
		if err != nil {
			if op, ok := e.(*schema.Opaque); ok {
				t = op.Source
			}
		}
		if strings.HasPrefix(t, `"`) && strings.HasSuffix(t, `"`) && strings.Count(t, "${") == 1 {
			return strings.TrimSuffix(strings.TrimPrefix(t, `"`), `"`)
		}
		return "${" + t + "}"
	}
	if o != nil && (o.Type == "duration" || o.Type == "size") {
		return textOf(o, v)
	}
	return plainJSON(v)
}

// plainJSON gives a value as encoding/json takes it.
func plainJSON(v cty.Value) any {
	switch t := v.Type(); {
	case v.IsNull() || !v.IsKnown():
		return nil
	case t == cty.Bool:
		return v.True()
	case t == cty.Number:
		if n, exact := v.AsBigFloat().Int64(); exact == big.Exact {
			return n
		}
		return json.Number(numberText(v))
	case t == cty.String:
		return v.AsString()
	case isSequence(v):
		out := []any{}
		for it := v.ElementIterator(); it.Next(); {
			_, e := it.Element()
			out = append(out, plainJSON(e))
		}
		return out
	}
	out := map[string]any{}
	for k, e := range v.AsValueMap() {
		out[k] = plainJSON(e)
	}
	return out
}

// listenersJSON lists the listen blocks: every address with its protocol and what it differs in.
func listenersJSON(cfg *schema.Config, b *block) []any {
	out := []any{}
	for _, l := range listenersOf(b, cfg.Model) {
		m := map[string]any{protocolAttr: l.protocol}
		if l.list {
			m[addressAttr] = settingJSON(addressesType, l.address, l.onHost)
		} else {
			m[addressAttr] = settingJSON(addressOption, l.address, l.onHost)
		}
		for _, a := range l.attrs {
			if !isNullSetting(a) {
				_, name, _ := strings.Cut(a.Name, ".")
				m[name] = settingJSON(a.Option, a.Value, a.OnHost)
			}
		}
		out = append(out, m)
	}
	return out
}

func isNullSetting(s schema.Setting) bool { return s.OnHost.IsKnown() && s.OnHost.IsNull() }

// summary says in one line what would run.
func summary(cfg *schema.Config) string {
	text := func(name, unknown string) string {
		s := cfg.Setting(name)
		if s == nil || s.Text == "" || isNullSetting(*s) {
			return unknown
		}
		return s.Text
	}
	app := "no application"
	for _, name := range applicationSettings() {
		if s := cfg.Setting(name); s != nil && !isNullSetting(*s) {
			app = "app " + text(name, "not known on this host")
			break
		}
	}
	var addresses []string
	for _, b := range root().blocks {
		if !b.listener {
			continue
		}
		for _, l := range listenersOf(b, cfg.Model) {
			t := textOf(addressOption, l.onHost)
			if t == "" {
				t = canonical(l.address)
			}
			if l.protocol != b.protocols()[0] {
				t += " (" + l.protocol + ")"
			}
			addresses = append(addresses, t)
		}
	}
	count := text("workers.count", "?")
	plural := "s"
	if count == "1" {
		plural = ""
	}
	return fmt.Sprintf("gsrv: %s %s worker%s on %s, %s", count, text("workers.class", "?"), plural, strings.Join(addresses, ", "), app)
}

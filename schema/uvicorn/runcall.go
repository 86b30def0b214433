package uvicorn

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
	"gsrv/schema/cmdline"
	"gsrv/schema/python/syntax"
)

// A call is uvicorn.run(…) or uvicorn.Config(…) in a file.
type call struct {
	*syntax.Call
	// name is the function's own: run or Config.
	name string
	// local are the assignments before it in the functions it stands in, outermost first.
	local []*syntax.Assign
}

// readFile reads the first call that starts uvicorn in a Python file, as running the file would make it.
func (r *reader) readFile() {
	file := r.in.File
	r.cli = cmdline.NewLayer(schema.LayerFile, filepath.Base(file))
	start := hcl.Range{Filename: file, Start: hcl.InitialPos, End: hcl.InitialPos}
	src, err := r.in.Files.Read(file)
	if err != nil {
		r.stopped = true
		start.Filename = schema.CommandLine
		r.add(schema.Errorf("file-missing", start, "File cannot be read", "%s. Name the Python file that calls uvicorn.run().", err.Error()))
		return
	}
	mod, err := syntax.Parse(file, src)
	if err != nil {
		r.stopped = true
		r.add(syntaxDiagnostic(file, src, err))
		return
	}
	calls := findCalls(mod)
	if len(calls) == 0 {
		r.stopped = true
		r.add(schema.Errorf("no-server", start, "Nothing starts uvicorn here", "%s calls neither uvicorn.run() nor uvicorn.Config(). Name the file that does, or give uvicorn's command line: gsrv show -- uvicorn shop.asgi:app.", file))
		return
	}
	c := calls[0]
	f := &pythonFile{r: r, name: file, text: src, mod: mod, starts: lineStarts(src)}
	if len(calls) > 1 {
		r.add(schema.Notef("not-read", f.at(calls[1].Func), "Another call", "Only the first call that starts uvicorn is read; this one is another server. Put it into a file of its own to check it."))
	}
	f.read(c)
}

func syntaxDiagnostic(file string, src []byte, err error) *hcl.Diagnostic {
	at := hcl.Range{Filename: file, Start: hcl.InitialPos, End: hcl.InitialPos}
	message := err.Error()
	var se *syntax.SyntaxError
	if errors.As(err, &se) {
		at = lineRange(file, src, se.Line)
		message = se.Type + ": " + se.Msg
	}
	d := schema.Errorf("syntax-error", at, "No Python", "Python does not run the file: %s. Mend the line.", message)
	schema.DetailOf(d).ServerMessage = message
	return d
}

// lineRange is a whole line of a text.
func lineRange(file string, text []byte, line int) hcl.Range {
	starts := lineStarts(text)
	if line < 1 || line > len(starts) {
		return hcl.Range{Filename: file, Start: hcl.InitialPos, End: hcl.InitialPos}
	}
	end := len(text)
	if line < len(starts) {
		end = starts[line] - 1
	}
	return schema.RangeOf(file, text, starts[line-1], end)
}

func lineStarts(text []byte) []int {
	starts := []int{0}
	for i, c := range text {
		if c == '\n' || c == '\r' && (i+1 >= len(text) || text[i+1] != '\n') {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// findCalls lists the calls that start uvicorn, in the order of the source.
func findCalls(mod *syntax.Module) []call {
	modules := map[string]bool{}
	functions := map[string]string{}
	known := func(name string) bool { return name == "run" || name == "Config" }
	syntax.InspectBody(mod.Body, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Import:
			for _, a := range n.Names {
				if a.Name == "uvicorn" {
					modules[first(a.AsName, a.Name)] = true
				}
			}
		case *syntax.ImportFrom:
			for _, a := range n.Names {
				if (n.Module == "uvicorn" || n.Module == "uvicorn.main" || n.Module == "uvicorn.config") && n.Level == 0 && known(a.Name) {
					functions[first(a.AsName, a.Name)] = a.Name
				}
			}
		}
		return true
	})
	var calls []call
	var look func(body []syntax.Stmt, local []*syntax.Assign)
	look = func(body []syntax.Stmt, local []*syntax.Assign) {
		syntax.InspectBody(body, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.FunctionDef:
				look(n.Body, slices.Concat(local, assignments(n.Body)))
				return false
			case *syntax.AsyncFunctionDef:
				look(n.Body, slices.Concat(local, assignments(n.Body)))
				return false
			case *syntax.Call:
				c := call{Call: n, local: local}
				switch f := n.Func.(type) {
				case *syntax.Attribute:
					if m, ok := f.Value.(*syntax.Name); ok && modules[m.ID] && known(f.Attr) {
						c.name = f.Attr
					}
				case *syntax.Name:
					c.name = functions[f.ID]
				}
				if c.name != "" {
					calls = append(calls, c)
				}
			}
			return true
		})
	}
	look(mod.Body, nil)
	slices.SortStableFunc(calls, func(a, b call) int { return int(a.Start - b.Start) })
	return calls
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// assignments lists a function's plain assignments.
func assignments(body []syntax.Stmt) []*syntax.Assign {
	var out []*syntax.Assign
	for _, s := range body {
		if a, ok := s.(*syntax.Assign); ok {
			out = append(out, a)
		}
	}
	return out
}

// positional are the parameters that may be given without their name: run() takes the application alone so.
var positional = []string{"app", "host", "port", "uds", "fd", "loop", "http", "ws"}

// inCode are parameters that only Python code can give, and that say nothing about the configuration.
var inCode = []string{"timeout_notify", "callback_notify", "ssl_context_factory"}

// read takes the settings from a call's arguments.
func (f *pythonFile) read(c call) {
	var args []argument
	for i, e := range c.Args {
		if _, star := e.(*syntax.Starred); star || i >= len(positional) {
			f.open(e)
			break
		}
		args = append(args, argument{name: positional[i], value: e, nameAt: f.at(e)})
	}
	for _, k := range c.Keywords {
		if k.Arg == "" {
			f.open(k.Value)
			continue
		}
		at := f.at(k)
		at = schema.RangeOf(f.name, f.text, at.Start.Byte, at.Start.Byte+len(k.Arg))
		args = append(args, argument{name: k.Arg, value: k.Value, nameAt: at})
	}
	values := f.evaluate(c, args)
	for i, a := range args {
		o := Catalogue.Lookup(a.name)
		switch {
		case slices.Contains(inCode, a.name):
		case o == nil || !o.Known(f.r.release):
			f.unknown(c, a)
		default:
			f.set(o, a, values[i])
		}
	}
	if !slices.ContainsFunc(args, func(a argument) bool { return a.name == "app" }) && len(f.r.cfg.Open) == 0 {
		d := schema.Errorf("no-application", f.at(c.Func), "No application", "%s() is called without an application, and ends with a TypeError. Name it first, as a text: uvicorn.%s(\"shop.asgi:app\").", c.name, c.name)
		schema.DetailOf(d).ServerMessage = "TypeError: " + c.name + "() missing 1 required positional argument: 'app'"
		f.r.add(d)
	}
	f.needsText(c)
}

// open notes arguments that are not spelled out.
func (f *pythonFile) open(e syntax.Node) {
	at := f.at(e)
	f.r.cfg.Open = append(f.r.cfg.Open, &schema.Opaque{Source: f.mod.Text(e), Reason: "arguments are put together while the program runs", Src: at})
	f.r.add(schema.Notef("open-namespace", at, "Arguments that are not spelled out", "%s may hold further settings; they are not known before the program runs.", f.mod.Text(e)))
}

func (f *pythonFile) unknown(c call, a argument) {
	var names []string
	for i := range Catalogue.Options {
		if o := &Catalogue.Options[i]; o.Known(f.r.release) {
			names = append(names, o.Name)
		}
	}
	hint := ""
	near := schema.Nearest(a.name, names)
	if o := Catalogue.Lookup(a.name); o != nil {
		hint = " It came with " + o.Since + "."
		if o.Removed != "" && f.r.release.AtLeast(o.Removed) {
			hint = " It was removed in " + o.Removed + "."
		}
	} else if near != "" {
		hint = " Did you mean " + near + "?"
	}
	d := schema.Errorf("unknown-setting", a.nameAt, "Unknown setting", "%s() of uvicorn %s has no parameter %s, and the program ends with a TypeError.%s", c.name, f.r.release, a.name, hint)
	schema.DetailOf(d).ServerMessage = "TypeError: " + c.name + "() got an unexpected keyword argument " + cmdline.Repr(a.name)
	schema.DetailOf(d).Suggest = near
	f.r.add(d)
}

// needsText reports workers and reload with an application object, with which uvicorn does not start.
func (f *pythonFile) needsText(c call) {
	app := f.r.cli.Get("app")
	if c.name != "run" || app == nil {
		return
	}
	if o, ok := app.Value.(*schema.Opaque); !ok || o.Reason != objectReason {
		return
	}
	for _, name := range []string{"workers", "reload"} {
		s := f.r.cli.Get(name)
		if s == nil || !s.OnHost.IsWhollyKnown() || s.OnHost.IsNull() {
			continue
		}
		several := s.OnHost.Type() == cty.Number && s.OnHost.GreaterThan(cty.NumberIntVal(1)).True()
		if !several && (s.OnHost.Type() != cty.Bool || s.OnHost.False()) {
			continue
		}
		module := strings.TrimSuffix(filepath.Base(f.name), ".py")
		d := schema.Errorf("conflict", app.Range, "The application must be named by a text", "With %s uvicorn starts other processes, which import the application themselves: it does not start with an object. Write \"%s:%s\".", name, module, f.mod.Text(c.Args[0]))
		schema.DetailOf(d).ServerMessage = "WARNING:  You must pass the application as an import string to enable 'reload' or 'workers'."
		schema.DetailOf(d).Related = []schema.Related{{Message: "set here", Range: s.Range}}
		f.r.add(d)
		return
	}
}

package paste

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/ini"
)

// A Distribution is an installed Python package: its name and its entry points by group and name.
type Distribution struct {
	Name   string
	Groups map[string]map[string]string
}

// known lists the eggs that servers and filters are mostly taken from, with all their entry points of the groups that
// Paste asks for. Read from the metadata of gunicorn 20.1, waitress 2.1, pyramid 2.0, PasteDeploy 3.0, PasteScript 3.2
// and Paste 3.5.
var known = sync.OnceValue(func() map[string]*Distribution { return distributions(knownEggs) })

const knownEggs = `
[gunicorn]
paste.server_runner main = gunicorn.app.pasterapp:serve
[waitress]
paste.server_runner main = waitress:serve_paste
[pyramid]
paste.server_runner wsgiref = pyramid.scripts.pserve:wsgiref_server_runner
paste.server_runner cherrypy = pyramid.scripts.pserve:cherrypy_server_runner
[PasteDeploy]
paste.filter_app_factory config = paste.deploy.config:make_config_filter
paste.filter_app_factory prefix = paste.deploy.config:make_prefix_middleware
[PasteScript]
paste.app_factory test = paste.script.testapp:make_test_application
paste.server_runner cgi = paste.script.cgi_server:paste_run_cgi
paste.server_runner cherrypy = paste.script.cherrypy_server:cpwsgi_server
paste.server_runner flup_ajp_fork = paste.script.flup_server:run_ajp_fork
paste.server_runner flup_ajp_thread = paste.script.flup_server:run_ajp_thread
paste.server_runner flup_fcgi_fork = paste.script.flup_server:run_fcgi_fork
paste.server_runner flup_fcgi_thread = paste.script.flup_server:run_fcgi_thread
paste.server_runner flup_scgi_fork = paste.script.flup_server:run_scgi_fork
paste.server_runner flup_scgi_thread = paste.script.flup_server:run_scgi_thread
paste.server_runner twisted = paste.script.twisted_web2_server:run_twisted
paste.server_runner wsgiutils = paste.script.wsgiutils_server:run_server
[Paste]
paste.app_factory cgi = paste.cgiapp:make_cgi_application
paste.app_factory pkg_resources = paste.urlparser:make_pkg_resources
paste.app_factory proxy = paste.proxy:make_proxy
paste.app_factory static = paste.urlparser:make_static
paste.app_factory test = paste.debug.debugapp:make_test_app
paste.app_factory test_slow = paste.debug.debugapp:make_slow_app
paste.app_factory transparent_proxy = paste.proxy:make_transparent_proxy
paste.app_factory urlparser = paste.urlparser:make_url_parser
paste.app_factory watch_threads = paste.debug.watchthreads:make_watch_threads
paste.composite_factory cascade = paste.cascade:make_cascade
paste.composite_factory urlmap = paste.urlmap:urlmap_factory
paste.filter_app_factory auth_basic = paste.auth.basic:make_basic
paste.filter_app_factory auth_cookie = paste.auth.cookie:make_auth_cookie
paste.filter_app_factory auth_digest = paste.auth.digest:make_digest
paste.filter_app_factory auth_form = paste.auth.form:make_form
paste.filter_app_factory auth_tkt = paste.auth.auth_tkt:make_auth_tkt_middleware
paste.filter_app_factory cgitb = paste.cgitb_catcher:make_cgitb_middleware
paste.filter_app_factory config = paste.config:make_config_filter
paste.filter_app_factory cowbell = paste.cowbell:make_cowbell
paste.filter_app_factory error_catcher = paste.exceptions.errormiddleware:make_error_middleware
paste.filter_app_factory errordocument = paste.errordocument:make_errordocument
paste.filter_app_factory evalerror = paste.evalexception.middleware:make_eval_exception
paste.filter_app_factory flup_session = paste.flup_session:make_session_middleware
paste.filter_app_factory grantip = paste.auth.grantip:make_grantip
paste.filter_app_factory gzip = paste.gzipper:make_gzip_middleware
paste.filter_app_factory httpexceptions = paste.httpexceptions:make_middleware
paste.filter_app_factory lint = paste.lint:make_middleware
paste.filter_app_factory openid = paste.auth.open_id:make_open_id_middleware
paste.filter_app_factory paste_session = paste.session:make_session_middleware
paste.filter_app_factory pony = paste.pony:make_pony
paste.filter_app_factory printdebug = paste.debug.prints:PrintDebugMiddleware
paste.filter_app_factory profile = paste.debug.profile:make_profile_middleware
paste.filter_app_factory recursive = paste.recursive:make_recursive_middleware
paste.filter_app_factory registry = paste.registry:make_registry_manager
paste.filter_app_factory translogger = paste.translogger:make_filter
paste.filter_app_factory wdg_validate = paste.debug.wdg_validate:make_wdg_validate_middleware
paste.server_runner http = paste.httpserver:server_runner
`

// distributions reads the table above: "[NAME]" and "GROUP ENTRY = OBJECT" lines.
func distributions(table string) map[string]*Distribution {
	all := map[string]*Distribution{}
	var d *Distribution
	for line := range strings.Lines(table) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok {
			d = &Distribution{Name: strings.TrimSuffix(name, "]"), Groups: map[string]map[string]string{}}
			all[normalized(d.Name)] = d
			continue
		}
		if key, object, ok := strings.Cut(line, " = "); ok {
			group, entry, _ := strings.Cut(key, " ")
			d.add(group, entry, object)
		}
	}
	return all
}

func (d *Distribution) add(group, entry, object string) {
	if d.Groups[group] == nil {
		d.Groups[group] = map[string]string{}
	}
	d.Groups[group][entry] = object
}

var separators = lazy(`[-_.]+`)

// normalized is a distribution's name as importlib.metadata compares it.
func normalized(name string) string {
	return strings.ToLower(separators().ReplaceAllString(name, "_"))
}

// distribution finds an egg: in the environment where one is known, else in the table. Both nil: it may or may not be
// installed.
func (l *Loader) distribution(name string, at hcl.Range) (*Distribution, *Error) {
	if name == "" {
		return nil, ini.NewError("ValueError", "A distribution name is required.", "invalid-uri", at, "No package name", "Write the package's name: egg:NAME#ENTRY.")
	}
	if l.Installed != nil {
		if d := l.Installed(name); d != nil {
			return d, nil
		}
	}
	if d := known()[normalized(name)]; d != nil {
		return d, nil
	}
	if l.Installed == nil && distributionName().MatchString(name) {
		return nil, nil
	}
	detail := "No Python package %q is installed, so the server does not start. Install it into the environment that starts the server, or correct the name."
	if !distributionName().MatchString(name) {
		detail = "%q is no package name, and the server does not start: versions and extras are not understood here. Write the bare name."
	}
	return nil, ini.NewError("PackageNotFoundError", "No package metadata was found for "+name, "package-missing", at, "Package is not installed", detail, name)
}

// distributionName is what a package can be called.
var distributionName = lazy(`^[\pL\pN]([\pL\pN._-]*[\pL\pN])?$`)

func (l *Loader) loadEgg(kind *Kind, spec, name, relativeTo string, global *Conf, at hcl.Range) (*Context, *Error) {
	if global.Len() == 0 {
		global = newConf()
	}
	if absolute().MatchString(name) {
		// The fragment may itself be a URI: "egg:x#config:…". PasteDeploy then has no directory for a relative path.
		if err := l.enter(SectionRef{Name: spec + "#" + name}, at); err != nil {
			return nil, err
		}
		defer l.leave()
		return l.load(kind, name, nil, "", global, at)
	}
	d, err := l.distribution(spec, at)
	if err != nil {
		return nil, err
	}
	context := &Context{Type: kind.Name, Global: global, Local: newConf(), ObjectRange: at}
	if d == nil {
		context.Object, context.Unknown = "egg:"+spec+"#"+name, true
		return context, nil
	}
	var found [][2]string
	for _, options := range kind.protocols {
		for _, protocol := range options {
			if object, ok := d.Groups[protocol][name]; ok {
				found = append(found, [2]string{protocol, object})
				break
			}
		}
	}
	last := kind.protocols[len(kind.protocols)-1]
	switch len(found) {
	case 1:
		context.Protocol, context.Object = found[0][0], found[0][1]
		return context, nil
	case 0:
		return nil, l.noEntry(kind, d, spec, name, at)
	}
	return nil, ini.NewError("LookupError", fmt.Sprintf("Ambiguous entry points for %s in egg %s (protocols: %s)", ini.PythonRepr(name), ini.PythonRepr(spec), strings.Join(last, ", ")), "conflict", at, "Entry point of two kinds",
		"The package %s has %q both as %s and as %s. Name the function itself instead: use = call:%s.", spec, name, found[0][0], found[1][0], found[0][1])
}

func (l *Loader) noEntry(kind *Kind, d *Distribution, spec, name string, at hcl.Range) *Error {
	var protocols, names []string
	for _, options := range kind.protocols {
		protocols = append(protocols, options...)
		for _, p := range options {
			for entry := range d.Groups[p] {
				names = append(names, entry)
			}
		}
	}
	message := fmt.Sprintf("Entry point %s not found in egg %s (protocols: %s; entry_points: )", ini.PythonRepr(name), ini.PythonRepr(spec), strings.Join(protocols, ", "))
	slices.Sort(names)
	way := fmt.Sprintf("It has none for a%s; name another package.", article(kind.Name))
	near := schema.Nearest(name, names)
	switch {
	case len(names) == 1:
		way = fmt.Sprintf("Its only one is %s: use = egg:%s#%s.", names[0], spec, names[0])
		near = names[0]
	case near != "":
		way = fmt.Sprintf("Is egg:%s#%s meant?", spec, near)
	case len(names) > 0:
		way = fmt.Sprintf("It has %s.", strings.Join(names, ", "))
	}
	err := ini.NewError("LookupError", message, "entry-point-missing", at, "No such entry point", "The package %s offers no %s named %q, and the server does not start. %s", spec, kind.Name, name, way)
	if near != "" {
		schema.DetailOf(err.Diags[0]).Suggest = "egg:" + spec + "#" + near
	}
	return err
}

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "n " + noun
	}
	return " " + noun
}

// loadCall is "call:MODULE:FUNCTION". The function is called by the section's kind of protocol, which the caller sets.
func (l *Loader) loadCall(kind *Kind, spec string, global *Conf, at hcl.Range) (*Context, *Error) {
	module, function, found := strings.Cut(spec, ":")
	bad := func(class, message, why string) *Error {
		return ini.NewError(class, message, "invalid-uri", at, "Not the name of a function", "%s %s, and the server does not start. Write call:MODULE:FUNCTION, as in call:shop.wsgi:make_app.", ini.Quote("call:"+spec), why)
	}
	switch {
	case !found:
		return nil, bad("LookupError", "Configuration not in format module:function", "has no colon between module and function")
	case strings.Contains(function, ":"):
		return nil, bad("ValueError", "too many values to unpack (expected 2)", "has one colon too many")
	case module == "":
		return nil, bad("ValueError", "Empty module name", "names no module")
	case strings.Contains(function, "."):
		return nil, bad("AttributeError", fmt.Sprintf("module %s has no attribute %s", ini.PythonRepr(module), ini.PythonRepr(function)), "has a dot in the function's name, which PasteDeploy does not follow")
	}
	if global.Len() == 0 {
		global = newConf()
	}
	return &Context{Type: kind.Name, Object: strings.TrimSuffix(spec, ":"), Global: global, Local: newConf(), ObjectRange: at}, nil
}

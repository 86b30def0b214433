package modwsgi

import (
	"slices"
	"strings"

	"gsrv/schema"
	"gsrv/schema/cmdline"
)

// checkTogether finds what mod_wsgi-express refuses once it has all options, and what it takes although it cannot be
// meant.
func (r *reader) checkTogether() {
	r.refusals()
	kind := r.text("application-type")
	switch {
	case r.entry == nil && kind != "static":
		r.add(schema.Warnf("no-application", r.in.Command[1].Range, "No application", "The command line names no application: mod_wsgi-express starts and serves a welcome page of its own. Add the file that holds it, for example shop/wsgi.py, or --application-type module and the module's name."))
	case r.entry != nil && (kind == "script" || kind == "paste") && r.machine && r.in.Files.Exists(r.entry.Text) == "":
		r.missing()
	}
	known := func(name string, words []string) {
		s := r.get(name)
		text := r.text(name)
		if s == nil || s.Layer == schema.LayerDefault || slices.Contains(words, text) {
			return
		}
		near := schema.Nearest(text, words)
		hint := "It is one of " + strings.Join(words, ", ") + "."
		if near != "" {
			hint = "Did you mean " + near + "? " + hint
		}
		d := schema.Warnf("unknown-word", s.Range, "Unknown word", "mod_wsgi-express takes %s for %s without a message, and knows no such word. %s", cmdline.Repr(text), "--"+name, hint)
		schema.DetailOf(d).Suggest = near
		r.add(d)
	}
	known("application-type", Catalogue.Lookup("application-type").Enum)
	if level := r.text("log-level"); level != "" && !logLevel(level).IsKnown() {
		known("log-level", []string{"emerg", "alert", "crit", "error", "warn", "notice", "info", "debug", "trace1"})
	}
	for _, name := range []string{"port", "https-port"} {
		if n, ok := r.number(name); ok && (n < 1 || n > 65535) {
			r.add(schema.Warnf("out-of-range", r.get(name).Range, "Port out of range", "There is no port %d, and Apache does not start. Ports go from 1 to 65535.", n))
		}
	}
}

// missing reports a script that does not exist.
func (r *reader) missing() {
	name := r.entry.Text
	hint := "Mend the path, which is relative to the directory the server is started in."
	if !strings.ContainsAny(name, "/") && !strings.HasSuffix(name, ".py") && !strings.HasSuffix(name, ".wsgi") {
		hint = "If it is a module's name, add --application-type module."
	}
	if strings.Contains(name, ":") {
		hint = "mod_wsgi-express takes a file, or a module with --application-type module; the application's own name goes into --callable-object."
	}
	d := schema.Errorf("file-missing", r.entry.Range, "The application's file does not exist", "Apache starts, and every request fails: there is no file %s. %s", cmdline.Repr(name), hint)
	schema.DetailOf(d).Application = true
	r.add(d)
}

// refusals are what release 6 and later checks of the options together, in its order.
func (r *reader) refusals() {
	if !r.release.AtLeast("6.0.0") {
		return
	}
	refuse := func(name, message, detail string) {
		at := r.in.Command[1].Range
		if s := r.get(name); s != nil && s.Range.Filename != "" {
			at = s.NameRange
		}
		r.add(r.program.Refuse("conflict", at, message, "Options that do not go together", "%s mod_wsgi-express ends with status 2.", detail))
	}
	for _, name := range []string{"ssl-certificate-file", "ssl-certificate-key-file", "ssl-certificate", "ssl-ca-certificate-file", "ssl-certificate-chain-file"} {
		if n, ok := r.number("https-port"); r.text(name) != "" && (!ok || n == 0) && r.get("https-port").OnHost.IsKnown() {
			refuse(name, "--https-port must be specified when SSL certificate options are provided.", "A certificate is of use with --https-port only; add it, or leave the certificate out.")
			break
		}
	}
	telemetry := r.text("telemetry-service")
	if r.on("enable-telemetry") && telemetry != "" {
		refuse("enable-telemetry", "--enable-telemetry and --telemetry-service are mutually exclusive: --enable-telemetry generates an ingester service and points the WSGI processes at it, so an explicit telemetry target would conflict.", "--enable-telemetry brings a target of its own; leave out --telemetry-service.")
	}
	if telemetry != "" && !strings.HasPrefix(telemetry, "unix:") {
		refuse("telemetry-service", "--telemetry-service must be 'unix:/path' (remote 'udp:host:port' targets are no longer supported)", "--telemetry-service takes unix:/PATH alone.")
	}
	if s := r.get("slow-requests"); s != nil && s.OnHost.IsKnown() && !s.OnHost.IsNull() {
		text, _ := schema.TextOf(s.OnHost)
		switch {
		case strings.HasPrefix(text, "-"):
			refuse("slow-requests", "--slow-requests threshold must be non-negative", "--slow-requests takes a time of 0 or more seconds.")
		case telemetry == "" && !r.on("enable-telemetry"):
			refuse("slow-requests", "--slow-requests requires --telemetry-service", "Slow requests are reported to a telemetry service; add --telemetry-service or --enable-telemetry.")
		}
	}
	if s := r.get("switch-interval"); s != nil && s.OnHost.IsKnown() && !s.OnHost.IsNull() {
		if text, _ := schema.TextOf(s.OnHost); strings.HasPrefix(text, "-") || text == "0" {
			refuse("switch-interval", "--switch-interval must be a positive number of seconds", "--switch-interval takes more than 0 seconds.")
		}
	}
	if r.on("debugger-startup") && !r.on("enable-debugger") {
		refuse("debugger-startup", "--debugger-startup requires --enable-debugger", "Add --enable-debugger, or leave --debugger-startup out.")
	}
}

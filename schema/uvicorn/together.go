package uvicorn

import (
	"fmt"
	"strings"

	"gsrv/schema"
	"gsrv/schema/cmdline"
)

// checkTogether finds what uvicorn refuses once it has all settings, and what it takes although it cannot be meant.
func (r *reader) checkTogether() {
	r.checkApp()
	if key, cert := r.effective("ssl_keyfile"), r.effective("ssl_certfile"); key != nil && cert != nil && r.text("ssl_keyfile") != "" && cert.OnHost.IsKnown() && r.text("ssl_certfile") == "" {
		r.warn("incomplete", key, "Key without a certificate", "--ssl-keyfile switches TLS on, and uvicorn does not start without a certificate. Add --ssl-certfile with the certificate chain that belongs to the key.")
	}
	if port, ok := r.number("port"); ok && (port < 0 || port > 65535) && !r.set("uds") && !r.set("fd") {
		r.warn("out-of-range", r.effective("port"), "Port out of range", "There is no port %d, and the start fails. Ports go up to 65535.", port)
	}
	if n, ok := r.number("workers"); ok && n < 1 && r.set("workers") {
		r.warn("out-of-range", r.effective("workers"), "Number of workers below one", "uvicorn takes %d workers for one process. Write the number that is meant, or leave it out.", n)
	}
	if s := r.effective("headers"); s != nil {
		for _, p := range s.Parts {
			if text, ok := schema.TextOf(p.OnHost); ok && !strings.Contains(text, ":") {
				r.warn("invalid-value", &p, "Header without a value", "%s has no colon, and uvicorn ends when it starts. Write Name:Value.", cmdline.Repr(text))
			}
		}
	}
}

func (r *reader) warn(code string, s *schema.Setting, summary, detail string, args ...any) {
	at := s.Range
	if at.Filename == "" {
		at = s.NameRange
	}
	r.add(schema.Warnf(code, at, summary, detail, args...))
}

// checkApp checks the form of the application's name.
func (r *reader) checkApp() {
	s := r.effective("app")
	name := r.text("app")
	if s == nil || s.Layer == schema.LayerDefault || !s.OnHost.IsKnown() || r.inFile && name == "" {
		return
	}
	module, object, _ := strings.Cut(name, ":")
	if module != "" && object != "" {
		return
	}
	hint := "Write module:attribute, for example shop.asgi:app."
	switch {
	case strings.HasSuffix(name, ".py"):
		hint = fmt.Sprintf("A file is named as a module: %s:app.", strings.ReplaceAll(strings.TrimPrefix(strings.TrimSuffix(name, ".py"), "./"), "/", "."))
	case module != "" && !strings.ContainsAny(name, "/-"):
		hint = fmt.Sprintf("uvicorn assumes no name for the application: write %s:app, or what it is called there.", module)
	}
	d := schema.Errorf("invalid-application", s.Range, "No name of an application", "%s is not in the form module:attribute, and uvicorn cannot load it. %s", cmdline.Repr(name), hint)
	schema.DetailOf(d).Application = true
	schema.DetailOf(d).ServerMessage = fmt.Sprintf("Error loading ASGI app. Import string \"%s\" must be in format \"<module>:<attribute>\".", name)
	r.add(d)
}

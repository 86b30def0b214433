package paste

import (
	"errors"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/ini"
)

// DebugContext gives what PasteDeploy's loadcontext gives on this machine, as data, for comparing the two: kind is app, filter or
// server, name may be empty. Unlike elsewhere the packages installed here count, so that a missing one is an error. The
// data is nil where there are errors.
func DebugContext(files *schema.Files, dir string, host schema.Host, kind, uri, name string, vars []Var) (any, hcl.Diagnostics) {
	k := KindNamed(kind)
	if k == nil {
		return nil, hcl.Diagnostics{schema.Errorf("usage", hcl.Range{}, "No such kind", "%q is no kind of object; it is app, filter or server.", kind)}
	}
	// Without any Python here nothing is installed.
	l := &Loader{Files: files, Dir: dir, Installed: func(string) *Distribution { return nil }}
	if e := MachineEnvironment(host); e != nil {
		l.Installed = e.Distribution
	}
	c, err := l.LoadContext(Request{Kind: k, URI: uri, Name: name, RelativeTo: dir, Vars: vars})
	if err != nil {
		return nil, Diagnostics(err)
	}
	return c.JSON(), nil
}

// Diagnostics gives the diagnostics of an error from LoadContext.
func Diagnostics(err error) hcl.Diagnostics {
	var e *ini.Error
	if errors.As(err, &e) {
		return e.Diags
	}
	if err == nil {
		return nil
	}
	return hcl.Diagnostics{schema.Errorf("error", hcl.Range{}, "Cannot be read", "%s", err)}
}

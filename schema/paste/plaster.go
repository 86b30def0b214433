package paste

import (
	"fmt"
	"net/url"
	"path"
	"strings"

	"gsrv/schema/ini"
)

// paster matches a name that paster takes for a URI.
var paster = lazy(`(?i)^[a-z][a-z]+:`)

// A plasterURI is what pserve makes of its first argument (plaster 1.0 with plaster_pastedeploy).
type plasterURI struct {
	scheme   string // config or egg
	path     string
	fragment string
	options  []Var
}

type plasterError struct{ message, detail string }

var scheme = lazy(`^[a-zA-Z][a-zA-Z0-9+.-]*:`)

// parsePlaster reads "production.ini", "production.ini?port=80#admin", "pastedeploy://x.conf" and "egg:NAME".
func parsePlaster(uri string) (*plasterURI, *plasterError) {
	u := &plasterURI{scheme: "config"}
	rest, kind := uri, ""
	if m := scheme().FindString(uri); m != "" {
		kind, rest = strings.ToLower(strings.TrimSuffix(m, ":")), strings.TrimPrefix(uri[len(m):], "//")
	}
	rest, u.fragment, _ = strings.Cut(rest, "#")
	var query string
	u.path, query, _ = strings.Cut(rest, "?")
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if name != "" && value != "" && err1 == nil && err2 == nil {
			u.options = replace(u.options, Var{Name: name, Text: value})
		}
	}
	if kind == "" {
		extension := strings.TrimPrefix(path.Ext(u.path), ".")
		if extension == "" {
			return nil, &plasterError{
				fmt.Sprintf("plaster.exceptions.InvalidURI: Could not determine the loader scheme for the supplied config_uri %q", uri),
				fmt.Sprintf("pserve tells what a file is by its ending, and %s has none. Name the ini file, or write pastedeploy://%s.", ini.Quote(uri), uri),
			}
		}
		kind = "file+" + extension
	}
	switch kind {
	case "file+ini", "pastedeploy", "pastedeploy+ini":
		return u, nil
	case "egg", "pastedeploy+egg":
		u.scheme = "egg"
		return u, nil
	}
	return nil, &plasterError{
		fmt.Sprintf("plaster.exceptions.LoaderNotFound: Could not find a matching loader for the scheme %q, protocol \"wsgi\".", kind),
		fmt.Sprintf("pserve reads files that end in .ini, and %s does not. Rename it, or write pastedeploy://%s.", ini.Quote(uri), u.path),
	}
}

package paste

import (
	"github.com/hashicorp/hcl/v2"
)

// A Kind is what is loaded: an application, a filter or a server.
type Kind struct {
	// Name as PasteDeploy gives it: application, filter, server.
	Name string
	// protocols are the entry point groups that make one; of each inner list the first that is found counts.
	protocols [][]string
	// prefixes are the section kinds that describe one; of each inner list the first that is found counts.
	prefixes [][]string
}

// The kinds of objects.
var (
	App = &Kind{
		Name:      "application",
		protocols: [][]string{{"paste.app_factory"}, {"paste.composite_factory"}, {"paste.composit_factory"}},
		prefixes:  [][]string{{"app", "application"}, {"composite", "composit"}, {"pipeline"}, {"filter-app"}},
	}
	Filter = &Kind{
		Name:      "filter",
		protocols: [][]string{{"paste.filter_factory", "paste.filter_app_factory"}},
		prefixes:  [][]string{{"filter"}},
	}
	Server = &Kind{
		Name:      "server",
		protocols: [][]string{{"paste.server_factory", "paste.server_runner"}},
		prefixes:  [][]string{{"server"}},
	}
)

// KindNamed gives the Kind of a name: app or application, filter, server. It is nil for any other.
func KindNamed(name string) *Kind {
	switch name {
	case "app", "application":
		return App
	case "filter":
		return Filter
	case "server":
		return Server
	}
	return nil
}

// A Context is what PasteDeploy's loadcontext gives: the object to call and what to call it with.
type Context struct {
	// Type is application, filter, server, pipeline, filter_app or filtered_with.
	Type string
	// Protocol is how the object is called ("paste.server_runner"); empty where there is none, and for an egg whose
	// entry points are not known.
	Protocol string
	// Object is the factory, "module:attribute", or "egg:NAME#ENTRY" where the entry point is not known; empty for
	// pipelines and other contexts that only hold others.
	Object string
	// Unknown is set for an egg that may or may not be installed.
	Unknown bool
	// ObjectRange is the "use" value or factory key that names the object.
	ObjectRange hcl.Range
	// Local are the keyword settings the object is given, Global the configuration for all.
	Local, Global *Conf
	// App and Filters are a pipeline's, outermost filter first.
	App     *Context
	Filters []*Context
	// Next is what Filter is put around, for filter_app and filtered_with.
	Next, Filter *Context
	// File and Section are where the outermost section stands; Header is its header. Empty for a bare egg: or call: URI.
	File, Section string
	Header        hcl.Range
	// Sections are all sections the object is made from, outermost first, each as "FILE[SECTION]" pieces.
	Sections []SectionRef
	// Dropped are the keys that have no effect because [DEFAULT] or a variable given by the caller has the same name.
	Dropped []Dropped
}

// A SectionRef names a section that a context was built from.
type SectionRef struct {
	File, Name string
	Header     hcl.Range
}

// A Dropped is a section's key that PasteDeploy leaves out, and what stands in its way.
type Dropped struct {
	// Value is the key as it stands in the section, before interpolation.
	Name, Text       string
	Range, NameRange hcl.Range
	// By is the value of the same name in [DEFAULT] or given by the caller.
	By *Value
}

// JSON gives the context as data: type, protocol, object, local, global, and the contexts it holds.
func (c *Context) JSON() map[string]any {
	if c == nil {
		return nil
	}
	m := map[string]any{"type": c.Type, "protocol": orNull(c.Protocol), "object": orNull(c.Object), "local": c.Local.Texts(), "global": c.Global.Texts()}
	if c.App != nil {
		m["app"] = c.App.JSON()
		filters := make([]any, len(c.Filters))
		for i, f := range c.Filters {
			filters[i] = f.JSON()
		}
		m["filters"] = filters
	}
	if c.Next != nil {
		m["next"] = c.Next.JSON()
	}
	if c.Filter != nil {
		m["filter"] = c.Filter.JSON()
	}
	return m
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

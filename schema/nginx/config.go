package nginx

import (
	"time"

	"github.com/hashicorp/hcl/v2"
)

// A Config is what a configuration file and its includes say.
type Config struct {
	// File is the name that was read, Files all that were, in order.
	File  string
	Files []string
	// Context is where File's directives belong: "main" for a whole configuration, "http", "server", "location",
	// "upstream" or "stream" for a fragment that another file includes.
	Context string
	// Template is the engine whose marks File holds: "jinja", "go", "erb", empty for none. Placeholders that nginx reads
	// as part of a word (${PORT}) only mark the word as open.
	Template string
	// Directives are those of File as written.
	Directives []*Directive
	// Includes lists every include with the files it led to.
	Includes []*Include
	// Servers are http's server blocks, Upstreams its upstream blocks. A fragment below "server" stands in a Server
	// without Directive.
	Servers   []*Server
	Upstreams []*Upstream
	// Streams are the TCP and UDP servers.
	Streams []*Server

	top  *scope
	vars map[string][]setting
}

// An Include is an include directive and what it led to.
type Include struct {
	Directive *Directive
	Pattern   Word
	// Files are the files of the tree. None for a pattern that matches nothing, that names files outside the tree or
	// that holds a template's marks.
	Files []string
	// Shipped tells that the file is one that nginx's packages install (uwsgi_params), used in place of a file that is
	// not in the tree.
	Shipped bool
}

// A Listen is an address a server listens on.
type Listen struct {
	// Address is host:port, [host]:port or unix:path; Host is "*" where none is given.
	Address, Host, Port, Path string
	// TLS, HTTP2, QUIC, Default and ProxyProtocol are the parameters ssl, http2, quic, default_server, proxy_protocol.
	TLS, HTTP2, QUIC, Default, ProxyProtocol bool
	// Open tells that the address holds a template's marks.
	Open  bool
	Range hcl.Range
	// Implied marks the *:80 of a server without listen.
	Implied bool
}

// A Server is a server block.
type Server struct {
	// Directive is the block; nil for a fragment that stands in some server.
	Directive *Directive
	Listen    []Listen
	// Names are the words of server_name.
	Names []Word
	// Locations are those directly in the server.
	Locations []*Location

	scope *scope
}

// A Location is a location block, an "if" or a limit_except in one, or the server itself for directives that stand
// outside of any location.
type Location struct {
	// Modifier is "", "=", "^~", "~", "~*" or "@" (a named location). For an "if" it is "if", for limit_except that name.
	Modifier string
	// Path is the prefix, expression or name; the condition of an "if".
	Path      Word
	Directive *Directive
	Server    *Server
	// Parent is the location around it; nil for one directly in the server.
	Parent *Location
	// Locations are the blocks in it.
	Locations []*Location

	scope *scope
}

// Get gives the directive of that name that is in effect in the location: its own, or else the one of the nearest
// block around it; nil for none. Of several in one block it is the last.
func (l *Location) Get(name string) *Directive { return last(l.scope.all(name)) }

// All gives the directives of that name that are in effect. nginx inherits lists such as proxy_set_header, add_header
// or uwsgi_param from the level above only where the level itself has none.
func (l *Location) All(name string) []*Directive { return l.scope.all(name) }

// Get gives the directive in effect in the server outside of its locations.
func (s *Server) Get(name string) *Directive { return last(s.scope.all(name)) }

// All gives the directives of that name in effect in the server outside of its locations.
func (s *Server) All(name string) []*Directive { return s.scope.all(name) }

// An Upstream is an upstream block.
type Upstream struct {
	Name      Word
	Directive *Directive
	Servers   []UpstreamServer
	// Method is the balancing directive: "" (round robin), "least_conn", "ip_hash", "hash", "random", "fair", "sticky".
	Method string
	// Keepalive is the number of idle connections that a worker keeps; nil where connections are not kept.
	Keepalive *Number
	// KeepaliveTimeout and KeepaliveRequests have nginx's defaults of 60 s and 1000 (100 before 1.19.10) where not set.
	KeepaliveTimeout  Duration
	KeepaliveRequests Number
}

// An UpstreamServer is one server of an upstream.
type UpstreamServer struct {
	Address Address
	// Weight is 1 unless set, MaxFails 1, FailTimeout 10 s, MaxConns 0 for no limit.
	Weight, MaxFails, MaxConns int64
	FailTimeout                time.Duration
	Backup, Down               bool
	Directive                  *Directive
}

// An Address is where nginx connects to.
type Address struct {
	// Text is host:port or unix:path; Network "tcp" or "unix".
	Text, Network    string
	Host, Port, Path string
	// Open tells that it holds a template's marks or a variable that is not constant.
	Open bool
	// Range is where the address is written: in the pass directive, the upstream's server or a "set".
	Range hcl.Range
	// Upstream is the upstream it comes from; nil for an address in the pass directive itself.
	Upstream *Upstream
}

// A Duration is a time with its place; Default marks nginx's own, whose Range is empty.
type Duration struct {
	Value   time.Duration
	Default bool
	Range   hcl.Range
}

// A Number is a number, or a size in bytes, with its place.
type Number struct {
	Value   int64
	Default bool
	Range   hcl.Range
}

// A Flag is an on/off value with its place.
type Flag struct {
	Value   bool
	Default bool
	Range   hcl.Range
}

// A Text is a word with its place.
type Text struct {
	Value   string
	Default bool
	Range   hcl.Range
}

// A Header is a header or parameter that is passed to the server behind.
type Header struct {
	Name, Value Word
	// IfNotEmpty is the third word of a uwsgi_param.
	IfNotEmpty bool
	// Default marks the headers that nginx sets on its own: Host $proxy_host and Connection close.
	Default   bool
	Directive *Directive
}

// A Proxied is a place in the configuration that passes requests on.
type Proxied struct {
	Server   *Server
	Location *Location
	// Pass is the directive: proxy_pass, uwsgi_pass and so on.
	Pass *Directive
	// Protocol is what is spoken to the server behind: "http", "https", "uwsgi", "suwsgi", "fastcgi", "scgi", "grpc",
	// "grpcs", "memcached"; "tcp" in a stream.
	Protocol string
	// Target is the address as written, scheme and path included.
	Target Word
	// URI is the path that replaces the location's prefix; HasURI tells "http://app/" from "http://app".
	URI    string
	HasURI bool
	// Addresses are where requests may go, after upstreams and constants set by "set". Upstream is nil where none is named.
	Addresses []Address
	Upstream  *Upstream
	// Open tells that the target holds variables or a template's marks that could not be resolved to one address.
	Open bool
	// Headers are those of proxy_set_header or grpc_set_header in effect; Params those of uwsgi_param, fastcgi_param or
	// scgi_param.
	Headers []Header
	Params  []Header
	// ConnectTimeout, SendTimeout and ReadTimeout are 60 s unless set.
	ConnectTimeout, SendTimeout, ReadTimeout Duration
	// MaxBody is client_max_body_size in bytes: 1 MiB unless set, 0 for no limit.
	MaxBody Number
	// Buffering and RequestBuffering are on unless set; HTTPVersion is 1.0 unless set (http only).
	Buffering, RequestBuffering Flag
	HTTPVersion                 Text
	// KeepAlive tells that connections to the server behind are kept: an upstream with keepalive and, for http, version
	// 1.1 with an emptied Connection header.
	KeepAlive bool
	// TLS tells that some listener of the server speaks TLS.
	TLS bool
}

// Get gives the directive in effect at the place.
func (p *Proxied) Get(name string) *Directive { return last(p.scope().all(name)) }

// All gives the directives in effect at the place.
func (p *Proxied) All(name string) []*Directive { return p.scope().all(name) }

// Header gives the header or parameter of that name that is passed; nil for none. Header names are compared without
// case; an empty value removes the header.
func (p *Proxied) Header(name string) *Header {
	for _, list := range [][]Header{p.Headers, p.Params} {
		for i := range list {
			if equalFold(list[i].Name.Text, name) {
				return &list[i]
			}
		}
	}
	return nil
}

func (p *Proxied) scope() *scope {
	if p.Location != nil {
		return p.Location.scope
	}
	return p.Server.scope
}

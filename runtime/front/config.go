package front

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"gsrv/runtime/http1"
	"gsrv/runtime/wire"
)

// Config says how connections are served. Zero durations and sizes mean "no limit" unless a field says otherwise.
type Config struct {
	// HTTP is what the parser allows.
	HTTP http1.Options

	// KeepAlive is how long a connection may wait for its next request; 0 closes each after its answer, as gunicorn.
	KeepAlive time.Duration
	// HeaderTimeout bounds the time from the first byte of a request (of a connection: from its start) to the end of its
	// head; 408 after it.
	HeaderTimeout time.Duration
	// BodyTimeout bounds the silence between two parts of a request's body; 408 after it.
	BodyTimeout time.Duration
	// WriteTimeout bounds the time in which a client takes nothing of its answer.
	WriteTimeout time.Duration
	// DrainIdle is how long Shutdown lets idle connections live, for a request that is on its way already.
	DrainIdle time.Duration

	// MaxBody is the largest body taken, in bytes; 413 above it.
	MaxBody int64
	// SpoolOver is the largest body held in memory; 0 stands for DefaultSpoolOver.
	SpoolOver int
	// SpoolDir is where larger ones go, unlinked; "" stands for memory that can be swapped (memfd), so that nothing needs
	// to be writable.
	SpoolDir string

	// HTTP2 bounds HTTP/2 connections.
	HTTP2 HTTP2

	// SpoolMost bounds the bytes of answers that wait in files in all; above it workers wait for slow clients. 0 stands for
	// DefaultSpoolMost.
	SpoolMost int64

	// MaxConnections bounds the connections served at one time; more wait in the kernel's queue.
	MaxConnections int

	// Trusted are the peers that may say the scheme and set forwarder headers (forwarded_allow_ips). Peers of a unix
	// socket are always trusted, as gunicorn's.
	Trusted []netip.Prefix
	// TrustAll stands for "*" in forwarded_allow_ips.
	TrustAll bool
	// ForwarderHeaders are fields with "_" in their name that a trusted peer may send; "*" stands for all.
	ForwarderHeaders []string
	// SecureSchemeHeaders are fields by which a trusted peer says that it was asked by https.
	SecureSchemeHeaders map[string]string
	// HeaderMap is what happens to other fields with "_": "drop" (also ""), "refuse" or "dangerous".
	HeaderMap string
	// ScriptName is where the application is mounted: gunicorn's environment variable SCRIPT_NAME.
	ScriptName string
	// RequestURI gives the application the request's target as REQUEST_URI too, as uWSGI and waitress do, beside gunicorn's RAW_URI.
	RequestURI bool
	// KeepOutside lets requests that are not below ScriptName keep their path, as waitress's url_prefix does; else 500, as
	// gunicorn.
	KeepOutside bool

	// Scheme is https where every request came by it (to a proxy that does not say so); else the connection's own counts.
	Scheme string

	// ServerHeader is what the field Server says; "" leaves it out.
	ServerHeader string
	// RequestIDHeader, where set, is the field that carries a request's id: taken from a trusted peer, made otherwise,
	// given to the application and back to the client.
	RequestIDHeader string
	// RetryAfter is what a 503 says in Retry-After, in seconds; 0 leaves it out.
	RetryAfter int
	// DisableSendfile reads files that an application hands over instead of letting the kernel send them.
	DisableSendfile bool

	// OnRequest, where set, is told of each request that has ended; it must not wait for anything.
	OnRequest func(status int, took time.Duration)
	// OnAnswer, where set, is told of each request as well: its worker (0 for none), and the bytes of the answer's head and body.
	OnAnswer func(worker, status int, took time.Duration, bytes int64)
	// Access gets a line for each request; nil: none.
	Access *AccessLog
	// Sender gives the generation that serves now.
	Sender func() wire.Sender
	// ErrorLog gets what an operator should know; level is debug, info, warning or error. nil: none.
	ErrorLog func(level, msg string)
	// HealthPath and ReadyPath are answered by the front itself where set.
	HealthPath, ReadyPath string
	// Health says whether the server is alive (ready: takes requests) and why not.
	Health func(ready bool) (ok bool, text string)
}

const (
	// DefaultSpoolOver is the largest body held in memory where Config does not say.
	DefaultSpoolOver = 64 << 10
	// DefaultSpoolMost is the most that answers take in files where Config does not say.
	DefaultSpoolMost = 1 << 30
)

// ListenerInfo is what the front must know of a listener beside its address.
type ListenerInfo struct {
	// Name stands in messages: the address as configured.
	Name string
	// TLS, where set, is asked for the configuration of each new connection, so that certificates can change: TLS.Config.
	TLS func() *tls.Config
	// ProxyProtocol is off (also ""), v1, v2 or auto.
	ProxyProtocol string
	// ProxyTrusted are the peers that may speak it (proxy_allow_ips).
	ProxyTrusted  []netip.Prefix
	ProxyTrustAll bool
	// HTTP2 serves HTTP/2 without TLS to trusted peers that begin with its preface. (With TLS, TLS says.)
	HTTP2 bool
}

// settings is a Config made ready for use. It never changes; a reload puts another in its place.
type settings struct {
	Config
	forwarderAll bool
	forwarder    map[string]bool // upper case
	schemes      []http1.Header
	requestID    string // environ key of the request id: HTTP_X_REQUEST_ID
	headerMap    byte
	fixedHead    []byte // Server: …\r\n
}

const (
	mapDrop = iota
	mapRefuse
	mapDangerous
)

func newSettings(c *Config) (*settings, error) {
	s := &settings{Config: *c}
	if c.Sender == nil {
		return nil, fmt.Errorf("front: Config.Sender is missing")
	}
	if s.SpoolOver <= 0 {
		s.SpoolOver = DefaultSpoolOver
	}
	if s.SpoolMost <= 0 {
		s.SpoolMost = DefaultSpoolMost
	}
	if s.ErrorLog == nil {
		s.ErrorLog = func(string, string) {}
	}
	switch c.HeaderMap {
	case "", "drop":
	case "refuse":
		s.headerMap = mapRefuse
	case "dangerous":
		s.headerMap = mapDangerous
	default:
		return nil, fmt.Errorf("front: header_map %q is none of drop, refuse, dangerous", c.HeaderMap)
	}
	s.forwarder = map[string]bool{}
	for _, h := range c.ForwarderHeaders {
		if h == "*" {
			s.forwarderAll = true
		}
		s.forwarder[strings.ToUpper(h)] = true
	}
	for k, v := range c.SecureSchemeHeaders {
		s.schemes = append(s.schemes, http1.Header{Name: k, Value: v})
	}
	if hasControl(c.ScriptName) {
		return nil, fmt.Errorf("front: SCRIPT_NAME %q holds control characters", c.ScriptName)
	}
	if c.ServerHeader != "" {
		if !validValue(c.ServerHeader) {
			return nil, fmt.Errorf("front: Server %q cannot stand in a header", c.ServerHeader)
		}
		s.fixedHead = []byte("Server: " + c.ServerHeader + "\r\n")
	}
	if c.RequestIDHeader != "" {
		if !isToken(c.RequestIDHeader) {
			return nil, fmt.Errorf("front: request id header %q is not a field name", c.RequestIDHeader)
		}
		s.requestID = environKey(c.RequestIDHeader)
	}
	return s, nil
}

// trusts says whether a peer may say what only proxies may.
func (s *settings) trusts(p *peer) bool {
	return p.local || s.TrustAll || contains(s.Trusted, p.ip)
}

func contains(list []netip.Prefix, ip netip.Addr) bool {
	for _, p := range list {
		if p.Contains(ip) || ip.Is4In6() && p.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}

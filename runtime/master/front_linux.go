package master

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gsrv/runtime/control"
	"gsrv/runtime/front"
	"gsrv/runtime/http1"
	"gsrv/runtime/plan"
	"gsrv/runtime/reason"
)

// drainIdle is how long idle connections live while the server stops: a client that has sent its next request already must
// not find the connection closed.
const drainIdle = 2 * time.Second

// server is the real Front.
type server struct {
	*front.Server
	log     *Log
	backend *Backend

	mu     sync.Mutex
	access *front.AccessLog
	files  []*logFile // those of the access log that it does not open itself
	spec   plan.Log
	plan   atomic.Pointer[plan.Plan]
	tls    atomic.Pointer[front.TLS]
	// observer is told of every answer where statistics are given.
	observer atomic.Pointer[func(worker, status int, took time.Duration, bytes int64)]
}

// Observe sets who is told of every answer.
func (s *server) Observe(f func(worker, status int, took time.Duration, bytes int64)) {
	s.observer.Store(&f)
}

func newFront(p *plan.Plan, log *Log, behind *Backend) (Front, error) {
	s := &server{log: log, backend: behind}
	c, err := s.configure(p)
	if err != nil {
		return nil, err
	}
	if s.Server, err = front.New(c); err != nil {
		return nil, err
	}
	s.plan.Store(p)
	return s, nil
}

// configure makes the front's configuration of a plan, with an access log that is open.
func (s *server) configure(p *plan.Plan) (front.Config, error) {
	h, x := &p.HTTP, &p.Proxy
	c := front.Config{
		HTTP: http1.Options{
			Limits:               http1.GunicornLimits(h.RequestLine, h.HeaderCount, h.HeaderSize),
			UnconventionalMethod: h.UnconventionalMethod, UnconventionalVersion: h.UnconventionalVersion, CasefoldMethod: h.CasefoldMethod,
			ObsoleteFolding: h.ObsoleteFolding, StripHeaderSpaces: h.StripHeaderSpaces,
		},
		KeepAlive: h.KeepAlive, HeaderTimeout: h.HeaderTimeout, BodyTimeout: h.BodyTimeout, WriteTimeout: h.WriteTimeout,
		DrainIdle: min(drainIdle, p.Workers.GracefulTimeout/2), MaxBody: h.MaxBody, SpoolDir: h.SpoolDirectory, MaxConnections: h.MaxConnections,
		Trusted: x.Trusted, TrustAll: x.All, ForwarderHeaders: x.ForwarderHeaders, SecureSchemeHeaders: x.SecureSchemeHeaders, HeaderMap: x.HeaderMap,
		ScriptName: scriptName(p), RequestURI: p.HTTP.RequestURI, KeepOutside: p.Proxy.Prefix != "", Scheme: p.Proxy.Scheme, ServerHeader: "gsrv", RetryAfter: 1, DisableSendfile: !p.Workers.SendFile,
		RequestIDHeader: h.RequestIDHeader, HealthPath: h.HealthPath, ReadyPath: h.ReadyPath,
		Sender: s.backend.Sender, ErrorLog: s.log.Log, OnRequest: s.backend.OnRequest, Health: s.backend.Health,
	}
	c.HTTP2 = front.HTTP2{MaxConcurrentStreams: uint32(h.HTTP2.MaxStreams), InitialWindowSize: h.HTTP2.InitialWindow, MaxFrameSize: h.HTTP2.MaxFrame, MaxHeaderListSize: h.HTTP2.MaxHeaderList}
	t, err := newTLS(p, s.log)
	if err != nil {
		return c, err
	}
	if !h.Gunicorn {
		c.HTTP.Limits = http1.Limits{RequestLine: h.RequestLine, HeaderCount: h.HeaderCount, HeaderSize: h.HeaderSize, Head: h.Head}
	}
	access, err := s.openAccess(&p.Log)
	if err != nil {
		if p.Log.Access != "" && p.Log.Access != "-" {
			return c, reason.File("access log", p.Log.Access, err)
		}
		return c, fmt.Errorf("access log: %w", err)
	}
	c.Access = access
	if p.Stats != nil {
		c.OnAnswer = func(worker, status int, took time.Duration, bytes int64) {
			if f := s.observer.Load(); f != nil {
				(*f)(worker, status, took, bytes)
			}
		}
	}
	if c.Sender, err = s.static(p); err != nil {
		return c, err
	}
	if t != nil {
		s.tls.Store(t) // connections that are opened with TLS still need the former one
	}
	return c, nil
}

// newTLS loads the certificates of a plan; nil without TLS.
func newTLS(p *plan.Plan, log *Log) (*front.TLS, error) {
	if p.TLS == nil {
		return nil, nil
	}
	return front.NewTLS(front.TLSConfig{
		CertFile: p.TLS.Certificate, KeyFile: p.TLS.Key, CAFile: p.TLS.ClientCA, Ciphers: p.TLS.Ciphers, HTTP2: p.HTTP.HTTP2.Enabled, Log: log.Log,
		ClientAuth: max(slices.Index([]string{"none", "optional", "required"}, p.TLS.ClientCertificate), 0),
	})
}

// scriptName is where the application is mounted: gunicorn takes it from the environment of its workers.
func scriptName(p *plan.Plan) string {
	if p.Proxy.Prefix != "" {
		return p.Proxy.Prefix
	}
	if name, ok := p.App.Environment["SCRIPT_NAME"]; ok {
		return name
	}
	return os.Getenv("SCRIPT_NAME")
}

// Serve implements Front.
func (s *server) Serve(l net.Listener, from *plan.Listener) error {
	p := s.plan.Load()
	info := front.ListenerInfo{
		Name: from.Text, ProxyProtocol: p.Proxy.Protocol, ProxyTrusted: p.Proxy.ProtocolTrusted, ProxyTrustAll: p.Proxy.ProtocolAll, HTTP2: p.HTTP.HTTP2.Cleartext,
	}
	if p.TLS != nil && !from.Plain {
		info.TLS = func() *tls.Config { return s.tls.Load().Config() }
	}
	err := s.Server.Serve(l, info)
	if errors.Is(err, front.ErrClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Reconfigure implements Front.
func (s *server) Reconfigure(p *plan.Plan) error {
	c, err := s.configure(p)
	if err != nil {
		return err
	}
	if err := s.Server.Reconfigure(c); err != nil {
		return err
	}
	s.plan.Store(p)
	return nil
}

// Reopen implements Front.
func (s *server) Reopen() error {
	s.mu.Lock()
	l, files := s.access, s.files
	s.mu.Unlock()
	if l == nil {
		return nil
	}
	err := l.Reopen()
	for _, f := range files {
		err = errors.Join(err, f.reopen())
	}
	if err != nil {
		return fmt.Errorf("the access log stays as it is: %w", err)
	}
	return nil
}

// Close implements Front.
func (s *server) Close() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.Server.Shutdown(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.access != nil {
		s.access.Close()
		s.access = nil
	}
}

// Traffic implements Front.
func (s *server) Traffic() control.Traffic {
	st := s.Stats()
	t := control.Traffic{
		Connections: st.Open, Accepted: st.Accepted, Requests: st.Requests, Active: st.Running, Aborted: st.Aborted, Refused: st.Refused,
		BytesIn: st.BytesIn, BytesOut: st.BytesOut, Spooled: st.BodiesSpooled + st.AnswersSpooled, Statuses: st.Statuses, Timeouts: map[string]int64{},
	}
	for i, n := range st.Timeouts {
		t.Timeouts[front.TimeoutNames[i]] = n
	}
	for _, b := range front.Buckets {
		t.Durations.Bounds = append(t.Durations.Bounds, b.Seconds())
	}
	t.Durations.Counts, t.Durations.Sum = st.Durations[:], st.DurationSum.Seconds()
	return t
}

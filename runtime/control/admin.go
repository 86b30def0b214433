package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// An Admin is a listener of its own for health checks and metrics, so that they never wait behind requests.
type Admin struct {
	listener net.Listener
	server   *http.Server
}

// ListenAdmin serves /-/health, /-/ready and /metrics at a TCP address.
func ListenAdmin(address string, server Server) (*Admin, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("admin listener %s: %w. Give --admin a HOST:PORT that is free", address, listenCause(err))
	}
	a := &Admin{listener: l, server: &http.Server{
		Handler: AdminHandler(server), ReadHeaderTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}}
	go a.server.Serve(l)
	return a, nil
}

// listenCause is why an address cannot be listened on, without the address.
func listenCause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		err = call.Err
	}
	var address *net.AddrError
	if errors.As(err, &address) {
		err = errors.New(address.Err)
	}
	return err
}

// Addr is the address that it listens on.
func (a *Admin) Addr() string { return a.listener.Addr().String() }

// Close ends it.
func (a *Admin) Close() { a.server.Close() }

// AdminHandler answers the admin listener's requests.
func AdminHandler(server Server) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(&collector{server}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if c, ok := server.(interface{ Collectors() []prometheus.Collector }); ok {
		registry.MustRegister(c.Collectors()...)
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /-/health", func(w http.ResponseWriter, r *http.Request) {
		say(w, http.StatusOK, map[string]any{"status": "ok"})
	})
	mux.HandleFunc("GET /-/ready", func(w http.ResponseWriter, r *http.Request) {
		s := server.Status()
		code, word := http.StatusOK, "ready"
		if !s.Ready() {
			code, word = http.StatusServiceUnavailable, "not ready"
		}
		body := map[string]any{"status": word, "state": s.State, "workers": len(s.Workers)}
		if s.Failure != "" {
			body["last_failure"] = s.Failure
		}
		say(w, code, body)
	})
	return mux
}

func say(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(body)
}

package rules

import (
	"bytes"
	"strings"

	"gsrv/lint"
)

// The kinds of gunicorn workers that rules tell apart.
const (
	workerSync     = "sync"
	workerThread   = "gthread"
	workerGevent   = "gevent"
	workerEventlet = "eventlet"
	workerTornado  = "tornado"
	workerAsgi     = "asgi"
	workerUvicorn  = "Uvicorn"
	workerCustom   = "custom"
)

// workerClasses are the class paths and names of gunicorn's own workers by kind.
var workerClasses = map[string]string{
	"sync": workerSync, "gunicorn.workers.sync.SyncWorker": workerSync,
	"gthread": workerThread, "gunicorn.workers.gthread.ThreadWorker": workerThread,
	"gevent": workerGevent, "gevent_wsgi": workerGevent, "gevent_pywsgi": workerGevent,
	"eventlet": workerEventlet, "gunicorn.workers.geventlet.EventletWorker": workerEventlet,
	"tornado": workerTornado, "gunicorn.workers.gtornado.TornadoWorker": workerTornado,
	"asgi": workerAsgi, "gunicorn.workers.gasgi.ASGIWorker": workerAsgi,
}

// gunicornWorker gives the kind of worker that runs; "" where it cannot be told. Threads above 1 make gthread of sync.
func gunicornWorker(p *lint.Pass) string {
	class, ok := p.Text("worker_class")
	if !ok {
		return ""
	}
	if p.File() && p.Set("worker_class") == nil && patchesItself(p) {
		// Such a file is started with -k gevent or eventlet.
		return ""
	}
	class = strings.TrimPrefix(class, "egg:gunicorn#")
	kind := workerClasses[class]
	switch {
	case kind == workerSync:
		return threaded(p, workerSync)
	case kind != "":
		return kind
	case strings.HasPrefix(class, "uvicorn.workers.") || strings.HasPrefix(class, "uvicorn_worker."):
		return workerUvicorn
	case strings.HasPrefix(class, "gunicorn.workers.ggevent.") || strings.HasPrefix(class, "geventwebsocket.gunicorn.workers."):
		return workerGevent
	case strings.HasSuffix(class, "SyncWorker"):
		return threaded(p, workerCustom)
	}
	return workerCustom
}

// threaded gives gthread where more than one thread is set, the other kind where that is known not to be so.
func threaded(p *lint.Pass, otherwise string) string {
	if p.Get("threads") == nil {
		if p.NotSet("threads") {
			return otherwise
		}
		return ""
	}
	n, ok := p.Int("threads")
	switch {
	case !ok:
		return ""
	case n > 1:
		return workerThread
	}
	return otherwise
}

// keepsAlive tells whether a kind of worker serves several requests on one connection.
func keepsAlive(kind string) bool {
	switch kind {
	case workerThread, workerGevent, workerEventlet, workerTornado, workerAsgi, workerUvicorn:
		return true
	}
	return false
}

// patchesItself tells whether the configuration patches the standard library for an event loop.
func patchesItself(p *lint.Pass) bool {
	return bytes.Contains(p.Files().Text(p.Name), []byte("monkey"))
}

package rules

import (
	"strings"

	"gsrv/lint"
)

// listenSockets are uWSGI's options that open a socket which the workers serve.
var listenSockets = []string{
	"socket", "uwsgi-socket", "http-socket", "http11-socket", "fastcgi-socket", "fastcgi-nph-socket", "scgi-socket", "scgi-nph-socket", "raw-socket",
	"puwsgi-socket", "suwsgi-socket", "https-socket", "shared-socket", "map-socket", "zerg",
}

var uwsgiWorkerRules = []*lint.Rule{
	{
		ID: "W024", Name: "uwsgi-async-without-loop", Severity: lint.Warning, Servers: []string{"uwsgi"},
		Summary: "async cores without an engine such as gevent do not serve requests at the same time.",
		Explain: `async = 100 gives each worker room for a hundred requests, but what switches between them is an engine: gevent, asyncio, tornado,
ugreen or greenlet. Without one a request runs until its view returns, and the next waits. uWSGI says at the start "*** DANGER *** async
mode without coroutine/greenthread engine loaded !!!". Only an application that yields while it waits, by uWSGI's own async functions, gets
anything from it.

Write ` + "`gevent = 100`" + ` instead (and patch the standard library), or use ` + "`threads`" + `.`,
		Sources: []string{"uWSGI documentation, async", "uWSGI core/loop.c"},
		Check: func(p *lint.Pass) {
			s := p.Set("async")
			if n, ok := p.Int("async"); s == nil || !ok || n <= 1 || !p.NotSet(asyncEngines...) || !pythonOnly(p) {
				return
			}
			p.Report(s.Range, "async = %s without an engine serves one request at a time in each worker: uWSGI starts with \"DANGER: async mode without coroutine/greenthread engine\". Write gevent = %s, or use threads.", s.Text, s.Text)
		},
	},
	{
		ID: "W025", Name: "uwsgi-backlog-cheaper-unix", Severity: lint.Warning, Servers: []string{"uwsgi"},
		Summary: "The backlog algorithm cannot see the queue of a unix socket; no worker is ever added.",
		Explain: `cheaper-algo = backlog starts workers when connections wait in the listen queue. uWSGI can read that queue for IPv4 TCP sockets
on Linux only. With unix sockets the queue always looks empty, and the instance stays at the number of workers that cheaper says, whatever
the load.

Listen on a TCP address, or use the algorithm spare (the default) or busyness, which look at the workers.`,
		Sources: []string{"uWSGI core/master.c, master_check_listen_queue", "uWSGI documentation, cheaper"},
		Check: func(p *lint.Pass) {
			s := p.Set("cheaper-algo")
			algo, ok := p.Text("cheaper-algo")
			if s == nil || !ok || algo != "backlog" && algo != "backlog2" || len(p.Config.Open) > 0 {
				return
			}
			unix := 0
			for _, name := range listenSockets {
				items, complete := p.Items(name)
				if !complete {
					return
				}
				for _, item := range items {
					if strings.Contains(item.Text, ":") || strings.HasPrefix(item.Text, "fd://") || item.Text == "" {
						return
					}
					unix++
				}
			}
			// A router hands requests to the workers over a TCP socket of its own.
			if unix == 0 || p.FirstSet(routerListeners...) != nil {
				return
			}
			p.Report(s.Range, "uWSGI cannot see how many connections wait at a unix socket, so %s never adds a worker. Listen on a TCP address, or write cheaper-algo = spare.", algo)
		},
	},
}

// asyncEngines are the options by which uWSGI's async mode gets something that switches between requests.
var asyncEngines = []string{"gevent", "asyncio", "tornado", "loop", "ugreen", "greenlet", "fiber", "coroae", "rbthreads", "carbon"}

// pythonOnly tells whether a Python application is loaded.
func pythonOnly(p *lint.Pass) bool { return p.FirstSet(appLoaders...) != nil }

package rules

import (
	"fmt"

	"gsrv/lint"
)

var gunicornTimeoutRules = []*lint.Rule{
	{
		ID: "L001", Name: "timeout-zero", Severity: lint.Warning, Servers: []string{"gunicorn"},
		Summary: "timeout = 0 switches off the watchdog that replaces workers that hang.",
		Explain: `gunicorn's master kills and replaces a worker that has not reported for timeout seconds. With 0 it never does: a worker that
deadlocks, or waits for a peer that never answers, keeps its place for good. One after the other the workers are lost that way, until
nothing answers and somebody restarts the service by hand.

The finding is a warning for sync workers, where every request is under the watchdog. For threaded and asynchronous workers the watchdog
only sees that the worker's main loop runs, so it is an information unless production is proven.

Write a limit above the longest request that is allowed, such as ` + "`timeout = 30`" + `. Where single requests take minutes, use threaded
workers (` + "`worker_class = \"gthread\"`" + `): there a long request is not killed and the watchdog can stay on.`,
		Sources: []string{"gunicorn documentation, settings: timeout", "gunicorn/arbiter.py, murder_workers"},
		Check: func(p *lint.Pass) {
			maybe, production := p.InProduction()
			if n, ok := p.Int("timeout"); !ok || n != 0 || !production {
				return
			}
			s := p.Get("timeout")
			f := p.Report(s.Range, "timeout = 0 switches the watchdog off: a worker that hangs keeps its place until somebody restarts gunicorn by hand. Write a limit above the longest request that is allowed, such as timeout = 30.")
			if gunicornWorker(p) != workerSync {
				maybe(f)
			}
		},
	},
	{
		ID: "L002", Name: "timeout-high-sync", Severity: lint.Warning, Servers: []string{"gunicorn"},
		Summary: "With sync workers the timeout is how long one request may hold a worker; a high one lets a few slow requests stop the service.",
		Explain: `A sync worker serves one request at a time and nothing else meanwhile. The timeout is the only bound on how long that takes. With
4 workers and a timeout of 600, four requests that wait for a slow database make the site silent for up to ten minutes.

It is a warning above 120 seconds and an information from 61 on, or where the file does not choose the worker and a command line may. Threaded and asynchronous workers answer others while one request waits,
and their timeout only watches the main loop; there a timeout above 600 seconds is an information, as a worker whose loop hangs stays that
long.

Give slow work to a queue, or use threads (` + "`worker_class = \"gthread\"`" + ` and ` + "`threads = 4`" + `) and bring the timeout down to
30 or 60.`,
		Sources: []string{"gunicorn documentation, settings: timeout", "gunicorn documentation, design: sync workers"},
		Check: func(p *lint.Pass) {
			n, ok := p.Int("timeout")
			if _, production := p.InProduction(); !ok || !production {
				return
			}
			s := p.Get("timeout")
			switch kind := gunicornWorker(p); {
			case kind == workerSync && n > 60:
				whom := "each slow request takes a worker away for that long"
				if w, ok := p.Int("workers"); ok && p.Set("workers") != nil && w == 1 {
					whom = "with one worker a single slow request stops the service for that long"
				} else if ok && p.Set("workers") != nil && w <= 4 {
					whom = fmt.Sprintf("with %d workers, %d slow requests stop the service for that long", w, w)
				}
				f := p.Report(s.Range, "One request may hold a sync worker for %s; %s. Use worker_class = \"gthread\" with threads, or a timeout of 60 or less.", span(n), whom)
				if n <= 120 || p.File() && p.Set("worker_class") == nil {
					f.As(lint.Info) // the command line may choose another worker
				}
			case keepsAlive(kind) && n > 600:
				p.Report(s.Range, "A %s worker whose main loop hangs is replaced after %s only; long requests do not need this, as the timeout does not end them. Write timeout = 30.", kind, span(n)).As(lint.Info)
			}
		},
	},
	{
		ID: "L003", Name: "timeout-low", Severity: lint.Info, Servers: []string{"gunicorn"},
		Summary: "A timeout below 5 seconds kills workers during ordinary pauses and slow imports.",
		Explain: `A worker that does not report for timeout seconds is killed with SIGABRT, and its clients get no answer. The clock runs while the
application is imported too. Below 5 seconds a slow disk, a busy machine or a cold database connection is enough: workers die during the
start and are started again, for ever.

Write ` + "`timeout = 30`" + `, gunicorn's default. To bound requests more tightly, set limits in the application or in the proxy.`,
		Sources: []string{"gunicorn documentation, settings: timeout", "gunicorn/arbiter.py, murder_workers"},
		Fix:     lint.FixOffer,
		Check: func(p *lint.Pass) {
			n, ok := p.Int("timeout")
			if _, production := p.InProduction(); !ok || n < 1 || n >= 5 || !production {
				return
			}
			s := p.Get("timeout")
			what := "a worker that does not report for %s, as in a slow import or a pause of the machine, is killed with its requests."
			if gunicornWorker(p) == workerSync {
				what = "a sync worker is killed when a request, or the import of the application, takes more than %s; the client gets no answer."
			}
			p.Report(s.Range, "timeout = %d is very short: "+what+" 30 is usual.", n, span(n)).With(p.SetFix(s, 30))
		},
	},
	{
		ID: "L004", Name: "keepalive-outside-range", Severity: lint.Info, Servers: []string{"gunicorn"},
		Summary: "A long keepalive lets idle clients hold connections that others need.",
		Explain: `keepalive is how many seconds a worker waits for the next request on a connection. Where browsers connect to gunicorn directly, 1
to 5 seconds is usual: each idle browser holds one of the worker's connections that long. Behind a proxy or load balancer higher values are
right, as long as they are above the balancer's own idle time.

The finding appears above 5 seconds where it is known that clients connect directly, and above 650 seconds anywhere: that is more than the
longest idle time of the usual balancers. Sync workers close every connection and are left out.`,
		Sources: []string{"gunicorn documentation, settings: keepalive"},
		Check: func(p *lint.Pass) {
			n, ok := p.Int("keepalive")
			if !ok || !keepsAlive(gunicornWorker(p)) {
				return
			}
			s := p.Get("keepalive")
			if edge := p.Around.Edge; edge != nil && len(p.Around.Proxies) == 0 && n > 5 && n <= 650 {
				p.Report(s.Range, "Clients connect to gunicorn directly, and each idle one holds a connection for %d seconds. Write keepalive = 5 or less.", n).Also(edge.Range, "%s", edge.Message)
			} else if n > 650 {
				p.Report(s.Range, "keepalive = %d keeps idle connections longer than any usual load balancer does. Write 5 for direct clients, or the balancer's idle time and a few seconds more (75 for one of 60).", n)
			}
		},
	},
	{
		ID: "L026", Name: "graceful-timeout-unusual", Severity: lint.Info, Servers: []string{"gunicorn"},
		Summary: "graceful_timeout is how long requests may finish at a restart; very short ones cut requests, very long ones hold deploys up.",
		Explain: `At a stop, a reload and after max_requests a worker may finish its requests for graceful_timeout seconds, and is killed then.
Under 5 seconds ordinary requests are cut at each deploy. Above 300 the old code serves for minutes beside the new; what stops gunicorn has
often lost patience before (systemd after 90 seconds, docker after 10, Kubernetes after 30) and kills everything at once.

Write ` + "`graceful_timeout = 30`" + `, the default, and give whatever stops gunicorn a little more.`,
		Sources: []string{"gunicorn documentation, settings: graceful_timeout"},
		Check: func(p *lint.Pass) {
			n, ok := p.Int("graceful_timeout")
			if _, production := p.InProduction(); !ok || n < 0 || n >= 5 && n <= 300 || !production {
				return
			}
			s := p.Get("graceful_timeout")
			if n < 5 {
				p.Report(s.Range, "Requests that are not done %s after a restart or reload begins are cut. Write graceful_timeout = 30, or what the longest ordinary request needs.", span(n))
				return
			}
			p.Report(s.Range, "A worker may take %s to stop; what stops gunicorn mostly kills it before (systemd after 90 seconds, Kubernetes after 30). Write graceful_timeout = 30, or raise TimeoutStopSec or terminationGracePeriodSeconds with it.", span(n))
		},
	},
}

// span writes a number of seconds for people.
func span(n int64) string {
	switch {
	case n == 1:
		return "1 second"
	case n >= 2*3600:
		return fmt.Sprintf("%d seconds (%d hours)", n, n/3600)
	case n >= 600:
		return fmt.Sprintf("%d seconds (%d minutes)", n, n/60)
	}
	return fmt.Sprintf("%d seconds", n)
}

package worker

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gsrv/runtime/wire"
)

// lifeApp tells its process, waits in a file's existence, eats memory, dies.
const lifeApp = `
import os, time, threading
eaten = []
def busy():
    while not os.path.exists("go"):
        time.sleep(0.005)
def stuck_in_here():
    time.sleep(60)
def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/wait":
        open("taken-%s-%d" % (environ["QUERY_STRING"], os.getpid()), "w").close()
        busy()
    elif path == "/stuck":
        stuck_in_here()
    elif path == "/spin":
        while True:
            pass
    elif path == "/eat":
        eaten.append(b"x" * (100 << 20))
    elif path == "/die":
        os._exit(7)
    elif path == "/begin-and-die":
        start_response("200 OK", [])(b"begun")
        os.kill(os.getpid(), 9)
    elif path == "/endless":
        def parts():
            try:
                while True:
                    yield b"x" * 65536
            finally:
                open("ended", "w").close()
        start_response("200 OK", [])
        return parts()
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]
`

// directory is where a test's application runs.
func directory(c *Config) string { return c.Directory }

// eventually waits until f is true.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	end := time.Now().Add(10 * time.Second)
	for !f() {
		if time.Now().After(end) {
			t.Fatalf("not within 10 s: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func pids(g *Generation) []int {
	var list []int
	for _, s := range g.Status() {
		if s.State == "idle" || s.State == "busy" {
			list = append(list, s.PID)
		}
	}
	slices.Sort(list)
	return list
}

func TestKilled(t *testing.T) {
	t.Parallel()
	var dir string
	g := generation(t, lifeApp, func(c *Config) { dir, c.Workers = directory(c), 2 })
	before := pids(g)
	a := newAnswer()
	g.Send(&wire.Request{Environ: environ("GET", "/wait?1"), Answer: a})
	var busy int
	eventually(t, "a busy worker", func() bool {
		for _, s := range g.Status() {
			if s.Busy > 0 {
				busy = s.PID
			}
		}
		return busy != 0
	})
	idle := before[0] + before[1] - busy
	// An idle one costs nothing.
	if err := syscall.Kill(idle, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if a := send(t, g, "GET", "/"); a.err != nil {
			t.Fatalf("after the kill of an idle worker: %v", a.err)
		}
	}
	// A busy one costs what it held.
	if err := syscall.Kill(busy, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	a.await(t)
	if f := a.failure(t); f.Status != 502 || f.Worker != busy || !strings.Contains(f.Reason, "signal 9") {
		t.Errorf("the busy worker's request ended with %+v", f)
	}
	eventually(t, "two new workers", func() bool {
		now := pids(g)
		return len(now) == 2 && !slices.Contains(now, idle) && !slices.Contains(now, busy)
	})
	if a := send(t, g, "GET", "/begin-and-die"); a.body.String() != "begun" || a.failure(t).Status != 502 {
		t.Errorf("begun: %q %v", a.body.String(), a.err)
	}
	if exists(filepath.Join(dir, "go")) {
		t.Error("nobody let it go")
	}
}

// The siblings of a stuck thread finish.
// Requests that must not be lost, while something happens to the workers.
func storm(t *testing.T, g *Generation, clients, each int, meanwhile func()) map[string]int {
	t.Helper()
	var mu sync.Mutex
	by := map[string]int{}
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for range each {
				a := newAnswer()
				g.Send(&wire.Request{Environ: environ("POST", "/"), Answer: a})
				select {
				case <-a.done:
				case <-time.After(20 * time.Second):
					t.Error("an answer did not come")
					return
				}
				if a.err != nil {
					t.Error(a.err)
				}
				mu.Lock()
				by[a.body.String()]++
				mu.Unlock()
			}
		})
	}
	if meanwhile != nil {
		meanwhile()
	}
	wg.Wait()
	return by
}

func TestMaxRequests(t *testing.T) {
	for _, class := range classes(t) {
		t.Run(class, func(t *testing.T) {
			t.Parallel()
			g, log, err := try(t, lifeApp, func(c *Config) {
				c.Class, c.Threads, c.Workers, c.MaxRequests, c.MaxRequestsJitter = class, 3, 2, 100, 50
			})
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			eventually(t, "four workers", func() bool {
				for pid := range storm(t, g, 8, 50, nil) {
					seen[pid] = true
				}
				return len(seen) >= 4
			})
			log.await(t, "it has served 1")
			eventually(t, "two workers", func() bool { return len(g.Status()) == 2 })
		})
	}
}

func TestRecycled(t *testing.T) {
	t.Parallel()
	g, log, err := try(t, lifeApp, func(c *Config) { c.MaxMemory = 80 << 20 })
	if err != nil {
		t.Fatal(err)
	}
	first := pids(g)[0]
	if a := send(t, g, "GET", "/eat"); a.err != nil {
		t.Fatal(a.err)
	}
	log.await(t, "is above 80 MiB")
	eventually(t, "another worker alone", func() bool { s := g.Status(); return len(s) == 1 && s[0].PID != first && s[0].State == "idle" })
	// SIGTERM is a wish to be replaced.
	second := pids(g)[0]
	by := storm(t, g, 2, 300, func() {
		if err := syscall.Kill(second, syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	})
	eventually(t, "a third worker alone", func() bool { s := g.Status(); return len(s) == 1 && s[0].PID != second })
	t.Log(by)
}

func TestLifetime(t *testing.T) {
	t.Parallel()
	g := generation(t, lifeApp, func(c *Config) { c.MaxLifetime = 200 * time.Millisecond })
	seen := map[int]bool{}
	eventually(t, "three workers, one after the other", func() bool {
		storm(t, g, 1, 5, nil)
		for _, p := range pids(g) {
			seen[p] = true
		}
		return len(seen) >= 3
	})
}

func TestScale(t *testing.T) {
	t.Parallel()
	g := generation(t, lifeApp, func(c *Config) { c.Class, c.Threads = Gthread, 2 })
	storm(t, g, 4, 200, func() {
		for _, n := range []int{4, 1, 3} {
			if err := g.Scale(n); err != nil {
				t.Fatal(err)
			}
			eventually(t, fmt.Sprintf("%d workers", n), func() bool { return len(g.Status()) == n && len(pids(g)) == n })
		}
	})
	if err := g.Scale(0); err == nil {
		t.Error("0 workers were taken")
	}
}

func TestDrain(t *testing.T) {
	for _, class := range classes(t) {
		t.Run(class, func(t *testing.T) {
			t.Parallel()
			var dir string
			g := generation(t, lifeApp, func(c *Config) { dir, c.Class, c.Threads, c.Workers = c.Directory, class, 2, 2 })
			list := pids(g)
			var answers []*answer
			for i := range 12 { // more than there are threads: some wait
				a := newAnswer()
				answers = append(answers, a)
				g.Send(&wire.Request{Environ: environ("GET", fmt.Sprintf("/wait?%d", i)), Answer: a})
			}
			eventually(t, "somebody at work", func() bool { return g.Status()[0].Busy > 0 })
			done := make(chan error)
			go func() { done <- g.Drain(context.Background()) }()
			eventually(t, "503 for those that come late", func() bool {
				a := newAnswer()
				g.Send(&wire.Request{Environ: environ("GET", "/"), Answer: a})
				select {
				case <-a.done:
					return a.failure(t).Status == 503
				case <-time.After(20 * time.Millisecond):
					return false
				}
			})
			if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
			for i, a := range answers {
				if a.await(t); a.err != nil {
					t.Errorf("request %d: %v", i, a.err)
				}
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
			<-g.Done()
			for _, p := range list {
				if syscall.Kill(p, 0) == nil {
					t.Errorf("worker %d lives", p)
				}
			}
		})
	}
}

func TestDrainLate(t *testing.T) {
	t.Parallel()
	g := generation(t, lifeApp, func(c *Config) { c.GracefulTimeout = 200 * time.Millisecond })
	a := newAnswer()
	g.Send(&wire.Request{Environ: environ("GET", "/stuck"), Answer: a})
	eventually(t, "a busy worker", func() bool { return g.Status()[0].Busy > 0 })
	if err := g.Drain(context.Background()); err == nil {
		t.Error("the graceful timeout was not reported")
	}
	a.await(t)
	if f := a.failure(t); f.Status != 503 {
		t.Errorf("%+v", f)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	var dir string
	g := generation(t, lifeApp, func(c *Config) { dir = c.Directory })
	running, waiting, endless := newAnswer(), newAnswer(), newAnswer()
	g.Send(&wire.Request{Environ: environ("GET", "/wait?0"), Answer: running})
	eventually(t, "a busy worker", func() bool { return g.Status()[0].Busy > 0 })
	r := &wire.Request{Environ: environ("GET", "/wait?9"), Answer: waiting}
	g.Send(r)
	g.Cancel(r)
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	running.await(t)
	waiting.await(t)
	if f := waiting.failure(t); f.Status != 499 || running.err != nil {
		t.Errorf("%+v %v", f, running.err)
	}
	if w := g.Waits(); w.Sum <= 0 || w.Sum > time.Minute {
		t.Errorf("waits %+v", w)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "taken-9-*")); len(names) > 0 {
		t.Error("the application was called for a client that had gone")
	}
	// One that writes is told at its next write, and its generator is closed.
	r = &wire.Request{Environ: environ("GET", "/endless"), Answer: endless}
	g.Send(r)
	<-endless.part
	g.Cancel(r)
	endless.await(t)
	if f := endless.failure(t); f.Status != 499 {
		t.Errorf("%+v", f)
	}
	if !exists(filepath.Join(dir, "ended")) {
		t.Error("the generator was not closed")
	}
	eventually(t, "nothing in flight", func() bool { return g.InFlight() == 0 })
}

// A client that does not read makes its worker wait, not the master's memory grow.
func TestBackpressure(t *testing.T) {
	t.Parallel()
	g := generation(t, lifeApp, func(c *Config) { c.Timeout = 2 * time.Second })
	a := newAnswer()
	full := make(chan struct{})
	var once sync.Once
	a.waiting = func() int64 {
		once.Do(func() { close(full) })
		return wire.HighWater + 1
	}
	r := &wire.Request{Environ: environ("GET", "/endless"), Answer: a}
	g.Send(r)
	select {
	case <-full:
	case <-a.done:
		t.Fatal(a.err)
	}
	select {
	case <-a.done:
		t.Fatalf("a worker that waits for its client ran into the timeout: %v", a.err)
	case <-time.After(2500 * time.Millisecond):
	}
	a.mu.Lock()
	n := a.body.Len()
	a.mu.Unlock()
	if n > 1<<20 {
		t.Errorf("%d bytes came", n)
	}
	g.Cancel(r)
	a.await(t)
	if f := a.failure(t); f.Status != 499 {
		t.Errorf("%+v", f)
	}
}

// A worker that dies again and again is not forked in a hot loop, and what is wrong is said once.
// The zygote is killed: workers go on, others take over, nothing is lost.
func TestZygoteKilled(t *testing.T) {
	t.Parallel()
	g, log, err := try(t, lifeApp, func(c *Config) { c.Workers = 2 })
	if err != nil {
		t.Fatal(err)
	}
	before := pids(g)
	storm(t, g, 4, 500, func() {
		g.mu.Lock()
		_ = g.z.cmd.Process.Kill()
		g.mu.Unlock()
		log.await(t, "another one is started")
	})
	eventually(t, "two other workers", func() bool {
		now := pids(g)
		return len(now) == 2 && !slices.Contains(now, before[0]) && !slices.Contains(now, before[1]) && len(g.Status()) == 2
	})
	if a := send(t, g, "GET", "/"); a.err != nil {
		t.Error(a.err)
	}
}

// Workers that die by themselves as soon as they are ready are not forked in a hot loop.
// A slow client of one answer does not hold up the next answer of the same worker.
func TestSlowClientAlone(t *testing.T) {
	t.Parallel()
	g := generation(t, `
def app(environ, start_response):
    start_response("200 OK", [])
    return (b"x" * 10000 for i in range(20)) if environ["PATH_INFO"] == "/big" else [b"small"]
`, nil)
	slow := newAnswer()
	slow.waiting = func() int64 { return wire.HighWater + 1 }
	g.Send(&wire.Request{Environ: environ("GET", "/big"), Answer: slow})
	if a := send(t, g, "GET", "/small"); a.err != nil || a.body.String() != "small" {
		t.Errorf("%q %v", a.body.String(), a.err)
	}
	slow.await(t)
	if slow.err != nil || slow.body.Len() != 200000 {
		t.Errorf("%d bytes, %v", slow.body.Len(), slow.err)
	}
}

// The answer is whole, and the application does not come back: its worker is replaced all the same.

// A stop that reaches the workers as well (systemd sends TERM to all of a service's processes) does not wait for the
// replacements that are just starting.
func TestDrainWhileBooting(t *testing.T) {
	t.Parallel()
	g := generation(t, `
import os, time
if os.path.exists("slow"):
    open("loading", "w").close()
    time.sleep(60)
def app(environ, start_response):
    start_response("200 OK", [])
    return []
`, func(c *Config) { c.GracefulTimeout = 30 * time.Second })
	dir := g.c.Directory
	write(t, dir, map[string]string{"slow": ""})
	if err := syscall.Kill(g.Status()[0].PID, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	send(t, g, "GET", "/") // it sleeps on the queue until then
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(dir, "loading")); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal("no replacement starts")
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := g.Drain(ctx); err != nil {
		t.Error(err)
	}
}

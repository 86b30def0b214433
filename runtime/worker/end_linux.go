package worker

import (
	"context"
	"fmt"
	"slices"
	"syscall"
	"time"

	"gsrv/runtime/wire"
)

// Scale changes how many workers serve. The hook nworkers_changed is called.
func (g *Generation) Scale(n int) error {
	if n < 1 || n > 512 {
		return fmt.Errorf("%d workers: at least 1 and at most 512", n)
	}
	g.mu.Lock()
	if g.ending {
		g.mu.Unlock()
		return errStopped
	}
	old := g.target
	g.mu.Unlock()
	if old == n {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = g.runHook(ctx, "nworkers_changed", n, old) // it says itself what it did not like
	g.mu.Lock()
	g.target, g.c.Workers = n, n
	g.mu.Unlock()
	g.poke()
	return nil
}

// RunHook calls one of the server's hooks that only the master knows the time of (pre_exec, on_exit, on_reload) and waits
// until it is through.
func (g *Generation) RunHook(ctx context.Context, name string) error { return g.runHook(ctx, name) }

func (g *Generation) runHook(ctx context.Context, name string, args ...int) error {
	answer := make(chan string, 1)
	g.mu.Lock()
	z := g.z
	g.hooks[name] = answer
	g.mu.Unlock()
	if z == nil {
		return errStopped
	}
	if err := z.command(map[string]any{"c": "hook", "name": name, "args": args}); err != nil {
		return errStopped
	}
	select {
	case text := <-answer:
		if text != "" {
			return fmt.Errorf("hook %s: %s", name, text)
		}
		return nil
	case <-z.waited:
		return errStopped
	case <-ctx.Done():
		return fmt.Errorf("hook %s: %w", name, context.Cause(ctx))
	}
}

// Status lists the workers, oldest first.
func (g *Generation) Status() []WorkerStatus {
	g.mu.Lock()
	defer g.mu.Unlock()
	var list []WorkerStatus
	for _, p := range g.procs {
		if p.pid == 0 {
			continue
		}
		held := p.w.Held()
		s := WorkerStatus{Number: p.number, PID: p.pid, Requests: p.w.Served(), Busy: len(held), RSS: rss(p.pid), Age: time.Since(p.forked)}
		for _, h := range held {
			s.Since = max(s.Since, wire.Now()-h.Since)
		}
		switch {
		case p.readyAt.IsZero():
			s.State = "booting"
		case p.retiring != "" || !p.stopped.IsZero():
			s.State = "leaving"
		case s.Busy > 0:
			s.State = "busy"
		default:
			s.State = "idle"
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b WorkerStatus) int { return int(b.Age - a.Age) })
	return list
}

// Drain takes no more requests, waits until all that it has are answered, and ends the processes. What is not done after
// the graceful timeout, or when ctx ends, is ended with 503. It returns when no process is left.
func (g *Generation) Drain(ctx context.Context) error { return g.end(ctx, true, false) }

// Stop is Drain for the end of the server: it calls the hook on_exit when the workers have gone.
func (g *Generation) Stop(ctx context.Context) error { return g.end(ctx, true, true) }

// Kill ends the processes now, as gunicorn does on SIGQUIT: what runs is answered with 503.
func (g *Generation) Kill() { _ = g.end(context.Background(), false, false) }

func (g *Generation) end(ctx context.Context, graceful, final bool) error {
	g.mu.Lock()
	first := !g.ending
	g.ending = true
	g.mu.Unlock()
	g.q.Close(errStopped.Error())
	if !first && graceful {
		select {
		case <-g.done:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	var err error
	if graceful {
		err = g.await(ctx)
	}
	g.q.FailAll(503, "the server is stopping")
	if err != nil || !graceful {
		g.killAll()
	}
	if final {
		c, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		if e := g.RunHook(c, "on_exit"); e != nil {
			g.c.Log("error", e.Error())
		}
		cancel()
	}
	g.mu.Lock()
	z := g.z
	g.z = nil
	select {
	case <-g.done:
		z = nil
	default:
	}
	g.mu.Unlock()
	if z != nil {
		_ = z.command(map[string]any{"c": "exit"})
		z.commands.Close()
		select {
		case <-z.waited:
		case <-time.After(2 * time.Second):
			_ = z.cmd.Process.Kill()
			<-z.waited
		}
		z.events.Close()
	}
	g.readers.Wait()
	g.mu.Lock()
	select {
	case <-g.done:
	default:
		close(g.done)
	}
	select {
	case <-g.settled:
	default:
		close(g.settled)
	}
	g.mu.Unlock()
	g.poke()
	return err
}

// await waits for the end of what runs and of all workers.
func (g *Generation) await(ctx context.Context) error {
	late := time.NewTimer(g.c.GracefulTimeout)
	defer late.Stop()
	select {
	case <-g.q.Done():
	case <-late.C:
		return fmt.Errorf("%d requests were not answered %v after the workers were told to stop", g.q.Stats(), g.c.GracefulTimeout)
	case <-ctx.Done():
		return fmt.Errorf("%d requests were not answered when the workers had to end: %w", g.q.Stats(), context.Cause(ctx))
	}
	g.mu.Lock()
	for _, p := range g.procs {
		g.stop(p, "the server is stopping")
	}
	g.mu.Unlock()
	return g.empty(late.C, ctx.Done())
}

// empty waits until no worker is left.
func (g *Generation) empty(late <-chan time.Time, canceled <-chan struct{}) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		g.mu.Lock()
		n := len(g.procs)
		for _, p := range g.procs {
			if g.z == nil && (p.pid == 0 || gone(p.pid)) {
				n--
			}
		}
		g.mu.Unlock()
		if n == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-late:
			return fmt.Errorf("%d workers had not ended %v after they were told to stop", n, g.c.GracefulTimeout)
		case <-canceled:
			return fmt.Errorf("%d workers had not ended in time", n)
		}
	}
}

// killAll ends the workers, by SIGQUIT (the hook worker_int is called) and a second later by SIGKILL.
func (g *Generation) killAll() {
	for _, sig := range []syscall.Signal{syscall.SIGQUIT, syscall.SIGKILL} {
		g.mu.Lock()
		for _, p := range g.procs {
			g.stop(p, "the server is stopping")
			g.kill(p, sig)
		}
		g.mu.Unlock()
		if g.empty(time.After(time.Second), nil) == nil {
			return
		}
	}
}

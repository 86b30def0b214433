package worker

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"gsrv/runtime/wire"
)

// supervise looks after the processes until none is left and the generation is to end.
func (g *Generation) supervise() {
	tick := 25 * time.Millisecond
	if g.c.Timeout > 0 {
		tick = max(min(tick, g.c.Timeout/4), 5*time.Millisecond)
	}
	timer := time.NewTimer(tick)
	defer timer.Stop()
	for {
		select {
		case <-g.wake:
		case <-timer.C:
		}
		over := g.look()
		g.tell()
		if over {
			return
		}
		// Nothing runs: nothing can be late.
		next := tick
		if g.q.Stats() == 0 && (g.c.Timeout == 0 || g.c.Timeout >= time.Second) {
			next = 100 * time.Millisecond
		}
		timer.Reset(next)
	}
}

// tell calls Config.Event for what happened.
func (g *Generation) tell() {
	g.mu.Lock()
	events := g.events
	g.events = nil
	g.mu.Unlock()
	for _, e := range events {
		g.c.Event(e)
	}
}

// look does what is due; true when the generation is over.
func (g *Generation) look() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.settle(now)
	select {
	case <-g.done:
		return true
	default:
	}
	if g.z == nil && !g.ending && now.After(g.retry) {
		g.revive()
	}
	for _, p := range g.procs {
		g.check(p, now)
	}
	g.q.Sweep()
	g.balance(now)
	return false
}

// settle tells Start how it went, as soon as that is known.
func (g *Generation) settle(now time.Time) {
	select {
	case <-g.settled:
		return
	default:
	}
	if g.died == nil && g.c.StartTimeout > 0 && !g.up && now.Sub(g.startedAt) > g.c.StartTimeout {
		g.died = fmt.Errorf("the application was not loaded after %v", g.c.StartTimeout)
	}
	booted := g.up && len(g.procs) > 0 && g.ready > 0
	for _, p := range g.procs {
		if p.readyAt.IsZero() && g.failures == 0 {
			booted = false
		}
	}
	if g.died != nil || booted {
		close(g.settled)
	}
}

// revive starts another zygote in place of one that was killed.
func (g *Generation) revive() {
	z, err := startZygote(&g.c, g.q, g.lanes, true, g.forks)
	if err != nil {
		g.failures++
		g.retry = time.Now().Add(max(backoff(g.failures), 100*time.Millisecond))
		g.c.Log("error", fmt.Sprintf("no process to fork workers from: %v", err))
		return
	}
	g.z = z
	g.follow(z)
}

// check looks at one worker.
func (g *Generation) check(p *proc, now time.Time) {
	switch {
	case p.pid == 0:
		if g.c.StartTimeout > 0 && now.Sub(p.forked) > g.c.StartTimeout && g.z != nil && !p.killed {
			p.killed = true
			g.hung(g.z)
		}
		return
	case p.orphan && gone(p.pid):
		g.exited(p, 0)
		return
	case p.readyAt.IsZero():
		if g.c.StartTimeout > 0 && now.Sub(p.forked) > g.c.StartTimeout && p.stuck == nil {
			p.failure = fmt.Sprintf("the worker was not ready after %v", g.c.StartTimeout)
			p.stuck = map[uint64]bool{}
			g.dump(p, p.failure)
		}
	case p.retiring == "":
		g.age(p, now)
	}
	held := p.w.Held()
	if g.c.Timeout > 0 {
		g.overdue(p, held)
	}
	if !p.stopped.IsZero() {
		g.usher(p, held, now)
	}
}

// hung ends a zygote that does not fork: one of the server's hooks does not come back. Its stacks go to its stderr.
func (g *Generation) hung(z *zygote) {
	pid := z.cmd.Process.Pid
	g.c.Log("critical", fmt.Sprintf("the process that workers are forked from (pid %d) has not forked for %v: a hook (pre_fork, child_exit, …) hangs; its stack is in its output", pid, g.c.StartTimeout))
	_ = unix.Tgkill(pid, pid, dumpSignal)
	time.AfterFunc(200*time.Millisecond, func() { _ = z.cmd.Process.Kill() })
}

// gone tells whether a process that is not the zygote's any more has ended.
func gone(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	_, after, _ := strings.Cut(string(text), ") ")
	return strings.HasPrefix(after, "Z")
}

// age decides whether a worker has served its time.
func (g *Generation) age(p *proc, now time.Time) {
	why, level := "", "info"
	switch {
	case p.w.Leaving():
		why = "it was told to end (SIGTERM)"
	case p.limit > 0 && p.w.Served() >= p.limit:
		why = fmt.Sprintf("it has served %d requests", p.w.Served())
	case g.c.MaxLifetime > 0 && now.Sub(p.readyAt) > g.c.MaxLifetime:
		why = fmt.Sprintf("it is older than %v", g.c.MaxLifetime)
	case g.c.MaxMemory > 0 && now.Sub(p.checked) > 500*time.Millisecond:
		p.checked = now
		if size := rss(p.pid); size > g.c.MaxMemory {
			why, level = fmt.Sprintf("its memory, %d MiB, is above %d MiB", size>>20, g.c.MaxMemory>>20), "warning"
		}
	}
	if why != "" {
		g.retire(p, why)
		g.c.Log(level, fmt.Sprintf("worker (pid %d) is replaced: %s", p.pid, why))
		g.event("recycle", p.pid, why)
	}
}

func (g *Generation) retire(p *proc, why string) {
	p.retiring = why
}

// overdue answers what takes too long with 504 and lets its worker take no more.
func (g *Generation) overdue(p *proc, held []wire.Held) {
	now := wire.Now()
	for _, h := range held {
		took := now - h.Since
		if took < g.c.Timeout || p.stuck[h.ID] {
			continue
		}
		what, ended := g.q.Describe(h.ID)
		reason := fmt.Sprintf("%s has run for %.1f s in worker (pid %d), the timeout is %v", what, took.Seconds(), p.pid, g.c.Timeout)
		if !g.q.Fail(h.ID, &wire.Failure{Status: 504, Reason: reason, Worker: p.pid}) && !ended {
			continue // it came in time after all
		}
		if p.stuck == nil {
			p.stuck = map[uint64]bool{}
			g.dump(p, reason+"; the worker is replaced")
		} else {
			g.c.Log("critical", reason)
		}
		p.stuck[h.ID] = true
		g.event("timeout", p.pid, reason)
		g.stop(p, "timeout")
	}
}

// dump logs the stacks of a stuck worker. They are on the way before it is killed.
func (g *Generation) dump(p *proc, reason string) {
	pid, dump := p.pid, p.dump
	if dump != nil {
		p.aborted = time.Now().Add(2 * time.Second) // not before the stacks are there
	}
	p.dump = nil
	g.readers.Add(1)
	go func() {
		defer g.readers.Done()
		text := stacks(pid, dump)
		if dump != nil {
			dump.Close()
		}
		if text != "" {
			reason += ". Its threads' stacks:\n" + text
		}
		g.c.Log("critical", reason)
		g.mu.Lock()
		p.aborted = time.Time{}
		if p.readyAt.IsZero() {
			g.kill(p, syscall.SIGKILL)
		}
		g.mu.Unlock()
		g.poke()
	}()
}

// stop tells a worker to take no more requests and to end when it has answered what it has.
func (g *Generation) stop(p *proc, why string) {
	if p.retiring == "" {
		p.retiring = why
	}
	if p.stopped.IsZero() {
		p.stopped = time.Now()
		p.w.Stop()
	}
}

func (g *Generation) kill(p *proc, sig syscall.Signal) {
	if p.pid > 0 && g.procs[p.number] == p {
		p.killed = p.killed || sig == syscall.SIGKILL
		_ = syscall.Kill(p.pid, sig)
	}
}

// usher sees a worker that was told to stop to its end.
func (g *Generation) usher(p *proc, held []wire.Held, now time.Time) {
	// Idle threads sleep on the queue all workers share: something must come for them to see that they are to stop.
	if now.Sub(p.nudged) >= p.pause && len(held) < g.lanes {
		p.nudged = now
		p.pause = min(max(p.pause*2, 10*time.Millisecond), 500*time.Millisecond)
		n := 0
		for range g.procs {
			n += min(g.lanes, 64)
		}
		g.q.Nudge(min(n, 256))
	}
	stuck := len(p.stuck) > 0 && !slices.ContainsFunc(held, func(h wire.Held) bool { return !p.stuck[h.ID] })
	late := now.Sub(p.stopped) > g.c.GracefulTimeout
	needless := g.ending && p.readyAt.IsZero() // nobody waits for an application to be loaded for nothing
	if !stuck && !late && !needless {
		return
	}
	switch {
	case p.aborted.IsZero() && needless:
		p.aborted = now
		g.kill(p, syscall.SIGQUIT)
	case p.aborted.IsZero():
		p.aborted = now
		if late && !stuck {
			g.c.Log("warning", fmt.Sprintf("worker (pid %d) is ended: it still works %v after it was told to stop", p.pid, g.c.GracefulTimeout))
		}
		g.kill(p, syscall.SIGABRT)
	case now.Sub(p.aborted) > time.Second && !p.killed:
		g.kill(p, syscall.SIGKILL)
	}
}

// balance forks what is missing and stops what is too much.
func (g *Generation) balance(now time.Time) {
	serving, fresh := 0, 0 // workers that are to stay; of these, ready ones
	var retiring, spare []*proc
	for _, p := range g.procs {
		switch {
		case !p.stopped.IsZero():
		case p.retiring != "":
			retiring = append(retiring, p)
		default:
			serving++
			spare = append(spare, p)
			if !p.readyAt.IsZero() {
				fresh++
			}
		}
	}
	oldest := func(a, b *proc) int { return a.forked.Compare(b.forked) }
	if g.ending && g.q.Ended() {
		return // they see the end of the queue
	}
	for ; serving < g.target && g.z != nil && g.up && g.died == nil && !now.Before(g.retry); serving++ {
		g.fork()
	}
	if serving > g.target {
		slices.SortFunc(spare, oldest)
		for _, p := range spare[:serving-g.target] {
			g.stop(p, "there are more workers than wanted")
			if !p.readyAt.IsZero() {
				fresh--
			}
		}
	}
	// One that is replaced leaves when its replacement is ready, not before.
	slices.SortFunc(retiring, oldest)
	for _, p := range retiring {
		if fresh+len(retiring) > g.target {
			g.stop(p, p.retiring)
			retiring = retiring[1:]
		}
	}
}

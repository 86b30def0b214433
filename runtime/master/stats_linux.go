package master

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"gsrv/runtime/plan"
)

// A statsServer tells everyone who connects how the server does, and closes the connection, as uWSGI's stats server.
type statsServer struct {
	net.Listener
	spec plan.Stats
}

// openStats opens the stats server that a plan asks for, in place of the former one.
func (m *master) openStats(p *plan.Plan) error {
	old := m.stats
	switch {
	case p.Stats == nil && old == nil, old != nil && p.Stats != nil && old.spec == *p.Stats:
		return nil
	case m.heir != nil && !m.promoted:
		return nil // the server before this one still has the address
	}
	m.stats = nil
	if old != nil {
		old.Close()
	}
	if p.Stats == nil {
		return nil
	}
	if p.Stats.Network == "unix" && !strings.HasPrefix(p.Stats.Address, "@") {
		if st, err := os.Lstat(p.Stats.Address); err == nil && st.Mode()&fs.ModeSocket != 0 {
			os.Remove(p.Stats.Address) // left by a server that was killed
		}
	}
	l, err := net.Listen(p.Stats.Network, p.Stats.Address)
	if err != nil {
		return fmt.Errorf("stats: %w", err)
	}
	s := &statsServer{l, *p.Stats}
	m.stats = s
	m.log.infof("Statistics at: %s", l.Addr())
	go m.tellStats(s)
	return nil
}

func (m *master) tellStats(s *statsServer) {
	for {
		c, err := s.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(100 * time.Millisecond) // out of descriptors
			continue
		}
		go func() {
			defer c.Close()
			c.SetDeadline(time.Now().Add(5 * time.Second))
			st := m.statistics(s.spec.NoCores)
			var text []byte
			if s.spec.Minified {
				text, _ = json.Marshal(st)
			} else {
				text, _ = json.MarshalIndent(st, "", "\t")
			}
			if s.spec.HTTP {
				// Whatever was asked, as uWSGI; read, so that closing does not break the answer off.
				c.Read(make([]byte, 4096))
				fmt.Fprint(c, "HTTP/1.0 200 OK\r\nConnection: close\r\nAccess-Control-Allow-Origin: *\r\nContent-Type: application/json\r\n\r\n")
			}
			c.Write(text)
		}()
	}
}

// statistics gathers them.
func (m *master) statistics(noCores bool) *uwsgiStats {
	m.mu.Lock()
	p, g, listeners := m.plan, m.current, m.listeners
	m.mu.Unlock()
	out := &uwsgiStats{Version: "gsrv " + m.o.Version, PID: os.Getpid(), UID: os.Getuid(), GID: os.Getgid(), Locks: []struct{}{}, Sockets: []statsSocket{}, Workers: []statsWorker{}}
	out.CWD, _ = os.Getwd()
	for _, l := range listeners {
		n := backlog(l)
		out.ListenQueue += n
		out.Sockets = append(out.Sockets, statsSocket{Name: l.spec.Address, Proto: "http", Queue: n, MaxQueue: l.spec.Backlog})
	}
	if g == nil {
		return out
	}
	workers := g.Status()
	m.tallies.look(workers)
	there := map[int]bool{}
	for _, w := range workers {
		if there[w.Number] {
			continue
		}
		there[w.Number] = true
		all, now, spawned := m.tallies.of(w.Number, w.PID)
		s := statsWorker{
			ID: w.Number, PID: w.PID, Requests: all.requests, DeltaRequests: now.requests, Exceptions: all.failed, HarakiriCount: all.late, Status: "idle", RSS: w.RSS, VSZ: virtual(w.PID),
			RunningTime: all.running.Microseconds(), LastSpawn: time.Now().Add(-time.Duration(w.Age * float64(time.Second))).Unix(), RespawnCount: spawned, TX: all.bytes, AvgRT: all.average.Microseconds(),
			Apps: []statsApp{{Requests: now.requests, Exceptions: now.failed}},
		}
		if w.Busy > 0 {
			s.Status = "busy"
			out.Load++
		}
		if w.State == "idle" || w.State == "busy" {
			s.Accepting = 1
		}
		for i := 0; i < max(p.Workers.Threads, 1) && !noCores && i < 1024; i++ {
			c := statsCore{ID: i, Vars: []struct{}{}}
			if i == 0 {
				c.Requests = all.requests
			}
			if i < w.Busy {
				c.InRequest = 1
			}
			s.Cores = append(s.Cores, c)
		}
		out.Workers = append(out.Workers, s)
	}
	for i := 1; i <= p.Workers.Count; i++ {
		if !there[i] {
			out.Workers = append(out.Workers, statsWorker{ID: i, Status: "cheap", Apps: []statsApp{}})
		}
	}
	return out
}

// virtual is a process's address space in bytes.
func virtual(pid int) int64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(b), " ")
	n, _ := strconv.ParseInt(first, 10, 64)
	return n * int64(os.Getpagesize())
}

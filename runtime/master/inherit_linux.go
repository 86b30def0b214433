package master

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"gsrv/runtime/plan"
)

// firstDescriptor is where inherited descriptors begin, for systemd as for a server that is replaced.
const firstDescriptor = 3

// upgradeVariable tells a new server what it takes over.
const upgradeVariable = "GSRV_UPGRADE"

// An inheritance is what a server hands to the one that replaces it.
type inheritance struct {
	// Parent is the old server; Life is a descriptor that ends when it does, Ready one that is written to when the new
	// server serves.
	Parent      int
	Life, Ready int
	Listeners   []heirloom
	// Override is the number of workers that signals or ctl have set, 0 for none.
	Override int
}

// An heirloom is one listener.
type heirloom struct {
	FD               int
	Network, Address string
	Owned, Systemd   bool
}

// inherited reads what a server that this one replaces has left; nil where it replaces none.
func inherited() *inheritance {
	text := os.Getenv(upgradeVariable)
	if text == "" {
		return nil
	}
	os.Unsetenv(upgradeVariable)
	var i inheritance
	if json.Unmarshal([]byte(text), &i) != nil || i.Parent != os.Getppid() {
		return nil
	}
	// Before the first worker, which must not hold them.
	unix.CloseOnExec(i.Life)
	unix.CloseOnExec(i.Ready)
	return &i
}

// systemdSockets gives the sockets of the service manager, and takes the variables out of the environment.
func systemdSockets() (fds []int) {
	pid, _ := strconv.Atoi(os.Getenv("LISTEN_PID"))
	n, _ := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if pid != os.Getpid() {
		return nil
	}
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"} {
		os.Unsetenv(name)
	}
	for i := range n {
		unix.CloseOnExec(firstDescriptor + i)
		fds = append(fds, firstDescriptor+i)
	}
	return fds
}

// firstListeners opens what the server starts with: inherited sockets first, then the configuration's addresses.
func (m *master) firstListeners() error {
	if m.heir != nil {
		for _, h := range m.heir.Listeners {
			l, err := adopt(h.FD, 0)
			if err != nil {
				return fmt.Errorf("taking over %s: %w", h.Address, err)
			}
			spec := plan.Listener{Network: h.Network, Address: h.Address, Text: h.Address, UID: -1, GID: -1}
			m.listeners = append(m.listeners, &listener{spec: spec, Listener: l, owned: h.Owned, systemd: h.Systemd})
		}
	}
	return nil
}

// wantedListeners gives the listeners for a plan: those that are open already, and the rest newly opened, which the caller
// closes where the plan does not come to anything. Activated are sockets of the service manager that are not listeners yet.
func (m *master) wantedListeners(p *plan.Plan, now []*listener, activated []int) (all, opened []*listener, err error) {
	have := map[string][]*listener{} // several where the kernel chooses the port
	byManager := len(activated) > 0
	for _, l := range now {
		have[key(&l.spec)] = append(have[key(&l.spec)], l)
		byManager = byManager || l.systemd && l.spec.Network == "systemd"
	}
	specs := p.Listen
	explicit := false
	for _, s := range specs {
		explicit = explicit || s.Network == "fd"
	}
	if byManager && !explicit {
		// As with gunicorn, the service manager's sockets replace the addresses of the configuration.
		specs = nil
		for _, l := range now {
			if l.spec.Network == "systemd" {
				specs = append(specs, l.spec)
			}
		}
		for _, fd := range activated {
			specs = append(specs, plan.Listener{Network: "systemd", Address: strconv.Itoa(fd), Text: "systemd's socket " + strconv.Itoa(fd), UID: -1, GID: -1})
		}
	}
	for _, spec := range specs {
		if same := have[key(&spec)]; len(same) > 0 {
			all, have[key(&spec)] = append(all, same[0]), same[1:]
			continue
		}
		var l *listener
		if spec.Network == "systemd" {
			fd, _ := strconv.Atoi(spec.Address)
			var ln net.Listener
			if ln, err = adopt(fd, 0); err == nil {
				l = &listener{spec: spec, Listener: ln, systemd: true}
			}
		} else {
			l, err = openListener(m.ctx, spec)
		}
		if err != nil {
			closeAll(opened)
			return nil, nil, err
		}
		all, opened = append(all, l), append(opened, l)
	}
	return all, opened, nil
}

// respecify gives listeners that were open already what a plan says of them: whether they speak TLS, how the configuration writes
// them.
func respecify(all []*listener, specs []plan.Listener) {
	if len(all) != len(specs) {
		return // they are the service manager's
	}
	for i, l := range all {
		if key(&l.spec) == key(&specs[i]) {
			l.spec = specs[i]
		}
	}
}

func closeAll(listeners []*listener) {
	for _, l := range listeners {
		l.close(true)
	}
}

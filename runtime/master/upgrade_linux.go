package master

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// startDirectory and startProgram are what the process was started with; a configuration may go elsewhere.
var (
	startDirectory, _ = os.Getwd()
	startProgram      = findProgram()
	startEnvironment  = os.Environ()
)

// findProgram gives the path that was called, not the file behind it: an upgrade puts a new file there.
func findProgram() string {
	path, err := exec.LookPath(os.Args[0])
	if err != nil {
		path, err = os.Executable()
	}
	if err != nil {
		return os.Args[0]
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// An upgrade is a new server that takes over the sockets of this one.
type upgrade struct {
	cmd  *exec.Cmd
	life *os.File
	// serving tells that it answers requests, gone that it has ended.
	serving, gone atomic.Bool
}

func (u *upgrade) alive() bool { return u != nil && !u.gone.Load() }

// hand makes the new server the service's main process for systemd, when this one ends.
func (u *upgrade) hand(n notifier) {
	if u.alive() && u.serving.Load() {
		n.send("MAINPID=" + strconv.Itoa(u.cmd.Process.Pid))
	}
}

// startUpgrade starts the program anew with this server's sockets. This server goes on; TERM or QUIT ends it when the new
// one has proven itself, and the new one is ended to go back.
func (m *master) startUpgrade() {
	switch {
	case m.upgrade.alive():
		m.log.warningf("USR2 signal ignored: the new server with pid %d is there", m.upgrade.cmd.Process.Pid)
		return
	case m.heir != nil && !m.promoted:
		m.log.warningf("USR2 signal ignored: the old server with pid %d is there; end it first", m.heir.Parent)
		return
	case m.current == nil:
		m.log.warningf("USR2 signal ignored: the server is %s", m.state)
		return
	}
	ctx, cancel := context.WithTimeout(m.ctx, 10*time.Second)
	if err := m.current.RunHook(ctx, "pre_exec"); err != nil {
		m.log.errorf("%v", err)
	}
	cancel()
	u, ready, err := m.spawnUpgrade()
	if err != nil {
		m.log.errorf("The new server could not be started: %v", err)
		return
	}
	m.upgrade = u
	m.log.infof("A new server starts with pid %d; this one goes on", u.cmd.Process.Pid)
	go func() {
		line := make([]byte, 16)
		n, _ := ready.Read(line)
		ready.Close()
		if n > 0 {
			u.serving.Store(true)
			m.post(func() {
				m.log.infof("The new server with pid %d serves; end this one with TERM, or that one to go back", u.cmd.Process.Pid)
			})
		}
		err := u.cmd.Wait()
		u.gone.Store(true)
		u.life.Close()
		m.post(func() {
			m.upgrade = nil
			if u.serving.Load() {
				m.log.infof("The new server with pid %d has ended; this one goes on", u.cmd.Process.Pid)
			} else {
				m.log.errorf("The new server with pid %d did not come up (%v); this one goes on. Its messages are above", u.cmd.Process.Pid, err)
			}
			m.voice().ready(m.plan.Config.Summary)
		})
	}()
}

func (m *master) spawnUpgrade() (*upgrade, *os.File, error) {
	var files []*os.File
	closeFiles := func() {
		for _, f := range files {
			f.Close()
		}
	}
	defer closeFiles()
	h := inheritance{Parent: os.Getpid(), Override: m.override}
	pass := func(f *os.File) int {
		files = append(files, f)
		return firstDescriptor + len(files) - 1
	}
	for _, l := range m.listeners {
		f, err := l.Listener.(interface{ File() (*os.File, error) }).File()
		if err != nil {
			return nil, nil, err
		}
		h.Listeners = append(h.Listeners, heirloom{FD: pass(f), Network: l.spec.Network, Address: l.spec.Address, Owned: l.owned, Systemd: l.systemd})
	}
	lifeRead, lifeWrite, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	readyRead, readyWrite, err := os.Pipe()
	if err != nil {
		lifeRead.Close()
		lifeWrite.Close()
		return nil, nil, err
	}
	h.Life, h.Ready = pass(lifeRead), pass(readyWrite)
	text, err := json.Marshal(h)
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(startProgram, os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Dir = startDirectory
	watchdog := "WATCHDOG_PID=" + strconv.Itoa(h.Parent) // the new server has to feed it as well, once it is the service
	for _, kv := range startEnvironment {
		if !strings.HasPrefix(kv, upgradeVariable+"=") && !strings.HasPrefix(kv, daemonVariable+"=") && !strings.HasPrefix(kv, "LISTEN_") && kv != watchdog {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, upgradeVariable+"="+string(text))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.ExtraFiles = files
	err = cmd.Start()
	// A file that is handed to another process is made blocking, and with it the socket that it is: the next accept would
	// not come back.
	for _, l := range m.listeners {
		if c, ok := l.Listener.(syscall.Conn); ok {
			if raw, err := c.SyscallConn(); err == nil {
				raw.Control(func(fd uintptr) { unix.SetNonblock(int(fd), true) })
			}
		}
	}
	if err != nil {
		lifeWrite.Close()
		readyRead.Close()
		return nil, nil, err
	}
	return &upgrade{cmd: cmd, life: lifeWrite}, readyRead, nil
}

// announce tells the server that this one replaces that it serves, and waits for that one's end.
func (m *master) announce() {
	if m.heir == nil {
		return
	}
	ready := os.NewFile(uintptr(m.heir.Ready), "ready")
	fmt.Fprintln(ready, os.Getpid())
	ready.Close()
	life := os.NewFile(uintptr(m.heir.Life), "life")
	go func() {
		// Nothing is ever written: the pipe ends with the old server.
		life.Read(make([]byte, 1))
		life.Close()
		m.post(m.promote)
	}()
}

// promote makes this server the one: it takes the old one's names.
func (m *master) promote() {
	m.promoted = true
	m.log.infof("Master has been promoted.")
	m.movePID()
	if m.socket != nil {
		m.socket.Close()
		m.socket = nil
	}
	if m.admin == nil || m.socket == nil {
		m.heir = nil
		if err := m.openControl(); err != nil {
			m.log.errorf("%v", err)
		}
	}
	if err := m.openStats(m.plan); err != nil {
		m.log.errorf("%v", err)
	}
	m.voice().ready(m.plan.Config.Summary)
}

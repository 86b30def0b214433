package main

import (
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// ctl runs gsrv ctl and looks at its exit status and at what it says.
func ctl(t *testing.T, dir string, code int, want string, args ...string) {
	t.Helper()
	cmd := exec.Command("gsrv", append([]string{"ctl"}, args...)...)
	cmd.Dir = dir
	out, _ := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code || !regexp.MustCompile(want).Match(out) {
		t.Errorf("gsrv ctl %s: exit status %d, want %d and %q\n%s", strings.Join(args, " "), got, code, want, out)
	}
}

// TestCtlAstray: what is at the other end of the socket is told apart.
func TestCtlAstray(t *testing.T) {
	t.Parallel()
	dir := serverFiles(t, map[string]string{"hello.py": versionApp("one"), "plain": "text"})
	ctl(t, dir, 3, "plain: this is no socket", "--control", "plain", "status")
	ctl(t, dir, 3, "none.sock: there is no control socket", "--control", "none.sock", "status")
	leaveSocket(t, filepath.Join(dir, "left.sock"))
	ctl(t, dir, 3, "left.sock: no server listens there any more", "--control", "left.sock", "status")
	mute, err := net.Listen("unix", filepath.Join(dir, "mute.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	ctl(t, dir, 3, "mute.sock: the server has not answered within 50ms", "--control", "mute.sock", "--timeout", "50ms", "status")
	go func() {
		for {
			c, err := mute.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 100))
			c.Close()
		}
	}()
	ctl(t, dir, 3, "mute.sock: the server ended, or closed the connection", "--control", "mute.sock", "status")
}

// TestCtlTwo: each of two servers has a socket of its own, and says what its own options say.
func TestCtlTwo(t *testing.T) {
	t.Parallel()
	dir := serverFiles(t, map[string]string{"hello.py": versionApp("one")})
	a := startServer(t, dir, "--control", "a.sock", "--listen", "127.0.0.1:0", "--health-path", "/alive", "hello:app")
	b := startServer(t, dir, "--control", "b.sock", "-b", "127.0.0.1:0", "hello:app")
	a.address()
	b.address()
	ctl(t, dir, 0, `http\.health_path = "/alive"  \(gsrv run --health-path\)`, "--control", "a.sock", "config")
	ctl(t, dir, 0, `listen\.http = \["127\.0\.0\.1:0"\]  \(gsrv run --listen\)`, "--control", "a.sock", "config")
	third := startServer(t, dir, "--control", "a.sock", "-b", "127.0.0.1:0", "hello:app")
	if code := third.exit(); code != 1 {
		t.Errorf("a third one on the same control socket: exit status %d", code)
	}
	third.await(1, "another server listens on .*/a.sock")
	ctl(t, dir, 0, "stopping", "--control", "a.sock", "stop")
	if code := a.exit(); code != 0 {
		t.Errorf("exit status %d", code)
	}
	ctl(t, dir, 0, "1 worker, 0 busy", "--control", "b.sock", "status")
	b.signal(syscall.SIGKILL)
	b.exit()
	ctl(t, dir, 3, "no server listens there any more", "--control", "b.sock", "status")
	again := startServer(t, dir, "--control", "b.sock", "-b", "127.0.0.1:0", "hello:app")
	again.address()
	ctl(t, dir, 0, "^serving", "--control", "b.sock", "status")
}

package worker

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Programs that hooks and the application start handle signals as they would anywhere: what is ignored when a program starts
// stays ignored, and a shell cannot trap it.
func TestChildrenSignals(t *testing.T) {
	t.Parallel()
	g := generation(t, `
import subprocess
def app(environ, start_response):
    start_response("200 OK", [])
    return [open("hook").read().encode() + subprocess.check_output(["grep", "SigIgn", "/proc/self/status"])]
`, func(c *Config) {
		write(t, c.Directory, map[string]string{"hooks.py": `
import subprocess
def pre_fork(server, worker):
    open("hook", "wb").write(subprocess.check_output(["grep", "SigIgn", "/proc/self/status"]))
`})
		c.HooksFile = filepath.Join(c.Directory, "hooks.py")
	})
	a := send(t, g, "GET", "/")
	own, err := exec.Command("grep", "SigIgn", "/proc/self/status").Output() // what the test's own children ignore
	if err != nil {
		t.Fatal(err)
	}
	if want := string(own); a.body.String() != want+want {
		t.Errorf("the hook's child and the application's ignore\n%sand not %s%v", a.body.String(), want, a.err)
	}
}

// Modules of the application never stand in for the standard library's that the server needs.
func TestShadows(t *testing.T) {
	dir := t.TempDir()
	broken := map[string]string{}
	for _, name := range []string{"json", "types", "warnings", "typing", "enum", "re", "socket", "traceback", "inspect", "tokenize"} {
		broken[name+".py"] = "raise RuntimeError('the application\\'s own " + name + "')\n"
	}
	write(t, dir, broken)
	t.Chdir(dir)
	g := generation(t, hello, func(c *Config) { c.PythonPath = []string{c.Directory}; c.Directory = dir })
	if a := send(t, g, "GET", "/"); a.err != nil {
		t.Error(a.err)
	}
}

// A number that is no account's, as containers have them, has no groups but its own.
func TestUserWithoutAccount(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	id := 54321
	g := generation(t, `
import os
def app(environ, start_response):
    start_response("200 OK", [])
    return [repr((os.getuid(), os.getgid(), os.getgroups())).encode()]
`, func(c *Config) {
		for d := c.Directory; d != "/tmp" && d != "/"; d = filepath.Dir(d) {
			_ = os.Chmod(d, 0o755)
		}
		c.UID, c.GID, c.InitGroups = &id, &id, true
	})
	if a := send(t, g, "GET", "/"); a.body.String() != "(54321, 54321, [54321])" {
		t.Errorf("%s %v", a.body.String(), a.err)
	}
}

// The reason why an application does not start arrives however long it is, its end included.
func TestBootLongReason(t *testing.T) {
	t.Parallel()
	for _, preload := range []bool{false, true} {
		_, _, err := try(t, "raise RuntimeError('\\u00e9' * 100000 + ' at last')\n", func(c *Config) { c.Preload = preload })
		if err == nil || !strings.Contains(err.Error(), "at last") {
			text := ""
			if err != nil {
				text = err.Error()
			}
			t.Errorf("preload %v: %.200s", preload, text)
		}
	}
}

// A worker that fails at telling of a failure has run the request all the same: nobody runs it again.
func TestFailureFails(t *testing.T) {
	t.Parallel()
	for _, class := range []string{Sync, Gthread} {
		g := generation(t, `
import sys
def app(environ, start_response):
    with open("runs", "a") as f:
        f.write("x")
    sys.modules["gsrv_worker.wsgi"].Lane.failed = None
    raise ValueError("cannot be told")
`, func(c *Config) { c.Class, c.Threads, c.Workers = class, 2, 2 })
		f := send(t, g, "GET", "/").failure(t)
		runs, _ := os.ReadFile(filepath.Join(g.c.Directory, "runs"))
		if f.Status != 500 && f.Status != 502 || string(runs) != "x" {
			t.Errorf("%s: %+v after %d runs", class, f, len(runs))
		}
	}
}

// A worker that somebody has taken over cannot make the master end other processes, or believe that they are workers.
func TestForgedMessages(t *testing.T) {
	t.Parallel()
	g := generation(t, `
import json, os
def app(environ, start_response):
    sock = environ["wsgi.early_hints"].__self__.worker.events.sock
    victim = int(environ["QUERY_STRING"])
    with open("sender", "w") as f:
        f.write(str(os.getpid()))
    for message in (
        {"t": "forked", "n": 0, "child": victim, "pid": 1},
        {"t": "exit", "n": 0, "child": victim, "status": 0, "pid": 1},
        {"t": "ready", "n": 77, "pid": victim},
    ):
        sock.send(json.dumps(message).encode())
    start_response("200 OK", [])
    return [b"sent"]
`, func(c *Config) { c.Workers = 2 })
	victim := exec.Command("sleep", "60")
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- victim.Wait() }()
	defer func() { _ = victim.Process.Kill() }()
	a := send(t, g, "GET", "/?"+strconv.Itoa(victim.Process.Pid))
	if a.err != nil && a.failure(t).Status != 502 {
		t.Error(a.err)
	}
	// The sender itself is what is ended: nobody knows a worker of that number.
	text, err := os.ReadFile(filepath.Join(g.c.Directory, "sender"))
	if err != nil {
		t.Fatal(err)
	}
	sender, _ := strconv.Atoi(string(text))
	for end := time.Now().Add(10 * time.Second); syscall.Kill(sender, 0) == nil; time.Sleep(5 * time.Millisecond) {
		select {
		case <-ended:
			t.Fatal("the victim was killed")
		default:
		}
		if time.Now().After(end) {
			t.Fatalf("the sender lives: %+v", g.Status())
		}
	}
	for _, s := range g.Status() {
		if s.PID == victim.Process.Pid {
			t.Errorf("the victim is taken for a worker: %+v", s)
		}
	}
}

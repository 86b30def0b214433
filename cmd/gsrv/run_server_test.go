package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gsrv/runtime/control"
)

// patience bounds every wait of these tests; what they wait for comes within a fraction of it.
const patience = 30 * time.Second

// A testServer is gsrv run as a process, with what it writes.
type testServer struct {
	t    *testing.T
	cmd  *exec.Cmd
	dir  string
	done chan struct{} // the process has ended
	eof  chan struct{} // so has every process that it left

	mu    sync.Mutex
	lines []string
	more  chan struct{}
}

// serverFiles writes files, name after name, into a new directory.
func serverFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// startServer starts gsrv run in dir; it is killed with all that it started when the test ends.
func startServer(t *testing.T, dir string, args ...string) *testServer {
	t.Helper()
	return startServerWith(t, dir, nil, args...)
}

func startServerWith(t *testing.T, dir string, change func(*exec.Cmd), args ...string) *testServer {
	t.Helper()
	s := &testServer{t: t, dir: dir, done: make(chan struct{}), eof: make(chan struct{}), more: make(chan struct{}, 1)}
	s.cmd = exec.Command("gsrv", append([]string{"run"}, args...)...)
	s.cmd.Dir = dir
	s.cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if change != nil {
		change(s.cmd)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s.cmd.Stdout, s.cmd.Stderr = write, write
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	go func() {
		in := bufio.NewScanner(read)
		for in.Scan() {
			s.mu.Lock()
			s.lines = append(s.lines, in.Text())
			s.mu.Unlock()
			select {
			case s.more <- struct{}{}:
			default:
			}
		}
		read.Close()
		close(s.eof)
	}()
	go func() {
		s.cmd.Wait()
		close(s.done)
	}()
	t.Cleanup(func() {
		syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		<-s.done
		<-s.eof
		if t.Failed() {
			t.Logf("the server's output:\n%s", s.output())
		}
	})
	return s
}

func (s *testServer) output() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n")
}

// await waits for the nth line that the pattern fits, counted from 1, and gives its submatches.
func (s *testServer) await(n int, pattern string) []string {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	deadline := time.After(patience)
	for ended := false; ; {
		s.mu.Lock()
		count := 0
		for _, line := range s.lines {
			if m := re.FindStringSubmatch(line); m != nil {
				if count++; count == n {
					s.mu.Unlock()
					return m
				}
			}
		}
		s.mu.Unlock()
		if ended {
			s.t.Fatalf("the server ended without line %d of %q", n, pattern)
		}
		select {
		case <-s.more:
		case <-s.eof:
			ended = true
		case <-deadline:
			s.t.Fatalf("no line %d of %q within %s", n, pattern, patience)
		}
	}
}

// address waits until the server serves and gives host:port or the path of its first listener.
func (s *testServer) address() string {
	s.t.Helper()
	return s.await(1, `Listening at: (?:https?://|unix:)(\S+?),? `)[1]
}

func (s *testServer) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// exit waits for the server's end and gives its exit status.
func (s *testServer) exit() int {
	s.t.Helper()
	select {
	case <-s.done:
	case <-time.After(patience):
		s.t.Fatalf("the server did not end within %s", patience)
	}
	return s.cmd.ProcessState.ExitCode()
}

// client gives an HTTP client for a TCP address or a unix socket.
func client(address string) *http.Client {
	network := "tcp"
	if strings.HasPrefix(address, "/") {
		network = "unix"
	}
	return &http.Client{Timeout: patience, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	}}
}

// get requests a path over a connection of its own.
func get(t *testing.T, address, path string) string {
	t.Helper()
	text, err := tryGet(address, path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func tryGet(address, path string) (string, error) {
	c := client(address)
	defer c.CloseIdleConnections()
	r, err := c.Get("http://server" + path)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return "", err
	}
	if r.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", r.Status, bytes.TrimSpace(body))
	}
	return string(body), nil
}

// until waits for a condition that nothing tells of.
func until(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not come about within %s", patience)
		}
	}
}

func text(path string) string {
	b, _ := os.ReadFile(path)
	return string(b)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func between(s, before, after string) string {
	_, rest, _ := strings.Cut(s, before)
	out, _, _ := strings.Cut(rest, after)
	return out
}

// workerCount asks the control socket how many workers are ready.
func workerCount(t *testing.T, path string) int {
	t.Helper()
	r, err := control.Ask(path, control.Request{Command: "workers"}, patience)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, w := range r.Status.Workers {
		if w.State == "idle" || w.State == "busy" {
			n++
		}
	}
	return n
}

// inheritedUmask is the umask of this process, which a server that it starts has as well.
func inheritedUmask(t *testing.T) int {
	t.Helper()
	_, rest, _ := strings.Cut(text("/proc/self/status"), "Umask:")
	word, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
	n, err := strconv.ParseInt(word, 8, 32)
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

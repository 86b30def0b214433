package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestRunBatch looks at the scheduling policy of every thread of the server and of its workers, and at their names.
func TestRunBatch(t *testing.T) {
	t.Parallel()
	app := map[string]string{"hello.py": "def app(environ, start_response):\n    start_response('200 OK', [('Content-Length', '2')])\n    return [b'ok']\n"}
	for option, want := range map[string]string{"--batch": "3", "--no-check": "0"} {
		s := startServer(t, serverFiles(t, app), "--bind", "127.0.0.1:0", "--workers", "2", option, "hello:app")
		if got := get(t, s.address(), "/"); !strings.HasSuffix(got, "ok") {
			t.Fatal(got)
		}
		processes := family(t, s.cmd.Process.Pid)
		if len(processes) < 4 { // the master, the zygote, two workers
			t.Fatalf("%d processes", len(processes))
		}
		for _, pid := range processes {
			// What ps shows is one line that says whose process it is.
			if line, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline"); err != nil || len(line) > 300 ||
				bytes.ContainsRune(line, '\n') || !bytes.Contains(line, []byte("gsrv")) || !bytes.Contains(line, []byte("hello:app")) {
				t.Errorf("%v %q", err, line)
			}
			threads, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/stat")
			for _, path := range threads {
				// The 41st field is the policy; the second, the name, may have blanks.
				text, err := os.ReadFile(path)
				if err != nil {
					continue // it has ended
				}
				_, rest, _ := strings.Cut(string(text), ") ")
				if policy := strings.Fields(rest)[38]; policy != want {
					t.Errorf("%s: %s has policy %s", option, path, policy)
				}
			}
		}
	}
}

// family gives a process and all that descend from it.
func family(t *testing.T, pid int) []int {
	t.Helper()
	all := []int{pid}
	lists, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	for _, path := range lists {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // the thread has ended
		}
		for _, child := range strings.Fields(string(text)) {
			n, err := strconv.Atoi(child)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, family(t, n)...)
		}
	}
	return all
}

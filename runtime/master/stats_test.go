//go:build linux

package master

import (
	"encoding/json"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gsrv/fixtures/oracle"
	"gsrv/runtime/control"
)

// TestStatsAsUWSGI: there are the names that the real uWSGI's statistics have, and no others.
func TestStatsAsUWSGI(t *testing.T) {
	program := oracle.Program(t, "uwsgi")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "app.py"), []byte("def application(e, s):\n    s('200 OK', [])\n    return [b'x']\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "stats")
	cmd := exec.Command(program, "--plugin", "python3", "--master", "--http-socket", filepath.Join(dir, "s"), "--wsgi-file", "app.py", "--stats", socket)
	cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	var theirs map[string]any
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("unix", socket); err == nil {
			b, _ := io.ReadAll(c)
			c.Close()
			if json.Unmarshal(b, &theirs) == nil && len(theirs["workers"].([]any)[0].(map[string]any)["apps"].([]any)) > 0 {
				break
			}
		}
		if time.Now().After(end) {
			oracle.Missing(t, "uwsgi with its Python plugin does not start")
		}
	}
	b, err := json.Marshal(&uwsgiStats{Sockets: []statsSocket{{}}, Workers: []statsWorker{{Apps: []statsApp{{}}, Cores: []statsCore{{Vars: []struct{}{}}}}}, Locks: []struct{}{}})
	if err != nil {
		t.Fatal(err)
	}
	var ours map[string]any
	if err := json.Unmarshal(b, &ours); err != nil {
		t.Fatal(err)
	}
	delete(theirs, "locks")
	delete(ours, "locks")
	if got, want := names("", ours), names("", theirs); !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), strings.Join(want, " "))
	}
}

// names lists the names in a value; of lists the first item counts.
func names(at string, v any) (out []string) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(out, at+k)
			out = append(out, names(at+k+".", v[k])...)
		}
	case []any:
		if len(v) > 0 {
			out = names(at, v[0])
		}
	}
	return out
}

// TestTallies: a place among the workers keeps the requests of the processes that it has had.
func TestTallies(t *testing.T) {
	var ts tallies
	ts.look([]control.Worker{{Number: 1, PID: 10}, {Number: 2, PID: 11}})
	ts.request(10, 200, 100*time.Microsecond, 5)
	ts.request(10, 500, 300*time.Microsecond, 5)
	ts.request(10, 504, 300*time.Microsecond, 5)
	ts.request(0, 200, time.Second, 5)
	all, now, spawned := ts.of(1, 10)
	if all.requests != 3 || now.requests != 3 || all.failed != 1 || all.late != 1 || all.bytes != 15 || all.running != 700*time.Microsecond || all.average != 237500*time.Nanosecond || spawned != 1 {
		t.Errorf("%+v %+v %d", all, now, spawned)
	}
	ts.look([]control.Worker{{Number: 1, PID: 12}, {Number: 2, PID: 11}})
	ts.request(12, 200, 100*time.Microsecond, 5)
	if all, now, spawned = ts.of(1, 12); all.requests != 4 || now.requests != 1 || spawned != 2 {
		t.Errorf("%+v %+v %d", all, now, spawned)
	}
	if all, _, spawned = ts.of(2, 11); all.requests != 0 || spawned != 1 {
		t.Errorf("%+v %d", all, spawned)
	}
	if len(ts.byPID) != 1 {
		t.Errorf("%d processes are remembered", len(ts.byPID))
	}
}

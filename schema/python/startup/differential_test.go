package startup

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// An observation is what testdata/probe.py found running after it had imported an application.
type observation struct {
	Name     string `json:"name"`
	Missing  string `json:"missing"`
	Failed   string `json:"failed"`
	Threads  int    `json:"threads"`
	Children int    `json:"children"`
	Sockets  int    `json:"sockets"`
	Signals  []int  `json:"signals"`
	Patched  bool   `json:"patched"`
	Defined  *bool  `json:"defined"`
}

const interpreter = "/usr/bin/python3"

// observe imports the applications, each in a process of its own, and gives what ran afterwards by the shape's name.
func observe(t *testing.T, list []*shape, dirs map[string]string) map[string]observation {
	probe, err := filepath.Abs("testdata/probe.py")
	if err != nil {
		t.Fatal(err)
	}
	var jobs bytes.Buffer
	for _, s := range list {
		job := map[string]any{"name": s.name, "dir": dirs[s.name], "app": s.opts.App, "env": s.environ, "fresh": s.fresh}
		if err := json.NewEncoder(&jobs).Encode(job); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, interpreter, "-B", probe)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + cmd.Dir, "LANG=C.UTF-8"}
	cmd.Stdin = &jobs
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the probe: %v\n%s", err, complaints.String())
	}
	found := map[string]observation{}
	for line := range strings.Lines(string(out)) {
		var o observation
		if json.Unmarshal([]byte(line), &o) == nil && o.Name != "" {
			found[o.Name] = o
		}
	}
	if len(found) != len(list) {
		t.Errorf("%d of %d shapes were imported\n%s", len(found), len(list), complaints.String())
	}
	return found
}

// expected says of one sort of things whether they run after the import: for certain, certainly not, or perhaps.
func expected(r *Report, kinds ...Kind) truth {
	out := no
	for _, e := range r.Effects {
		if e.AfterFork || !slices.Contains(kinds, e.Kind) {
			continue
		}
		if !e.Conditional {
			return yes
		}
		out = unknown
	}
	return out
}

// TestRealImport imports the fixtures with a real interpreter and compares what runs afterwards with the report.
func TestRealImport(t *testing.T) {
	if _, err := os.Stat(interpreter); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("no interpreter: ", err)
	}
	var list []*shape
	dirs := map[string]string{}
	for _, s := range shapes(t) {
		if s.noProbe == "" {
			list = append(list, s)
			dirs[s.name] = s.unpack(t)
		}
	}
	compared := 0
	found := observe(t, list, dirs)
	for _, s := range list {
		t.Run(s.name, func(t *testing.T) {
			o, ok := found[s.name]
			switch {
			case !ok || o.Failed != "":
				t.Fatal("not imported: ", o.Failed)
			case o.Missing != "" && os.Getenv("CI") != "":
				t.Fatal(o.Missing, " (make oracles installs what the tests need)")
			case o.Missing != "":
				t.Skip(o.Missing)
			}
			compared++
			compare(t, s, s.report(t, dirs[s.name]), o)
		})
	}
	t.Logf("%d shapes compared", compared)
}

func compare(t *testing.T, s *shape, r *Report, o observation) {
	check := func(what string, say truth, found bool) {
		if say != unknown && found != (say == yes) {
			t.Errorf("%s: the import left some: %v; the report:\n%s", what, found, lines(r))
		}
	}
	threads := expected(r, Thread, Timer, Scheduler, Exporter)
	for _, e := range r.Effects {
		if e.Callable == "multiprocessing.Pool" || strings.HasPrefix(e.Callable, "concurrent.futures.Process") {
			threads = yes // those that manage the pool
		}
	}
	check("threads", threads, o.Threads > 0)
	check("processes", expected(r, Process), o.Children > 0)
	check("signal handlers", expected(r, SignalHandler), len(o.Signals) > 0)
	check("patches", expected(r, MonkeyPatch), o.Patched)
	if o.Defined != nil && r.Object.Defined != "" && *o.Defined != (r.Object.Defined == "yes") {
		t.Errorf("the name %q: defined %v, the report says %q", r.Object.Name, *o.Defined, r.Object.Defined)
	}
}

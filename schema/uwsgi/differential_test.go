package uwsgi

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	cases = flag.Int("cases", 0, "generated configurations to compare with uwsgi; 0 for the usual number (150, 400 in CI)")
	seed  = flag.Uint64("seed", 1, "seed of the generated configurations")
)

// needUWSGI skips where there is no uWSGI of the release that is compared with; in CI it must be there.
func needUWSGI(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("uwsgi")
	if err == nil {
		var out []byte
		out, err = exec.Command(path, "--version").Output()
		if v := strings.TrimSpace(string(out)); err == nil && v != "2.0.21-debian" {
			err = fmt.Errorf("it is %s, not 2.0.21-debian", v)
		}
	}
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("uwsgi is needed: %v", err)
		}
		t.Skipf("no uwsgi to compare with: %v", err)
	}
	return path
}

// a trial is one start of uWSGI.
type trial struct {
	files map[string]string
	env   [][2]string
	argv  []string
}

// real gives uWSGI's exit status and what --show-config prints.
func (c *trial) real(uwsgi, dir string) (exit int, config string, printed bool, log string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	// A value that refers to itself would take all memory there is.
	cmd := exec.CommandContext(ctx, "prlimit", append([]string{"--as=700000000", "--cpu=3", uwsgi}, c.argv...)...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + dir, "LANG=C.UTF-8"}
	for _, kv := range c.env {
		cmd.Env = append(cmd.Env, kv[0]+"="+kv[1])
	}
	out, err := cmd.CombinedOutput()
	if exitErr, ok := err.(*exec.ExitError); ok {
		exit = exitErr.ExitCode()
	} else if err != nil {
		exit = -2
	}
	_, rest, found := bytes.Cut(out, []byte(";uWSGI instance configuration\n[uwsgi]\n"))
	if found {
		list, _, _ := bytes.Cut(rest, []byte(";end of configuration\n"))
		config = string(list)
	}
	return exit, config, found, string(out)
}

// compare gives what differs between uWSGI and this package, or "".
func (c *trial) compare(uwsgi, dir string) string {
	exit, config, printed, log := c.real(uwsgi, dir)
	got, diags := readCommand(dir, c.argv, c.env, "", "2.0.21")
	if diags.HasErrors() != (exit != 0) {
		return fmt.Sprintf("uWSGI exits %d, gsrv refuses %v: %v\n%s", exit, diags.HasErrors(), diags, tail(log))
	}
	if exit != 0 || !printed {
		return ""
	}
	var list strings.Builder
	for _, kv := range got.Native.([][2]string) {
		fmt.Fprintf(&list, "%s = %s\n", kv[0], kv[1])
	}
	if list.String() != config {
		return fmt.Sprintf("uWSGI's list:\n%s\ngsrv's list:\n%s", config, list.String())
	}
	return ""
}

func tail(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return strings.Join(lines[max(0, len(lines)-6):], "\n")
}

// TestGenerated compares generated configurations with the real uWSGI: the exit status and the list of options.
func TestGenerated(t *testing.T) {
	uwsgi := needUWSGI(t)
	n := *cases
	if n == 0 {
		n = 150
		if os.Getenv("CI") != "" {
			n = 400
		}
	}
	root := t.TempDir()
	root, err := filepath.EvalSymlinks(root)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	failed := 0
	work := make(chan int)
	for range 4 {
		wg.Go(func() {
			for i := range work {
				dir := filepath.Join(root, fmt.Sprint(i))
				c := generate(*seed, uint64(i))
				writeFiles(t, dir, c.files)
				why := c.compare(uwsgi, dir)
				mu.Lock()
				if why != "" && failed < 8 {
					t.Errorf("case %d: uwsgi %q env %q\n%s%s", i, c.argv, c.env, showFiles(c.files), why)
				}
				if why != "" {
					failed++
				}
				mu.Unlock()
				os.RemoveAll(dir)
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	wg.Wait()
	t.Logf("%d of %d agree", n-failed, n)
}

func showFiles(files map[string]string) string {
	var b strings.Builder
	for name, text := range files {
		fmt.Fprintf(&b, "-- %s --\n%q\n%s\n", name, text, text)
	}
	return b.String()
}

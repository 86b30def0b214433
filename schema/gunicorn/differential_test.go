package gunicorn

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gsrv/schema"
)

var (
	differentialCases   = flag.Int("cases", 150, "number of generated cases that are compared with the real gunicorn")
	differentialSeed    = flag.Uint64("seed", 20, "seed of the generated cases")
	differentialTree    = flag.String("tree", "", "directory that holds another gunicorn to compare with")
	differentialVersion = flag.String("release", "20.1.0", "the release it is")
)

// A peer is the real gunicorn behind testdata/driver.py.
type peer struct {
	in  io.WriteCloser
	out *bufio.Reader
	cmd *exec.Cmd
}

type answer struct {
	Exit     int               `json:"exit"`
	Settings map[string]string `json:"settings"`
	Stderr   string            `json:"stderr"`
}

// newPeer starts the driver. Without gunicorn the test is skipped, except in CI.
func newPeer(t *testing.T) *peer {
	t.Helper()
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import gunicorn").Run(); err != nil && *differentialTree == "" {
		if os.Getenv("CI") != "" {
			t.Fatalf("gunicorn is not installed: %v", err)
		}
		t.Skipf("gunicorn is not installed: %v", err)
	}
	driver, err := filepath.Abs(filepath.Join("testdata", "driver.py"))
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{cmd: exec.Command(python, driver)}
	p.cmd.Stderr = os.Stderr
	p.cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	if *differentialTree != "" {
		p.cmd.Env = append(p.cmd.Env, "PYTHONPATH="+*differentialTree)
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReaderSize(out, 1<<20)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.in.Close()
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("driver: %v", err)
		}
	})
	return p
}

func (p *peer) ask(t *testing.T, dir string, argv []string, env map[string]string) answer {
	t.Helper()
	if argv == nil {
		argv = []string{}
	}
	line, err := json.Marshal(map[string]any{"dir": dir, "argv": argv, "env": env})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	text, err := p.out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return a
}

// TestDifferential compares readings of generated configurations, command lines and variables with the real gunicorn:
// exit status, every printed setting, and the message of what is refused.
func TestDifferential(t *testing.T) {
	p := newPeer(t)
	release := ForVersion(schema.MustVersion(*differentialVersion))
	g := &generator{Rand: rand.New(rand.NewPCG(*differentialSeed, 1)), release: release}
	refused := 0
	files := newScratch(t)
	for i := range *differentialCases {
		v := g.vector(i)
		dir, cfg, diags := v.readIn(t, files)
		env := map[string]string{"PATH": "/usr/bin:/bin", "HOME": dir, "LANG": "C.UTF-8"}
		for k, x := range v.Env {
			env[k] = x
		}
		real := p.ask(t, dir, v.Argv, env)
		if real.Exit != 0 {
			refused++
		}
		describe := fmt.Sprintf("case %d\n%s\nargv %q env %q", i, v.Files[defaultFile], v.Argv, v.Env)
		var messages []string
		usage := false
		failed := false
		for _, d := range diags {
			if d.Severity == 1 && !strings.HasPrefix(schema.DetailOf(d).Code, "app-") && schema.DetailOf(d).Code != "invalid-application" {
				failed = true
			}
			server := schema.DetailOf(d).ServerMessage
			messages = append(messages, server)
			usage = usage || strings.Contains(server, ": error: ")
		}
		if (real.Exit != 0) != failed {
			t.Errorf("%s\nexit %d %s\ngsrv %q", describe, real.Exit, tail(real.Stderr), diagTexts(diags))
			continue
		}
		if real.Exit == 2 && !usage {
			t.Errorf("%s\nexit %d %s\ngsrv %q", describe, real.Exit, tail(real.Stderr), messages)
			continue
		}
		if real.Exit != 0 {
			if want := squeeze(tail(real.Stderr)); !strings.Contains(squeeze(addresses(strings.Join(messages, "\n"))), addresses(want)) {
				t.Errorf("%s\ngunicorn says %q\ngsrv %q", describe, want, messages)
			}
			continue
		}
		for name, want := range real.Settings {
			if name == "check_config" || name == "print_config" {
				continue
			}
			if got := shownText(t, cfg, name); got != want {
				t.Errorf("%s\n%s: gunicorn %q, gsrv %q", describe, name, want, got)
			}
		}
		if len(cfg.Settings) != len(real.Settings) {
			t.Errorf("%s\ngunicorn has %d settings, gsrv %d", describe, len(real.Settings), len(cfg.Settings))
		}
	}
	t.Logf("%d cases, %d of them refused", *differentialCases, refused)
}

// tail gives the last line that says something.
func tail(stderr string) string {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	return lines[len(lines)-1]
}

// addresses blanks out the addresses of objects.
func addresses(s string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "0x")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString("0x")
		s = strings.TrimLeft(after, "0123456789abcdef.?")
	}
}

// Package clitest compares readings of command lines with the real programs: with recorded answers, which are kept as
// vectors, and with the programs themselves, behind a driver in Python that answers line by line.
package clitest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// A Case is a command line, the variables it is started with, and what the program makes of it.
type Case struct {
	// Release is the program's; empty for the one that the test is run with.
	Release string            `json:"release,omitempty"`
	Env     map[string]string `json:"env,omitempty"`
	// Argv is without the program.
	Argv []string `json:"argv"`
	Answer
}

// An Answer is what a program makes of a command line.
type Answer struct {
	// Exit is 0 where it would start.
	Exit int `json:"exit"`
	// Message is the last line that a program prints that refuses.
	Message string `json:"message,omitempty"`
	// Settings are what it would start with.
	Settings map[string]any `json:"settings,omitempty"`
}

// A Peer is a real program behind a driver that reads one JSON object a line and answers with one.
type Peer struct {
	in  io.WriteCloser
	out *bufio.Reader
}

// NewPeer starts a driver with Debian's Python. Without the module it drives the test is skipped, except in continuous
// integration, where it fails. tree may name a directory that holds another release.
func NewPeer(t *testing.T, module, driver, tree string) *Peer {
	t.Helper()
	const python = "/usr/bin/python3"
	env := append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONWARNINGS=ignore")
	if tree != "" {
		env = append(env, "PYTHONPATH="+tree)
	}
	probe := exec.Command(python, "-c", "import "+module)
	probe.Env = env
	if err := probe.Run(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not installed: %v", module, err)
		}
		t.Skipf("%s is not installed: %v", module, err)
	}
	path, err := filepath.Abs(driver)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, path)
	cmd.Env = env
	cmd.Stderr = os.Stderr
	p := &Peer{}
	if p.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReaderSize(out, 1<<20)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("driver: %v", err)
		}
	})
	return p
}

// Ask gives the program's answer to a case that is started in a directory.
func (p *Peer) Ask(t *testing.T, dir string, c Case) Answer {
	t.Helper()
	line, err := json.Marshal(map[string]any{"dir": dir, "argv": c.Argv, "env": c.Env})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	text, err := p.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("%q: %v", c.Argv, err)
	}
	var a Answer
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return a
}

// Load reads recorded cases, one JSON object a line.
func Load(t testing.TB, file string) []Case {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []Case
	for line := range strings.Lines(string(text)) {
		var c Case
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatalf("%s: %v: %s", file, err, line)
		}
		cases = append(cases, c)
	}
	return cases
}

// Save writes cases as Load reads them.
func Save(t *testing.T, file string, cases []Case) {
	t.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, c := range cases {
		if err := enc.Encode(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Read has a dialect read a case's command line in a directory, on a machine with the case's variables.
func Read(d schema.Dialect, program, dir, release string, c Case) (*schema.Config, hcl.Diagnostics) {
	env := c.Env
	if env == nil {
		env = map[string]string{}
	}
	in := schema.Input{Files: schema.NewFiles(dir), Dir: dir, Host: &schema.HostInputs{Machine: true, Environ: env, Dir: dir, CPUs: 4}}
	if c.Release != "" {
		release = c.Release
	}
	if release != "" {
		in.Version = schema.MustVersion(release)
	}
	text, words := schema.JoinWords(append([]string{program}, c.Argv...))
	in.Files.Put(schema.CommandLine, text)
	in.Command = words
	return d.Read(in)
}

// Compare tells how a reading differs from an answer: in whether the program starts, in the message of a refusal, in a
// setting. Empty where it does not.
func Compare(want Answer, cfg *schema.Config, diags hcl.Diagnostics) []string {
	var out []string
	first := ""
	failed := false
	for _, d := range diags {
		if d.Severity == hcl.DiagError && !schema.DetailOf(d).Application && !failed {
			failed, first = true, schema.DetailOf(d).ServerMessage
		}
	}
	switch {
	case failed != (want.Exit != 0):
		return []string{fmt.Sprintf("the program ends with %d (%s), gsrv says %v", want.Exit, want.Message, Texts(diags))}
	case failed && first != want.Message:
		return []string{fmt.Sprintf("the program says %q, gsrv %q", want.Message, first)}
	case failed:
		return nil
	}
	text, err := json.Marshal(cfg.Native)
	if err != nil {
		return []string{err.Error()}
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		return []string{err.Error()}
	}
	if want.Settings == nil {
		return nil // it prints a text and ends
	}
	for name, v := range want.Settings {
		if g, ok := got[name]; !ok || !reflect.DeepEqual(g, v) {
			out = append(out, fmt.Sprintf("%s: the program has %#v, gsrv %#v", name, v, g))
		}
	}
	for name := range got {
		if _, ok := want.Settings[name]; !ok {
			out = append(out, fmt.Sprintf("%s: gsrv has it, the program does not", name))
		}
	}
	return out
}

// Texts are the messages of diagnostics, for a test's own.
func Texts(diags hcl.Diagnostics) []string {
	var out []string
	for _, d := range diags {
		out = append(out, fmt.Sprintf("%s [%s] %s", d.Summary, schema.DetailOf(d).Code, schema.DetailOf(d).ServerMessage))
	}
	return out
}

// Sound checks what holds for every reading, however bad its input: it can be printed, and every diagnostic says
// something at a place that exists.
func Sound(t *testing.T, cfg *schema.Config, diags hcl.Diagnostics) {
	t.Helper()
	if cfg == nil || cfg.Summary == "" || cfg.Server == "" {
		t.Fatal("no configuration")
	}
	if _, err := json.Marshal(cfg.Native); err != nil {
		t.Fatal(err)
	}
	for _, d := range diags {
		switch {
		case d.Summary == "" || d.Detail == "" || schema.DetailOf(d).Code == "":
			t.Fatalf("diagnostic without words: %+v", d)
		case d.Subject == nil:
			t.Fatalf("diagnostic without a place: %s", d.Summary)
		}
		text := cfg.Files.Text(d.Subject.Filename)
		if d.Subject.Start.Byte > d.Subject.End.Byte || d.Subject.End.Byte > len(text) {
			t.Fatalf("%s: place %v outside of the text", d.Summary, d.Subject)
		}
	}
	for _, list := range [][]schema.Setting{cfg.Settings, cfg.Model} {
		for _, s := range list {
			if s.Value == nil {
				t.Fatalf("%s has no value", s.Native+s.Name)
			}
			_ = schema.ExprText(s.Value)
		}
	}
	for _, s := range cfg.Model {
		if schema.Model.Lookup(s.Name) == nil {
			t.Fatalf("%s is no setting of the model", s.Name)
		}
	}
}

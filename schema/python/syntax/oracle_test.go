package syntax

import (
	"bufio"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// An oracle is a CPython 3.11 that is asked about sources.
type oracle struct {
	in  *json.Encoder
	out *bufio.Reader
}

// newOracle starts CPython 3.11. Where there is none the test is skipped, but in CI it fails.
func newOracle(t *testing.T) *oracle {
	t.Helper()
	for _, name := range []string{"python3.11", "python3", "/usr/bin/python3"} {
		version, err := exec.Command(name, "-c", "import sys; print(sys.version_info[:2])").Output()
		if err != nil || strings.TrimSpace(string(version)) != "(3, 11)" {
			continue
		}
		cmd := exec.CommandContext(t.Context(), name, "-S", "testdata/oracle.py")
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			in.Close()
			if err := cmd.Wait(); err != nil && t.Context().Err() == nil {
				t.Errorf("the oracle: %v", err)
			}
		})
		return &oracle{json.NewEncoder(in), bufio.NewReader(out)}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("no Python 3.11")
	}
	t.Skip("no Python 3.11")
	return nil
}

// ask gives CPython's verdicts.
func (o *oracle) ask(t *testing.T, sources []string) []verdict {
	t.Helper()
	go func() {
		for _, s := range sources {
			if o.in.Encode(s) != nil {
				return // reading the answers tells
			}
		}
	}()
	verdicts := make([]verdict, len(sources))
	for i, s := range sources {
		line, err := o.out.ReadBytes('\n')
		if err != nil {
			t.Fatalf("the oracle gave up on %q: %v", s, err)
		}
		if err := json.Unmarshal(line, &verdicts[i]); err != nil {
			t.Fatal(err)
		}
		verdicts[i].Source = s
	}
	return verdicts
}

var seed = flag.Uint64("seed", 1, "which mutations are compared with CPython")

// pieces is what mutations put into a source.
var pieces = strings.Split("( ) [ ] { } : ; , . = + - * / % @ ! ~ < > & | ^ ' \" ` \\ # $ ? 0 1 x _ if else for in lambda not print import as with "+
	"yield await async def class return None True f' ''' := ** == != -> except try: finally: match case is del 0x 1e 1_ é 0777 u' b' <> ... "+
	"\n \n\x20\x20\x20\x20 \t", " ")

// mutate changes a source in one place.
func mutate(r *rand.Rand, s string) string {
	words := strings.SplitAfter(s, " ")
	at := r.IntN(len(s) + 1)
	piece := pieces[r.IntN(len(pieces))]
	switch r.IntN(6) {
	case 0:
		return s[:at] + piece + s[at:]
	case 1:
		return s[:at] + " " + piece + " " + s[at:]
	case 2:
		return s[:at] + s[min(at+1+r.IntN(3), len(s)):]
	case 3:
		return s[:at]
	case 4:
		i, j := r.IntN(len(words)), r.IntN(len(words))
		words[i], words[j] = words[j], words[i]
	case 5:
		i := r.IntN(len(words))
		words[i] = words[i] + words[r.IntN(len(words))]
	}
	return strings.Join(words, "")
}

// TestAgainstCPython compares trees and messages over mutations of the recorded cases.
func TestAgainstCPython(t *testing.T) {
	o := newOracle(t)
	var seeds []string
	for _, c := range cases(t) {
		if c.Source != "" && len(c.Source) < 2000 && !strings.ContainsAny(c.Source, "\x00\ufeff\r") && !strings.Contains(c.Source, "coding") {
			seeds = append(seeds, c.Source)
		}
	}
	r := rand.New(rand.NewPCG(*seed, 1))
	sources := make([]string, 6000)
	for i := range sources {
		s := seeds[r.IntN(len(seeds))]
		for range 1 + r.IntN(2) {
			s = mutate(r, s)
		}
		sources[i] = strings.ToValidUTF8(s, "é")
	}
	for _, v := range o.ask(t, sources) {
		v.check(t)
	}
	if t.Failed() {
		t.Logf("the seed was %d", *seed)
	}
}

// TestStandardLibrary compares the trees of some of the installed standard library.
func TestStandardLibrary(t *testing.T) {
	o := newOracle(t)
	var sources []string
	for name, src := range stdlib(t) {
		if len(src) < 20_000 && !strings.HasSuffix(name, "__.py") {
			sources = append(sources, string(src))
		}
	}
	if len(sources) > 40 {
		sources = sources[:40]
	}
	for _, v := range o.ask(t, sources) {
		v.check(t)
	}
}

package migrate_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"gsrv/migrate"
	"gsrv/migrate/write"
)

// fewestReal is the least number of real configurations that is migrated where the folder beside the project is there.
const fewestReal = 150

// patience is the longest that one migration may take, on a machine that does much else.
const patience = 20 * time.Second

// realConfigurations are those of the corpus that people wrote, or whose shape is theirs.
func realConfigurations(t *testing.T) []*source {
	var out []*source
	for _, s := range corpus(t) {
		if strings.Contains(s.name, "/real/") || strings.HasPrefix(s.name, corpusFolder()) {
			out = append(out, s)
		}
	}
	return out
}

// A tally is what was counted of a text without gsrv.
type tally struct {
	Items    int
	Comments []string
	text     string
}

// tallies counts the items of every source's file: of Python with Python's own parser, of ini files by their lines.
func tallies(t *testing.T, list []*source) map[*source]*tally {
	out := map[*source]*tally{}
	var scripts []*source
	var texts []string
	for _, s := range list {
		text := string(s.files[s.file])
		switch {
		case strings.HasSuffix(s.file, ".py"):
			scripts, texts = append(scripts, s), append(texts, text)
		case strings.HasSuffix(s.file, ".ini"):
			out[s] = &tally{text: text}
			uwsgi := strings.Contains(text, "[uwsgi")
			for line := range strings.Lines(text) {
				trimmed := strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
				if trimmed != "" && (trimmed[0] == '#' || trimmed[0] == ';') {
					out[s].Comments = append(out[s].Comments, trimmed)
				}
			}
			out[s].Items = iniItems(text, uwsgi) - len(out[s].Comments)
		}
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Logf("no python3 to count with: %v", err)
		return out
	}
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "testdata/count.py")
	cmd.Stdin = bytes.NewReader(input)
	answer, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var counted []*tally
	if err := json.Unmarshal(answer, &counted); err != nil {
		t.Fatal(err)
	}
	for i, c := range counted {
		if c != nil {
			c.text = texts[i]
			out[scripts[i]] = c
		}
	}
	return out
}

// migrated runs a migration within patience; what goes wrong inside is an error, not the end of the test.
func migrated(src migrate.Source, to migrate.Target) (a *migrate.Accounting, err error) {
	type result struct {
		a   *migrate.Accounting
		err error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r.err = fmt.Errorf("%v\n%s", p, debug.Stack())
			}
			done <- r
		}()
		r.a = migrate.To(src, to)
	}()
	select {
	case r := <-done:
		return r.a, r.err
	case <-time.After(patience):
		return nil, fmt.Errorf("takes longer than %s", patience)
	}
}

// TestRealConfigurations migrates real configurations to the three servers that most of them are for. Nothing is missing in
// the accounting by a count that gsrv has no part in, and every comment stands in the result once. With -v it prints how
// the items share out among the classes.
func TestRealConfigurations(t *testing.T) {
	list := realConfigurations(t)
	counted := tallies(t, list)
	shares := map[string]map[migrate.Class]int{}
	type loss struct {
		name string
		lost int
		of   int
	}
	var losses []loss
	files := 0
	for _, s := range list {
		src, ok := s.read(t)
		if !ok {
			t.Errorf("%s: no dialect recognises it", s.name)
			continue
		}
		files++
		for _, target := range []string{"native", "gunicorn", "uwsgi"} {
			name := filepath.Base(s.name) + " to " + target
			a, err := migrated(src, migrate.Target{Name: target})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			lost := 0
			for _, i := range a.Items {
				if i.Class.Lost() {
					lost++
				}
				if !slices.Contains(migrate.Classes, i.Class) {
					t.Errorf("%s: %s is %q", name, i.Key, i.Class)
				}
			}
			if target == "native" {
				losses = append(losses, loss{filepath.Base(s.name), lost, len(a.Items)})
			}
			if c := counted[s]; c != nil {
				complete(t, name, s.file, a, c)
			}
			if target == src.Config.Dialect {
				continue // as it was: no share of what migrations do
			}
			key := src.Config.Dialect + " to " + target
			for _, k := range []string{key, "all to " + target} {
				if shares[k] == nil {
					shares[k] = map[migrate.Class]int{}
				}
				for _, i := range a.Items {
					shares[k][i.Class]++
				}
			}
		}
	}
	if shared, _ := filepath.Glob(filepath.Join(corpusFolder(), "*")); len(shared) > 0 && files < fewestReal {
		t.Errorf("%d real configurations, fewer than %d", files, fewestReal)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d real configurations\n%-20s %6s", files, "", "items")
	for _, c := range migrate.Classes {
		fmt.Fprintf(&b, " %18s", c)
	}
	keys := make([]string, 0, len(shares))
	for k := range shares {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		n := 0
		for _, c := range shares[k] {
			n += c
		}
		fmt.Fprintf(&b, "\n%-20s %6d", k, n)
		for _, c := range migrate.Classes {
			fmt.Fprintf(&b, " %16.1f %%", 100*float64(shares[k][c])/float64(max(n, 1)))
		}
	}
	slices.SortStableFunc(losses, func(x, y loss) int { return cmp.Compare(y.lost, x.lost) })
	b.WriteString("\nmost is lost to native in:")
	for _, l := range losses[:min(20, len(losses))] {
		fmt.Fprintf(&b, "\n%4d of %3d  %s", l.lost, l.of, l.name)
	}
	t.Log(b.String())
}

// complete demands of a migration that its accounting has every item of the file, and its text every comment once.
func complete(t *testing.T, name, file string, a *migrate.Accounting, c *tally) {
	t.Helper()
	items, comments := 0, 0
	for _, i := range a.Items {
		switch {
		case i.Source.Filename != file:
		case i.Comment:
			comments++
		default:
			items++
		}
	}
	if items != c.Items || comments != len(c.Comments) {
		t.Errorf("%s: %d items and %d comments in the accounting, but the file has %d and %d", name, items, comments, c.Items, len(c.Comments))
	}
	if string(a.Text) == c.text {
		return
	}
	// What stays where it is, in the Paste file that is referred to or in a function that is kept, is not written again.
	stays := map[string]int{}
	for _, i := range a.Items {
		if i.Comment && i.Class == write.DroppedNoEffect && strings.HasPrefix(i.Reason, "speaks to a tool") && (strings.HasSuffix(name, " to gunicorn") || !toTool(i.Key)) {
			t.Errorf("%s: %q is for people and has to stand in the target", name, i.Key)
		}
		if i.Comment && (strings.HasPrefix(i.Reason, "stays in "+file) || i.Class == write.DroppedNoEffect) {
			for line := range strings.Lines(i.Key) {
				stays[plain(line)]++
			}
		}
	}
	have := map[string]int{}
	texts := string(a.Text)
	for _, b := range a.Beside {
		texts += "\n" + string(b)
	}
	for line := range strings.Lines(texts) {
		if _, comment, ok := strings.Cut(line, "#"); ok {
			have[plain(comment)]++
		} else {
			have[plain(line)]++
		}
	}
	want := map[string]int{}
	for _, comment := range c.Comments {
		for line := range strings.Lines(comment) {
			if p := plain(line); len(p) > 3 && !strings.Contains(p, "#") {
				want[p]++
			}
		}
	}
	for line, n := range want {
		if stays[line] > 0 {
			continue
		}
		if have[line] != n && !(have[line] > n && sameAsCode(texts, line)) {
			t.Errorf("%s: comment %q stands %d times, not %d", name, line, have[line], n)
		}
	}
}

// toTool tells whether a comment speaks to a tool that checks or formats Python, by the words that those look for. In a file
// of another language it would say nothing, so that it is the one kind of comment that may be left out.
func toTool(comment string) bool {
	text := strings.ToLower(strings.TrimLeft(comment, "# \t"))
	for _, word := range []string{"noqa", "type: ignore", "type:ignore", "pylint:", "flake8:", "ruff:", "mypy:", "pyright:", "fmt:", "yapf:", "isort:", "nosec", "pragma:", "noinspection", "vim:", "-*-"} {
		if strings.HasPrefix(text, word) {
			return true
		}
	}
	return false
}

// sameAsCode tells whether a comment's text is a line of the result in its own right, too.
func sameAsCode(text, line string) bool {
	for l := range strings.Lines(text) {
		if !strings.Contains(l, "#") && plain(l) == line {
			return true
		}
	}
	return false
}

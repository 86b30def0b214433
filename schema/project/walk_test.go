package project

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func walk(t *testing.T, root string, opts WalkOptions) ([]string, WalkStats) {
	t.Helper()
	got := []string{}
	stats, err := Walk(context.Background(), root, opts, func(path string) { got = append(got, path) })
	if err != nil {
		t.Fatal(err)
	}
	return got, stats
}

// TestWalkIgnoresAsGit compares with git itself over patterns of every kind.
func TestWalkIgnoresAsGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	names := []string{
		"uwsgi.ini", "b.ini", "deploy/uwsgi.ini", "deploy/prod/uwsgi.ini", "deploy/dev/uwsgi.ini", "deploy/dev/keep/uwsgi.ini", "build/uwsgi.ini", "a/build/uwsgi.ini",
		"a/b/c/uwsgi.ini", "logs/x.log", "logs/deep/x.log", "with space/uwsgi.ini", "#odd", "!odd", "a/x1", "a/x2", "a/xy", ".hidden/uwsgi.ini", "foo", "foo.d/foo", "z/foo/bar",
	}
	for _, ignore := range []string{
		"", "*.ini", "/uwsgi.ini", "uwsgi.ini\n!deploy/uwsgi.ini", "build/", "/build", "build", "deploy/*", "deploy/*\n!deploy/dev", "deploy/**", "**/dev", "**/dev/**", "deploy/**/uwsgi.ini",
		"*\n!*/\n!*.ini", "logs/*.log", "logs/**/*.log", "a/x[12]", "a/x[!12]", "a/x?", "with\\ space/", "with space", "\\#odd", "\\!odd", "# comment", "foo", "/foo", "foo/", "foo/*", "**/foo",
		"z/**", "dev/\n!dev/keep/", "deploy/dev/*\n!deploy/dev/keep", "*.ini  ", ".*", "a/b/c", "a/*/c", "a/**/uwsgi.ini", "/*\n!/deploy", "uwsgi.*\n!uwsgi.ini", "*.log\n\n\n*.md", "b.ini\r\nfoo\r\n",
	} {
		t.Run(fmt.Sprintf("%q", ignore), func(t *testing.T) {
			files := map[string]string{".gitignore": ignore, "deploy/prod/.gitignore": "*.bak\n"}
			for _, n := range names {
				files[n] = ""
			}
			root := tree(t, files)
			git := func(args ...string) string {
				c := exec.Command("git", args...)
				c.Dir = root
				c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "HOME="+root)
				out, err := c.Output()
				if err != nil {
					t.Fatal(err)
				}
				return string(out)
			}
			git("init", "-q")
			var want []string
			for name := range strings.SplitSeq(strings.Trim(git("ls-files", "-o", "--exclude-standard", "-z"), "\x00"), "\x00") {
				if name != "" {
					want = append(want, name)
				}
			}
			got, _ := walk(t, root, WalkOptions{})
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-git +walk):\n%s", diff)
			}
		})
	}
}

func TestWalkPassesOver(t *testing.T) {
	root := tree(t, map[string]string{
		"b.ini": "", "a.ini": "", "c/uwsgi.ini": "", "node_modules/x/uwsgi.ini": "", "env/pyvenv.cfg": "", "env/uwsgi.ini": "", ".git/uwsgi.ini": "", "x.txt": "",
		".gitignore": "ignored\n", "ignored/uwsgi.ini": "", "real/dir/uwsgi.ini": "",
	})
	for link, target := range map[string]string{"link.ini": "a.ini", "loop": ".", "dirlink": "real", "dangling.ini": "none"} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	wanted := func(base string) bool { return strings.HasSuffix(base, ".ini") }
	got, _ := walk(t, root, WalkOptions{Wanted: wanted})
	if diff := cmp.Diff([]string{"a.ini", "b.ini", "c/uwsgi.ini", "link.ini", "real/dir/uwsgi.ini"}, got); diff != "" {
		t.Error(diff)
	}
	got, _ = walk(t, root, WalkOptions{Wanted: wanted, Ignored: true})
	if !slices.Contains(got, "ignored/uwsgi.ini") {
		t.Error("ignored files are to be looked at")
	}
	// The patterns above the root of the walk count.
	got, _ = walk(t, filepath.Join(root, "c"), WalkOptions{})
	if diff := cmp.Diff([]string{"uwsgi.ini"}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := Walk(context.Background(), filepath.Join(root, "none"), WalkOptions{}, func(string) {}); err == nil {
		t.Error("a root that is not there is an error")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Walk(ctx, root, WalkOptions{}, func(string) {}); err == nil {
		t.Error("a context that has ended ends the walk")
	}
}

func TestWalkUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads everything")
	}
	root := tree(t, map[string]string{"a/x.ini": "", "b/x.ini": ""})
	if err := os.Chmod(filepath.Join(root, "a"), 0); err != nil {
		t.Fatal(err)
	}
	got, stats := walk(t, root, WalkOptions{})
	if diff := cmp.Diff([]string{"b/x.ini"}, got); diff != "" || len(stats.Unreadable) != 1 || stats.Unreadable[0].Path != "a" {
		t.Errorf("%s %+v", diff, stats)
	}
}

func FuzzIgnore(f *testing.F) {
	for _, s := range []string{"*.ini\n!a", "[", "a**b", "\\", "/", "[a-", "**/**", "!"} {
		f.Add([]byte(s))
	}
	root := tree(f, map[string]string{"a/b/uwsgi.ini": "", "x.ini": ""})
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1000 || bytes.Count(text, []byte("*")) > 40 {
			return
		}
		if err := os.WriteFile(filepath.Join(root, ".gitignore"), text, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Walk(context.Background(), root, WalkOptions{}, func(string) {}); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkWalk(b *testing.B) {
	files := map[string]string{".gitignore": "*.log\nbuild/\n"}
	for i := range 10_000 {
		files[fmt.Sprintf("p%02d/m%02d/f%d.txt", i/1000, i/100%10, i%100)] = ""
	}
	root := tree(b, files)
	wanted := func(base string) bool { return strings.HasSuffix(base, ".ini") }
	for b.Loop() {
		if _, err := Walk(context.Background(), root, WalkOptions{Wanted: wanted}, func(string) {}); err != nil {
			b.Fatal(err)
		}
	}
}

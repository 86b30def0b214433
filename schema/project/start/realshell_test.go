package start

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gsrv/schema"
)

// TestRealShells runs scripts in dash and bash with programs that only note their arguments, and compares with what is
// read. What the shell ran must be read as running without a condition, with the same words, in the same order;
// what is read beside it must carry a condition.
func TestRealShells(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"gunicorn", "uwsgi", "celery", "newrelic-admin"} {
		write(t, filepath.Join(dir, "bin", name), "#!/bin/sh\n{ printf '%s' \"${0##*/}\"; printf '<%s>' \"$@\"; printf ' %s %s\\n' \"$PORT\" \"$MODE\"; } >> \"$NOTES\"\n")
		if err := os.Chmod(filepath.Join(dir, "bin", name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	const both, bash = "dash bash", "bash"
	for i, tt := range []struct{ shells, script string }{
		{both, `gunicorn a; gunicorn 'b c' "d $PORT" e\ f "g\"h" 'i'"j"k`},
		{both, `A="-w 4  -b :$PORT"; gunicorn $A "$A" app`},
		{both, `gunicorn ${PORT:-1} ${MISSING:-2 3} "${MISSING:-2 3}" ${MISSING-x} ${EMPTY:-y} ${EMPTY-z} end`},
		{both, `set -- a "b c" d; gunicorn "$@"; gunicorn $*; gunicorn $2 $#; shift; gunicorn "$1" $#`},
		{both, `set -- ; gunicorn "$@" x; gunicorn "a$@b"`},
		{both, `f() { gunicorn "$1" "$#"; PORT=9; }; f one two; gunicorn $PORT`},
		{both, `export MODE=x; gunicorn a; MODE=y gunicorn b; MODE=z; gunicorn c`},
		{both, `LOCAL=1; PORT=7; gunicorn $LOCAL`},
		{both, `if [ "$PORT" = 8000 ]; then gunicorn yes; else gunicorn no; fi`},
		{both, `if [ -z "$EMPTY" ]; then gunicorn empty; fi; if [ -n "$EMPTY" ]; then gunicorn full; fi`},
		{both, `case "$MODE" in web|site) gunicorn web;; work*) celery w;; *) uwsgi other;; esac`},
		{both, `case x.y in *.y) gunicorn y;; *) gunicorn n;; esac`},
		{both, `true && gunicorn a || gunicorn b; false && gunicorn c || gunicorn d`},
		{both, `[ "$PORT" -gt 100 ] && gunicorn big; [ "$PORT" -lt 100 ] || gunicorn notsmall`},
		{both, `! false && gunicorn a`},
		{both, `(PORT=1; export MODE=q; gunicorn in); gunicorn out`},
		{both, `{ gunicorn a; gunicorn b; } 2>/dev/null`},
		{both, `gunicorn $((2*3+1)) $(( (4+2)/3 )) $((PORT+1))`},
		{both, `X=/a/b/c.py; gunicorn ${X##*/} ${X%/*} ${X%.py} ${X#/a}`},
		{both, `gunicorn $(echo a b) "$(echo a b)" $(basename /x/y.z .z) $(dirname /x/y.z)`},
		{both, `for x in one; do gunicorn $x; done`},
		{both, `exec gunicorn a; gunicorn never`},
		{both, `gunicorn a; exit 0; gunicorn never`},
		{both, `sh -c 'gunicorn "$0" "$1" "$PORT"' zero one`},
		{both, `sh -c "gunicorn $PORT"; sh -c 'exec uwsgi --x'`},
		{both, `eval "gunicorn 'a b' c"`},
		{both, `unset PORT; gunicorn ${PORT:-none}`},
		{both, `set -a; MODE=auto; set +a; gunicorn x`},
		{both, `: ${NEW:=fresh}; gunicorn $NEW`},
		{both, `gunicorn "a\nb" 'c\d' "\$x" \$y "\\"`},
		{both, "gunicorn a \\\n  b \\\n  c # comment\n# gunicorn d"},
		{both, "cat <<E >/dev/null\ngunicorn no\nE\ngunicorn yes"},
		{both, `test a = b || gunicorn x; test a != b && gunicorn y`},
		{both, `f() { return 0; gunicorn never; }; f; gunicorn after`},
		{both, `f() { exec gunicorn in; }; f; gunicorn never`},
		{both, `env -u PORT MODE=m gunicorn x`},
		{both, `gunicorn ${MISSING:+a} ${PORT:+b} "${MISSING:+c}" d`},
		{bash, `a=(x "y z"); a+=(w); gunicorn "${a[@]}" ${a[0]} "${a[1]}"`},
		{bash, `set -- a b c; gunicorn "${@:2}"`},
		{bash, `if [[ $PORT == 80* && -n $MODE ]]; then gunicorn m; else gunicorn n; fi`},
		{bash, `X=a.b.c; gunicorn ${X/./-} ${X//./-} ${#X}`},
		{bash, `gunicorn $'a\tb' "x"$'\n'`},
		{bash, `declare -x MODE=d; gunicorn a; local_=1; readonly R=5; gunicorn $R`},
		{bash, `[[ a != a ]] || gunicorn eq; [[ ! -z $PORT ]] && gunicorn set`},
		{bash, `function g { gunicorn "$@"; }; g 1 '2 3'`},
	} {
		for _, shell := range strings.Fields(tt.shells) {
			program, err := exec.LookPath(shell)
			if err != nil {
				t.Skipf("%s is not installed", shell)
			}
			notes := filepath.Join(dir, "notes")
			_ = os.Remove(notes)
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			cmd := exec.CommandContext(ctx, program, "-c", tt.script)
			cmd.Dir = dir
			cmd.Env = []string{"PATH=" + filepath.Join(dir, "bin") + ":/usr/bin:/bin", "NOTES=" + notes, "PORT=8000", "MODE=web", "EMPTY="}
			out, _ := cmd.CombinedOutput()
			cancel()
			ran, _ := os.ReadFile(notes)

			files := schema.NewFiles(dir)
			env := map[string]EnvValue{}
			for _, name := range []string{"PORT=8000", "MODE=web", "EMPTY="} {
				key, value, _ := strings.Cut(name, "=")
				env[key] = EnvValue{Value: Value{Text: value}}
			}
			commands, diags := Line(files, "<script>", tt.script, Command{Env: env})
			var got strings.Builder
			for _, c := range commands {
				if len(c.When) == 0 {
					got.WriteString(noted(c))
				}
			}
			if diff := cmp.Diff(string(ran), got.String()); diff != "" || len(ran) == 0 || len(diags) > 0 {
				t.Errorf("%d %s: %s\n(-%s +gsrv)\n%s%s%v", i, shell, tt.script, shell, diff, out, diags)
			}
		}
	}
}

// noted is the line that the programs of the test write.
func noted(c *Command) string {
	argv := c.Argv()
	port, mode := c.Env["PORT"].Text, c.Env["MODE"].Text
	for len(argv) > 1 && (argv[0] == "exec" || argv[0] == "env" || argv[0] == "-u" || argv[0] == "PORT" || strings.HasPrefix(argv[0], "MODE=")) {
		if argv[0] == "PORT" {
			port = ""
		}
		if m, ok := strings.CutPrefix(argv[0], "MODE="); ok {
			mode = m
		}
		argv = slices.Delete(argv, 0, 1)
	}
	return argv[0] + "<" + strings.Join(argv[1:], "><") + "> " + port + " " + mode + "\n"
}

package start

import (
	"fmt"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gsrv/schema"
)

// show lays a command out for comparing: how it starts, its words, what is open, environment, directory, conditions.
func show(c *Command) string {
	var b strings.Builder
	if c.Service != "" {
		fmt.Fprintf(&b, "%s: ", c.Service)
	}
	var marks []string
	for _, m := range []struct {
		set  bool
		name string
	}{{c.Exec, "exec"}, {c.Background, "&"}, {c.Piped, "|"}} {
		if m.set {
			marks = append(marks, m.name)
		}
	}
	fmt.Fprintf(&b, "%s [%s]", strings.Join(quoted(c), " "), strings.Join(marks, " "))
	fmt.Fprintf(&b, " %d:%d", c.Range.Start.Line, c.Range.Start.Column)
	for _, o := range c.Open {
		fmt.Fprintf(&b, " ?%d:%s", o.Word, o.Name)
		if o.HasDefault {
			fmt.Fprintf(&b, "=%s", o.Default)
		}
	}
	if c.Dir.Text != "" || c.Dir.Open {
		fmt.Fprintf(&b, " dir=%s", c.Dir.Text)
	}
	if c.User.Text != "" {
		fmt.Fprintf(&b, " user=%s", c.User.Text)
	}
	var names []string
	for name, v := range c.Env {
		text := name + "=" + v.Text
		if v.Open {
			text += "?"
		}
		if v.Unset {
			text = "-" + name
		}
		names = append(names, text)
	}
	sort.Strings(names)
	if len(names) > 0 {
		fmt.Fprintf(&b, " {%s}", strings.Join(names, " "))
	}
	if len(c.Wrappers) > 0 {
		fmt.Fprintf(&b, " through %s", strings.Join(c.Wrappers, " "))
	}
	for _, w := range c.When {
		fmt.Fprintf(&b, " if(%s)", w)
	}
	for _, rel := range c.Related {
		fmt.Fprintf(&b, " via %s:%d %s", rel.Range.Filename, rel.Range.Start.Line, rel.Message)
	}
	return b.String()
}

func quoted(c *Command) []string {
	var words []string
	for _, w := range c.Words {
		words = append(words, schema.ShellQuote(w.Text))
	}
	return words
}

func TestShell(t *testing.T) {
	for _, tt := range []struct{ script, want string }{
		{"gunicorn app:app", "gunicorn app:app [exec] 1:1"},
		{"set -e\npython manage.py migrate\nexec gunicorn -w 4 app:app", "python manage.py migrate [] 2:1\nexec gunicorn -w 4 app:app [exec] 3:1"},
		{"PORT=${PORT:-8000}\nexec gunicorn -b 0.0.0.0:$PORT app", "exec gunicorn -b 0.0.0.0:8000 app [exec] 2:1 ?3:PORT=8000"},
		{"exec gunicorn -b :$PORT app", "exec gunicorn -b ':$PORT' app [exec] 1:1 ?3:PORT"},
		{"N=4; gunicorn -w $N app", "gunicorn -w 4 app [] 1:6"},
		{"A=1 gunicorn app &\nwait", "gunicorn app [&] 1:1 {A=1}"},
		{"export DJANGO_SETTINGS_MODULE=x.y\ncd /srv/app && uwsgi --ini u.ini", "uwsgi --ini u.ini [] 2:16 dir=/srv/app {DJANGO_SETTINGS_MODULE=x.y}"},
		{"gunicorn -w $(nproc) app", "gunicorn -w '$(nproc)' app [exec] 1:1 ?2:$(nproc)"},
		{"gunicorn -w $((2*4+1)) app", "gunicorn -w 9 app [exec] 1:1"},
		{`gunicorn --log-format "%(h)s \"x\"" 'a b' c\ d app`, `gunicorn --log-format '%(h)s "x"' 'a b' 'c d' app [exec] 1:1`},
		{"if [ \"$DEBUG\" = 1 ]; then\n exec flask run\nfi\nexec gunicorn app", "exec flask run [exec] 2:2 if([ \"$DEBUG\" = 1 ])\nexec gunicorn app [exec] 4:1 if(not: [ \"$DEBUG\" = 1 ])"},
		{"if [ -z \"$X\" ]; then echo no; exit 1; fi\ngunicorn app", "gunicorn app [] 2:1"},
		{"case \"$1\" in\n web) exec gunicorn a ;;\n worker) exec celery -A a worker;;\n *) exec \"$@\";;\nesac", "exec gunicorn a [exec] 2:7 if(\"$1\" is web)\nexec celery -A a worker [exec] 3:10 if(\"$1\" is worker)"},
		{"serve() {\n gunicorn \"$1\":app\n}\nserve shop", "gunicorn shop:app [] 2:2"},
		{"unused() { gunicorn x; }\nuwsgi --ini a.ini", "uwsgi --ini a.ini [] 2:1"},
		{"web() { gunicorn x; }\n\"$@\"", "gunicorn x [] 1:9 if(called as web)"},
		{"OPTS=\"-w 4 -b :8000\"\nif [ -n \"$RELOAD\" ]; then OPTS=\"$OPTS --reload\"; fi\ngunicorn $OPTS app", "gunicorn -w 4 -b :8000 app [] 3:1 ?1:OPTS=-w 4 -b :8000 ?2:OPTS=-w 4 -b :8000 ?3:OPTS=-w 4 -b :8000 ?4:OPTS=-w 4 -b :8000"},
		{"set -- gunicorn -w 2 \"$@\"\nexec \"$@\"", "exec gunicorn -w 2 '$@' [exec] 1:8 ?4:@ via run.sh:2 runs its arguments"},
		{"args=(-w 3 app:app)\ngunicorn \"${args[@]}\"", "gunicorn -w 3 app:app [] 2:1"},
		{"cat <<EOF\ngunicorn no\nEOF\ngunicorn yes", "gunicorn yes [] 4:1"},
		{"sh -c 'exec gunicorn app'", "exec gunicorn app [exec] 1:8"},
		{"wait-for-it db:5432 -- gunicorn app", "gunicorn app [exec] 1:1"},
		{"cd \"$(dirname \"$0\")/..\"\nexec gunicorn app", "exec gunicorn app [exec] 2:1 dir=.."},
		{"gunicorn app 2>&1 | tee log", "gunicorn app [|] 1:1"},
		{"while true; do uwsgi --ini x; sleep 1; done", "uwsgi --ini x [] 1:16"},
		{"python manage.py check || exit 1\ngunicorn app", "python manage.py check [] 1:1\ngunicorn app [] 2:1"},
		{"[ \"$A\" ] && exec gunicorn a\nexec gunicorn b", "exec gunicorn a [exec] 1:13 if([ \"$A\" ])\nexec gunicorn b [exec] 2:1 if(not: [ \"$A\" ])"},
		{"exec gunicorn -b {{ host }}:80 app", "exec gunicorn -b '{{ host }}:80' app [exec] 1:1 ?3:{{ host }}"},
		{"{% if x %}\ngunicorn a\n{% endif %}", "gunicorn a [exec] 2:1"},
		{"source .env.missing\ngunicorn a", "gunicorn a [] 2:1 ?-1:.env.missing"},
		{"gunicorn ${RELOAD:+--reload} app", "gunicorn app [exec] 1:1"},
		{"gunicorn $GUNICORN_OPTS app", "gunicorn '$GUNICORN_OPTS' app [exec] 1:1 ?1:GUNICORN_OPTS"},
		{"su - www -c 'cd /srv && exec gunicorn app'", "exec gunicorn app [exec] 1:25 dir=/srv user=www"},
		{"su -s /bin/sh -c \"gunicorn a\" web", "gunicorn a [exec] 1:19 user=web"},
		{"runuser -u web -- gunicorn a", "gunicorn a [exec] 1:1 user=web"},
		{"sudo -u web -E gunicorn a", "sudo -u web -E gunicorn a [exec] 1:1 user=web"},
		{"start-stop-daemon --start --quiet --background --chuid www:www --chdir /srv --pidfile $PID --exec /usr/bin/uwsgi -- --ini x.ini", "/usr/bin/uwsgi --ini x.ini [exec &] 1:1 dir=/srv user=www:www"},
		{"start-stop-daemon --stop --exec /usr/bin/uwsgi", ""},
		{"if [ \"${1#-}\" != \"$1\" ]; then set -- gunicorn \"$@\"; fi\nexec \"$@\"", "exec gunicorn '$@' [exec] 1:38 ?2:@ via run.sh:2 runs its arguments"},
		{"nohup gunicorn a > log 2>&1 &", "nohup gunicorn a [&] 1:1"},
		{"N=$(( 2 * $(nproc) + 1 ))\nexec gunicorn -w $N app", "exec gunicorn -w '$(( 2 * $(nproc) + 1 ))' app [exec] 2:1 ?3:$(( 2 * $(nproc) + 1 ))"},
		{"start() {\n  local port=${1:-8000}\n  gunicorn -b \":$port\" app\n}\ncase \"${1:-}\" in\n start) start \"${2:-9000}\";;\n restart) start;;\nesac", "gunicorn -b :9000 app [] 3:3 ?2:2=9000 if(\"${1:-}\" is start)\ngunicorn -b :8000 app [] 3:3 if(\"${1:-}\" is restart)"},
		{"exec gunicorn app\r\n", "exec gunicorn $'app\\r' [exec] 1:1"},
		{"eval exec gunicorn app", "exec gunicorn app [exec] 1:6"},
	} {
		files := schema.NewFiles(t.TempDir())
		files.Put("run.sh", []byte(tt.script))
		commands, diags := Script(files, "run.sh")
		if len(diags) > 0 {
			t.Errorf("%s: %s", tt.script, diags)
		}
		var got []string
		for _, c := range commands {
			got = append(got, show(c))
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s\n(-want +got)\n%s", tt.script, diff)
		}
	}
}

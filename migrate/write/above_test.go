package write

import (
	"strings"
	"testing"

	"gsrv/schema"
)

// TestAbove checks that the source's comments stand right above what is written for their setting, once each, those of
// settings that share a TODO included.
func TestAbove(t *testing.T) {
	source := "bind = \"127.0.0.1:9000\"\nworkers = 3\nworker_class = \"gevent\"\nkeepalive = 5\nlimit_request_line = 1000\nlimit_request_field_size = 1000\n"
	uwsgi := "[uwsgi]\nhttp-socket = 127.0.0.1:9000\nprocesses = 3\ncron2 = minute=-5 true\nunique-cron = 0 0 -1 -1 -1 true\n"
	for target, c := range map[string]struct{ dialect, text string }{"uwsgi": {"gunicorn", source}, "gunicorn": {"uwsgi", uwsgi}} {
		cfg, _ := readText(t, c.dialect, c.text, schema.NoHost, newest)
		above := func(l Line) []string {
			if len(l.From) == 0 {
				return nil
			}
			return []string{"100% of " + l.Source + ",", ""}
		}
		out := writers[target](cfg, Options{Above: above})
		text := strings.ReplaceAll(string(out.Text), "%%", "%")
		for _, l := range out.Lines {
			if len(l.From) > 0 && strings.Count(text, "# 100% of "+l.Source+",\n#\n") != 1 {
				t.Errorf("the comment of %s stands %d times in\n%s", l.Source, strings.Count(text, "# 100% of "+l.Source+",\n#\n"), text)
			}
		}
		want := map[string]string{"uwsgi": "# 100% of workers,\n#\nprocesses = 3\n", "gunicorn": "# 100% of processes,\n#\nworkers = 3\n"}[target]
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

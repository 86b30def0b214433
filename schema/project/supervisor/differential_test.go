package supervisor

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
	"gsrv/schema/ini/initest"
)

var (
	cases = flag.Int("cases", 600, "number of generated files that are compared with supervisord's reader")
	seed  = flag.Uint64("seed", 1, "seed of the generated files")
)

type question struct {
	File string            `json:"file"`
	Env  map[string]string `json:"env"`
}

type process struct {
	Group          string            `json:"group"`
	Name           string            `json:"name"`
	Command        string            `json:"command"`
	Words          any               `json:"words"`
	Directory      string            `json:"directory"`
	AutoStart      bool              `json:"autostart"`
	AutoRestart    string            `json:"autorestart"`
	StartSecs      int64             `json:"startsecs"`
	StopSignal     int64             `json:"stopsignal"`
	StopWaitSecs   int64             `json:"stopwaitsecs"`
	StopAsGroup    bool              `json:"stopasgroup"`
	KillAsGroup    bool              `json:"killasgroup"`
	RedirectStderr bool              `json:"redirect_stderr"`
	Stdout         string            `json:"stdout_logfile"`
	Stderr         string            `json:"stderr_logfile"`
	Environment    map[string]string `json:"environment"`
	Priority       int64             `json:"priority"`
}

type answer struct {
	Error     string    `json:"error"`
	Processes []process `json:"processes"`
}

var numbers = map[string]int64{"HUP": 1, "INT": 2, "QUIT": 3, "ABRT": 6, "KILL": 9, "USR1": 10, "USR2": 12, "TERM": 15, "CHLD": 17, "CONT": 18, "STOP": 19, "WINCH": 28}

// ours gives our answer in supervisord's terms.
func ours(dir, name string, env map[string]string) (a answer) {
	cfg, diags := Read(schema.NewFiles(dir), name, Options{Env: env, Hostname: "box"})
	for _, d := range diags {
		if code := schema.DetailOf(d).Code; d.Severity == hcl.DiagError && code != "invalid-command" {
			a.Error = schema.DetailOf(d).ServerMessage
			return a
		}
	}
	for _, p := range cfg.Programs {
		for _, one := range p.Processes {
			env := map[string]string{}
			for _, v := range one.Environment {
				env[v.Name] = v.Value.Value
			}
			words := []any{}
			for _, w := range one.Command.Words {
				words = append(words, w.Text)
			}
			a.Processes = append(a.Processes, process{
				p.Group, one.Name.Value, one.Command.Value, words, one.Directory.Value, p.AutoStart.Value, p.AutoRestart.Value,
				p.StartSecs.Value, numbers[p.StopSignal.Value], p.StopWaitSecs.Value, p.StopAsGroup.Value, p.KillAsGroup.Value, p.RedirectStderr.Value,
				one.StdoutLogfile.Value, one.StderrLogfile.Value, env, p.Priority.Value,
			})
		}
	}
	return a
}

func sorted(list []process) []process {
	sort.SliceStable(list, func(i, j int) bool {
		return list[i].Group+"\x00"+list[i].Name+"\x00"+list[i].Command < list[j].Group+"\x00"+list[j].Name+"\x00"+list[j].Command
	})
	return list
}

// values are what generated files give their keys.
var values = map[string][]string{
	"command":                 {"/bin/gunicorn -b :80 app:app", "a \"b c\" 'd'", "a \\\"b", "%(here)s/run %(program_name)s", "x --port=80%(process_num)02d", "x %(ENV_HOME)s/y", "x 100%%", "x 100%", "x %(nope)s", "a 'b", "x ; comment", "x # comment", "x a;b a#b", "%(ENV_A)s %(group_name)s %(numprocs)d", "bash -c \"exec a\"", "x\n  y\n  z", "x %(process_num)5d|%(process_num)-3s|%(here)r", "%d", "%(here)d", "%(process_num)q"},
	"environment":             {"A=1", "A=\"b c\",B='d'", "A=1,B=2", "A=http://x:80/y", "A", "A=", "A=\"x\",", "A=b%%c", "A=x@y,B=2", "A=\"%(ENV_HOME)s\"", "A=1 B=2", "A=\"1\"\n  ,B=\"2\"", "A = 1 , B = 2", "A=é", "A=\"unclosed", "A=x#y,B=1", "A=%(here)s", "PATH=\"/a:%(ENV_PATH)s\""},
	"autostart":               {"true", "false", "on", "OFF", "maybe", "1"},
	"autorestart":             {"true", "unexpected", "FALSE", "never", "1"},
	"startsecs":               {"5", "0", "x", " 7", "1_0", "+3"},
	"stopsignal":              {"TERM", "int", "SIGQUIT", "9", "99", "NOPE", "HUP"},
	"stopwaitsecs":            {"60", "1.5", "10 ; seconds"},
	"stopasgroup":             {"true", "false"},
	"killasgroup":             {"true", "false"},
	"redirect_stderr":         {"true", "false", "yes"},
	"stdout_logfile":          {"/dev/stdout", "NONE", "AUTO", "/tmp/%(program_name)s.log", "off", "/tmp/%(process_num)s"},
	"stderr_logfile":          {"/tmp/x.err", "none", "auto"},
	"stdout_logfile_maxbytes": {"0", "1MB", "5 MB", "x", "10kb"},
	"directory":               {"/tmp", "%(here)s", "/"},
	"user":                    {"root", "0"},
	"numprocs":                {"1", "2", "3", "0"},
	"numprocs_start":          {"0", "8000"},
	"process_name":            {"%(program_name)s_%(process_num)02d", "%(program_name)s", "x y", "%(group_name)s-%(process_num)d"},
	"priority":                {"1", "999", "-5"},
	"exitcodes":               {"0,2", "0", "256", "a", "0, 1"},
	"umask":                   {"022", "8", "0o22"},
}

func generate(random *rand.Rand) string {
	var b strings.Builder
	keys := make([]string, 0, len(values))
	for k := range values {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	pick := func(list []string) string { return list[random.IntN(len(list))] }
	if random.IntN(20) > 0 {
		b.WriteString("[supervisord]\n")
		if random.IntN(3) == 0 {
			b.WriteString("environment=" + pick(values["environment"]) + "\n")
		}
		if random.IntN(4) == 0 {
			b.WriteString("nodaemon=" + pick(values["autostart"]) + "\n")
		}
	}
	for i := range 1 + random.IntN(2) {
		fmt.Fprintf(&b, "[program:p%d]\n", i)
		if random.IntN(15) > 0 {
			b.WriteString("command=" + pick(values["command"]) + "\n")
		}
		for range random.IntN(4) {
			k := pick(keys)
			b.WriteString(pick([]string{k, k, strings.ToUpper(k)}) + pick([]string{"=", " = ", ": "}) + pick(values[k]) + "\n")
		}
	}
	if random.IntN(6) == 0 {
		b.WriteString("[group:g]\nprograms=" + pick([]string{"p0", "p0,p1", "p0, nobody", ""}) + "\n")
	}
	return b.String()
}

func TestLikeSupervisord(t *testing.T) {
	random := rand.New(rand.NewPCG(*seed, 3))
	dir := t.TempDir()
	env := map[string]string{"HOME": "/root", "PATH": "/bin", "A": "outer"}
	var texts []string
	var questions []question
	for range *cases {
		texts = append(texts, generate(random))
	}
	for i, text := range texts {
		file := filepath.Join(dir, fmt.Sprint(i, ".conf"))
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		questions = append(questions, question{file, env})
	}
	failed := 0
	for i, want := range initest.Ask[question, answer](t, "testdata/supervisord_driver.py", []string{"supervisor"}, questions) {
		got := ours(dir, fmt.Sprint(i, ".conf"), env)
		if !strings.HasPrefix(texts[i], "[supervisord]") {
			got = answer{Error: ".ini file does not include supervisord section"} // read as a fragment
		}
		got.Error = strings.ReplaceAll(got.Error, fmt.Sprintf("(file: '%d.conf')", i), fmt.Sprintf("(file: '%s/%d.conf')", dir, i))
		if want.Error != "" || len(want.Processes) == 0 && len(got.Processes) == 0 {
			got.Processes, want.Processes = nil, nil
		}
		for j := range want.Processes { // Python cannot part some commands: it says so when it starts them
			if _, bad := want.Processes[j].Words.(string); bad {
				want.Processes[j].Words = nil
			}
		}
		for j := range got.Processes {
			if j < len(want.Processes) && sorted(want.Processes)[j].Words == nil {
				sorted(got.Processes)[j].Words = nil
			}
		}
		clean := func(a answer) string {
			a.Error, _, _ = strings.Cut(a.Error, ". Available names")
			a.Processes = sorted(a.Processes)
			text, err := json.MarshalIndent(a, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		if diff := cmp.Diff(clean(want), clean(got)); diff != "" {
			if failed++; failed > 12 {
				t.Fatal("too many differences")
			}
			t.Errorf("%s\n-supervisord +ours\n%s", texts[i], diff)
		}
	}
}

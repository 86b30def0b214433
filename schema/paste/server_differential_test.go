package paste

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sort"
	"strings"
	"testing"

	"gsrv/schema"
	"gsrv/schema/ini/initest"
	"gsrv/schema/waitress"
)

type call struct {
	Call string `json:"call"`
	Args any    `json:"args"`
}

type callReply struct {
	OK      any    `json:"ok"`
	Error   string `json:"error"`
	Message string `json:"message"`
}

var driverModules = []string{"waitress", "paste.httpserver", "pyramid.scripts.pserve"}

// readServerConf reads a [server:main] section with the given keys.
func readServerConf(t *testing.T, use string, conf map[string]string) (map[string]any, []string) {
	var b strings.Builder
	b.WriteString("[app:main]\nuse = egg:Paste#test\n[server:main]\nuse = " + use + "\n")
	names := make([]string, 0, len(conf))
	for k := range conf {
		names = append(names, k)
	}
	sort.Strings(names)
	for _, k := range names {
		fmt.Fprintf(&b, "%s = %s\n", k, strings.ReplaceAll(conf[k], "%", "%%"))
	}
	dir := t.TempDir()
	write(t, dir, "x.ini", b.String())
	config, diags := readIn(dir, []string{"x.ini"}, nil)
	var errors []string
	for _, d := range diags {
		if d.Severity == 1 {
			errors = append(errors, schema.DetailOf(d).ServerMessage)
		}
	}
	text, err := json.Marshal(config.Native)
	if err != nil {
		t.Fatal(err)
	}
	var native map[string]any
	if err := json.Unmarshal(text, &native); err != nil {
		t.Fatal(err)
	}
	return native, errors
}

// TestWaitress compares what waitress's Adjustments takes, refuses and makes of text with the reader.
func TestWaitress(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8080))
	g := generator{r}
	values := map[string][]string{
		typeString:    {"a", "", "x y"},
		typeInt:       {"1", " 8 ", "08", "1_0", "1__0", "_1", "x", "", "-3", "+5", "1.0", "0x10", "99999999999999999999", "٣", "5 # five", "1e3"},
		"octal":       {"600", "0660", "0o666", "888", "", "0O7", "6_0", "0o_6", "-1", "x"},
		"bool":        {"true", "TRUE", "yes", "on", "1", "t", "y", "false", "no", "0", "off", "", "flase", " True ", "2"},
		typeList:      {"127.0.0.1:80", "127.0.0.1:80 [::1]:81", "*:80", "", "127.0.0.1", "[::1]", "::1:80", "127.0.0.1:", ":80", "80", "0.0.0.0:99999", "0.0.0.0:x!", "http://127.0.0.1:80", "127.0.0.1:80,127.0.0.1:81", "1.2.3.4.5:80", "256.1.1.1:80", "127.1:80", "[::1:80", "0.0.0.0:http", "${H}:80", "0.0.0.0:$P", "0.0.0.0:-1"},
		"set":         {"x-forwarded-for", "X-Forwarded-For x-forwarded-proto", "forwarded", "forwarded x-forwarded-for", "x-real-ip", "", "x-forwarded-for,x-forwarded-host"},
		"str-or-none": {"127.0.0.1", "*", "", "True"},
		"path-prefix": {"/x", "x/", "", "/", "//a//b//", " /q "},
		"sockets":     {"x", ""},
	}
	hosts := []string{"127.0.0.1", "::1", "[::1]", "*", "", "0.0.0.0:80", "1", "300.1.1.1", "a/b", "${HOST}", "127.0.0.1,::1"}
	var questions []call
	for range 400 {
		conf := map[string]string{}
		for range 1 + r.IntN(3) {
			o := waitress.Catalogue.Options[r.IntN(len(waitress.Catalogue.Options))]
			switch {
			case o.Name == "host":
				conf[o.Name] = g.pick(hosts...)
			case o.Name == "url_scheme" || o.Name == "unix_socket" || o.Name == "server_name":
				conf[o.Name] = g.pick("http", "/run/x", "a")
			default:
				conf[o.Name] = g.pick(values[o.Type]...)
			}
		}
		if g.chance(3) {
			conf["trusted_proxy"] = "127.0.0.1"
		}
		if g.chance(30) {
			conf[g.pick("prot", "workers", "Host")] = "1"
		}
		for k, v := range conf {
			conf[k] = strings.Trim(v, " ") // the ini file does that too
		}
		questions = append(questions, call{"waitress", conf})
	}
	answers := initest.Ask[call, callReply](t, "testdata/server_driver.py", driverModules, questions)
	bad, refused := 0, 0
	for i, want := range answers {
		conf := questions[i].Args.(map[string]string)
		native, errors := readServerConf(t, "egg:waitress", conf)
		if want.Error != "" {
			refused++
		}
		why := ""
		switch {
		case (want.Error != "") != (len(errors) > 0):
			why = "one takes it, the other does not"
		case want.Error != "" && !strings.Contains(strings.Join(errors, "\n"), strings.SplitN(want.Message, " (", 2)[0]):
			why = "another message"
		case want.Error == "":
			why = differentAdjustments(want.OK.(map[string]any), native, conf)
		}
		if why != "" && bad < 10 {
			bad++
			t.Errorf("%s: %v\nreal %s %s\nours %v", why, conf, want.Error, want.Message, errors)
		}
	}
	t.Logf("%d settings, %d of them refused by waitress", len(questions), refused)
}

func differentAdjustments(real, ours map[string]any, conf map[string]string) string {
	for name, want := range real {
		got := ours[name]
		switch {
		case name == "listen" || name == "sockets":
			continue // resolved by the real one
		case name == "clear_untrusted_proxy_headers" && conf[name] == "":
			continue // another default before 3.0
		case name == "trusted_proxy_headers" && conf[name] == "":
			continue // filled in by the real one where trusted_proxy is set
		case name == "trusted_proxy_headers":
			set := map[any]bool{}
			for _, x := range got.([]any) {
				set[x] = true
			}
			for _, x := range want.([]any) {
				if !set[x] {
					return fmt.Sprintf("%s: real %v, ours %v", name, want, got)
				}
			}
			continue
		}
		if !reflect.DeepEqual(want, got) {
			return fmt.Sprintf("%s: real %#v, ours %#v", name, want, got)
		}
	}
	return ""
}

// TestPasteHTTP compares what egg:Paste#http takes and refuses with the reader, and where it listens.
func TestPasteHTTP(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 80))
	g := generator{r}
	values := map[string][]string{
		"host": {"127.0.0.1", "0.0.0.0", "", "localhost:81", "[::1]", "[::1]:82"}, "protocol_version": {"HTTP/1.1", "HTTP/2", ""},
		typeInt: {"1", "8080", "x", "", "12", " 3 "}, typeAsBool: {"true", "no", "ON", "maybe", "", "0"}, typeString: {"x"},
	}
	var questions []call
	for range 250 {
		conf := map[string]string{}
		for range 1 + r.IntN(3) {
			o := pasteHTTP.Options[r.IntN(len(pasteHTTP.Options))]
			if strings.HasPrefix(o.Name, "ssl_") || o.Name == "start_loop" || o.Name == "handler" || o.Name == "threadpool_logger" {
				continue
			}
			from := values[o.Type]
			if v := values[o.Name]; v != nil {
				from = v
			}
			conf[o.Name] = strings.Trim(g.pick(from...), " ")
		}
		if g.chance(20) {
			conf[g.pick("threads", "threadpool_size", "Host")] = "1"
		}
		questions = append(questions, call{"paste", conf})
	}
	answers := initest.Ask[call, callReply](t, "testdata/server_driver.py", driverModules, questions)
	bad, refused := 0, 0
	for i, want := range answers {
		conf := questions[i].Args.(map[string]string)
		_, errors := readServerConf(t, "egg:Paste#http", conf)
		if want.Error != "" {
			refused++
		}
		if (want.Error != "") != (len(errors) > 0) || want.Error != "" && want.Message != "" && !strings.Contains(strings.Join(errors, "\n"), want.Message) {
			if bad++; bad < 10 {
				t.Errorf("%v\nreal %s %s\nours %v", conf, want.Error, want.Message, errors)
			}
		}
	}
	t.Logf("%d settings, %d of them refused by Paste", len(questions), refused)
}

// TestPserveArguments compares how pserve's argparse and the reader take command lines apart.
func TestPserveArguments(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(1, 2))}
	var questions []call
	for range 500 {
		var argv []string
		for range g.IntN(5) {
			argv = append(argv, g.pick("x.ini", "x.ini", "a=1", "b=2", "-n", "-nfoo", "-n=foo", "--app-name", "--app-name=foo", "--app=foo", "-s", "--server", "--server-name=adm", "--serv", "--server-n", "adm", "--reload", "--rel", "--reload-i", "3", "--reload=1", "-v", "-q", "-vq", "-bq", "-x", "--daemon", "--", "-qn", "-qnfoo", "--browser", "-", ""))
		}
		questions = append(questions, call{"pserve", argv})
	}
	for i := range questions {
		if questions[i].Args.([]string) == nil {
			questions[i].Args = []string{}
		}
	}
	answers := initest.Ask[call, callReply](t, "testdata/server_driver.py", driverModules, questions)
	bad := 0
	for i, want := range answers {
		argv := questions[i].Args.([]string)
		_, words := schema.JoinWords(append([]string{"pserve"}, argv...))
		l, diags := parseCommand(words, schema.NoHost)
		why := ""
		ok, _ := want.OK.(map[string]any)
		switch {
		case want.Error != "" && !diags.HasErrors():
			if !schema.HasWarnings(diags) {
				why = "real refuses"
			}
		case want.Error == "" && diags.HasErrors():
			vars, _ := ok["config_vars"].([]any)
			broken := ok["config_uri"] == nil || ok["config_uri"] == ""
			for _, v := range vars {
				broken = broken || !strings.Contains(v.(string), "=")
			}
			if !broken {
				why = "ours refuses"
			}
		case want.Error == "":
			for name, flag := range map[string]string{"app_name": "--app-name", "server": "--server", "server_name": "--server-name"} {
				if got := any(l.text(flag)); got != ok[name] && (ok[name] != nil || l.has(flag)) {
					why = fmt.Sprintf("%s: real %v, ours %v", flag, ok[name], got)
				}
			}
			if ok["config_uri"] != l.file.Text || ok["reload"] != l.has("--reload") {
				why = fmt.Sprintf("real %v, ours %q", ok, l.file.Text)
			}
		}
		if why != "" {
			if bad++; bad < 10 {
				t.Errorf("%s: %q\nreal %v %s\nours %v", why, argv, ok, want.Message, diags)
			}
		}
	}
}

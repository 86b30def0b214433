package project

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gsrv/schema"
)

func pinsOf(t testing.TB, files map[string]string) *Pins {
	t.Helper()
	return ReadPins(schema.NewFiles(tree(t, files)), "")
}

func show(p Pin) string {
	dev := ""
	if p.Dev {
		dev = " dev"
	}
	return fmt.Sprintf("%s %q %q %s%s %s:%d:%d-%d", p.Name, p.Text, p.Spec, p.Kind, dev, p.Range.Filename, p.Range.Start.Line, p.Range.Start.Column, p.Range.End.Column)
}

func TestPins(t *testing.T) {
	for _, tt := range []struct {
		name string
		file map[string]string
		want []string
	}{
		{"pip", map[string]string{"requirements.txt": "# comment\nGunicorn[gevent]==20.1.0 --hash=sha256:0\nflask >=2,<3 ; python_version >= '3.8'\nuwsgi\n-e .\nhttps://x/y.zip#egg=new_relic\nold==1; sys_platform == 'win32'\n"}, []string{
			`flask "" ">=2,<3" requirement requirements.txt:3:1-13`,
			`gunicorn "20.1.0" "==20.1.0" requirement requirements.txt:2:19-25`,
			`new-relic "" "" requirement requirements.txt:6:1-30`,
			`uwsgi "" "" requirement requirements.txt:4:1-6`,
		}},
		{"includes and constraints", map[string]string{"requirements.txt": "-r requirements/base.in\n-c constraints.txt\n", "requirements/base.in": "gunicorn\n", "constraints.txt": "gunicorn==21.2.0\nunused==1\n"}, []string{
			`gunicorn "21.2.0" "==21.2.0" requirement constraints.txt:1:11-17`,
		}},
		{"production first", map[string]string{"requirements.txt": "gunicorn==20.1.0\n", "requirements-dev.txt": "gunicorn==19.0\npytest==8\n"}, []string{
			`gunicorn "20.1.0" "==20.1.0" requirement requirements.txt:1:11-17`,
			`pytest "8" "==8" requirement dev requirements-dev.txt:2:9-10`,
		}},
		{"poetry", map[string]string{"pyproject.toml": "[tool.poetry.dependencies]\npython = \"^3.10\"\ngunicorn = \"^20.1\"\n", "poetry.lock": "[[package]]\nname = \"gunicorn\"\nversion = \"20.1.0\"\n"}, []string{
			`gunicorn "20.1.0" "==20.1.0" lock poetry.lock:3:12-18`,
		}},
		{"uv", map[string]string{"pyproject.toml": "[project]\ndependencies = [\"uwsgi>=2\"]\n", "uv.lock": "[[package]]\nname = \"uwsgi\"\nversion = \"2.0.30\"\n"}, []string{`uwsgi "2.0.30" "==2.0.30" lock uv.lock:3:12-18`}},
		{"pipenv", map[string]string{"Pipfile.lock": "{\n \"default\": {\n  \"gunicorn\": {\n   \"version\": \"==20.0.4\"\n  }\n },\n \"develop\": {}\n}\n"}, []string{`gunicorn "20.0.4" "==20.0.4" lock Pipfile.lock:4:18-24`}},
		{"pyproject", map[string]string{"pyproject.toml": "[project]\ndependencies = [\n  \"gunicorn==21.2.0\",\n]\n[project.optional-dependencies]\ntest = [\"pytest\"]\n"}, []string{
			`gunicorn "21.2.0" "==21.2.0" requirement pyproject.toml:3:14-20`,
			`pytest "" "" requirement dev pyproject.toml:6:10-16`,
		}},
		{"setup.cfg", map[string]string{"setup.cfg": "[metadata]\nname = shop\n[options]\ninstall_requires =\n    gunicorn==20.1.0\n    flask>=2\n[options.extras_require]\ntest = pytest\n"}, []string{
			`flask "" ">=2" requirement setup.cfg:6:5-13`,
			`gunicorn "20.1.0" "==20.1.0" requirement setup.cfg:5:15-21`,
			`pytest "" "" requirement dev setup.cfg:8:8-14`,
		}},
		{"conda", map[string]string{"environment.yml": "dependencies:\n  - python=3.11\n  - gunicorn=20.1.0\n  - pip:\n    - newrelic==9.6.0\n"}, []string{
			`gunicorn "20.1.0" "==20.1.0" requirement environment.yml:3:5-20`,
			`newrelic "9.6.0" "==9.6.0" requirement environment.yml:5:17-22`,
			`python "3.11" "==3.11" requirement environment.yml:2:5-16`,
		}},
		{"docker", map[string]string{"Dockerfile": "FROM tiangolo/uwsgi-nginx-flask:python3.8\nRUN pip install --no-cache-dir -r requirements.txt \\\n    \"gunicorn==20.1.0\" $EXTRA ./local && echo done\n"}, []string{
			`gunicorn "20.1.0" "==20.1.0" image Dockerfile:3:16-22`,
			`uwsgi "" "" image Dockerfile:1:6-42`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := pinsOf(t, tt.file)
			var got []string
			last := ""
			for _, pin := range p.All() {
				if pin.Name != last {
					best, _ := p.Lookup(pin.Name)
					got = append(got, show(best))
				}
				last = pin.Name
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			for _, s := range p.Skipped {
				t.Errorf("skipped %+v", s)
			}
		})
	}
}

func TestPinsOfBrokenFiles(t *testing.T) {
	p := pinsOf(t, map[string]string{"poetry.lock": "[[package", "environment.yml": "a: [", "requirements.txt": "gunicorn==20.1.0\n-r missing.txt\n"})
	if _, ok := p.Lookup("gunicorn"); !ok || len(p.Skipped) != 3 {
		t.Errorf("%+v", p.Skipped)
	}
}

func TestPinCache(t *testing.T) {
	root := tree(t, map[string]string{
		"requirements.txt": "gunicorn==20.1.0\nuwsgi==2.0.20\n", "a/b/requirements.txt": "gunicorn==21.2.0\n", "a/b/c/gunicorn.conf.py": "", ".git/HEAD": "",
	})
	c := NewPinCache(root)
	for _, tt := range []struct{ dir, name, want string }{
		{".", "gunicorn", "20.1.0"}, {"a/b/c", "gunicorn", "21.2.0"}, {"a/b/c", "pyuwsgi", ""}, {"a/b/c", "uwsgi", "2.0.20"}, {"a", "flask", ""},
	} {
		pin, text, ok := c.Lookup(tt.dir, tt.name)
		if pin.Text != tt.want || ok != (tt.want != "") {
			t.Errorf("%s in %s: %+v", tt.name, tt.dir, pin)
		}
		if ok && !strings.Contains(string(text), tt.want) {
			t.Errorf("%s in %s: the text is %q", tt.name, tt.dir, text)
		}
	}
	// Below the repository's root, what is above the directory that is linted counts too.
	pin, _, ok := NewPinCache(root+"/a/b/c").Lookup(".", "uwsgi")
	if !ok || pin.Text != "2.0.20" {
		t.Errorf("%+v", pin)
	}
}

// TestAllows compares with the packaging library that pip brings.
func TestAllows(t *testing.T) {
	specs := []string{"==20.1.0", "==20.1", "==20.*", "!=20.1.0", "!=20.*", ">=20,<21", "~=20.1", "~=20.1.0", "<20", ">20.1", "<=20.1.0", "===20.1.0", ">=19,!=20.0.4", ">1,<30,!=21.*"}
	versions := []string{"19.9", "20.0.4", "20.1", "20.1.0", "20.1.1", "20.2", "21.0.0", "21.2"}
	const program = `
import sys
try:
    from packaging.specifiers import SpecifierSet
except ImportError:
    from pip._vendor.packaging.specifiers import SpecifierSet
for line in sys.stdin:
    spec, version = line.rstrip("\n").split("\t")
    print(SpecifierSet(spec).contains(version))
`
	var in strings.Builder
	for _, s := range specs {
		for _, v := range versions {
			fmt.Fprintf(&in, "%s\t%s\n", s, v)
		}
	}
	cmd := exec.Command("/usr/bin/python3", "-c", program)
	cmd.Stdin = strings.NewReader(in.String())
	out, err := cmd.Output()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the packaging library is needed: %v", err)
		}
		t.Skip(err)
	}
	answers := strings.Fields(string(out))
	for i, s := range specs {
		for j, v := range versions {
			want := answers[i*len(versions)+j] == "True"
			if got := specPin("x", s).Allows(schema.MustVersion(v)); got != want {
				t.Errorf("%s allows %s: %v, packaging says %v", s, v, got, want)
			}
		}
	}
}

func FuzzPins(f *testing.F) {
	names := []string{"requirements.txt", "poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock", "Pipfile", "pyproject.toml", "setup.cfg", "environment.yml", "Dockerfile"}
	f.Add(byte(0), []byte("gunicorn[x]==20.1.0 ; python_version < '3'\n-r a\n"))
	f.Add(byte(1), []byte("[[package]]\nname = \"gunicorn\"\nversion = \"20.1.0\"\n"))
	f.Add(byte(4), []byte(`{"default":{"gunicorn":{"version":"==20"}}}`))
	f.Add(byte(6), []byte("[project]\ndependencies = [\"gunicorn==1\"]\n[tool.poetry.dependencies]\na = {version=\"^1\"}\n"))
	f.Add(byte(7), []byte("[options]\ninstall_requires = a==1\n  b\n"))
	f.Add(byte(8), []byte("dependencies:\n- a=1=py\n- pip:\n  - b==2\n"))
	f.Add(byte(9), []byte("FROM tiangolo/uwsgi-nginx\nRUN pip install 'a==1' \\\n b\n"))
	f.Fuzz(func(t *testing.T, kind byte, text []byte) {
		name := names[int(kind)%len(names)]
		for _, p := range pinsOf(t, map[string]string{name: string(text)}).All() {
			if p.Name == "" || p.Range.Start.Byte > p.Range.End.Byte || p.Range.End.Byte > len(text) {
				t.Fatalf("%+v", p)
			}
		}
	})
}

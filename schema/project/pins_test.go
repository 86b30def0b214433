package project

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"gsrv/schema"
)

// archive writes the files of a txtar text into a new directory.
func archive(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(text)).Files {
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// pinned writes a pin as "text|spec|kind|file:line:column=source", "dev" added.
func pinned(pins *Pins, name string) string {
	p, ok := pins.Lookup(name)
	if !ok {
		return "none"
	}
	text := pins.Text(p.Range.Filename)
	s := fmt.Sprintf("%s|%s|%s|%s:%d:%d=%s", p.Text, p.Spec, p.Kind, p.Range.Filename, p.Range.Start.Line, p.Range.Start.Column,
		text[p.Range.Start.Byte:p.Range.End.Byte])
	if p.Dev {
		s += " dev"
	}
	return s
}

func TestReadPins(t *testing.T) {
	for _, test := range []struct{ name, files, pkg, want string }{
		{"exact", "-- requirements.txt --\nflask\n  GUNICORN[gevent] == 20.1.0 ; python_version >= '3' # why\n", "gunicorn", "20.1.0|== 20.1.0|requirement|requirements.txt:2:23=20.1.0"},
		{"hashes", "-- requirements.txt --\ngunicorn==20.1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n", "gunicorn", "20.1.0|==20.1.0|requirement|requirements.txt:1:11=20.1.0"},
		{"continued", "-- requirements.txt --\ngunicorn\\\n  ==20.1.0\n", "gunicorn", "20.1.0|==20.1.0|requirement|requirements.txt:2:5=20.1.0"},
		{"range", "-- requirements.txt --\ngunicorn>=20,<21\n", "gunicorn", "|>=20,<21|requirement|requirements.txt:1:1=gunicorn>=20,<21"},
		{"bare", "-- requirements.txt --\ngunicorn\n", "gunicorn", "||requirement|requirements.txt:1:1=gunicorn"},
		{"commented", "-- requirements.txt --\n#gunicorn==20\nfoo # gunicorn==20\n", "gunicorn", "none"},
		{"comment after backslash", "-- requirements.txt --\n# old \\\ngunicorn==20.1.0\n", "gunicorn", "20.1.0|==20.1.0|requirement|requirements.txt:2:11=20.1.0"},
		{"url", "-- requirements.txt --\ngunicorn @ https://example.org/gunicorn.tar.gz\n", "gunicorn", "||requirement|requirements.txt:1:1=gunicorn @ https://example.org/gunicorn.tar.gz"},
		{"egg", "-- requirements.txt --\n-e git+https://example.org/g.git@x#egg=gunicorn\n-e ./uwsgi\n", "gunicorn", "||requirement|requirements.txt:1:4=git+https://example.org/g.git@x#egg=gunicorn"},
		{"wheel", "-- requirements.txt --\nhttps://example.org/gunicorn-20.1.0-py3-none-any.whl\n", "gunicorn", "20.1.0|==20.1.0|requirement|requirements.txt:1:1=https://example.org/gunicorn-20.1.0-py3-none-any.whl"},
		{"windows only", "-- requirements.txt --\nwaitress==2.0; sys_platform == 'win32'\n", "waitress", "none"},
		{"two pythons", "-- requirements.txt --\ngunicorn==20.0.4; python_version<'3.6'\ngunicorn==20.1.0; python_version>='3.6'\n", "gunicorn", "|==20.0.4 || ==20.1.0|requirement|requirements.txt:1:11=20.0.4"},
		{"include", "-- requirements.txt --\n-r deps/base.txt\n-- deps/base.txt --\nuwsgi==2.0.21\n", "uwsgi", "2.0.21|==2.0.21|requirement|deps/base.txt:1:8=2.0.21"},
		{"constraint", "-- requirements.txt --\n-c limits.txt\nuwsgi\n-- limits.txt --\nuwsgi==2.0.21\ngunicorn==20\n", "uwsgi", "2.0.21|==2.0.21|requirement|limits.txt:1:8=2.0.21"},
		{"constraint alone", "-- requirements.txt --\n-c limits.txt\nuwsgi\n-- limits.txt --\ngunicorn==20\n", "gunicorn", "none"},
		{"include loop", "-- requirements.txt --\n-r requirements.txt\nuwsgi\n", "uwsgi", "||requirement|requirements.txt:2:1=uwsgi"},
		{"development below production", "-- requirements-dev.txt --\ngunicorn==19.0\n-- requirements/base.txt --\ngunicorn>=20\n", "gunicorn", "|>=20|requirement|requirements/base.txt:1:1=gunicorn>=20"},
		{"development", "-- requirements/test.txt --\ngunicorn==19.0\n", "gunicorn", "19.0|==19.0|requirement|requirements/test.txt:1:11=19.0 dev"},
		{"pyuwsgi", "-- requirements.txt --\npyuwsgi==2.0.21\n", "uWSGI", "2.0.21|==2.0.21|requirement|requirements.txt:1:10=2.0.21"},
		{"byte order mark", "-- requirements.txt --\n\ufeffgunicorn==20.1.0\n", "gunicorn", "20.1.0|==20.1.0|requirement|requirements.txt:1:14=20.1.0"},
		{"poetry.lock", "-- poetry.lock --\n[[package]]\nname = \"gunicorn\"\nversion = \"20.1.0\"\n\n[package.extras]\ngevent = [\"gevent (>=1)\"]\n-- pyproject.toml --\n[tool.poetry.dependencies]\ngunicorn = \"^20\"\n", "gunicorn", "20.1.0|==20.1.0|lock|poetry.lock:3:12=20.1.0"},
		{"poetry.lock dev", "-- poetry.lock --\n[[package]]\nname = \"gunicorn\"\nversion = \"20.1.0\"\ngroups = [\"dev\"]\n", "gunicorn", "20.1.0|==20.1.0|lock|poetry.lock:3:12=20.1.0 dev"},
		{"pdm.lock", "-- pdm.lock --\n[[package]]\nname = \"gunicorn\"\nversion = \"20.1.0\"\ngroups = [\"default\", \"dev\"]\n", "gunicorn", "20.1.0|==20.1.0|lock|pdm.lock:3:12=20.1.0"},
		{"uv.lock dev", "-- uv.lock --\nversion = 1\n[[package]]\nname = \"shop\"\nversion = \"0.1\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"flask\" }]\n[package.dev-dependencies]\ndev = [{ name = \"gunicorn\" }]\n[[package]]\nname = \"gunicorn\"\nversion = \"20.1.0\"\n[[package]]\nname = \"flask\"\nversion = \"3.0\"\n", "gunicorn", "20.1.0|==20.1.0|lock|uv.lock:11:12=20.1.0 dev"},
		{"Pipfile.lock", "-- Pipfile.lock --\n{\"_meta\": {\"hash\": {\"sha256\": \"x\"}}, \"default\": {\n  \"gunicorn\": {\"hashes\": [\"a\", \"b\"], \"index\": \"pypi\", \"version\": \"==20.1.0\"}}, \"develop\": {}}\n", "gunicorn", "20.1.0|==20.1.0|lock|Pipfile.lock:2:69=20.1.0"},
		{"Pipfile.lock git", "-- Pipfile.lock --\n{\"default\": {\"gunicorn\": {\"git\": \"https://example.org\", \"ref\": \"abc\"}}}\n", "gunicorn", "||lock|Pipfile.lock:1:15=gunicorn"},
		{"Pipfile", "-- Pipfile --\n[packages]\ngunicorn = {version = \"==20.1.0\", extras = [\"gevent\"]}\n[dev-packages]\nuwsgi = \"*\"\n", "gunicorn", "20.1.0|==20.1.0|requirement|Pipfile:2:26=20.1.0"},
		{"Pipfile any", "-- Pipfile --\n[dev-packages]\nuwsgi = \"*\"\n", "uwsgi", "||requirement|Pipfile:2:10=* dev"},
		{"project", "-- pyproject.toml --\n[project]\ndependencies = [\n  \"flask\",\n  'gunicorn[gthread]~=20.1',\n]\n", "gunicorn", "|~=20.1|requirement|pyproject.toml:4:4=gunicorn[gthread]~=20.1"},
		{"extra", "-- pyproject.toml --\n[project.optional-dependencies]\nserver = [\"gunicorn==20.1.0\"]\ntest = [\"gunicorn==19.0\"]\n", "gunicorn", "20.1.0|==20.1.0|requirement|pyproject.toml:2:22=20.1.0"},
		{"dependency group", "-- pyproject.toml --\n[dependency-groups]\ndev = [\"gunicorn==20.1.0\", {include-group = \"x\"}]\n", "gunicorn", "20.1.0|==20.1.0|requirement|pyproject.toml:2:19=20.1.0 dev"},
		{"poetry", "-- pyproject.toml --\n[tool.poetry.dependencies]\npython = \"^3.8\"\ngunicorn = \"^20.1\"\n", "gunicorn", "|^20.1|requirement|pyproject.toml:3:13=^20.1"},
		{"poetry table", "-- pyproject.toml --\n[tool.poetry.dependencies.gunicorn]\nversion = \"20.1.0\"\n", "gunicorn", "20.1.0|20.1.0|requirement|pyproject.toml:2:12=20.1.0"},
		{"poetry group", "-- pyproject.toml --\n[tool.poetry.group.dev.dependencies]\ngunicorn = {git = \"https://example.org\"}\n", "gunicorn", "||requirement|pyproject.toml:2:1=gunicorn dev"},
		{"setup.cfg", "-- setup.cfg --\n[options]\ninstall_requires =\n    flask\n    gunicorn==20.1.0\n", "gunicorn", "20.1.0|==20.1.0|requirement|setup.cfg:4:15=20.1.0"},
		{"conda", "-- environment.yml --\nname: x\ndependencies:\n  - python=3.9\n  - conda-forge::uwsgi=2.0.21=py39\n  - pip:\n    - \"gunicorn==20.1.0\"\n", "uwsgi", "2.0.21|=2.0.21=py39|requirement|environment.yml:4:24=2.0.21"},
		{"conda pip", "-- environment.yml --\ndependencies:\n  - pip:\n    - \"gunicorn==20.1.0\"\n", "gunicorn", "20.1.0|==20.1.0|requirement|environment.yml:3:18=20.1.0"},
		{"image", "-- Dockerfile --\nFROM tiangolo/uwsgi-nginx-flask:python3.8\n", "uwsgi", "||image|Dockerfile:1:6=tiangolo/uwsgi-nginx-flask:python3.8"},
		{"other image", "-- Dockerfile --\nFROM unit:1.31-python3.11\nFROM python:3 AS uwsgi\n", "uwsgi", "none"},
		{"docker pip", "-- Dockerfile --\nFROM python\nRUN apt-get update && \\\n    # the server\n    python3 -m pip install --no-cache-dir -i x 'gunicorn==20.1.0' && rm -rf /\n", "gunicorn", "20.1.0|==20.1.0|image|Dockerfile:4:59=20.1.0"},
		{"docker variable", "-- Dockerfile --\nARG V=20.1.0\nRUN pip install gunicorn==${V}\n", "gunicorn", "20.1.0|==20.1.0|image|Dockerfile:2:17=gunicorn==${V}"},
		{"docker unknown variable", "-- Dockerfile --\nRUN pip install gunicorn==$V flask\n", "gunicorn", "||image|Dockerfile:1:17=gunicorn==$V"},
		{"docker exec form", "-- Dockerfile --\nRUN [\"pip\", \"install\", \"gunicorn==20.1.0\"]\n", "gunicorn", "20.1.0|==20.1.0|image|Dockerfile:1:35=20.1.0"},
		{"docker apt", "-- Dockerfile --\nRUN apt-get install gunicorn && pip install flask\n", "gunicorn", "none"},
	} {
		t.Run(test.name, func(t *testing.T) {
			pins := ReadPins(schema.NewFiles(archive(t, test.files)), ".")
			if diff := cmp.Diff(test.want, pinned(pins, test.pkg)); diff != "" {
				t.Error(diff)
			}
			if len(pins.Skipped) > 0 {
				t.Errorf("skipped %v", pins.Skipped)
			}
		})
	}
}

func TestReadPinsUTF16(t *testing.T) {
	dir := t.TempDir()
	raw := []byte{0xff, 0xfe}
	for _, c := range "flask\r\ngunicorn==20.1.0\r\n" {
		raw = append(raw, byte(c), 0)
	}
	if err := os.WriteFile(filepath.Join(dir, "requirements.txt"), raw, 0o644); err != nil {
		t.Fatal(err)
	}
	p, _ := ReadPins(schema.NewFiles(dir), ".").Lookup("gunicorn")
	if p.Text != "20.1.0" || p.Range.Start.Line != 2 || p.Range.Start.Byte != 36 {
		t.Errorf("%+v", p)
	}
}

func TestBrokenFilesAreSkipped(t *testing.T) {
	dir := archive(t, "-- poetry.lock --\n[[package]]\nname = \"gunicorn\"\nversion = \"20.1.0\"\n<<<<<<< HEAD\n-- Pipfile.lock --\n{\"default\": \n-- environment.yml --\na: [\n"+
		"-- requirements.txt --\n-r ../../../../etc/passwd\n-r missing.txt\nflask\n")
	pins := ReadPins(schema.NewFiles(dir), ".")
	got := map[string]string{}
	for _, s := range pins.Skipped {
		got[s.Name] = s.Reason
	}
	for name, want := range map[string]string{
		"poetry.lock": "line 4 is not TOML", "Pipfile.lock": "is not JSON", "environment.yml": "is not YAML",
		"requirements.txt": "missing.txt, which does not exist",
	} {
		if !strings.Contains(got[name], want) {
			t.Errorf("%s: %q, want %q in it", name, got[name], want)
		}
	}
	if !strings.Contains(got["requirements.txt"], "outside the project") {
		t.Errorf("requirements.txt: %q", got["requirements.txt"])
	}
	if p, _ := pins.Lookup("gunicorn"); p.Text != "20.1.0" {
		t.Errorf("what stood before the fault is lost: %+v", p)
	}
}

func TestFindPins(t *testing.T) {
	dir := archive(t, "-- requirements.txt --\nouter==1\n-- repo/.git/HEAD --\n-- repo/uv.lock --\n[[package]]\nname = \"gunicorn\"\nversion = \"20.1.0\"\n[[package]]\nname = \"uwsgi\"\nversion = \"2.0.21\"\n"+
		"-- repo/shop/pyproject.toml --\n[project]\ndependencies = [\"gunicorn>=20\", \"uwsgi<2.0.20\"]\n-- repo/shop/conf/x --\n")
	cache := &PinCache{Dir: dir}
	finders := map[string]func() *Pins{
		"FindPins": func() *Pins { return FindPins(schema.NewFiles(dir), "repo/shop/conf", "repo/shop") },
		"PinCache": func() *Pins { return cache.Find("repo/shop/conf", "repo/shop") },
	}
	for name, find := range finders {
		pins := find()
		for pkg, want := range map[string]string{
			"gunicorn": "20.1.0|==20.1.0|lock|repo/uv.lock:3:12=20.1.0",
			"uwsgi":    "|<2.0.20|requirement|repo/shop/pyproject.toml:2:34=uwsgi<2.0.20",
			"outer":    "none",
		} {
			if got := pinned(pins, pkg); got != want {
				t.Errorf("%s: %s: %s, want %s", name, pkg, got, want)
			}
		}
	}
	var wait sync.WaitGroup
	first := cache.Find("repo/shop", ".")
	for range 20 {
		wait.Go(func() {
			if cache.Find("repo/shop", ".") != first {
				t.Error("read again")
			}
		})
	}
	wait.Wait()
}

// FuzzPins feeds one text to the reader of every format: no panic, and every range inside the file.
func FuzzPins(f *testing.F) {
	f.Add("gunicorn[x]==20.1.0 ; a \\\n --hash=sha256:x\n-r a\n-e git+x://y#egg=z\n")
	f.Add("[[package]]\nname = \"a\"\nversion = \"1\"\ngroups = [\"dev\"]\n[tool.poetry.dependencies]\na = {version = '^1'}\n[packages]\nb = \"*\"\n")
	f.Add("{\"default\": {\"a\": {\"version\": \"==1\"}, \"b\": {}}}")
	f.Add("dependencies:\n- a=1.0.0=b\n- pip:\n  - c==1\n")
	f.Add("[options]\ninstall_requires =\n  a==1\n")
	f.Add("FROM tiangolo/uwsgi-nginx\nENV A=1\nRUN pip install a==$A \\\n 'b' && x\n")
	f.Add("\xff\xfea\x00=\x00=\x001\x00")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		names := []string{"requirements.txt", "Dockerfile"}
		for name := range pinReaders {
			names = append(names, name)
		}
		for _, name := range names {
			read := pinReaders[name]
			switch name {
			case "requirements.txt":
				read = (*pinReader).requirements
			case "Dockerfile":
				read = (*pinReader).dockerfile
			}
			r := &pinReader{files: schema.NewFiles(dir), limit: dir, seen: map[string]bool{}, pins: &Pins{texts: map[string][]byte{}}}
			_ = read(r, newSource(name, []byte(text)), false)
			all, _ := settle(r.gathered)
			for _, p := range all {
				if p.Range.Start.Byte < 0 || p.Range.End.Byte > len(text) || p.Range.Start.Byte > p.Range.End.Byte || p.Range.Start.Line < 1 || p.Range.Start.Column < 1 {
					t.Fatalf("%s: %+v", name, p)
				}
				p.Allows(schema.MustVersion("1.2"))
			}
		}
	})
}

// BenchmarkPoetryLock reads a lock file of a middling application: 200 packages with 40 hashes each.
func BenchmarkPoetryLock(b *testing.B) {
	var text strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "[[package]]\nname = \"package-%d\"\nversion = \"1.2.%d\"\nfiles = [\n", i, i)
		for range 40 {
			fmt.Fprintf(&text, "    {file = \"package-1.2-cp39-manylinux.whl\", hash = \"sha256:%s\"},\n", strings.Repeat("0a", 32))
		}
		text.WriteString("]\n\n")
	}
	raw := []byte(text.String())
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		r := &pinReader{pins: &Pins{}}
		if err := r.poetryLock(newSource("poetry.lock", raw), false); err != nil || len(r.gathered) != 200 {
			b.Fatal(err, len(r.gathered))
		}
	}
}

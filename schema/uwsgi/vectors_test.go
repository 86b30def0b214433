package uwsgi

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var record = flag.Int("record", 0, "run uwsgi on so many generated configurations and keep its answers in testdata/vectors.json")

const vectorFile = "testdata/vectors.json"

// hostBound are the % letters whose value is another one on every machine or at every start.
var hostBound = regexp.MustCompile(`%[ihkuUgGtTIjJ0-9v]|@\(there|HOME`)

// TestVectors compares with what uWSGI 2.0.21 of Debian 12 answered to generated configurations.
func TestVectors(t *testing.T) {
	if *record > 0 {
		recordVectors(t, *record)
	}
	vectors := loadVectors(t, vectorFile)
	if len(vectors) < 100 {
		t.Fatalf("only %d vectors", len(vectors))
	}
	for _, v := range vectors {
		t.Run(v.ID, func(t *testing.T) { checkVector(t, v) })
	}
}

func recordVectors(t *testing.T, n int) {
	uwsgi := needUWSGI(t)
	var out []any
	for i := 0; len(out) < n; i++ {
		c := generate(4711, uint64(i))
		if hostBound.MatchString(fmt.Sprint(c.files, c.argv, c.env)) {
			continue
		}
		dir, err := filepath.EvalSymlinks(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		writeFiles(t, dir, c.files)
		exit, config, printed, log := c.real(uwsgi, dir)
		if exit < 0 || strings.Contains(config, "\n\n") {
			continue
		}
		expect := map[string]any{"exit": exit}
		var list [][2]string
		multiline := false
		for line := range strings.Lines(config) {
			k, v, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " = ")
			multiline = multiline || !ok
			list = append(list, [2]string{k, strings.ReplaceAll(v, dir, "$DIR")})
		}
		if multiline {
			continue
		}
		if printed && exit == 0 {
			expect["config"] = list
		}
		if exit != 0 {
			expect["log"] = []string{strings.ReplaceAll(tail(log), dir, "$DIR")}
		}
		env := json.RawMessage("{")
		for k, kv := range c.env {
			if k > 0 {
				env = append(env, ',')
			}
			key, _ := json.Marshal(kv[0])
			value, _ := json.Marshal(kv[1])
			env = append(append(append(env, key...), ':'), value...)
		}
		env = append(env, '}')
		out = append(out, map[string]any{"id": fmt.Sprintf("generated-%d", i), "files": c.files, "argv": c.argv, "env": env, "expect": expect})
	}
	var b strings.Builder
	b.WriteString("{\"version\": \"2.0.21-debian\", \"vectors\": [\n")
	for i, v := range out {
		line, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(line)
		if i+1 < len(out) {
			b.WriteString(",")
		}
		b.WriteString("\n")
	}
	b.WriteString("]}\n")
	if err := os.MkdirAll(filepath.Dir(vectorFile), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(vectorFile, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

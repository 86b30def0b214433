// Package initest helps tests compare readers of INI files with the Python programs they follow: it runs a Python
// script that answers questions, one JSON object a line, and generates odd INI files.
package initest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Python is the interpreter that the Debian packages are installed for.
const Python = "/usr/bin/python3"

// Ask runs a script with the questions as JSON lines on its standard input and gives its answers, one a line, in the
// same order. Where Python or one of the modules is missing the test is skipped, or fails in CI.
func Ask[Q, A any](t testing.TB, script string, modules []string, questions []Q) []A {
	t.Helper()
	if err := exec.Command(Python, "-c", "import "+strings.Join(modules, ",")).Run(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s cannot import %s: %v", Python, strings.Join(modules, ", "), err)
		}
		t.Skipf("%s cannot import %s: %v", Python, strings.Join(modules, ", "), err)
	}
	var in bytes.Buffer
	encoder := json.NewEncoder(&in)
	for _, q := range questions {
		if err := encoder.Encode(q); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, Python, "-W", "ignore", script)
	cmd.Stdin = &in
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1"}
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, errors.Bytes())
	}
	answers := make([]A, 0, len(questions))
	scanner := bufio.NewScanner(bytes.NewReader(out))
	scanner.Buffer(nil, 64<<20)
	for scanner.Scan() {
		var a A
		if err := json.Unmarshal(scanner.Bytes(), &a); err != nil {
			t.Fatalf("%s: %v in %q", script, err, scanner.Text())
		}
		answers = append(answers, a)
	}
	if len(answers) != len(questions) {
		t.Fatalf("%s: %d answers to %d questions", script, len(answers), len(questions))
	}
	return answers
}

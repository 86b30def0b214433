package project

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"gsrv/schema"
)

func TestAllows(t *testing.T) {
	for _, test := range []struct {
		spec    string
		yes, no string
	}{
		{"^20.1", "20.1 20.1.0 20.9", "20.0.4 21.0 19.9"},
		{"^0.2.3", "0.2.3 0.2.9", "0.2.2 0.3 1.0"},
		{"^0.0.3", "0.0.3", "0.0.4 0.1"},
		{"^0", "0.0 0.9", "1.0"},
		{"~1.2.3", "1.2.3 1.2.9", "1.3 1.2.2"},
		{"~1", "1.0 1.9", "2.0 0.9"},
		{"^1 || ^2", "1.0 2.5", "3.0"},
		{">=20 <21", "20.0 20.1", "21.0 19.9"},
		{"20.1.0", "20.1 20.1.0", "20.1.1"},
		{"20.*", "20.0 20.1", "21.0"},
		{"=20.1", "20.1 20.1.5", "20.2"},
		{"=20.1.0=py39_0", "20.1.0", "20.1.1"},
		{"==19.9|==20.1", "19.9 20.1", "20.0"},
		{"", "1 99", ""},
		{"*", "1 99", ""},
		{"nonsense", "1 99", ""},
	} {
		for want, list := range map[bool]string{true: test.yes, false: test.no} {
			for v := range strings.FieldsSeq(list) {
				if got := (Pin{Spec: test.spec}).Allows(schema.MustVersion(v)); got != want {
					t.Errorf("%q allows %s: %v, want %v", test.spec, v, got, want)
				}
			}
		}
	}
}

// TestAllowsAsPackaging compares PEP 440's operators with Python's own library, which Debian's pip carries.
func TestAllowsAsPackaging(t *testing.T) {
	const script = `
import sys
from pip._vendor.packaging.specifiers import Specifier, SpecifierSet, InvalidSpecifier
versions = sys.argv[1].split()
for line in sys.stdin:
    line = line.rstrip("\n")
    try:
        for part in line.split(','): Specifier(part)  # without the leniency from before PEP 440
        s = SpecifierSet(line)
    except InvalidSpecifier:
        print("invalid"); continue
    print(" ".join(v for v in versions if s.contains(v, prereleases=True)))
`
	versions := strings.Fields("0 0.9 1 1.0 1.0.0 1.1 1.2 1.2.3 1.2.3.4 2 2.0 19.9 19.9.0 20 20.0 20.0.4 20.1 20.1.0 20.1.1 20.10 21.0 23.0 2024.1")
	var specs []string
	for _, op := range []string{"==", "!=", "<", "<=", ">", ">=", "~=", "==="} {
		for v := range strings.FieldsSeq("0 1 1.0 1.2 1.2.3 2.0 20 20.0 20.1 20.1.0 20.1.1 20.0.4.0 21 v20.1 1!1 20.1rc1 20.1a1 20.1.dev1 " +
			"20.1.post1 20.1-1 20.1.post1.dev2 20.1rc1.post2 20.1+deb 20.1.* 20.* 1.2.3.* 20.1.0.0.*") {
			if op == "~=" && v[0] == 'v' {
				continue // packaging 21.3 lets it match nothing; PEP 440 asks to ignore the letter
			}
			specs = append(specs, op+v)
		}
	}
	singles := len(specs)
	for i := range singles {
		specs = append(specs, specs[i]+", "+specs[(i*37+11)%singles])
	}
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", script, strings.Join(versions, " "))
	cmd.Stdin = strings.NewReader(strings.Join(specs, "\n") + "\n")
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("Python's packaging library cannot be asked: %v", err)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(lines) != len(specs) {
		t.Fatalf("%d answers to %d specifiers", len(lines), len(specs))
	}
	for i, spec := range specs {
		if lines[i] == "invalid" {
			continue
		}
		var got []string
		for _, v := range versions {
			if (Pin{Spec: spec}).Allows(schema.MustVersion(v)) {
				got = append(got, v)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(strings.Fields(lines[i])) {
			t.Errorf("%q allows %v, packaging says %s", spec, got, lines[i])
		}
	}
}

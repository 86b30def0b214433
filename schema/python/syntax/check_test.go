package syntax

import (
	"encoding/json"
	"errors"
	"os"
	"testing"
)

// TestCheck holds Check against what compile() of CPython 3.11 said of the sources in testdata/check.json.
func TestCheck(t *testing.T) {
	data, err := os.ReadFile("testdata/check.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []verdict
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) < 100 {
		t.Fatalf("%d cases", len(list))
	}
	for _, c := range list {
		m, err := Options{Python311: true}.Parse("f", []byte(c.Source))
		if err == nil {
			err = Check("f", m)
		}
		if c.Error == nil {
			if err != nil {
				t.Errorf("%q: refused: %v", c.Source, err)
			}
			continue
		}
		var e *SyntaxError
		if !errors.As(err, &e) {
			t.Errorf("%q: got %v, want %v", c.Source, err, c.Error)
			continue
		}
		if e.Filename != "f" || e.Msg != c.Error[1] || float64(e.Line) != c.Error[2] {
			t.Errorf("%q: got %d: %s, want %v", c.Source, e.Line, e.Msg, c.Error)
		}
	}
}

// What the standard library holds, compiles.
func TestCheckStandardLibrary(t *testing.T) {
	for name, src := range stdlib(t) {
		m, err := Parse(name, src)
		if err != nil {
			t.Error(err)
			continue
		}
		if err := Check(name, m); err != nil {
			t.Error(err)
		}
	}
}

package schema

import (
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

func modelSetting(name string, v cty.Value, line int) Setting {
	pos := hcl.Pos{Line: line, Column: 1, Byte: line * 100}
	end := hcl.Pos{Line: line, Column: 10, Byte: line*100 + 9}
	return Setting{Name: name, Native: "native_" + name, OnHost: v, Layer: LayerFile, Range: hcl.Range{Filename: "conf", Start: pos, End: end}}
}

func TestValidateModel(t *testing.T) {
	texts := func(words ...string) cty.Value {
		var out []cty.Value
		for _, w := range words {
			out = append(out, cty.StringVal(w))
		}
		return cty.TupleVal(out)
	}
	for _, c := range []struct {
		name string
		v    cty.Value
		want string
	}{
		{"workers.count", cty.NumberIntVal(4), ""},
		{"workers.count", cty.NumberIntVal(-2), "workers.count (native_workers.count) is -2; it must be 0 to 2147483647."},
		{"workers.count", cty.NumberFloatVal(2.5), "workers.count (native_workers.count) is 2.5; it must be a whole number."},
		{"workers.count", cty.StringVal("4"), `workers.count (native_workers.count) is text "4"; it must be a whole number.`},
		{"workers.count", cty.UnknownVal(cty.Number), ""},
		{"workers.count", Null, ""},
		{"workers.timeout", cty.NumberFloatVal(0.5), ""},
		{"workers.timeout", cty.NumberIntVal(-1), "workers.timeout (native_workers.timeout) is -1; it must be 0 or more."},
		{"workers.preload", cty.True, ""},
		{"workers.preload", cty.NumberIntVal(1), "workers.preload (native_workers.preload) is 1; it must be true or false."},
		{"log.level", cty.StringVal("info"), ""},
		{"log.level", cty.StringVal("INFO"), `log.level (native_log.level) is text "INFO"; it must be one of debug, info, warning, error, critical. Did you mean info?`},
		{"process.umask", cty.StringVal("0022"), ""},
		{"process.umask", cty.StringVal("22"), `process.umask (native_process.umask) is text "22"; it must be a mode in octal digits such as 0660.`},
		{"listen.http", texts("127.0.0.1:8000"), ""},
		{"listen.http", cty.TupleVal([]cty.Value{cty.NumberIntVal(8000)}), "listen.http (native_listen.http) is a list; it must be a list of texts."},
		{"app.environment", cty.ObjectVal(map[string]cty.Value{"A": cty.StringVal("1")}), ""},
		{"app.environment", cty.ObjectVal(map[string]cty.Value{"A": cty.True}), "app.environment (native_app.environment) is a mapping; it must be a map of texts."},
		{"log.config", cty.ObjectVal(map[string]cty.Value{"version": cty.NumberIntVal(1)}), ""},
	} {
		s := modelSetting(c.name, c.v, 3)
		diags := ValidateModel(&Config{Model: []Setting{s}}, nil)
		got := ""
		if len(diags) > 0 {
			got = diags[0].Detail
			if diags[0].Severity != hcl.DiagWarning || *diags[0].Subject != s.Range {
				t.Errorf("%s: %v", c.name, diags[0])
			}
		}
		if got != c.want || len(diags) > 1 {
			t.Errorf("%s = %#v: %q, want %q", c.name, c.v, got, c.want)
		}
	}
}

func TestValidateModelPassesOver(t *testing.T) {
	bad := modelSetting("workers.count", cty.NumberIntVal(-2), 3)
	reported := hcl.Diagnostics{Errorf("x", bad.Range, "", "")}
	if diags := ValidateModel(&Config{Model: []Setting{bad}}, reported); len(diags) > 0 {
		t.Errorf("reported twice: %v", diags)
	}
	elsewhere := hcl.Diagnostics{Errorf("x", modelSetting("", Null, 9).Range, "", "")}
	if diags := ValidateModel(&Config{Model: []Setting{bad}}, elsewhere); len(diags) != 1 {
		t.Errorf("not reported: %v", diags)
	}
	bad.Layer = LayerDefault
	if diags := ValidateModel(&Config{Model: []Setting{bad}}, nil); len(diags) > 0 {
		t.Errorf("a default is no fault of the user's: %v", diags)
	}
	order := []Setting{modelSetting("process.umask", cty.True, 1), modelSetting("app.module", cty.True, 2), modelSetting("workers.count", cty.True, 3)}
	diags := ValidateModel(&Config{Model: order}, nil)
	if len(diags) != 3 || diags[0].Subject.Start.Line != 2 || diags[2].Subject.Start.Line != 1 {
		t.Errorf("not in the model's order: %v", diags)
	}
}

func TestValidateNative(t *testing.T) {
	cat := &Catalogue{Server: "x", Options: []Option{
		{Name: "workers", Type: "posint", Min: bound(0)},
		{Name: "worker-class", Type: "class", Enum: []string{"sync", "gthread"}},
		{Name: "bind", Type: "whatever"},
	}}
	set := func(name string, v cty.Value) Setting {
		s := modelSetting("", v, 1)
		s.Native = name
		return s
	}
	for _, c := range []struct {
		s    Setting
		want string
	}{
		{set("workers", cty.NumberIntVal(1)), ""},
		{set("workers", cty.NumberIntVal(-1)), "workers is -1; it must be 0 or more."},
		{set("workers", cty.StringVal("-1")), ""},
		{set("worker-class", cty.StringVal("gthraed")), `worker-class is text "gthraed"; it must be one of sync, gthread. Did you mean gthread?`},
		{set("bind", cty.True), ""},
		{set("unknown", cty.True), ""},
	} {
		got := ""
		for _, d := range ValidateNative(cat, []Setting{c.s}, nil) {
			got += d.Detail
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.s.Native, got, c.want)
		}
	}
}

func TestQuantities(t *testing.T) {
	for text, want := range map[string]string{
		"30s": "30s", "1m30s": "1m30s", "90s": "1m30s", "500ms": "500ms", "6h": "6h", "2d": "48h", "1.5h": "1h30m", "0s": "0s", "0.25s": "250ms",
		"1500ms": "1.5s", "-5s": "-5s", "1d2h3m4s5ms": "93784.005s",
	} {
		v, err := ParseDuration(text)
		got, ok := FormatDuration(v)
		if err != nil || !ok || got != want {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
		again, err := ParseDuration(got)
		if err != nil || !again.RawEquals(v) {
			t.Errorf("%s read back: %#v, want %#v", got, again, v)
		}
	}
	for text, want := range map[string]string{
		"512MiB": "512MiB", "1024KiB": "1MiB", "50MB": "50MB", "0B": "0B", "1.5GiB": "1536MiB", "100B": "100B", "8KiB": "8KiB", "1000B": "1KB", "2048B": "2KiB", "1TiB": "1TiB",
	} {
		v, err := ParseSize(text)
		if got, ok := FormatSize(v); err != nil || !ok || got != want {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}
	for _, bad := range []string{"", "30", "s", "-", "30 s", "30S", "1s1m", "1s1s", ".5s", "5.s", "1e3s", "+5s", "٣s", "30sec", "0x1s"} {
		if v, err := ParseDuration(bad); err == nil {
			t.Errorf("time %q: %#v", bad, v)
		}
	}
	for _, bad := range []string{"", "512", "512M", "512mb", "MiB", "1.5B", "1KiB1B", "1 KiB"} {
		if v, err := ParseSize(bad); err == nil {
			t.Errorf("size %q: %#v", bad, v)
		}
	}
}

// TestFloatDuration writes a time that another server computed in floating point.
func TestFloatDuration(t *testing.T) {
	for n, want := range map[float64]string{0.505: "505ms", 0.1: "100ms", 2.25: "2.25s", 0.0001: "0.0001s"} {
		if got, _ := FormatDuration(cty.NumberFloatVal(n)); got != want {
			t.Errorf("%v: %s, want %s", n, got, want)
		}
	}
}

func BenchmarkValidateModel(b *testing.B) {
	var model []Setting
	for i := range Model.Options {
		if o := &Model.Options[i]; o.Type == "int" && len(model) < 15 {
			model = append(model, modelSetting(o.Name, cty.NumberIntVal(5), i))
		}
	}
	for b.Loop() {
		if diags := ValidateModel(&Config{Model: model}, nil); len(diags) > 0 {
			b.Fatal(diags)
		}
	}
}

package syntax

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// stdlib gives the sources of the installed standard library, without its tests.
func stdlib(tb testing.TB) map[string][]byte {
	tb.Helper()
	out, err := exec.Command("python3", "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))").Output()
	if err != nil {
		tb.Skip("no python3")
	}
	names, _ := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "*.py"))
	files := map[string][]byte{}
	for _, name := range names {
		if src, err := os.ReadFile(name); err == nil {
			files[name] = src
		}
	}
	if len(files) == 0 {
		tb.Skip("no sources of the standard library")
	}
	return files
}

func BenchmarkParse(b *testing.B) {
	files := stdlib(b)
	size := 0
	for _, src := range files {
		size += len(src)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for name, src := range files {
			if _, err := Parse(name, src); err != nil {
				b.Fatal(err)
			}
		}
	}
}

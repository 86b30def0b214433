package gunicorn

import (
	"testing"

	"gsrv/schema"
)

// BenchmarkRead reads the shape of a common configuration with its command line.
func BenchmarkRead(b *testing.B) {
	f := loadFixture(b, "../../fixtures/gunicorn/real/003-concurrency-formula-with-json-dump.txtar")
	for b.Loop() {
		if _, diags := f.read(); diags.HasErrors() {
			b.Fatal(diags)
		}
	}
}

// BenchmarkForVersion makes the settings of one release.
func BenchmarkForVersion(b *testing.B) {
	v := schema.MustVersion("20.1.0")
	for b.Loop() {
		ForVersion(v)
	}
}

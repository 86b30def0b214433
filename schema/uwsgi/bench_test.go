package uwsgi

import (
	"strings"
	"testing"

	"gsrv/schema"
)

// BenchmarkRead reads a file of the usual size.
func BenchmarkRead(b *testing.B) {
	dir := b.TempDir()
	writeFiles(b, dir, map[string]string{"u.ini": "[uwsgi]\nbase = /srv/shop\nchdir = %(base)\nmodule = shop.wsgi:application\nhttp = :$(PORT)\nmaster = true\nprocesses = %k\nthreads = 2\nvacuum = true\ndie-on-term = true\nharakiri = 30\nmax-requests = 1000\n"})
	host := &schema.HostInputs{Machine: true, Environ: map[string]string{"PORT": "8000"}, CPUs: 4, Dir: dir}
	for b.Loop() {
		New().Read(schema.Input{Files: schema.NewFiles(dir), Dir: dir, Host: host, File: "u.ini"})
	}
}

// BenchmarkLarge reads a file of many options, in bytes a second.
func BenchmarkLarge(b *testing.B) {
	dir := b.TempDir()
	text := "[uwsgi]\n" + strings.Repeat("env = NAME=some value of a variable\n; a comment line\n", 20_000)
	writeFiles(b, dir, map[string]string{"u.ini": text})
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		New().Read(schema.Input{Files: schema.NewFiles(dir), Dir: dir, Host: schema.NoHost, File: "u.ini"})
	}
}

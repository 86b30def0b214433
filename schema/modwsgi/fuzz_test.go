package modwsgi

import (
	"testing"

	"gsrv/schema/cmdline/clitest"
)

var fuzzReleases = []string{"4.1.0", "4.4.0", "4.9.4", "6.0.5"}

// FuzzCommand reads command lines, words parted by newlines.
func FuzzCommand(f *testing.F) {
	for _, s := range []string{"start-server\nwsgi.py", "start-server\n--port=$X\na", "start-server\n--url-alias\n/s\n./s\na", "setup-server\n--setenv=A\nb", "start-server\n--p\n1", "module-config", "start", "", "start-server\n--https-port=\n--ssl-certificate=x", "start-server\n-\xff", "start-server\n--initial-workers=2", "start-server\n--=3", "start-server\n--port=0b\n--application-type=module\na.b\n--\nc"} {
		f.Add(s, "8", byte(3))
		f.Add(s, "${X}", byte(2))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, line, variable string, release byte) {
		c := clitest.Case{Argv: clitest.Words(line), Env: map[string]string{"X": variable}}
		cfg, diags := clitest.Read(New(), "mod_wsgi-express", dir, fuzzReleases[int(release)%len(fuzzReleases)], c)
		clitest.Sound(t, cfg, diags)
	})
}

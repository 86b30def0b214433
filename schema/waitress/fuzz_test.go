package waitress

import (
	"testing"

	"gsrv/schema/cmdline/clitest"
)

var fuzzReleases = []string{"0.8.3", "1.0.0", "2.1.2", "3.0.2"}

// FuzzCommand reads command lines, words parted by newlines.
func FuzzCommand(f *testing.F) {
	for _, s := range []string{"app:app", "--threads=8\na:b", "--listen=*:80\n--listen\n[::1]:9 x:\na:b", "--no-ipv4\na:b", "--t\nx", "--trusted-proxy=10.0.0.0/8\na:b", "--port=x\n--host=\na:b", "--unix-socket\n/x\n--unix-socket-perms=9\na", "--sockets=\n--listen=\na:b", "--", "-\xff", "--=3", "--listen=${X}:$Y\na:b"} {
		f.Add(s, byte(3))
		f.Add(s, byte(1))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, line string, release byte) {
		c := clitest.Case{Argv: clitest.Words(line)}
		cfg, diags := clitest.Read(New(), "waitress-serve", dir, fuzzReleases[int(release)%len(fuzzReleases)], c)
		clitest.Sound(t, cfg, diags)
	})
}

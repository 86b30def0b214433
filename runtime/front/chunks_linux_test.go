package front

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"gsrv/runtime/wire"
)

// writes is how many write calls this process has made.
func writes(t *testing.T) (n int) {
	t.Helper()
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skip(err)
	}
	_, rest, _ := strings.Cut(string(b), "syscw: ")
	if _, err := fmt.Sscan(rest, &n); err != nil {
		t.Skip(err)
	}
	return n
}

// TestSmallChunksInFile has bodies of chunks so small that a write for each would cost the server far more than the client.
func TestSmallChunksInFile(t *testing.T) {
	const n = 100_000
	var want string
	r := start(t, func(r *wire.Request, a wire.Answer) {
		if got := body(r); r.File == nil || string(got) != want {
			t.Errorf("file %v, %d bytes of %d", r.File, len(got), len(want))
		}
		hello(r, a)
	}, func(c *Config) { c.SpoolOver = 100 })
	var text, data strings.Builder
	for i := range n {
		size := 1
		if i%1000 == 500 {
			size = i / 10 // larger than what is gathered, and not
		}
		piece := strings.Repeat(string(rune('a'+i%26)), size)
		fmt.Fprintf(&text, "%x\r\n%s\r\n", size, piece)
		data.WriteString(piece)
	}
	want = data.String()
	from := writes(t)
	c := r.dial().send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + text.String() + "0\r\n\r\n")
	if resp, _ := c.answer("POST"); resp.StatusCode != 200 {
		t.Error(resp)
	}
	if made := writes(t) - from; made > n/10 {
		t.Errorf("%d write calls for %d chunks", made, n)
	}
}

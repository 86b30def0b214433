package front

import (
	"net"
	"path/filepath"
	"testing"
	"time"

	"gsrv/runtime/wire"
)

// TestGoneAfterAnother has clients that send one more request and close: what answers them at once writes to a closed
// connection, while its reader is in the middle of reading.
func TestGoneAfterAnother(t *testing.T) {
	for name, second := range map[string]string{"health": "/-/health", "refused": "/%00", "full": "/full"} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
			if err != nil {
				t.Fatal(err)
			}
			r := startOn(t, l, hello, func(c *Config) {
				c.HealthPath = "/-/health"
				f := c.Sender()
				c.Sender = func() wire.Sender { return full{f} }
			})
			for range 30 {
				c := r.dial().send(get + "\r\n")
				c.answer("GET")
				c.send("GET " + second + " HTTP/1.1\r\nHost: x\r\n\r\n")
				c.Close()
			}
			for end := time.Now().Add(5 * time.Second); r.s.Stats().Open > 0; time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("%d connections stay", r.s.Stats().Open)
				}
			}
		})
	}
}

// full is a Sender that refuses /full at once, as one whose queue is full.
type full struct{ wire.Sender }

func (s full) Send(r *wire.Request) {
	if p, _ := lookup(r.Environ, "PATH_INFO"); p == "/full" {
		r.Answer.End(&wire.Failure{Status: 503, Reason: "full"})
		return
	}
	s.Sender.Send(r)
}

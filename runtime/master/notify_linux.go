package master

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// A notifier tells systemd how the service is; the zero value tells nobody.
type notifier struct {
	address string
	// watchdog is how often it wants to hear that the server lives; 0 for not at all.
	watchdog time.Duration
}

// newNotifier reads NOTIFY_SOCKET and WATCHDOG_USEC and takes them out of the environment, so that no worker speaks for the
// server.
func newNotifier() notifier {
	n := notifier{address: os.Getenv("NOTIFY_SOCKET")}
	if strings.HasPrefix(n.address, "@") {
		n.address = "\x00" + n.address[1:]
	}
	pid := os.Getenv("WATCHDOG_PID")
	if usec, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64); err == nil && usec > 0 && (pid == "" || pid == strconv.Itoa(os.Getpid())) {
		n.watchdog = time.Duration(usec) * time.Microsecond / 2
	}
	return n
}

// send tells systemd NAME=VALUE lines; that nobody listens is no error for the server.
func (n notifier) send(lines ...string) {
	if n.address == "" {
		return
	}
	c, err := net.Dial("unixgram", n.address)
	if err != nil {
		return
	}
	defer c.Close()
	// A service manager that does not listen must not hold the server up.
	c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	c.Write([]byte(strings.Join(lines, "\n")))
}

func (n notifier) ready(status string) {
	n.send("READY=1", "MAINPID="+strconv.Itoa(os.Getpid()), "STATUS="+status)
}

func (n notifier) reloading() {
	n.send("RELOADING=1", fmt.Sprintf("MONOTONIC_USEC=%d", monotonic()/1000), "STATUS=Reloading")
}

func (n notifier) stopping() { n.send("STOPPING=1", "STATUS=Stopping") }
func (n notifier) alive()    { n.send("WATCHDOG=1") }

// voice is what tells systemd how the service is. A server beside the one that it replaces is not the service yet.
func (m *master) voice() notifier {
	if m.heir != nil && !m.promoted {
		return notifier{}
	}
	return m.notify
}

package control

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"gsrv/runtime/reason"
)

// A Request is one line to the control socket.
type Request struct {
	// Command is status, workers, reload, stop, scale or config.
	Command string `json:"command"`
	// Workers is scale's number; Now makes stop end requests that run.
	Workers int  `json:"workers,omitempty"`
	Now     bool `json:"now,omitempty"`
}

// A Reply is one line back.
type Reply struct {
	OK      bool     `json:"ok"`
	Error   string   `json:"error,omitempty"`
	Message string   `json:"message,omitempty"`
	Status  *Status  `json:"status,omitempty"`
	Config  []string `json:"config,omitempty"`
}

// A Socket is a control socket that listens.
type Socket struct {
	path     string
	listener *net.UnixListener
}

// Listen opens the socket at path, with mode 0600 from its first moment. A socket that nobody listens on any more is replaced.
func Listen(path string, server Server) (*Socket, error) {
	if err := clear(path); err != nil {
		return nil, err
	}
	l, err := listenPrivate(path)
	if err != nil {
		return nil, reason.File("control socket", path, err)
	}
	l.SetUnlinkOnClose(false)
	s := &Socket{path: path, listener: l}
	go s.accept(server)
	return s, nil
}

// clear removes a socket that is left over; one that answers is somebody else's.
func clear(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	if info.Mode()&os.ModeSocket == 0 {
		return fmt.Errorf("control socket: %s is there and is no socket; name another path", path)
	}
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		c.Close()
		return fmt.Errorf("control socket: another server listens on %s; name another path", path)
	} else if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("control socket: %w", err)
	}
	return os.Remove(path)
}

// Close ends the socket and removes its file.
func (s *Socket) Close() {
	s.listener.Close()
	os.Remove(s.path)
}

// Leave ends the socket and leaves the file to a newer server that has replaced it.
func (s *Socket) Leave() { s.listener.Close() }

func (s *Socket) accept(server Server) {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		go converse(c, server)
	}
}

// converse answers the lines of one connection.
func converse(c net.Conn, server Server) {
	defer c.Close()
	in := bufio.NewScanner(c)
	in.Buffer(nil, 1<<16)
	out := json.NewEncoder(c)
	for {
		c.SetReadDeadline(time.Now().Add(time.Minute))
		if !in.Scan() {
			return
		}
		var q Request
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			out.Encode(Reply{Error: "not a line of JSON: " + err.Error()})
			return
		}
		if out.Encode(answer(q, server)) != nil {
			return
		}
	}
}

func answer(q Request, server Server) Reply {
	switch q.Command {
	case "status", "workers":
		s := server.Status()
		return Reply{OK: true, Status: &s}
	case "reload":
		if err := server.Reload(); err != nil {
			return Reply{Error: err.Error()}
		}
		return Reply{OK: true, Message: "the new workers serve"}
	case "scale":
		if err := server.Scale(q.Workers); err != nil {
			return Reply{Error: err.Error()}
		}
		return Reply{OK: true, Message: fmt.Sprintf("%d workers", server.Status().Wanted)}
	case "stop":
		server.Stop(!q.Now)
		return Reply{OK: true, Message: "stopping"}
	case "config":
		return Reply{OK: true, Config: server.Configuration()}
	}
	return Reply{Error: fmt.Sprintf("there is no command %q; the commands are status, workers, reload, stop, scale and config", q.Command)}
}

// Ask sends one request to the socket at path and gives the reply. An error is for the conversation; what the server says
// is in the reply.
func Ask(path string, q Request, limit time.Duration) (*Reply, error) {
	c, err := net.DialTimeout("unix", path, 5*time.Second)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(limit))
	if err := json.NewEncoder(c).Encode(q); err != nil {
		return nil, err
	}
	var r Reply
	if err := json.NewDecoder(c).Decode(&r); err != nil {
		return nil, fmt.Errorf("no answer: %w", err)
	}
	return &r, nil
}

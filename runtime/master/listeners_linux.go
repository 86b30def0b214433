package master

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"gsrv/runtime/plan"
	"gsrv/runtime/reason"
)

// A listener is an open address.
type listener struct {
	spec plan.Listener
	net.Listener
	// owned tells that the socket's file is removed at the end: it was made by this server, or by the one it replaces.
	owned bool
	// systemd tells that the socket is the service manager's.
	systemd bool
}

// key is what makes two listeners the same across a reload.
func key(s *plan.Listener) string { return s.Network + " " + s.Address }

// String is the address as the log has it.
func (l *listener) String() string {
	if l.Listener == nil {
		return l.spec.Text
	}
	if a := l.Addr(); a.Network() == "unix" {
		return "unix:" + a.String()
	}
	return l.Addr().String()
}

// openListener binds an address and listens on it.
func openListener(ctx context.Context, spec plan.Listener) (*listener, error) {
	l := &listener{spec: spec}
	var err error
	switch spec.Network {
	case "fd":
		fd, _ := strconv.Atoi(spec.Address)
		l.systemd = true
		l.Listener, err = adopt(fd, spec.Backlog)
	case "unix":
		if err = clearSocket(spec.Address); err != nil {
			return nil, err
		}
		l.owned = spec.Address[0] != '@'
		l.Listener, err = open(&spec, unix.AF_UNIX, &unix.SockaddrUnix{Name: spec.Address})
	default:
		var family int
		var address unix.Sockaddr
		if family, address, err = tcpAddress(spec.Address); err != nil {
			return nil, fmt.Errorf("%s: %w", spec.Text, err)
		}
		// The socket of a server that has just ended may need a moment to go.
		for try := 0; ; try++ {
			l.Listener, err = open(&spec, family, address)
			if !errors.Is(err, syscall.EADDRINUSE) || try == 4 {
				break
			}
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(500 * time.Millisecond):
			}
		}
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s: another program listens there (ss -ltnp shows which)", spec.Text)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%s: no network interface of this machine has that address", spec.Text)
	case errors.Is(err, syscall.EACCES) && spec.Network == "tcp":
		return nil, fmt.Errorf("%s: not allowed; ports below 1024 are root's (or need CAP_NET_BIND_SERVICE)", spec.Text)
	case err != nil && spec.Network == "unix" && spec.Address[0] != '@':
		return nil, reason.File("socket", spec.Address, err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", spec.Text, err)
	}
	return l, nil
}

// tcpAddress resolves host:port: names and no host are IPv4, as with gunicorn; [::] takes IPv4 as well where the system
// does.
func tcpAddress(text string) (int, unix.Sockaddr, error) {
	host, _, err := net.SplitHostPort(text)
	if err != nil {
		return 0, nil, err
	}
	network := "tcp4"
	if ip := net.ParseIP(host); ip != nil && ip.To4() == nil || len(host) > 0 && host[0] == ':' {
		network = "tcp6"
	}
	a, err := net.ResolveTCPAddr(network, text)
	if err != nil {
		return 0, nil, err
	}
	if network == "tcp6" {
		s := &unix.SockaddrInet6{Port: a.Port}
		copy(s.Addr[:], a.IP.To16())
		if a.Zone != "" {
			if i, err := net.InterfaceByName(a.Zone); err == nil {
				s.ZoneId = uint32(i.Index)
			}
		}
		return unix.AF_INET6, s, nil
	}
	s := &unix.SockaddrInet4{Port: a.Port}
	if ip := a.IP.To4(); ip != nil {
		copy(s.Addr[:], ip)
	}
	return unix.AF_INET, s, nil
}

// open makes the socket by hand: the net package takes no backlog, and a unix socket's mode and owner must be right before
// anybody can connect.
func open(spec *plan.Listener, family int, address unix.Sockaddr) (net.Listener, error) {
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), spec.Text)
	defer file.Close()
	if family != unix.AF_UNIX {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		if spec.ReusePort {
			if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
				return nil, fmt.Errorf("SO_REUSEPORT: %w", err)
			}
		}
	}
	if spec.V6Only && family == unix.AF_INET6 {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
			return nil, fmt.Errorf("IPV6_V6ONLY: %w", err)
		}
	}
	if err := unix.Bind(fd, address); err != nil {
		return nil, err
	}
	if family == unix.AF_UNIX && spec.Address[0] != '@' {
		if err := dress(spec); err != nil {
			os.Remove(spec.Address)
			return nil, err
		}
	}
	if err := unix.Listen(fd, spec.Backlog); err != nil {
		return nil, err
	}
	return listenOn(file)
}

func listenOn(file *os.File) (net.Listener, error) {
	l, err := net.FileListener(file)
	if err != nil {
		return nil, err
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	return l, nil
}

// dress gives a unix socket its mode and owner.
func dress(spec *plan.Listener) error {
	if spec.Mode != nil {
		if err := os.Chmod(spec.Address, *spec.Mode); err != nil {
			return err
		}
	}
	if spec.UID >= 0 || spec.GID >= 0 {
		return os.Chown(spec.Address, spec.UID, spec.GID)
	}
	return nil
}

// clearSocket removes a unix socket that is left over from a server that has ended: nobody answers on it. Anything else in
// that place is left alone.
func clearSocket(path string) error {
	if path[0] == '@' {
		return nil
	}
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode()&os.ModeSocket == 0 {
		return fmt.Errorf("unix:%s: there is something that is no socket; move it away or name another path", path)
	}
	c, err := net.DialTimeout("unix", path, 2*time.Second)
	switch {
	case err == nil:
		c.Close()
		return fmt.Errorf("unix:%s: another server listens there; stop it or name another path", path)
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	case errors.Is(err, os.ErrNotExist):
		return nil
	}
	return fmt.Errorf("unix:%s: it cannot be told whether a server listens there: %w", path, err)
}

// adopt takes over a socket that was open when the program started, and leaves its file alone.
func adopt(fd, backlog int) (net.Listener, error) {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return nil, fmt.Errorf("descriptor %d is no open socket", fd)
	}
	if kind != unix.SOCK_STREAM {
		return nil, fmt.Errorf("descriptor %d is no stream socket", fd)
	}
	unix.CloseOnExec(fd)
	if accepting, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err == nil && accepting == 0 && backlog > 0 {
		if err := unix.Listen(fd, backlog); err != nil {
			return nil, err
		}
	}
	file := os.NewFile(uintptr(fd), fmt.Sprintf("fd://%d", fd))
	defer file.Close()
	return listenOn(file)
}

// close closes the socket and removes its file where that is this server's business.
func (l *listener) close(unlink bool) {
	l.Listener.Close()
	if unlink && l.owned {
		os.Remove(l.spec.Address)
	}
}

// spokenDifferently tells that connections are opened in another way after a reload: with TLS or without, with the PROXY
// protocol or without.
func spokenDifferently(a, b *plan.Plan) bool {
	plain := func(l plan.Listener) bool { return l.Plain }
	return (a.TLS == nil) != (b.TLS == nil) || slices.ContainsFunc(a.Listen, plain) || slices.ContainsFunc(b.Listen, plain) || a.HTTP.HTTP2.Cleartext != b.HTTP.HTTP2.Cleartext || a.Proxy.Protocol != b.Proxy.Protocol ||
		a.Proxy.ProtocolAll != b.Proxy.ProtocolAll || !slices.Equal(a.Proxy.ProtocolTrusted, b.Proxy.ProtocolTrusted)
}

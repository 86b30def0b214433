package front

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// A peer is the other end of a connection, and this end, as the environ names them.
type peer struct {
	// local says that the peer came through a unix socket; gunicorn trusts it.
	local bool
	// ip is who is at the other end of the socket; what may be trusted depends on it.
	ip netip.Addr
	// addr and port are REMOTE_ADDR and REMOTE_PORT: ip's, or what the PROXY protocol said.
	addr, port string
	// serverName and serverPort are the listener's address; both "" for a unix socket whose SERVER_NAME is Host's.
	serverName, serverPort string
	// socket is the path of a unix listener.
	socket string
	// proxy is what the PROXY protocol said.
	proxy *proxied
	// fixed holds the variables of the environ that are the same for all requests of the connection.
	fixed []byte
}

// proxied is what a PROXY protocol header said of a connection.
type proxied struct {
	protocol         string // TCP4, TCP6, UNSPEC, LOCAL
	client, proxy    string
	clientPort, port int
}

// newPeer describes a connection that l took.
func newPeer(remote, listener net.Addr, px *proxied) *peer {
	p := &peer{proxy: px}
	switch a := remote.(type) {
	case *net.TCPAddr:
		p.ip, _ = netip.AddrFromSlice(a.IP)
		p.addr, p.port = p.ip.WithZone(a.Zone).String(), strconv.Itoa(a.Port) // prefixes match no address with a zone
	case *net.UnixAddr:
		p.local = true
		if a != nil && a.Name != "@" {
			p.addr = a.Name
			if !validValue(p.addr) { // the client chose it
				p.addr = string(appendEscaped(nil, p.addr))
			}
		}
	default:
		p.local = remote == nil || strings.HasPrefix(remote.Network(), "unix")
		if remote != nil && !p.local {
			host, port, _ := net.SplitHostPort(remote.String())
			p.ip, _ = netip.ParseAddr(host)
			p.addr, p.port = host, port
		}
	}
	switch a := listener.(type) {
	case *net.TCPAddr:
		ip, _ := netip.AddrFromSlice(a.IP)
		p.serverName, p.serverPort = ip.String(), strconv.Itoa(a.Port)
	case *net.UnixAddr:
		p.socket = a.Name
	default:
		p.serverName, p.serverPort, _ = net.SplitHostPort(listener.String())
	}
	if px != nil && px.client != "" {
		p.addr, p.port = px.client, strconv.Itoa(px.clientPort)
	}
	b := appendVar(nil, "REMOTE_ADDR", p.addr)
	if p.port != "" {
		b = appendVar(b, "REMOTE_PORT", p.port)
	}
	if px != nil {
		b = appendVar(b, "PROXY_PROTOCOL", px.protocol)
		if px.client != "" {
			b = appendVar(b, "PROXY_ADDR", px.proxy)
			b = appendVar(b, "PROXY_PORT", strconv.Itoa(px.port))
		}
	}
	if p.socket == "" {
		b = appendVar(b, "SERVER_NAME", p.serverName)
		b = appendVar(b, "SERVER_PORT", p.serverPort)
	}
	p.fixed = b
	return p
}

// appendServer appends SERVER_NAME and SERVER_PORT of a unix socket: what Host says, or the socket's path and no port.
// Like gunicorn it splits at every colon and takes the first two parts; an address in brackets is kept together here.
func (p *peer) appendServer(b []byte, host, scheme string) []byte {
	if p.socket == "" {
		return b
	}
	name, port := p.socket, ""
	if host != "" {
		name, port = host, ""
		from := 0
		if host[0] == '[' {
			from = max(strings.IndexByte(host, ']'), 0)
		}
		if i := strings.IndexByte(host[from:], ':'); i >= 0 {
			name, port = host[:from+i], host[from+i+1:]
			if j := strings.IndexByte(port, ':'); j >= 0 {
				port = port[:j]
			}
		} else if scheme == "https" {
			port = "443"
		} else {
			port = "80"
		}
	}
	b = appendVar(b, "SERVER_NAME", name)
	return appendVar(b, "SERVER_PORT", port)
}

package unit

import (
	"net/netip"
	"strconv"
	"strings"
)

// socket reads what the [Socket] sections say.
func (r *reader) socket() {
	g := getter{r, "Socket"}
	s := &Socket{}
	r.unit.Socket = s
	for _, section := range r.unit.Sections {
		if section.Name != "Socket" {
			continue
		}
		for _, a := range section.Assignments {
			if !strings.HasPrefix(a.Key, "Listen") || keys()["Socket."+a.Key] == "" {
				continue
			}
			if a.Value == "" { // resets all of them
				s.Listen = nil
				continue
			}
			t := a.text()
			l, why := listen(a.Key, t)
			if why != "" && !t.Open {
				r.warn(a.Range, a.line, "Failed to parse address value in '"+a.Value+"', ignoring: "+why, "invalid-address", "Give a port, ADDRESS:PORT, [ADDRESS]:PORT, or a path that begins with a slash.")
				continue
			}
			s.Listen = append(s.Listen, l)
		}
	}
	s.Mode = g.mode("SocketMode", "0666")
	s.User, s.Group = g.text("SocketUser", ""), g.text("SocketGroup", "")
	s.Accept = g.boolean("Accept", false)
	s.Service = g.text("Service", "")
	if !s.Service.Set && !s.Accept.Value {
		s.Service.Value = strings.TrimSuffix(r.unit.Name, ".socket") + ".service"
	}
	if t := g.text("Backlog", ""); t.Set {
		n, err := strconv.ParseInt(t.Value, 10, 64)
		s.Backlog = Int{Value: n, Set: err == nil, Open: t.Open, Range: t.Range}
	}
}

// listen reads one address.
func listen(key string, t Text) (l Listen, why string) {
	l = Listen{Key: key, Network: "other", Text: t}
	switch key {
	case "ListenStream", "ListenDatagram", "ListenSequentialPacket":
	default:
		return l, ""
	}
	value := t.Value
	if strings.HasPrefix(value, "/") || strings.HasPrefix(value, "@") {
		l.Network, l.Path = "unix", value
		if len(value) > 108 || len(value) == 1 {
			return l, "Invalid argument"
		}
		return l, ""
	}
	if strings.HasPrefix(value, "vsock:") {
		return l, ""
	}
	l.Network = "tcp"
	if key == "ListenDatagram" {
		l.Network = "udp"
	}
	if n, err := strconv.ParseUint(value, 10, 64); err == nil {
		l.Port = value
		if n == 0 {
			return l, "Invalid argument"
		}
		if n > 65535 {
			return l, "Numerical result out of range"
		}
		return l, ""
	}
	address, err := netip.ParseAddrPort(value)
	if err != nil || address.Port() == 0 {
		return l, "Invalid argument"
	}
	l.Host, l.Port = address.Addr().String(), strconv.Itoa(int(address.Port()))
	return l, ""
}

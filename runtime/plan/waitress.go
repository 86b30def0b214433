package plan

import (
	"context"
	"net"
	"os"
	"slices"
	"strings"
	"time"
)

// lookupTime bounds the time in which the name of an address must be resolved.
const lookupTime = 5 * time.Second

// waitressAddresses gives the addresses that waitress binds for one of its own: * is every IPv4 and every IPv6 address, a name all that it
// resolves to, of the families that ipv4 and ipv6 leave. What cannot be resolved is given back as it is, for the start to fail with.
func (r *reader) waitressAddresses(index int, text string) []string {
	host, port, err := net.SplitHostPort(text)
	if err != nil || strings.HasPrefix(text, "unix:") {
		return []string{text}
	}
	v4, v6 := truthOf(r.own("ipv4"), true), truthOf(r.own("ipv6"), true)
	if host == "0.0.0.0" && v4 && v6 && r.star(index) && haveIPv6() {
		return []string{text, net.JoinHostPort("::", port)}
	}
	if host == "" || net.ParseIP(host) != nil {
		return []string{text}
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookupTime)
	defer cancel()
	ips, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return []string{text}
	}
	var out []string
	for _, ip := range ips {
		four := ip.IP.To4() != nil
		address := net.JoinHostPort(ip.String(), port)
		if (four && v4 || !four && v6 && haveIPv6()) && !slices.Contains(out, address) {
			out = append(out, address)
		}
	}
	return out
}

// star tells whether waitress was given * as the host of an address.
func (r *reader) star(index int) bool {
	if s := r.own("host"); s != nil && textOf(s, "") == "*" {
		return true
	}
	list := listOf(r.own("listen"))
	return index < len(list) && (list[index] == "*" || strings.HasPrefix(list[index], "*:"))
}

// haveIPv6 tells whether the kernel speaks it.
func haveIPv6() bool {
	_, err := os.Stat("/proc/net/if_inet6")
	return err == nil
}

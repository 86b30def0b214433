package waitress

import (
	"net/netip"
	"slices"
	"strings"

	"gsrv/schema/ini"
)

// Conflicts checks which settings exclude each other, as waitress does before anything else, and tells whether any do.
func (a *Adjustments) Conflicts() bool {
	exclusive := []struct {
		one     string
		others  []string
		message string
	}{
		{"listen", []string{"host", "port"}, "host or port may not be set if listen is set."},
		{"listen", []string{"sockets"}, "socket may not be set if listen is set."},
		{"sockets", []string{"host", "port"}, "host or port may not be set if sockets is set."},
		{"sockets", []string{"unix_socket"}, "unix_socket may not be set if sockets is set"},
		{"unix_socket", []string{"host", "port"}, "unix_socket may not be set if host or port is set"},
		{"unix_socket", []string{"listen"}, "unix_socket may not be set if listen is set"},
	}
	conflict := false
	for _, e := range exclusive {
		if other := a.First(e.others...); a.Has(e.one) && other != "" {
			conflict = true
			a.refuse("conflict", a.nameAt(other), "ValueError: "+e.message, "Two settings that exclude each other",
				"%s and %s say twice where to listen, and waitress refuses to start with both. Keep one of them.", a.Spell(e.one, ""), a.spellAll(e.others))
		}
	}
	return conflict
}

func (a *Adjustments) spellAll(names []string) string {
	spelt := make([]string, len(names))
	for i, n := range names {
		spelt[i] = a.Spell(n, "")
	}
	return strings.Join(spelt, " or ")
}

// Check checks what waitress checks of the settings together, and what it takes although it cannot be meant. The
// addresses count where no Conflicts were found.
func (a *Adjustments) Check(conflict bool) {
	if !conflict {
		a.checkAddresses()
	}
	a.checkTrustedProxy()
	if n, ok := a.number("threads"); ok && n <= 0 && a.Has("threads") {
		a.warn("out-of-range", a.at("threads"), "No threads", "With %d threads waitress accepts connections and never answers. The default is 4.", n)
	}
	if scheme, ok := a.text("url_scheme"); ok && scheme != "http" && scheme != "https" {
		a.warn("invalid-value", a.at("url_scheme"), "Unknown scheme", "The application gets %s as wsgi.url_scheme, and every URL it makes begins with it. Write http or https.", ini.Quote(scheme))
	}
	if a.Has("send_bytes") {
		a.note("deprecated", a.nameAt("send_bytes"), "Deprecated setting", "waitress warns of send_bytes since 1.3.0 and will refuse it one day. Remove it.")
	}
}

func (a *Adjustments) checkTrustedProxy() {
	proxy := a.Given["trusted_proxy"]
	if proxy == nil || proxy.Known && proxy.Text == "" {
		for _, name := range []string{"trusted_proxy_count", "trusted_proxy_headers"} {
			if v := a.Given[name]; v != nil && (name == "trusted_proxy_count" || ini.Strip(v.Text) != "") {
				a.refuse("conflict", a.nameAt(name), "ValueError: "+name+" has no meaning without setting trusted_proxy", "trusted_proxy is missing",
					"%s says what to believe of a proxy, and trusted_proxy does not say of which; waitress refuses to start. Add %s, or remove %s.", a.Spell(name, ""), a.Spell("trusted_proxy", "ADDRESS"), a.Spell(name, ""))
			}
		}
		return
	}
	a.checkProxyHeaders()
	if !proxy.Known || proxy.Text == "*" {
		return
	}
	if _, err := netip.ParseAddr(proxy.Text); err == nil || proxy.Text == "localhost" && a.Has("unix_socket") {
		return
	}
	why := "is compared with the proxy's IP address as text, so it never matches and the proxy's headers are dropped or ignored. Write the address, or * for any."
	switch {
	case strings.EqualFold(proxy.Text, "true") || strings.EqualFold(proxy.Text, "yes") || strings.EqualFold(proxy.Text, "on"):
		why = "is no switch: it " + why
	case strings.ContainsAny(proxy.Text, ",/ \n"):
		why = "holds one address only, no list and no network: it " + why
	}
	a.warn("invalid-value", a.at("trusted_proxy"), "Proxy is never trusted", "%s: the value %s", a.Spell("trusted_proxy", proxy.Text), why)
}

func (a *Adjustments) checkProxyHeaders() {
	headers := a.value("trusted_proxy_headers")
	if headers.IsKnown() && headers.LengthInt() == 0 {
		a.note("proxy-headers", a.nameAt("trusted_proxy"), "Which headers are believed", "Without "+a.Spell("trusted_proxy_headers", "")+" waitress believes X-Forwarded-Proto alone, so the client's address is not known to the application. Name the headers that the proxy sets.")
		return
	}
	if !headers.IsKnown() {
		return
	}
	known := Catalogue.Lookup("trusted_proxy_headers").Enum
	seen := map[string]bool{}
	var unknown []string
	for it := headers.ElementIterator(); it.Next(); {
		_, x := it.Element()
		name := x.AsString()
		if !seen[name] && !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
		seen[name] = true
	}
	if len(unknown) > 0 {
		what := ini.Quote(unknown[0]) + " is none"
		if len(unknown) > 1 {
			what = ini.Quote(strings.Join(unknown, ", ")) + " are none"
		}
		a.refuse("invalid-value", a.at("trusted_proxy_headers"), "ValueError: Received unknown trusted_proxy_headers value ("+strings.Join(unknown, ", ")+") expected one of "+strings.Join(known, ", "), "Unknown header",
			"%s of the headers that waitress can believe: %s. Separate them by spaces.", what, strings.Join(known, ", "))
	}
	if seen["forwarded"] && len(seen) > 1 {
		a.refuse("conflict", a.at("trusted_proxy_headers"), "ValueError: The Forwarded proxy header and the X-Forwarded-{By,Host,Proto,Port,For} headers are mutually exclusive. Can't trust both!", "Two kinds of headers",
			"waitress believes either Forwarded or the X-Forwarded headers, and refuses to start with both. Keep what the proxy sets.")
	}
}

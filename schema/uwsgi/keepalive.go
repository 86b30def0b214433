package uwsgi

import (
	"github.com/zclconf/go-cty/cty"

	"gsrv/schema"
)

// routers are the options whose addresses uWSGI's HTTP router listens on.
var routers = []string{"http", "httprouter", "https", "https2", "http-to-https"}

// keepAlive tells how long a connection is kept for the next request, where a configuration asks for that. The HTTP router
// keeps it for http-keepalive seconds; 1, which the option is without a value on a command line, leaves it to http-timeout.
// A socket of http11-socket is kept for socket-timeout. Other sockets speak HTTP 1.0 and close it, whatever http-keepalive
// says (uWSGI 2.0.21).
func (m *modelMaker) keepAlive() {
	const model = "http.keep_alive"
	s := m.given("http-keepalive")
	switch {
	case s != nil && m.given(routers...) != nil:
		value, onHost := schema.Convert("int", s.Value), schema.ConvertValue("int", s.OnHost)
		if wait := effective(m.native, "http-timeout"); wait != nil && wait.Value != nil && isOne(onHost) && schema.IsConst(value) {
			value, onHost = wait.Value, wait.OnHost
		}
		m.add(model, s, value, onHost)
	case m.given("http11-socket") != nil && m.given(routers...) == nil:
		if t := m.given("socket-timeout"); t != nil {
			m.add(model, m.given("http11-socket"), t.Value, t.OnHost)
			return
		}
		m.constant(model, m.given("http11-socket"), cty.NumberIntVal(4))
	}
}

func isOne(v cty.Value) bool {
	return v.IsKnown() && !v.IsNull() && v.Type() == cty.Number && v.RawEquals(cty.NumberIntVal(1))
}

package nginx

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var (
	cases = flag.Int("cases", 250, "number of generated files of each kind that are compared with nginx")
	seed  = flag.Uint64("seed", 1, "seed of the generated files")
)

// TestGeneratedWordsLikeNginx compares files of random tokens.
func TestGeneratedWordsLikeNginx(t *testing.T) {
	needNginx(t)
	random := rand.New(rand.NewPCG(*seed, 1))
	pieces := []string{"env", "a", "=", " ", " ", " ", "\n", ";", ";", ";", "{", "}", "\"", "'", "\\", "#", "$", "${", "(", ")", "\t", "\r\n", "http", "server", "events", "\"x y\"", "'q'", "A=b", "env x;", "http {", "}"}
	for range *cases {
		var b strings.Builder
		b.WriteString("events {} ")
		for range 1 + random.IntN(14) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		if strings.Contains(b.String(), "{{") || strings.Contains(b.String(), "$A") {
			continue // read as a template
		}
		compare(t, b.String())
	}
}

// TestGeneratedDirectivesLikeNginx compares directives of the table in random places with random values. Values of
// kinds that only the module itself understands are left out.
func TestGeneratedDirectivesLikeNginx(t *testing.T) {
	needNginx(t)
	random := rand.New(rand.NewPCG(*seed, 2))
	var names []string
	for name, list := range rules() {
		if !slices.ContainsFunc(list, func(r rule) bool { return r.module != "" }) && !newer(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	values := []string{"on", "off", "ON", "1", "0", "10", "10s", "5k", "2m", "1g", "5ms", "x", "\"1h 5m\"", "-1", "1.1", "\"\"", "5m 3s", "1 2", "8 4k"}
	around := map[string]string{
		"main": "%s", "http": "http { %s }", "server": "http { server { %s } }", "location": "http { server { location / { %s } } }",
		"upstream": "http { upstream u { server 127.0.0.1; %s } }", "events": "", "location-if": "http { server { location / { if ($host) { %s } } } }",
		"limit_except": "http { server { location / { limit_except GET { %s } } } }",
	}
	contexts := []string{"main", "http", "server", "location", "upstream", "location-if", "limit_except"}
	for range *cases {
		name := names[random.IntN(len(names))]
		context := contexts[random.IntN(len(contexts))]
		known := rules()[name]
		one := known[random.IntN(len(known))]
		if random.IntN(4) > 0 {
			context = one.contexts[random.IntN(len(one.contexts))]
		}
		if around[context] == "" {
			continue
		}
		n := random.IntN(4)
		if random.IntN(3) > 0 && len(one.counts) > 0 {
			n = one.counts[0]
		}
		if one.flag {
			n = 1
		}
		words := append([]string{name}, make([]string, n)...)
		for i := range n {
			words[i+1] = values[random.IntN(len(values))]
		}
		line := strings.Join(words, " ") + ";"
		fits := slices.IndexFunc(known, func(r rule) bool { return r.in(context) })
		if fits >= 0 && n > 0 && !checked(name, &known[fits]) {
			continue
		}
		if random.IntN(6) == 0 && fits >= 0 && checked(name, &known[fits]) {
			line += line
		}
		compare(t, "events {} "+fmt.Sprintf(around[context], line))
	}
}

// newer tells that Debian's nginx does not know a directive yet.
func newer(name string) bool {
	_, after, _ := strings.Cut(directivesTSV, "# since")
	return strings.Contains(after, "\n"+name+"\t")
}

// checked tells that a value is fully checked by its kind: the kinds of flags, numbers and times, where the module has
// no bounds of its own.
func checked(name string, r *rule) bool {
	bounded := []string{"worker_aio_requests", "worker_priority", "ssl_dhparam", "ssl", "ssl_session_tickets", "output_buffers", "gzip_window", "gzip_hash", "client_body_buffer_size", "http2_chunk_size", "userid_expires", "subrequest_output_buffer_size", "connection_pool_size", "request_pool_size", "http2_pool_size", "gzip_comp_level"}
	if strings.HasSuffix(name, "_file_write_size") || strings.HasSuffix(name, "_temp_file_size") || strings.HasSuffix(name, "busy_buffers_size") {
		return false
	}
	return r.kind == "flag" && !slices.Contains(bounded, name) || slices.Contains([]string{"num", "msec", "sec", "size", "off"}, r.kind) && !slices.Contains(bounded, name)
}

package nginx

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"

	"gsrv/schema"
)

// ownVariables are those of nginx 1.22 with its usual modules, and a few of later releases.
var ownVariables = strings.Fields(`ancient_browser args binary_remote_addr body_bytes_sent bytes_sent connection
connection_requests connection_time connections_active connections_reading connections_waiting connections_writing
content_length content_type date_gmt date_local document_root document_uri fastcgi_path_info fastcgi_script_name
gzip_ratio host hostname http2 http3 https invalid_referer is_args is_request_port limit_conn_status limit_rate
limit_req_status memcached_key modern_browser msec msie nginx_version pid pipe proxy_add_x_forwarded_for proxy_host
proxy_port proxy_protocol_addr proxy_protocol_port proxy_protocol_server_addr proxy_protocol_server_port query_string
realip_remote_addr realip_remote_port realpath_root remote_addr remote_port remote_user request request_body
request_body_file request_completion request_filename request_id request_length request_method request_port
request_time request_uri scheme secure_link secure_link_expires server_addr server_name server_port server_protocol
slice_range ssl_alpn_protocol ssl_cipher ssl_ciphers ssl_client_cert ssl_client_escaped_cert ssl_client_fingerprint
ssl_client_i_dn ssl_client_i_dn_legacy ssl_client_raw_cert ssl_client_s_dn ssl_client_s_dn_legacy ssl_client_serial
ssl_client_v_end ssl_client_v_remain ssl_client_v_start ssl_client_verify ssl_curve ssl_curves ssl_early_data
ssl_protocol ssl_server_name ssl_session_id ssl_session_reused status tcpinfo_rcv_space tcpinfo_rtt tcpinfo_rttvar
tcpinfo_snd_cwnd time_iso8601 time_local uid_got uid_reset uid_set upstream_addr upstream_bytes_received
upstream_bytes_sent upstream_cache_status upstream_connect_time upstream_first_byte_time upstream_header_time
upstream_response_length upstream_response_time upstream_status uri`)

// variablePrefixes begin names that exist for every header, cookie, argument.
var variablePrefixes = []string{"http_", "sent_http_", "sent_trailer_", "upstream_http_", "upstream_trailer_", "upstream_cookie_", "cookie_", "arg_", "proxy_protocol_tlv_", "geoip_", "geoip2_", "echo_", "brotli_", "jwt_"}

// expands are nginx's own directives whose words may hold variables, with the first such word.
var expands = map[string]int{
	"proxy_set_header": 0, "add_header": 1, "uwsgi_param": 0, "fastcgi_param": 0, "scgi_param": 0, "grpc_set_header": 0,
	"return": 0, "rewrite": 1, "set": 1, "root": 0, "alias": 0, "proxy_pass": 0, "try_files": 0, "proxy_redirect": 0,
}

var namedGroup = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\(\?P?[<']([A-Za-z0-9_]+)[>']`) })

// variables reports variables that nothing defines. Only a whole configuration is held against it: a fragment may use
// what another file defines, and so may a configuration with modules or with files that are not in the tree.
func (r *reader) variables() {
	if r.cfg.Context != "main" || r.loadsModules || r.cfg.Template != "" || slices.ContainsFunc(r.cfg.Includes, func(i *Include) bool {
		return len(i.Files) == 0 && i.Directive.Name.Range.Filename != "" && !strings.ContainsAny(i.Pattern.Text, "*?[")
	}) {
		return
	}
	known := map[string]bool{}
	for _, name := range ownVariables {
		known[name] = true
	}
	each(r.cfg.Directives, func(d *Directive) {
		defined(d, known)
	})
	reported := map[string]bool{}
	each(r.cfg.Directives, func(d *Directive) {
		first, ok := expands[d.Name.Text]
		if !ok || d.Template || inStream(d) {
			return
		}
		for _, w := range d.Args[min(first, len(d.Args)):] {
			if w.Open {
				continue
			}
			for _, m := range variable().FindAllStringSubmatch(w.Text, -1) {
				name := strings.ToLower(m[1] + m[2])
				if known[name] || reported[name] || digits(name[:1]) || slices.ContainsFunc(variablePrefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
					continue
				}
				reported[name] = true
				r.unknownVariable(w.Range, name)
			}
		}
	})
}

func (r *reader) unknownVariable(at hcl.Range, name string) {
	diag := schema.Errorf("unknown-variable", at, "nginx refuses this", "Unknown %q variable. nginx has none of this name and no set, map, geo or named group defines it. Where it was meant for envsubst or another template, the file was not run through it.", name)
	schema.DetailOf(diag).ServerMessage = fmt.Sprintf("unknown \"%s\" variable", name)
	r.add(diag)
}

func inStream(d *Directive) bool {
	for ; d != nil; d = d.Parent {
		if d.Name.Text == "stream" || d.Name.Text == "mail" {
			return true
		}
	}
	return false
}

// each visits the directives of a block and of all blocks in it.
func each(block []*Directive, f func(*Directive)) {
	for _, d := range block {
		f(d)
		each(d.Block, f)
	}
}

// defined adds the variables that a directive defines.
func defined(d *Directive, known map[string]bool) {
	add := func(i int) {
		if i >= 0 && i < len(d.Args) {
			known[strings.ToLower(strings.TrimPrefix(d.Args[i].Text, "$"))] = true
		}
	}
	switch d.Name.Text {
	case "set", "perl_set", "js_set", "auth_request_set", "secure_link", "js_var":
		add(0)
	case "map", "split_clients":
		add(1)
	case "geo":
		add(len(d.Args) - 1)
	}
	for _, w := range append([]Word{d.Name}, d.Args...) {
		if !strings.Contains(w.Text, "(?") {
			continue
		}
		for _, m := range namedGroup().FindAllStringSubmatch(w.Text, -1) {
			known[strings.ToLower(m[1])] = true
		}
	}
}

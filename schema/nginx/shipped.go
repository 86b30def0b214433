package nginx

import "strings"

// shipped are the files that nginx's packages install beside nginx.conf and that configurations include without
// having them in their repository. proxy_params is Debian's.
var shipped = map[string]string{
	"uwsgi_params":   params("uwsgi_param", commonParams, "CONTENT_LENGTH $content_length", "PATH_INFO $document_uri"),
	"scgi_params":    params("scgi_param", commonParams, "CONTENT_LENGTH $content_length", "DOCUMENT_URI $document_uri", "SCGI 1"),
	"fastcgi_params": params("fastcgi_param", commonParams, fastcgiParams...),
	"fastcgi.conf":   params("fastcgi_param", commonParams, append([]string{"SCRIPT_FILENAME $document_root$fastcgi_script_name"}, fastcgiParams...)...),
	"proxy_params": "proxy_set_header Host $http_host;\nproxy_set_header X-Real-IP $remote_addr;\n" +
		"proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\nproxy_set_header X-Forwarded-Proto $scheme;\n",
	"mime.types": "types {\n    text/html html htm shtml;\n    text/css css;\n    application/javascript js;\n}\n",
}

var commonParams = []string{
	"QUERY_STRING $query_string", "REQUEST_METHOD $request_method", "CONTENT_TYPE $content_type", "REQUEST_URI $request_uri",
	"DOCUMENT_ROOT $document_root", "SERVER_PROTOCOL $server_protocol", "REQUEST_SCHEME $scheme", "HTTPS $https if_not_empty",
	"REMOTE_ADDR $remote_addr", "REMOTE_PORT $remote_port", "SERVER_PORT $server_port", "SERVER_NAME $server_name",
}

var fastcgiParams = []string{
	"CONTENT_LENGTH $content_length", "SCRIPT_NAME $fastcgi_script_name", "DOCUMENT_URI $document_uri",
	"GATEWAY_INTERFACE CGI/1.1", "SERVER_SOFTWARE nginx/$nginx_version", "REMOTE_USER $remote_user", "SERVER_ADDR $server_addr",
	"REDIRECT_STATUS 200",
}

func params(directive string, common []string, more ...string) string {
	var b strings.Builder
	for _, list := range [][]string{common, more} {
		for _, line := range list {
			b.WriteString(directive + " " + line + ";\n")
		}
	}
	return b.String()
}

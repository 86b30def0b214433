package write

import "testing"

// TestLogFormats: what the names stand for was seen in the logs of uWSGI 2.0.21 and gunicorn 20.1.0, for the request
// /a%20b?c=d: uWSGI's uri and gunicorn's {raw_uri}e are that, var.PATH_INFO and U are "/a b".
func TestLogFormats(t *testing.T) {
	for _, tt := range []struct{ uwsgi, gunicorn string }{
		{`%(addr) "%(method) %(uri) %(proto)" %(status)`, `%(h)s "%(r)s" %(s)s`},
		{`[%(ltime)] %(host) %(uri) %(secs)`, `%(t)s %({host}i)s %({raw_uri}e)s %(L)s`},
		{`%(var.PATH_INFO) %(var.QUERY_STRING)`, `%(U)s %(q)s`},
		{`%(var.REMOTE_PORT) %(var.HTTP_X_REQUEST_ID)`, `%({remote_port}e)s %({x-request-id}i)s`},
	} {
		if got, unknown := gunicornFormat(tt.uwsgi); got != tt.gunicorn || len(unknown) > 0 {
			t.Errorf("%s: %s %v, want %s", tt.uwsgi, got, unknown, tt.gunicorn)
		}
		if got, unknown := uwsgiFormat(tt.gunicorn); got != tt.uwsgi || unknown != "" {
			t.Errorf("%s: %s %s, want %s", tt.gunicorn, got, unknown, tt.uwsgi)
		}
	}
	if got, unknown := gunicornFormat("%(rssM) 100%"); got != "- 100%%" || len(unknown) != 1 {
		t.Errorf("%s %v", got, unknown)
	}
}

package static

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"gsrv/runtime/http1"
	"gsrv/runtime/wire"
)

// A Sender answers requests for files, and passes the others on.
type Sender struct {
	files *Files
	next  wire.Sender
}

// Before puts the files in front of a sender.
func (f *Files) Before(next wire.Sender) *Sender { return &Sender{f, next} }

// Send implements wire.Sender.
func (s *Sender) Send(r *wire.Request) {
	if !s.files.Serve(r) {
		s.next.Send(r)
	}
}

// Cancel implements wire.Sender.
func (s *Sender) Cancel(r *wire.Request) { s.next.Cancel(r) }

// Serve answers a request that is for a file, and says whether it was. Files that cannot be opened are the application's to
// answer for.
func (f *Files) Serve(r *wire.Request) bool {
	q, ok := requestOf(r.Environ)
	if !ok {
		return false
	}
	var file *os.File
	var name string
	f.as(func() { file, name = f.open(&q) })
	if file == nil {
		return false
	}
	st, err := file.Stat()
	if err != nil {
		file.Close()
		return false
	}
	a := f.answer(&q, name, st.Size(), st.ModTime())
	r.Answer.Head(a.status, a.headers)
	if a.length > 0 && q.method == "GET" {
		r.Answer.File(file, a.offset, a.length) // which closes it
	} else {
		file.Close()
	}
	r.Answer.End(nil)
	return true
}

// A query is what of a request counts here.
type query struct {
	method, uri, path                         string
	since, rangeText, ifRange, accepts, plain string
	encoding                                  string // of the copy that is sent
}

// requestOf reads an environ; false is for requests that are for no file.
func requestOf(env []byte) (q query, ok bool) {
	for len(env) > 0 {
		key, rest := cut(env)
		value, rest := cut(rest)
		env = rest
		switch string(key) {
		case "REQUEST_METHOD":
			if q.method = string(value); q.method != "GET" && q.method != "HEAD" {
				return q, false
			}
		case "RAW_URI":
			q.uri = string(value)
			if q.uri == "" || q.uri[0] != '/' {
				return q, false
			}
		case "HTTP_IF_MODIFIED_SINCE":
			q.since = string(value)
		case "HTTP_RANGE":
			q.rangeText = string(value)
		case "HTTP_IF_RANGE":
			q.ifRange = string(value)
		case "HTTP_ACCEPT_ENCODING":
			q.accepts = string(value)
		}
	}
	path, _, _ := strings.Cut(q.uri, "?")
	q.path = http1.UWSGIPath(path)
	return q, q.method != "" && q.uri != ""
}

func cut(b []byte) (value, rest []byte) {
	for i, c := range b {
		if c == 0 {
			return b[:i], b[i+1:]
		}
	}
	return b, nil
}

// open finds a request's file and opens it, or the compressed copy that the client takes.
func (f *Files) open(q *query) (*os.File, string) {
	name := f.find(q.path)
	if name == "" {
		return nil, ""
	}
	q.plain = name
	if copied, encoding := f.compressed(name, q.accepts); copied != "" {
		if file := openRegular(copied); file != nil {
			q.encoding = encoding
			return file, name + strings.TrimPrefix(copied, name)
		}
	}
	return openRegular(name), name
}

// compressed finds the copy of a file that the client takes. It must be no link: the file next to it was looked at, not this one.
func (f *Files) compressed(name, accepts string) (copied, encoding string) {
	br, gz := strings.Contains(accepts, "br"), strings.Contains(accepts, "gzip")
	if !br && !gz || !f.wantsCopy(name) {
		return "", ""
	}
	for _, c := range []struct {
		takes         bool
		end, encoding string
	}{{br, ".br", "br"}, {gz, ".gz", "gzip"}} {
		if !c.takes {
			continue
		}
		if real, regular, ok := realPath(name + c.end); ok && regular && real == name+c.end {
			return real, c.encoding
		}
	}
	return "", ""
}

func (f *Files) wantsCopy(name string) bool {
	if f.c.GzipAll || hasSuffix(name, f.c.GzipSuffixes) {
		return true
	}
	for _, p := range f.c.GzipPrefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	for _, re := range f.gzip {
		if re.MatchString(name) {
			return true
		}
	}
	return false
}

// A reply is the answer's head, and which part of the file is its body.
type reply struct {
	status         string
	headers        []wire.Header
	offset, length int64
}

func (a *reply) add(name, value string) {
	a.headers = append(a.headers, wire.Header{Name: name, Value: value})
}

// answer says what is sent of a file.
func (f *Files) answer(q *query, name string, size int64, modified time.Time) reply {
	modified = modified.Truncate(time.Second)
	if q.since != "" {
		if since, ok := parseDate(q.since); ok && !modified.After(since) {
			return reply{status: "304 Not Modified"}
		}
	}
	a := reply{status: "200 OK", length: size}
	part := whole
	if f.c.Ranges && q.rangeText != "" {
		var from, length int64
		switch from, length, part = parseRange(q.rangeText, size); part {
		case unsatisfied:
			a = reply{status: "416 Requested Range Not Satisfiable"}
			a.add("Content-Range", "bytes */"+strconv.FormatInt(size, 10))
			return a
		case partial:
			if q.ifRange != "" {
				if at, ok := parseDate(q.ifRange); !ok || !at.Equal(modified) {
					part = whole
					break
				}
			}
			a.status, a.offset, a.length = "206 Partial Content", from, length
		}
	}
	mime := f.typeOf(q.plain)
	for _, by := range []struct{ by, text string }{{ByFile, name}, {ByPath, q.path}, {ByURI, q.uri}} {
		f.expires(&a, by.by, by.text, modified)
	}
	if q.encoding != "" {
		a.add("Content-Encoding", q.encoding)
	}
	if mime != "" {
		a.add("Content-Type", mime)
		f.expires(&a, ByType, mime, modified)
	}
	if f.c.Header != "" {
		a.add(f.c.Header, name)
		a.add("Last-Modified", modified.UTC().Format(http.TimeFormat))
		a.length = 0
		return a
	}
	a.add("Content-Length", strconv.FormatInt(a.length, 10))
	if part == partial {
		a.add("Content-Range", "bytes "+strconv.FormatInt(a.offset, 10)+"-"+strconv.FormatInt(a.offset+a.length-1, 10)+"/"+strconv.FormatInt(size, 10))
	}
	a.add("Last-Modified", modified.UTC().Format(http.TimeFormat))
	return a
}

// expires adds the first expiry of a kind that matches; those from the request's time come before those from the file's.
func (f *Files) expires(a *reply, by, text string, modified time.Time) {
	for _, fromFile := range []bool{false, true} {
		for i := range f.c.Expires {
			e := &f.c.Expires[i]
			if e.By != by || e.Modified != fromFile || by == ByType && e.Match != text || by != ByType && !e.match.MatchString(text) {
				continue
			}
			at := time.Now()
			if fromFile {
				at = modified
			}
			a.add("Expires", at.Add(time.Duration(e.Seconds)*time.Second).UTC().Format(http.TimeFormat))
			return
		}
	}
}

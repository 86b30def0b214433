package front

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A UWSGILog makes the access log's lines those of uWSGI.
type UWSGILog struct {
	// Format is log-format; "" stands for uWSGI's own line.
	Format string
	// Date is the strftime format of log-date, which %(ftime) has with log-format-strftime; "" leaves %(ltime) to it.
	Date string
	// Micros gives the own line its times in microseconds (log-micros), Memory the worker's memory (memory-report), which formats
	// have as well.
	Micros, Memory bool
	// ForwardedFor takes the client's address from X-Forwarded-For as it stands there, whoever sent it (log-x-forwarded-for).
	ForwardedFor bool
	// Router counts the variables that uWSGI's HTTP router adds to requests (http instead of http-socket).
	Router bool
	// Quiet logs those requests alone that the following ask for (disable-logging).
	Quiet bool
	// Empty logs answers without a body (log-zero), Slow those that took so many milliseconds, ClientErrors and ServerErrors those of
	// status 4xx and 5xx, Large those with so many bytes of body, Files those that the kernel sends. Zero is none.
	Empty, ClientErrors, ServerErrors, Files bool
	Slow, Large                              int64
	// Worker gives the number of a worker by its process id; nil: 0.
	Worker func(pid int) int
}

// uwsgiLog is a UWSGILog made ready.
type uwsgiLog struct {
	UWSGILog
	pieces   []uwsgiPiece
	hostname string

	mu       sync.Mutex
	requests int64
	counts   map[int]int64
	numbers  map[int]int
}

// An uwsgiPiece is text, or a variable.
type uwsgiPiece struct {
	text   string
	append func(b []byte, r *uwsgiRecord) []byte
}

// uwsgiRecord is a request whose line is written.
type uwsgiRecord struct {
	l           *uwsgiLog
	a           *answer
	status      int
	took        time.Duration
	start       time.Time
	total, turn int64
	vars, size  int // of the request, once counted
	counted     bool
}

func newUWSGILog(c *UWSGILog) *uwsgiLog {
	l := &uwsgiLog{UWSGILog: *c, counts: map[int]int64{}, numbers: map[int]int{}}
	l.hostname, _ = os.Hostname()
	if c.Format != "" {
		l.pieces = parseUWSGIFormat(c.Format)
	}
	return l
}

// parseUWSGIFormat takes a log-format apart, letter by letter as uWSGI does: text between % and its parenthesis, a parenthesis that is
// not closed and the like come out as they do there.
func parseUWSGIFormat(f string) []uwsgiPiece {
	const (
		text = iota
		percent
		open
	)
	var out []uwsgiPiece
	state, current, name := text, 0, -1
	for i := 0; i < len(f); i++ {
		switch c := f[i]; {
		case c == '%':
			if state == text {
				state = percent
			}
		case c == '(':
			if state == percent {
				state = open
			}
		case c == ')':
			if name >= 0 {
				out = append(out, uwsgiVariable(f[name:i]))
				state, name, current = text, -1, i+1
			}
		default:
			if state == open {
				out = append(out, uwsgiPiece{text: f[current:max(i-2, current)]})
				name = i
			}
			state = text
		}
	}
	if current < len(f) {
		out = append(out, uwsgiPiece{text: f[current:]})
	}
	return out
}

// line appends a request's line, or says that it is not logged.
func (l *uwsgiLog) line(b []byte, a *answer, status int, took int64) ([]byte, bool) {
	l.mu.Lock()
	l.requests++
	r := uwsgiRecord{l: l, a: a, status: status, took: time.Duration(took), total: l.requests, turn: -1}
	if pid := a.req.Worker; pid != 0 {
		l.forget()
		l.counts[pid]++
		r.turn = l.counts[pid]
	}
	l.mu.Unlock()
	if l.Quiet && !l.asked(&r) {
		return b, false
	}
	r.start = time.Now().Add(-r.took)
	if l.Format == "" {
		return l.own(b, &r), true
	}
	for i := range l.pieces {
		p := &l.pieces[i]
		b = append(b, p.text...)
		if p.append == nil {
			continue
		}
		n := len(b)
		if b = p.append(b, &r); len(b) == n {
			b = append(b, '-')
		}
	}
	return b, true
}

// processesMost bounds the processes whose requests are counted; workers come and go.
const processesMost = 1024

// forget drops processes that are no more.
func (l *uwsgiLog) forget() {
	if len(l.counts) < processesMost {
		return
	}
	for pid := range l.counts {
		if _, err := os.Stat("/proc/" + strconv.Itoa(pid)); err != nil {
			delete(l.counts, pid)
			delete(l.numbers, pid)
		}
	}
}

// asked says that a request is logged although requests are not.
func (l *uwsgiLog) asked(r *uwsgiRecord) bool {
	said := r.a.said
	switch {
	case l.Empty && said == 0,
		l.Slow > 0 && r.took.Milliseconds() >= l.Slow,
		l.ClientErrors && r.status/100 == 4,
		l.ServerErrors && r.status/100 == 5,
		l.Large > 0 && said >= l.Large,
		l.Files && r.a.fileSent:
		return true
	}
	return false
}

// own appends uWSGI's own line. It keeps to 4096 bytes there: longer ones have neither path nor address.
func (l *uwsgiLog) own(b []byte, r *uwsgiRecord) []byte {
	if l.Memory {
		vsz, rss := r.memory()
		b = append(b, "{address space usage: "...)
		b = appendBytesAndMB(b, vsz)
		b = append(b, "} {rss usage: "...)
		b = appendBytesAndMB(b, rss)
		b = append(b, "} "...)
	}
	body := len(b)
	b = r.appendOwn(b, false)
	if len(b)-body >= 4096 {
		b = r.appendOwn(b[:body], true)
	}
	return b
}

func appendBytesAndMB(b []byte, n int64) []byte {
	b = strconv.AppendInt(b, n, 10)
	b = append(b, " bytes/"...)
	b = strconv.AppendInt(b, n>>20, 10)
	return append(b, "MB"...)
}

// appendOwn appends the part of uWSGI's line that every request has; a short one leaves out what the client chose.
func (r *uwsgiRecord) appendOwn(b []byte, short bool) []byte {
	h := &r.a.sc.head
	app := 0
	if r.turn < 0 {
		app = -1
	}
	number := func(before string, n int64, after string) {
		b = append(b, before...)
		b = strconv.AppendInt(b, n, 10)
		b = append(b, after...)
	}
	number("[pid: ", int64(r.pid()), "|app: ")
	number("", int64(app), "|req: ")
	number("", r.turn, "/")
	number("", r.total, "] ")
	if short {
		b = append(b, "0.0.0.0 () {"...)
	} else {
		b = append(r.appendAddress(b), " ("...)
		b = append(r.appendUser(b), ") {"...)
	}
	r.count()
	number("", int64(r.vars), " vars in ")
	number("", int64(r.size), " bytes} [")
	b = r.start.AppendFormat(b, time.ANSIC)
	b = append(b, "] "...)
	if short {
		b = append(b, "- -"...)
	} else {
		b = append(b, h.Method...)
		b = append(b, ' ')
		b = appendEscaped(b, h.Target)
	}
	number(" => generated ", r.a.said, " bytes in ")
	took, unit := r.took.Milliseconds(), " msecs "
	if r.l.Micros {
		took, unit = r.took.Microseconds(), " micros "
	}
	number("", took, unit)
	if r.a.fileSent {
		b = append(b, "via sendfile() "...)
	}
	b = append(b, '(')
	if short {
		b = append(b, '-')
	} else {
		b = appendProtocol(b, h.Major, h.Minor)
	}
	fields, size := r.answerHead()
	number(" ", int64(r.status), ") ")
	number("", int64(fields), " headers in ")
	number("", int64(size), " bytes (")
	number("", int64(r.switches()), " switches on core 0)")
	return b
}

// appendUser appends REMOTE_USER, which trusted proxies may set.
func (r *uwsgiRecord) appendUser(b []byte) []byte {
	if v, ok := lookup(r.a.sc.env, "REMOTE_USER"); ok {
		b = appendEscaped(b, v)
	}
	return b
}

// appendAddress appends the client's address.
func (r *uwsgiRecord) appendAddress(b []byte) []byte {
	if r.l.ForwardedFor {
		if v := r.field("HTTP_X_FORWARDED_FOR"); v != "" {
			return appendEscaped(b, v)
		}
	}
	return appendEscaped(b, r.address())
}

// address is REMOTE_ADDR; uWSGI has 0.0.0.0 for clients of a unix socket.
func (r *uwsgiRecord) address() string {
	if p := r.a.c.peer; p.addr != "" && (!p.local || p.proxy != nil) {
		return p.addr
	}
	return "0.0.0.0"
}

// pid is the worker's; gsrv's own where no worker had the request.
func (r *uwsgiRecord) pid() int {
	if pid := r.a.req.Worker; pid != 0 {
		return pid
	}
	return os.Getpid()
}

// switches is 1 where a worker answered with a body, as for every application of uWSGI that gives it in one piece. Pieces are
// not told apart here.
func (r *uwsgiRecord) switches() int {
	if r.turn >= 0 && r.a.said > 0 && !r.a.fileSent {
		return 1
	}
	return 0
}

// answerHead counts the fields of the application's answer, and the bytes of its head as uWSGI writes it: without those that
// gsrv adds.
func (r *uwsgiRecord) answerHead() (fields, size int) {
	reply := &r.a.sc.reply
	if r.a.status == 0 {
		return 0, 0
	}
	for _, c := range reply.fields {
		if c == '\n' {
			fields++
		}
	}
	return fields, len("HTTP/1.1 ") + len(reply.status) + 2 + len(reply.fields) + 2
}

// count counts the variables of a request as uWSGI has them, and the bytes they take in its protocol: names and values with two bytes
// of length each.
func (r *uwsgiRecord) count() {
	if r.counted {
		return
	}
	r.counted = true
	h := &r.a.sc.head
	pairs, size := 0, 0
	add := func(key, value int) { pairs, size = pairs+1, size+4+key+value }
	path, query, _ := strings.Cut(h.Target, "?")
	add(len("REQUEST_METHOD"), len(h.Method))
	add(len("REQUEST_URI"), len(h.Target))
	add(len("PATH_INFO"), len(uwsgiPath(path)))
	add(len("QUERY_STRING"), len(query))
	add(len("SERVER_PROTOCOL"), len("HTTP/1.1"))
	add(len("SCRIPT_NAME"), 0)
	add(len("SERVER_NAME"), len(r.l.hostname))
	add(len("SERVER_PORT"), len(r.port()))
	add(len("REMOTE_ADDR"), len(r.address()))
	if r.l.Router {
		add(len("UWSGI_ROUTER"), len("http"))
		add(len("REMOTE_PORT"), len(r.a.c.peer.port))
	}
	if scheme, _ := lookup(r.a.sc.env, "wsgi.url_scheme"); scheme == "https" {
		add(len("HTTPS"), len("on"))
	}
	for i := range h.Headers {
		f := &h.Headers[i]
		if earlier(h.Headers, i) {
			size += 2 + len(f.Value) // joined to the first with ", "
			continue
		}
		key := len("HTTP_") + len(f.Name)
		if strings.EqualFold(f.Name, "content-type") || strings.EqualFold(f.Name, "content-length") {
			key = len(f.Name)
		}
		add(key, len(f.Value))
	}
	r.vars, r.size = 2*pairs, size
}

// port is SERVER_PORT: the listener's, 80 for a unix socket.
func (r *uwsgiRecord) port() string {
	if p := r.a.c.peer.serverPort; p != "" {
		return p
	}
	return "80"
}

// memory is what /proc says of the worker; uWSGI looks at it with memory-report alone.
func (r *uwsgiRecord) memory() (vsz, rss int64) {
	if !r.l.Memory {
		return 0, 0
	}
	b, err := os.ReadFile("/proc/" + strconv.Itoa(r.pid()) + "/statm")
	if err != nil {
		return 0, 0
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0, 0
	}
	vsz, _ = strconv.ParseInt(fields[0], 10, 64)
	rss, _ = strconv.ParseInt(fields[1], 10, 64)
	page := int64(os.Getpagesize())
	return vsz * page, rss * page
}

// number is the worker's, as the master numbers them.
func (r *uwsgiRecord) number() int {
	pid := r.a.req.Worker
	if pid == 0 || r.l.Worker == nil {
		return 0
	}
	l := r.l
	l.mu.Lock()
	n, ok := l.numbers[pid]
	l.mu.Unlock()
	if !ok {
		n = l.Worker(pid)
		l.mu.Lock()
		l.numbers[pid] = n
		l.mu.Unlock()
	}
	return n
}

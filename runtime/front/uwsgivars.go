package front

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"gsrv/runtime/http1"
)

func uwsgiPath(path string) string { return http1.UWSGIPath(path) }

// uwsgiVars are the variables of log-format, each as uWSGI writes it. What appends nothing is written as "-".
var uwsgiVars = map[string]func(b []byte, r *uwsgiRecord) []byte{
	"uri":    func(b []byte, r *uwsgiRecord) []byte { return appendEscaped(b, r.a.sc.head.Target) },
	"method": func(b []byte, r *uwsgiRecord) []byte { return append(b, r.a.sc.head.Method...) },
	"user":   func(b []byte, r *uwsgiRecord) []byte { return r.appendUser(b) },
	"addr":   func(b []byte, r *uwsgiRecord) []byte { return r.appendAddress(b) },
	"host": func(b []byte, r *uwsgiRecord) []byte {
		if v := r.field("HTTP_HOST"); v != "" {
			return appendEscaped(b, v)
		}
		return append(b, r.l.hostname...)
	},
	"uagent":  uwsgiField("HTTP_USER_AGENT"),
	"referer": uwsgiField("HTTP_REFERER"),
	"proto":   func(b []byte, r *uwsgiRecord) []byte { return appendProtocol(b, r.a.sc.head.Major, r.a.sc.head.Minor) },

	"status":  uwsgiNumber(func(r *uwsgiRecord) int64 { return int64(r.status) }),
	"rsize":   uwsgiNumber(func(r *uwsgiRecord) int64 { return r.a.said }),
	"hsize":   uwsgiNumber(func(r *uwsgiRecord) int64 { _, n := r.answerHead(); return int64(n) }),
	"size":    uwsgiNumber(func(r *uwsgiRecord) int64 { _, n := r.answerHead(); return int64(n) + r.a.said }),
	"headers": uwsgiNumber(func(r *uwsgiRecord) int64 { n, _ := r.answerHead(); return int64(n) }),
	"cl":      uwsgiNumber(func(r *uwsgiRecord) int64 { return max(r.a.sc.head.ContentLength, 0) }),
	"vars":    uwsgiNumber(func(r *uwsgiRecord) int64 { r.count(); return int64(r.vars) }),
	"pktsize": uwsgiNumber(func(r *uwsgiRecord) int64 { r.count(); return int64(r.size) }),

	"micros":  uwsgiNumber(func(r *uwsgiRecord) int64 { return r.took.Microseconds() }),
	"msecs":   uwsgiNumber(func(r *uwsgiRecord) int64 { return r.took.Milliseconds() }),
	"secs":    func(b []byte, r *uwsgiRecord) []byte { return append(b, uwsgiFloat(r.took.Seconds())...) },
	"tmsecs":  uwsgiNumber(func(r *uwsgiRecord) int64 { return r.start.UnixMilli() }),
	"tmicros": uwsgiNumber(func(r *uwsgiRecord) int64 { return r.start.UnixMicro() }),
	"time":    uwsgiNumber(func(r *uwsgiRecord) int64 { return r.start.Unix() }),
	"epoch":   uwsgiNumber(func(r *uwsgiRecord) int64 { return r.start.Add(r.took).Unix() }),
	"ltime":   func(b []byte, r *uwsgiRecord) []byte { return r.start.AppendFormat(b, "02/Jan/2006:15:04:05 -0700") },
	"ctime":   func(b []byte, r *uwsgiRecord) []byte { return r.start.AppendFormat(b, time.ANSIC) },
	"ftime": func(b []byte, r *uwsgiRecord) []byte {
		if r.l.Date == "" {
			return r.start.AppendFormat(b, "02/Jan/2006:15:04:05 -0700")
		}
		return append(b, Strftime(r.l.Date, r.start)...)
	},

	"pid":  uwsgiNumber(func(r *uwsgiRecord) int64 { return int64(r.pid()) }),
	"wid":  uwsgiNumber(func(r *uwsgiRecord) int64 { return int64(r.number()) }),
	"vsz":  uwsgiNumber(func(r *uwsgiRecord) int64 { n, _ := r.memory(); return n }),
	"rss":  uwsgiNumber(func(r *uwsgiRecord) int64 { _, n := r.memory(); return n }),
	"vszM": uwsgiNumber(func(r *uwsgiRecord) int64 { n, _ := r.memory(); return n >> 20 }),
	"rssM": uwsgiNumber(func(r *uwsgiRecord) int64 { _, n := r.memory(); return n >> 20 }),

	"switches": uwsgiNumber(func(r *uwsgiRecord) int64 { return int64(r.switches()) }),
	// Threads of a worker are not told apart here, and every request comes by HTTP.
	"core":      uwsgiNumber(func(*uwsgiRecord) int64 { return 0 }),
	"modifier1": uwsgiNumber(func(*uwsgiRecord) int64 { return 0 }),
	"modifier2": uwsgiNumber(func(*uwsgiRecord) int64 { return 0 }),
	"rerr":      uwsgiNumber(func(*uwsgiRecord) int64 { return 0 }),
	"werr":      uwsgiNumber(writeErrors),
	"ioerr":     uwsgiNumber(writeErrors),
}

// writeErrors is 1 where the client was gone before its answer was whole.
func writeErrors(r *uwsgiRecord) int64 {
	if r.a.gone {
		return 1
	}
	return 0
}

func uwsgiNumber(of func(r *uwsgiRecord) int64) func(b []byte, r *uwsgiRecord) []byte {
	return func(b []byte, r *uwsgiRecord) []byte { return strconv.AppendInt(b, of(r), 10) }
}

func uwsgiField(key string) func(b []byte, r *uwsgiRecord) []byte {
	return func(b []byte, r *uwsgiRecord) []byte {
		return appendEscaped(b, r.field(key))
	}
}

// field is a field of the request by its name in the environ. uWSGI joins those that come several times with a comma and a blank.
func (r *uwsgiRecord) field(key string) string {
	v, ok := lookup(r.a.sc.env, key)
	if !ok || strings.IndexByte(v, ',') < 0 {
		return v
	}
	var values []string
	trusted := r.a.set.trusts(r.a.c.peer)
	for _, h := range r.a.sc.head.Headers {
		if environKey(h.Name) == key && r.a.set.passes(h.Name, trusted) {
			values = append(values, h.Value)
		}
	}
	return strings.Join(values, ", ")
}

// uwsgiFloat writes a float of C as uWSGI does: six decimals, ten characters at most.
func uwsgiFloat(f float64) string {
	s := strconv.FormatFloat(float64(float32(f)), 'f', 6, 64)
	return s[:min(len(s), 10)]
}

// uwsgiVariable is a variable of log-format. What uWSGI does not know is a variable that its routes may set, and there are none.
func uwsgiVariable(name string) uwsgiPiece {
	if f := uwsgiVars[name]; f != nil {
		return uwsgiPiece{append: f}
	}
	if key, ok := strings.CutPrefix(name, "var."); ok {
		return uwsgiPiece{append: func(b []byte, r *uwsgiRecord) []byte { return r.appendVar(b, key) }}
	}
	if strings.HasPrefix(name, "metric.") {
		// 0 is uWSGI's for every metric that is not there.
		return uwsgiPiece{append: uwsgiNumber(func(*uwsgiRecord) int64 { return 0 })}
	}
	return uwsgiPiece{append: func(b []byte, _ *uwsgiRecord) []byte { return b }}
}

// UWSGIFormat says that a format is uWSGI's log-format, not gunicorn's access_log_format: it has variables of the one, which are words,
// and none of the other, which are letters and names in braces.
func UWSGIFormat(format string) bool {
	theirs := false
	for _, part := range strings.Split(format, "%(")[1:] {
		name, _, closed := strings.Cut(part, ")")
		switch {
		case !closed:
		case len(name) == 1 || strings.HasPrefix(name, "{"):
			return false
		case uwsgiVars[name] != nil || strings.HasPrefix(name, "var.") || strings.HasPrefix(name, "metric."):
			theirs = true
		}
	}
	return theirs
}

// appendVar appends a variable of the request by its name in uWSGI.
func (r *uwsgiRecord) appendVar(b []byte, key string) []byte {
	h := &r.a.sc.head
	switch key {
	case "REQUEST_URI":
		return appendEscaped(b, h.Target)
	case "PATH_INFO":
		path, _, _ := strings.Cut(h.Target, "?")
		return appendEscaped(b, uwsgiPath(path))
	case "SERVER_NAME":
		return append(b, r.l.hostname...)
	case "SERVER_PORT":
		return append(b, r.port()...)
	case "HTTPS":
		if scheme, _ := lookup(r.a.sc.env, "wsgi.url_scheme"); scheme == "https" {
			return append(b, "on"...)
		}
		return b
	case "UWSGI_ROUTER":
		if r.l.Router {
			b = append(b, "http"...)
		}
		return b
	case "REMOTE_ADDR":
		return appendEscaped(b, r.address())
	case "REMOTE_PORT":
		if !r.l.Router {
			return b
		}
	case "RAW_URI", "SERVER_SOFTWARE":
		return b // which uWSGI does not have
	}
	if strings.HasPrefix(key, "wsgi.") {
		return b
	}
	return appendEscaped(b, r.field(key))
}

// Strftime formats a time as C's strftime does in the C locale; what it does not know stays as it is.
func Strftime(format string, t time.Time) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		c := format[i]
		if c != '%' || i+1 == len(format) {
			b.WriteByte(c)
			continue
		}
		i++
		if layout, ok := strftimeLayouts[format[i]]; ok {
			b.WriteString(t.Format(layout))
			continue
		}
		switch year, week := t.ISOWeek(); format[i] {
		case '%':
			b.WriteByte('%')
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 's':
			b.WriteString(strconv.FormatInt(t.Unix(), 10))
		case 'C':
			fmt.Fprintf(&b, "%02d", t.Year()/100)
		case 'k':
			fmt.Fprintf(&b, "%2d", t.Hour())
		case 'l':
			fmt.Fprintf(&b, "%2d", (t.Hour()+11)%12+1)
		case 'P':
			b.WriteString(strings.ToLower(t.Format("PM")))
		case 'u':
			b.WriteString(strconv.Itoa((int(t.Weekday())+6)%7 + 1))
		case 'w':
			b.WriteString(strconv.Itoa(int(t.Weekday())))
		case 'G':
			b.WriteString(strconv.Itoa(year))
		case 'g':
			fmt.Fprintf(&b, "%02d", year%100)
		case 'V':
			fmt.Fprintf(&b, "%02d", week)
		case 'U':
			fmt.Fprintf(&b, "%02d", (t.YearDay()+6-int(t.Weekday()))/7)
		case 'W':
			fmt.Fprintf(&b, "%02d", (t.YearDay()+6-(int(t.Weekday())+6)%7)/7)
		default:
			b.WriteByte('%')
			b.WriteByte(format[i])
		}
	}
	return b.String()
}

var strftimeLayouts = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'h': "Jan", 'B': "January", 'c': "Mon Jan _2 15:04:05 2006", 'd': "02", 'D': "01/02/06", 'e': "_2", 'F': "2006-01-02",
	'H': "15", 'I': "03", 'j': "002", 'm': "01", 'M': "04", 'p': "PM", 'r': "03:04:05 PM", 'R': "15:04", 'S': "05", 'T': "15:04:05",
	'x': "01/02/06", 'X': "15:04:05", 'y': "06", 'Y': "2006", 'z': "-0700", 'Z': "MST",
}

package front

import (
	"encoding/binary"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A record is a request and its answer for a Sink, of which Python's logging makes a line: numbers in little endian —
//
//	u32 process  u64 time (ns since 1970)  u64 duration (ns)  u64 bytes of the body  u16 request fields  u16 answer fields
//
// — and texts parted by NUL: method, target, protocol, status line, client, names and values of the request's fields, of the
// answer's, and of the environ.

// recordMost is how long a record may be; values are cut where it would be longer.
const recordMost = 120 << 10

// appendRecord appends the record of an answer.
func appendRecord(b []byte, a *answer, status int, took int64) []byte {
	start := len(b)
	for most := recordMost; ; most /= 4 {
		if b = appendRecordWith(b[:start], a, status, took, most); len(b)-start <= recordMost || most < 16 {
			return b
		}
	}
}

// appendRecordWith is appendRecord with values of at most so many bytes.
func appendRecordWith(b []byte, a *answer, status int, took int64, most int) []byte {
	h := &a.sc.head
	start := len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(a.req.Worker))
	b = binary.LittleEndian.AppendUint64(b, uint64(time.Now().UnixNano()))
	b = binary.LittleEndian.AppendUint64(b, uint64(max(took, 0)))
	b = binary.LittleEndian.AppendUint64(b, uint64(a.said))
	b = append(b, 0, 0, 0, 0)
	b = appendText(b, h.Method, most)
	b = appendText(b, h.Target, most)
	b = append(appendProtocol(b, h.Major, h.Minor), 0)
	if a.headed && a.sc.reply.code == status {
		b = appendText(b, a.sc.reply.status, most)
	} else {
		b = strconv.AppendInt(b, int64(status), 10)
		b = appendText(append(b, ' '), http.StatusText(status), most)
	}
	b = appendText(b, a.c.peer.addr, most)
	trusted, n := a.set.trusts(a.c.peer), 0
	for i := range h.Headers {
		if f := &h.Headers[i]; n < 1<<16-1 && a.set.passes(f.Name, trusted) {
			n++
			b = appendText(appendText(b, f.Name, most), f.Value, most)
		}
	}
	binary.LittleEndian.PutUint16(b[start+28:], uint16(n))
	n = 0
	for s := string(a.sc.reply.fields); s != "" && n < 1<<16-1; {
		line, rest, _ := strings.Cut(s, "\r\n")
		if k, v, ok := strings.Cut(line, ": "); ok {
			n++
			b = appendText(appendText(b, k, most), v, most)
		}
		s = rest
	}
	binary.LittleEndian.PutUint16(b[start+30:], uint16(n))
	if most == recordMost {
		return append(b, a.sc.env...)
	}
	for s := string(a.sc.env); s != ""; {
		k, rest, _ := strings.Cut(s, "\x00")
		v, rest, _ := strings.Cut(rest, "\x00")
		b = appendText(appendText(b, k, most), v, most)
		s = rest
	}
	return b
}

// appendText appends a text and its end.
func appendText(b []byte, s string, most int) []byte {
	s = s[:min(len(s), most)]
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "\\x00")
	}
	return append(append(b, s...), 0)
}

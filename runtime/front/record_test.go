package front

import (
	"encoding/binary"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gsrv/runtime/wire"
)

// recorded gives the record of one request: its numbers but the times, and its texts.
func recorded(t *testing.T, request string, app app, change func(*Config)) (size int, numbers [4]int, texts []string) {
	t.Helper()
	var mu sync.Mutex
	var got []byte
	l := openLog(t, AccessLogConfig{Sink: func(record []byte) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, record...)
	}})
	r := start(t, app, func(c *Config) {
		c.Access = l
		if change != nil {
			change(c)
		}
	})
	r.all(request)
	r.settle()
	mu.Lock()
	defer mu.Unlock()
	if len(got) < 32 {
		t.Fatalf("the record has %d bytes", len(got))
	}
	u16 := func(at int) int { return int(binary.LittleEndian.Uint16(got[at:])) }
	numbers = [4]int{int(binary.LittleEndian.Uint32(got)), int(binary.LittleEndian.Uint64(got[20:])), u16(28), u16(30)}
	if took := binary.LittleEndian.Uint64(got[12:]); took == 0 || took > 60e9 {
		t.Errorf("it took %d ns", took)
	}
	text, ok := strings.CutSuffix(string(got[32:]), "\x00")
	if !ok {
		t.Errorf("the last text has no end: %q", got[32:])
	}
	return len(got), numbers, strings.Split(text, "\x00")
}

func TestRecord(t *testing.T) {
	const request = "POST /p%20q?a=b HTTP/1.1\r\nHost: h\r\nX-Two: 1\r\nx-two: \xe9\r\nUnder_Score: dropped\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
	_, numbers, texts := recorded(t, request, reply("201 Created", "X-Out: o\nSet-Cookie: c1\nSet-Cookie: c2", "12345"), nil)
	// Worker, bytes of the body, fields of the request and of the answer.
	if want := [4]int{4711, 5, 5, 3}; numbers != want {
		t.Errorf("numbers %v, want %v", numbers, want)
	}
	want := []string{
		"POST", "/p%20q?a=b", "HTTP/1.1", "201 Created", "127.0.0.1",
		"Host", "h", "X-Two", "1", "x-two", "\xe9", "Content-Length", "2", "Connection", "close",
		"X-Out", "o", "Set-Cookie", "c1", "Set-Cookie", "c2",
	}
	if diff := cmp.Diff(want, texts[:len(want)]); diff != "" {
		t.Error(diff)
	}
	environ := map[string]string{}
	for rest := texts[len(want):]; len(rest) > 1; rest = rest[2:] {
		environ[rest[0]] = rest[1]
	}
	for name, value := range map[string]string{"REQUEST_METHOD": "POST", "PATH_INFO": "/p q", "HTTP_X_TWO": "1,\xe9", "REMOTE_ADDR": "127.0.0.1"} {
		if environ[name] != value {
			t.Errorf("%s is %q, want %q", name, environ[name], value)
		}
	}
	// An answer of the front's own is told with its own fields.
	_, numbers, texts = recorded(t, request, func(_ *wire.Request, a wire.Answer) { a.End(errors.New("x")) }, nil)
	if numbers[3] != 2 || texts[3] != "500 Internal Server Error" {
		t.Errorf("numbers %v, texts %q", numbers, texts)
	}
	// A request that is refused before it has an environ is not logged with another's.
	_, _, texts = recorded(t, "GET /first HTTP/1.1\r\nHost: h\r\n\r\nPOST /large HTTP/1.1\r\nHost: h\r\nContent-Length: 99\r\n\r\n", hello, func(c *Config) { c.MaxBody = 9 })
	if all := strings.Join(texts, " "); strings.Count(all, "/first") != 3 { // target, RAW_URI, PATH_INFO
		t.Errorf("%q", texts)
	}
}

// TestRecordCut: a record is never longer than a packet may be; long values are cut, and nothing is left out.
func TestRecordCut(t *testing.T) {
	var request strings.Builder
	request.WriteString("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n")
	for range 90 {
		request.WriteString("X-Long: " + strings.Repeat("x", 8000) + "\r\n")
	}
	request.WriteString("X-Last: last\r\n\r\n")
	size, numbers, texts := recorded(t, request.String(), hello, nil)
	if size > recordMost || size < recordMost/8 {
		t.Errorf("%d bytes", size)
	}
	if numbers[2] != 93 {
		t.Errorf("%d fields, want 93", numbers[2])
	}
	if !strings.Contains(strings.Join(texts, " "), "HTTP_X_LAST last") {
		t.Error("the last field is missing")
	}
}

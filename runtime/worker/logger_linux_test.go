package worker

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// logged starts a log process with a logger_class that writes what it gets to a file.
func logged(t *testing.T, more string) (l *Logger, read func() string, reports *logbook) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	class := `import os, time
class Logger:
    def __init__(self, cfg): self.cfg = cfg
    def say(self, *parts):
        with open("out", "a") as f: f.write(" ".join(map(str, parts)) + "\n")
    def info(self, msg, *args, **kwargs): self.say(os.getpid(), msg, args)
    debug = warning = error = critical = info
    def access(self, resp, req, environ, took): self.say(os.getpid(), req.path, resp.status_code, environ.get("PATH_INFO"), req.headers, took.microseconds)
` + more
	for name, text := range map[string]string{"own.py": class, "conf.py": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	reports = &logbook{more: make(chan struct{})}
	l, err := StartLogger(context.Background(), &Config{
		Python: interpreter(t), Directory: dir, ConfigFile: filepath.Join(dir, "conf.py"), Workers: 1, Class: Sync, Settings: map[string]any{"logger_class": "own.Logger"},
	}, func(text string) { reports.add("report", text) }, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(5 * time.Second) })
	return l, func() string { b, _ := os.ReadFile(path); return string(b) }, reports
}

// accessRecord is what front makes of a request without an environ.
func accessRecord(path string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 4711)
	b = binary.LittleEndian.AppendUint64(b, uint64(time.Now().UnixNano()))
	b = binary.LittleEndian.AppendUint64(b, 5000)
	b = binary.LittleEndian.AppendUint64(b, 3)
	b = append(b, 1, 0, 0, 0)
	return append(b, "GET\x00"+path+"\x00HTTP/1.1\x00200 OK\x00127.0.0.1\x00host\x00h\x00"...)
}

// TestLogger: records arrive in order, as of the processes that they are of, from any goroutine, and all of them.
func TestLogger(t *testing.T) {
	l, read, reports := logged(t, "")
	l.Error("info", 17, time.Now(), "100 %s")
	l.Access(accessRecord("/a?b"))
	const n = 2000
	var wg sync.WaitGroup
	for k := range 4 {
		wg.Go(func() {
			for i := range n {
				l.Access(accessRecord(fmt.Sprintf("/%d/%d", k, i)))
			}
		})
	}
	wg.Wait()
	l.Error("critical", 18, time.Now(), "last")
	l.Close(20 * time.Second)
	got := read()
	if !strings.HasPrefix(got, "17 100 %s ()\n4711 /a 200 /a [('HOST', 'h')] 5\n") || !strings.HasSuffix(got, "18 last ()\n") {
		t.Errorf("first and last lines are\n%.200s\n%s", got, got[max(len(got)-100, 0):])
	}
	for k := range 4 {
		at := 0
		for i := range n {
			line := fmt.Sprintf("4711 /%d/%d 200", k, i)
			next := strings.Index(got[at:], line)
			if next < 0 {
				t.Fatalf("%q is missing, or out of order", line)
			}
			at += next
		}
	}
	if r := reports.String(); r != "" {
		t.Errorf("reports:\n%s", r)
	}
}

// TestLoggerFails: what a class raises costs its line; what ends the process costs what it had in hand.
func TestLoggerFails(t *testing.T) {
	l, read, reports := logged(t, `
    def access(self, resp, req, environ, took):
        if req.path == "/raise": raise ValueError("told to")
        if req.path == "/exit": os._exit(3)
        self.say("seen", req.path)
`)
	l.Access(accessRecord("/raise"))
	l.Access(accessRecord("/next"))
	l.Access(accessRecord("/exit"))
	reports.await(t, "exit status 3")
	l.Access(accessRecord("/after"))
	l.Close(20 * time.Second)
	got := read()
	for _, want := range []string{"Exception while a line was logged", "ValueError: told to", "seen /next\n", "seen /after\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// TestLoggerHangs: a process that does not end is killed, and what is missing is told.
func TestLoggerHangs(t *testing.T) {
	l, _, reports := logged(t, `
    def access(self, resp, req, environ, took):
        time.sleep(600)
`)
	l.Access(accessRecord("/hang"))
	for range 100 {
		l.Access(make([]byte, recordMost)) // more than the socket takes
	}
	began := time.Now()
	l.Close(300 * time.Millisecond)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("closing took %v", took)
	}
	for _, want := range []string{"has not written everything within 300ms", "lines of the log were dropped"} {
		if !strings.Contains(reports.String(), want) {
			t.Errorf("no %q in\n%s", want, reports)
		}
	}
}

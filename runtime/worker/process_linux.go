package worker

import (
	"bufio"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"gsrv/runtime/wire"
)

//go:embed python/*.py
var python embed.FS

// sources are the embedded modules by name, and the text that starts them.
var sources = sync.OnceValues(func() (map[string]string, string) {
	files, err := python.ReadDir("python")
	if err != nil {
		panic(err)
	}
	modules := map[string]string{}
	for _, f := range files {
		text, err := python.ReadFile("python/" + f.Name())
		if err != nil {
			panic(err)
		}
		modules[strings.TrimSuffix(f.Name(), ".py")] = string(text)
	}
	boot := modules["boot"]
	delete(modules, "boot")
	return modules, boot
})

// A zygote is the process that workers are forked from.
type zygote struct {
	cmd      *exec.Cmd
	commands *net.UnixConn
	events   *net.UnixConn
	waited   chan struct{} // closed when the process is gone
	mu       sync.Mutex
	pid      int // of the interpreter, as its first message tells; for listen alone
}

// message is what processes of the generation tell.
type message struct {
	T      string `json:"t"`
	PID    int    `json:"pid"`
	N      int    `json:"n"`
	Child  int    `json:"child"`
	Status int    `json:"status"`
	Level  string `json:"level"`
	Msg    string `json:"msg"`
	Name   string `json:"name"`
}

// ofWorker tells whether a worker may say it; anything else is the zygote's.
func (m *message) ofWorker() bool {
	switch m.T {
	case "log", "logged", "lane", "dump", "ready":
		return true
	case "failed":
		return m.N >= 0
	}
	return false
}

// spawn runs in a thread that lives as long as the master: the kernel signals children whose PDEATHSIG is set when the
// thread that started them ends, not the process.
var spawn = sync.OnceValue(func() chan<- func() {
	jobs := make(chan func())
	go func() {
		runtime.LockOSThread()
		for job := range jobs {
			job()
		}
	}()
	return jobs
})

func startOn(cmd *exec.Cmd) error {
	done := make(chan error)
	spawn() <- func() { done <- cmd.Start() }
	return <-done
}

func pair(kind int) (ours *net.UnixConn, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	near := os.NewFile(uintptr(fds[0]), "wire")
	defer near.Close()
	theirs = os.NewFile(uintptr(fds[1]), "wire")
	c, err := net.FileConn(near)
	if err != nil {
		theirs.Close()
		return nil, nil, err
	}
	return c.(*net.UnixConn), theirs, nil
}

// startZygote starts the interpreter; its first message tells how it went.
func startZygote(c *Config, q *wire.Queue, lanes int, again bool, age int) (*zygote, error) {
	modules, boot := sources()
	path, err := findPython(c)
	if err != nil {
		return nil, err
	}
	z := &zygote{waited: make(chan struct{})}
	var commands, events *os.File
	if z.commands, commands, err = pair(unix.SOCK_STREAM); err != nil {
		return nil, err
	}
	defer commands.Close()
	if z.events, events, err = pair(unix.SOCK_SEQPACKET); err != nil {
		return nil, err
	}
	defer events.Close()
	if err = credentials(z.events); err != nil {
		return nil, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	queue, board := q.Files()

	cmd := pythonCommand(c, path, appName(c))
	cmd.ExtraFiles = []*os.File{read, commands, queue, events, board}
	// A group of its own: an interrupt from the terminal is the master's to handle. SIGTERM ends a zygote only while it
	// boots; from then on it ignores it, sees the end of the commands when the master dies, and ends its workers first.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	say := common(c, modules)
	maps.Copy(say, map[string]any{
		"main": "zygote", "layout": q.Layout(), "fds": map[string]int{"commands": 4, "queue": 5, "events": 6, "board": 7},
		"app": map[string]any{
			"name": c.App, "paste": c.Paste, "paste_name": c.PasteName, "paste_globals": c.PasteGlobals,
			"logging": c.Logging,
		},
		"preload": c.Preload, "threads": lanes, "max_requests": c.MaxRequests,
		"reload": c.Reload, "workers_before": before(c), "loglevel": c.LogLevel,
		"again": again, "worker_age": age, "logging": c.Logging,
		"count": c.Logged != nil,
	})
	start, err := json.Marshal(say)
	if err != nil {
		return nil, fmt.Errorf("the settings for hooks cannot be handed over: %w", err)
	}
	if err := startOn(cmd); err != nil {
		write.Close()
		z.close()
		return nil, fmt.Errorf("the Python interpreter %s cannot be run: %w", path, err)
	}
	z.cmd = cmd
	go tell(write, boot, start)
	go func() {
		_ = cmd.Wait()
		close(z.waited)
	}()
	return z, nil
}

// tell gives a process its program and what it is to do.
func tell(w *os.File, boot string, start []byte) {
	_, _ = w.Write(fmt.Appendf(nil, "%d\n%s%s", len(boot), boot, start)) // an interpreter that ends early says so itself
	w.Close()
}

func findPython(c *Config) (string, error) {
	name := c.Python
	if name == "" {
		name = "python3"
	}
	path, err := exec.LookPath(name)
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return "", fmt.Errorf("the Python interpreter %q cannot be run: %w", name, err)
	}
	return path, nil
}

// starter is all of the program that stands on the command line, where ps shows it; the rest comes on the descriptor.
const starter = `import sys; sys.version_info < (3, 8) and sys.exit(38); f = open(int(sys.argv[1]), "rb"); exec(f.read(int(f.readline())))`

// pythonCommand is the command of a process of the generation's kind, which reads descriptor 3.
func pythonCommand(c *Config, path string, title ...string) *exec.Cmd {
	cmd := exec.Command(path, append([]string{"-c", starter, "3", "gsrv"}, title...)...)
	cmd.Env = c.Env
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Stderr = os.Stderr
	if c.Stderr != nil {
		cmd.Stderr = c.Stderr
	}
	cmd.Stdout = cmd.Stderr
	if c.Logging && c.Stdout != nil {
		cmd.Stdout = c.Stdout
	}
	return cmd
}

// common is what every process is told at its start.
func common(c *Config, modules map[string]string) map[string]any {
	return map[string]any{
		"sources": modules, "argv": []string{"gsrv", appName(c)}, "master": os.Getpid(),
		"directory": c.Directory, "pythonpath": c.PythonPath, "files": files(c), "settings": settings(c),
		"class": c.Class, "workers": c.Workers, "uid": c.UID, "gid": c.GID, "initgroups": c.InitGroups, "groups": c.Groups,
		"umask": c.Umask, "proc_name": c.ProcName,
	}
}

func appName(c *Config) string {
	if c.Paste != "" {
		return c.Paste
	}
	return c.App
}

func before(c *Config) any {
	if c.WorkersBefore == 0 {
		return nil
	}
	return c.WorkersBefore
}

func files(c *Config) []string {
	list := []string{}
	for _, f := range []string{c.ConfigFile, c.HooksFile} {
		if f != "" {
			list = append(list, f)
		}
	}
	return list
}

// settings are cfg's: the configuration's own, and what the generation knows where that is silent.
func settings(c *Config) map[string]any {
	s := map[string]any{
		"workers": c.Workers, "threads": c.Threads, "worker_class": c.Class, "timeout": int(c.Timeout / time.Second),
		"graceful_timeout": int(c.GracefulTimeout / time.Second), "max_requests": c.MaxRequests,
		"max_requests_jitter": c.MaxRequestsJitter, "preload_app": c.Preload, "proc_name": c.ProcName,
		"wsgi_app": c.App, "chdir": c.Directory, "reload": false, "env": map[string]string{},
	}
	for name, v := range c.Settings {
		s[name] = v
	}
	return s
}

// command tells the zygote to do something.
func (z *zygote) command(c map[string]any) error {
	line, err := json.Marshal(c)
	if err != nil {
		return err
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	_, err = z.commands.Write(append(line, '\n'))
	return err
}

// credentials has the kernel tell who sends each message: workers may run as somebody else and be taken over, and what they
// say of other processes must not make the master signal those.
func credentials(c *net.UnixConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	if e := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, 1) }); e != nil {
		return e
	}
	return err
}

// listen calls f for every message of the generation's processes until none is left.
func (z *zygote) listen(f func(m *message, fds []*os.File)) {
	buf := make([]byte, 512<<10)
	oob := make([]byte, unix.CmsgSpace(4*8)+unix.CmsgSpace(unix.SizeofUcred))
	for {
		n, oobn, _, _, err := z.events.ReadMsgUnix(buf, oob)
		if err != nil || n == 0 {
			return
		}
		var passed []*os.File
		sender := 0
		if msgs, err := unix.ParseSocketControlMessage(oob[:oobn]); err == nil {
			for i := range msgs {
				if cred, err := unix.ParseUnixCredentials(&msgs[i]); err == nil {
					sender = int(cred.Pid)
					continue
				}
				fds, _ := unix.ParseUnixRights(&msgs[i])
				for _, fd := range fds {
					unix.CloseOnExec(fd)
					_ = unix.SetNonblock(fd, true)
					passed = append(passed, os.NewFile(uintptr(fd), "wire"))
				}
			}
		}
		var m message
		if z.pid == 0 {
			z.pid = sender // there are no workers yet
		}
		if err := json.Unmarshal(buf[:n], &m); err == nil && (sender == z.pid || m.ofWorker()) {
			m.PID = sender
			f(&m, passed)
			continue
		}
		for _, file := range passed {
			file.Close()
		}
	}
}

func (z *zygote) close() {
	if z.commands != nil {
		z.commands.Close()
	}
	if z.events != nil {
		z.events.Close()
	}
}

// rss is a process's resident size in bytes, 0 where it is not known.
func rss(pid int) int64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// stacks asks a worker for the stacks of its threads; the answer comes on its dump pipe.
func stacks(pid int, dump *os.File) string {
	if dump == nil || unix.Tgkill(pid, pid, dumpSignal) != nil {
		return ""
	}
	var text strings.Builder
	r := bufio.NewReader(dump)
	buf := make([]byte, 4096)
	end, wait := time.Now().Add(time.Second), 300*time.Millisecond
	for time.Now().Before(end) && text.Len() < 256<<10 {
		if dump.SetReadDeadline(time.Now().Add(wait)) != nil {
			break
		}
		n, err := r.Read(buf)
		text.Write(buf[:n])
		if err != nil && !errors.Is(err, io.EOF) || n == 0 {
			break
		}
		wait = 100 * time.Millisecond // it writes line by line, and does not say when it is through
	}
	return strings.TrimRight(text.String(), "\n")
}

// dumpSignal is SIGRTMAX-3, which workers give to faulthandler.
const dumpSignal = syscall.Signal(61)

package master

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"gsrv/runtime/reason"
)

// A pidFile holds the master's process id while it runs.
type pidFile struct{ path string }

// createPIDFile writes path; one that names a process that lives is refused, unless that is former: a server that has just
// been killed is there until its parent has seen it.
func createPIDFile(path string, former int) (*pidFile, error) {
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		return nil, reason.File("pid file", path, syscall.EISDIR)
	}
	if text, err := os.ReadFile(path); err == nil {
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err == nil && pid > 0 && pid != os.Getpid() && pid != former {
			if err := syscall.Kill(pid, 0); err == nil || errors.Is(err, syscall.EPERM) {
				return nil, fmt.Errorf("pid file %s: process %d, which it names, is running. Stop it, or remove the file if that process is something else", path, pid)
			}
		}
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".gsrv-pid-")
	if err != nil {
		return nil, reason.File("pid file", path, err)
	}
	defer os.Remove(f.Name())
	_, err = fmt.Fprintf(f, "%d\n", os.Getpid())
	if e := f.Chmod(0o644); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return nil, reason.File("pid file", path, err)
	}
	return &pidFile{path}, nil
}

// remove removes the file where it is still this process's.
func (p *pidFile) remove() {
	if p == nil {
		return
	}
	if text, err := os.ReadFile(p.path); err == nil && strings.TrimSpace(string(text)) == strconv.Itoa(os.Getpid()) {
		os.Remove(p.path)
	}
}

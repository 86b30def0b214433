package reason

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestFile: each message names what, where and what to do.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	open := func(path string) error {
		_, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
		return err
	}
	as := func(errno syscall.Errno) func(string) error {
		return func(path string) error { return &fs.PathError{Op: "open", Path: path, Err: errno} }
	}
	for _, c := range []struct {
		path string
		fail func(string) error
		want string
	}{
		{filepath.Join(dir, "no", "pid"), open, "there is no directory " + filepath.Join(dir, "no") + ". Create it"},
		{filepath.Join(file, "pid"), open, file + " is no directory"},
		{dir, open, "it is a directory"},
		{filepath.Join(dir, "pid"), as(syscall.EROFS), "the file system of " + dir + " is read-only"},
		{filepath.Join(dir, "pid"), as(syscall.EACCES), "account " + strconv.Itoa(os.Geteuid()) + " may not write there. Give it the directory " + dir},
		{filepath.Join(dir, "pid"), as(syscall.ENOSPC), "no space is left in " + dir},
		{filepath.Join(dir, "pid"), as(syscall.EMFILE), "too many open files"},
	} {
		cause := c.fail(c.path)
		err := File("pid file", c.path, cause)
		if !strings.HasPrefix(err.Error(), "pid file "+c.path+": "+c.want) || !errors.Is(err, cause) {
			t.Errorf("%v of %s: %q, want %q", cause, c.path, err, c.want)
		}
	}
}

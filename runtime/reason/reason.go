// Package reason says why a file could not be opened or made in words that tell an operator what to do.
package reason

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// File words an error about a file of the server's own: what is its part, "pid file", and path its name. The error that it gives
// wraps err.
func File(what, path string, err error) error {
	return &fileError{fmt.Sprintf("%s %s: %s", what, path, why(path, err)), err}
}

type fileError struct {
	text string
	err  error
}

func (e *fileError) Error() string { return e.text }
func (e *fileError) Unwrap() error { return e.err }

func why(path string, err error) string {
	dir := filepath.Dir(path)
	info, dirErr := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && errors.Is(dirErr, fs.ErrNotExist):
		return fmt.Sprintf("there is no directory %s. Create it, for the account that the server runs as (a unit's RuntimeDirectory= and LogsDirectory= do so at each start), or name another path", dir)
	case errors.Is(err, syscall.ENOTDIR) || dirErr == nil && !info.IsDir():
		return fmt.Sprintf("%s is no directory. Name another path", dir)
	case errors.Is(err, syscall.EROFS):
		return fmt.Sprintf("the file system of %s is read-only. Name a path that can be written (a mounted volume, /run, a unit's ReadWritePaths=), or leave it out", dir)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("account %d may not write there. Give it the directory %s (chown), or name another path", os.Geteuid(), dir)
	case errors.Is(err, syscall.EISDIR):
		return "it is a directory. Name a file"
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return fmt.Sprintf("no space is left in %s", dir)
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		err = l.Err
	}
	return err.Error()
}

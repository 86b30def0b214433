package uwsgi

import (
	"io/fs"
	"strconv"
	"syscall"
)

// inode gives a file's inode number as uWSGI prints it, a C int.
func inode(info fs.FileInfo) text {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return plain(strconv.Itoa(int(int32(st.Ino))))
	}
	return text{}
}

// readable is access(2) for reading.
func readable(path string) bool { return syscall.Access(path, 4) == nil }

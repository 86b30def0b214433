package static

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// openRegular opens a file by its real path; nil where that has become something else in the meantime. It never waits, as a FIFO would
// make it.
func openRegular(real string) *os.File {
	const flags = unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOFOLLOW | unix.O_NOCTTY
	fd, err := unix.Openat2(unix.AT_FDCWD, real, &unix.OpenHow{Flags: flags, Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS})
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		// Before Linux 5.6, or where a container's filter does not know the call.
		fd, err = unix.Open(real, flags, 0)
	}
	if err != nil {
		return nil
	}
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		unix.Close(fd)
		return nil
	}
	return os.NewFile(uintptr(fd), real)
}

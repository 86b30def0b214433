package static

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// readers is how many files are looked for at one time by another account.
const readers = 8

// account gives a function that runs others as an account, until stop is closed. Linux has the identity that files are opened with for
// each thread: these threads take the account's and run nothing else.
func account(a Account, stop <-chan struct{}) (as func(func()), err error) {
	work := make(chan func())
	failed := make(chan error)
	for range readers {
		go func() {
			// Never unlocked: the thread ends with this goroutine.
			runtime.LockOSThread()
			err := become(a)
			failed <- err
			if err != nil {
				return
			}
			for {
				select {
				case do := <-work:
					do()
				case <-stop:
					return
				}
			}
		}()
	}
	for range readers {
		if e := <-failed; e != nil {
			err = e
		}
	}
	if err != nil {
		return nil, fmt.Errorf("static files cannot be read as the workers' account: %w", err)
	}
	return func(do func()) {
		done := make(chan struct{})
		work <- func() { defer close(done); do() }
		<-done
	}, nil
}

// become gives this thread the account's identity for files. Root's rights over all files go with it.
func become(a Account) error {
	groups := make([]uint32, 0, len(a.Groups)+1)
	for _, g := range a.Groups {
		groups = append(groups, uint32(g))
	}
	if err := setGroups(groups); err != nil {
		return fmt.Errorf("setgroups: %w", err)
	}
	if a.GID >= 0 {
		unix.SetfsgidRetGid(a.GID)
		if got, _ := unix.SetfsgidRetGid(-1); got != a.GID {
			return fmt.Errorf("setfsgid(%d): %w", a.GID, unix.EPERM)
		}
	}
	if a.UID >= 0 {
		unix.SetfsuidRetUid(a.UID)
		if got, _ := unix.SetfsuidRetUid(-1); got != a.UID {
			return fmt.Errorf("setfsuid(%d): %w", a.UID, unix.EPERM)
		}
	}
	return nil
}

// setGroups sets the groups of this thread alone; syscall.Setgroups sets those of all threads.
func setGroups(groups []uint32) error {
	var first unsafe.Pointer
	if len(groups) > 0 {
		first = unsafe.Pointer(&groups[0])
	}
	if _, _, e := unix.RawSyscall(setGroupsCall, uintptr(len(groups)), uintptr(first), 0); e != 0 {
		return e
	}
	return nil
}

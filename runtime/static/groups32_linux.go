//go:build linux && (386 || arm)

package static

import "golang.org/x/sys/unix"

const setGroupsCall = unix.SYS_SETGROUPS32

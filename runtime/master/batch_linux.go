package master

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// batch puts every thread of the process under SCHED_BATCH, which threads and processes that they start inherit: who is
// woken waits until the one that runs has nothing left to do, so work comes in larger lots and costs fewer switches.
func batch() error {
	const schedBatch = 3 // SCHED_BATCH of sched(7)
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		attr, err := unix.SchedGetAttr(tid, 0)
		if err == nil {
			attr.Policy = schedBatch
			err = unix.SchedSetAttr(tid, attr, 0)
		}
		if err != nil && !errors.Is(err, unix.ESRCH) { // which has ended meanwhile
			return fmt.Errorf("SCHED_BATCH cannot be set: %w", err)
		}
	}
	return nil
}

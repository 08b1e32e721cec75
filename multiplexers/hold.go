//go:build linux

package multiplexers

import (
	"errors"
	"os"
	"runtime"
	_ "unsafe" // for go:linkname

	"golang.org/x/sys/unix"
)

// Hold makes the calling goroutine's loop undisturbed until Release: it stays
// on its thread and, entering the kernel raw, is never asked to yield. In
// between it may enter the kernel only by a Raw entry's methods, and must not
// block on channels or locks. With Runtime entry only the thread is kept.
//
// Note: a goroutine that has run for 10 ms is asked to yield at its next
// function call, asyncpreemptoff or not. On a locked thread that hands the P
// to another thread and back through two futexes, about once a slice. Not
// locking the thread makes the yield cheap but lets the goroutine change
// threads, and with it the CPU clock that is being read. Pinning the P, as
// sync.Pool does for a moment, makes the runtime drop the request instead:
// strace(1) shows no futex call within a slice.
func (e Entry) Hold() {
	runtime.LockOSThread()
	if e == Raw {
		procPin()
	}
}

// Release undoes Hold.
func (e Entry) Release() {
	if e == Raw {
		procUnpin()
	}
	runtime.UnlockOSThread()
}

// OwnDescriptors gives the calling thread a table of descriptors of its own
// (unshare(2), CLONE_FILES), if e is Raw: what is open stays open in both, and
// what either opens later the other does not see. The calling goroutine must be
// locked to the thread, and must end so: no other goroutine can use the thread.
// The process's first thread stays when a goroutine ends so, and its table with it.
//
// Note: a table that threads share makes the kernel take and drop a reference
// to the file in every system call, and for every descriptor that select and
// poll look at: fdget() does without where the table has one user, as that of a
// C program with one thread has. With thousands of descriptors in a poll this
// was a quarter of its time, and of a read or a write some percent.
func (e Entry) OwnDescriptors() error {
	if e != Raw {
		return nil
	}
	// The runtime opens the descriptors of its network poller with the first
	// pollable file or timer, and must not do so in this table: its other
	// threads are to find them.
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	return errors.Join(r.Close(), w.Close(), os.NewSyscallError("unshare", unix.Unshare(unix.CLONE_FILES)))
}

//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

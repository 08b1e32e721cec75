//go:build linux

package multiplexers

import (
	"runtime"
	_ "unsafe" // for go:linkname
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

//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

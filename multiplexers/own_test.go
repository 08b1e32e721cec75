//go:build linux

package multiplexers_test

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// openAt opens a descriptor of some number from at on, where no other test's
// are.
func openAt(at int) (int, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return -1, err
	}
	defer unix.Close(fd)
	return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, at)
}

// isOpen says whether the calling goroutine's thread has the descriptor.
func isOpen(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil
}

// With raw entry a thread has its own table from then on, which begins as a
// copy of the one that all share.
func TestOwnDescriptors(t *testing.T) {
	for _, test := range []struct {
		entry  multiplexers.Entry
		shared bool // that what one opens the other sees
	}{{multiplexers.Raw, false}, {multiplexers.Runtime, true}} {
		t.Run(test.entry.String(), func(t *testing.T) {
			before, err := openAt(600)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(before)
			owned, opened, looked := make(chan int), make(chan int), make(chan error)
			go func() {
				runtime.LockOSThread() // until it ends, and its thread with it
				inside := -1
				err := test.entry.OwnDescriptors()
				if err == nil {
					inside, err = openAt(700)
				}
				if err != nil {
					t.Error(err)
				}
				owned <- inside
				outside := <-opened
				if !isOpen(before) || !isOpen(inside) {
					t.Errorf("its own thread sees a descriptor of before: %t, its own: %t; want both", isOpen(before), isOpen(inside))
				}
				if got := isOpen(outside); got != test.shared {
					t.Errorf("it sees a descriptor that another goroutine has opened since: %t, want %t", got, test.shared)
				}
				looked <- unix.Close(inside)
			}()
			inside := <-owned
			if !isOpen(before) {
				t.Error("a descriptor of before is gone for the others")
			}
			if got := isOpen(inside); got != test.shared {
				t.Errorf("others see what the thread has opened since: %t, want %t", got, test.shared)
			}
			outside, err := openAt(800)
			if err != nil {
				t.Fatal(err)
			}
			opened <- outside
			if err := <-looked; err != nil {
				t.Error(err)
			}
			if err := unix.Close(outside); err != nil {
				t.Error(err)
			}
			filesAndConnectionsWork(t)
		})
	}
}

// filesAndConnectionsWork wants the runtime's network poller alive.
func filesAndConnectionsWork(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() { // from the connection into the pipe
		c, err := l.Accept()
		if err == nil {
			_, err = io.Copy(w, c)
			err = errors.Join(err, c.Close())
		}
		if err := errors.Join(err, w.Close()); err != nil {
			t.Error(err)
		}
	}()
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "hello"); err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != "hello" {
		t.Errorf("read %q, %v", got, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

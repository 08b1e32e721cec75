//go:build linux

package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// hog is a client that sends without end, and reads what comes back. It runs on
// the load generator's CPU and takes what that leaves of it (SCHED_IDLE, sched(7)):
// what others then wait for is the server, not the CPU that they ask from.
type hog struct {
	fd    int
	began time.Time
	bytes atomic.Int64 // that came back
	ended chan error   // of both threads
}

func startHog(address string, cpu int) (*hog, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("where the server serves: %w", err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}); err != nil {
		return nil, errors.Join(os.NewSyscallError("connect", err), unix.Close(fd))
	}
	h := &hog{fd: fd, began: time.Now(), ended: make(chan error, 2)}
	block := make([]byte, 64<<10)
	go h.run(cpu, func() (int, error) { return unix.Write(fd, block) })
	room := make([]byte, 64<<10)
	go h.run(cpu, func() (int, error) {
		n, err := unix.Read(fd, room)
		h.bytes.Add(int64(max(0, n)))
		return n, err
	})
	return h, nil
}

// run does a step in a thread of its own until that fails or there is no more.
func (h *hog) run(cpu int, step func() (int, error)) {
	runtime.LockOSThread() // until it ends, and its thread with it
	h.ended <- func() error {
		var set unix.CPUSet
		set.Set(cpu)
		if err := unix.SchedSetaffinity(0, &set); err != nil {
			return os.NewSyscallError("sched_setaffinity", err)
		}
		if err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0); err != nil {
			return os.NewSyscallError("sched_setattr", err)
		}
		for {
			if n, err := step(); err == unix.EPIPE || err == unix.ECONNRESET || err == nil && n == 0 {
				return nil
			} else if err != nil && err != unix.EINTR {
				return err
			}
		}
	}()
}

// end stops it, and says how much came back a second.
func (h *hog) end() (bytesPerSecond float64, err error) {
	rate := float64(h.bytes.Load()) / time.Since(h.began).Seconds()
	_ = unix.Shutdown(h.fd, unix.SHUT_RDWR) // or else it has ended
	err = errors.Join(<-h.ended, <-h.ended, unix.Close(h.fd))
	if err == nil && rate == 0 {
		err = errors.New("nothing came back of what was sent without end")
	}
	return rate, err
}

//go:build linux

package server

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// threadEach gives each connection a thread of the operating system, which
// blocks in read(2) and write(2): the server that books on Unix begin with. How
// many there can be, the host says (HostThreads); beyond that it refuses.
//
// It goes through the Go scheduler, since a thread that blocks in a raw call
// keeps its P. With as many Ps as it is given (see Ps) a thread that returns
// finds its own one where it left it.
func threadEach() Backend {
	return Backend{
		Name:          "thread-per-conn",
		Summary:       "a thread of the operating system for each connection, which blocks in read(2)",
		Entries:       []multiplexers.Entry{multiplexers.Runtime},
		EntryWhy:      blocking,
		ThreadEach:    true,
		Ps:            64,
		PerConnection: memoryOfThread,
		Probe:         probeThreads,
		build:         buildThreadEach,
	}
}

// probeThreads says when there is none left.
func probeThreads() error {
	if most, bound := HostThreads(os.DirFS("/")); most == 0 {
		return fmt.Errorf("no thread can be started: %s: raise that limit, or end what else has threads", bound)
	}
	return nil
}

// memoryOfThread is what a thread takes, as measured with 10,000 of them: in the
// kernel its stack and what describes it, in the process the Go runtime's two
// stacks and a goroutine.
const memoryOfThread = 100 << 10

// goThreads is how many threads the Go runtime starts unless told otherwise
// (runtime/debug.SetMaxThreads).
const goThreads = 10_000

type threadServer struct {
	sessions
	listener int
	reserve  int // -1: lost
	most     int // connections
}

func buildThreadEach(j job) (engine, error) {
	most, _ := HostThreads(os.DirFS("/"))
	listener, at, err := listen(j.Address, j.Backlog, j.SocketBuffers, never)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", j.Address, err)
	}
	if err := unix.SetNonblock(listener, false); err != nil {
		return nil, errors.Join(os.NewSyscallError("fcntl O_NONBLOCK", err), unix.Close(listener))
	}
	reserve, errno := multiplexers.Runtime.Duplicate(listener)
	if errno != 0 {
		return nil, errors.Join(fmt.Errorf("reserving a descriptor: %w", errno), unix.Close(listener))
	}
	return &threadServer{sessions: newSessions(at, j.steps), listener: listener, reserve: reserve, most: most}, nil
}

func (t *threadServer) serve() error {
	// Beyond its limit, 10,000 at first, the Go runtime ends the process, and
	// beyond what the host allows as well: it is most that keeps below both. It is
	// not lowered again, as threads may be ending still.
	if limit := t.most + spareThreads; limit > goThreads {
		debug.SetMaxThreads(limit)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		fd, err := accept(t.listener)
		if outOfDescriptors(err) {
			fd, err = t.acceptWithout()
		}
		switch {
		case t.ended():
			if err == nil && fd >= 0 {
				unix.Close(fd)
			}
			return t.leave(nil)
		case err == nil && fd >= 0:
			t.welcome(fd)
		case err != nil && !passes(err):
			t.stop(func() {})
			return t.leave(err)
		}
	}
}

// leave waits for the threads, and gives back what is left.
func (t *threadServer) leave(err error) error {
	t.all.Wait()
	t.mu.Lock() // who stops it may be at the listener still
	defer t.mu.Unlock()
	for _, fd := range [...]int{t.listener, t.reserve} {
		if fd >= 0 {
			err = errors.Join(err, unix.Close(fd))
		}
	}
	return err
}

// accept is accept4(2) of a connection that blocks, and is closed on exec.
func accept(listener int) (int, error) {
	fd, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
	return fd, os.NewSyscallError("accept4", err)
}

// acceptWithout accepts a connection with the descriptor that is kept in reserve,
// and refuses it unless there is another one by then, so that its client knows;
// fd is then -1. Without a reserve nobody is accepted for a while.
func (t *threadServer) acceptWithout() (fd int, err error) {
	if t.reserve < 0 {
		time.Sleep(retryAccepting)
	} else {
		unix.Close(t.reserve)
	}
	fd, err = accept(t.listener)
	if outOfDescriptors(err) {
		fd, err = -1, nil
	}
	var lacking unix.Errno
	t.reserve, lacking = multiplexers.Runtime.Duplicate(t.listener)
	if err == nil && fd >= 0 && lacking != 0 {
		t.refuse()
		unix.Close(fd)
		fd = -1
		t.reserve, _ = multiplexers.Runtime.Duplicate(t.listener)
	}
	return fd, err
}

// welcome has a thread of its own serve a connection.
func (t *threadServer) welcome(fd int) {
	t.mu.Lock()
	full := len(t.open) >= t.most
	t.mu.Unlock()
	if full {
		t.refuse()
		unix.Close(fd)
		return
	}
	// A thread that blocks sees the end of its connection, from wherever it comes.
	s, ok := t.begin(func() { _ = unix.Shutdown(fd, unix.SHUT_RDWR) })
	if !ok {
		unix.Close(fd)
		return
	}
	go func() {
		runtime.LockOSThread() // until it ends, and its thread with it
		t.echo(fd, s)
		t.finish(s, func() { unix.Close(fd) })
	}()
}

func (t *threadServer) echo(fd int, s *session) {
	buffer := t.buffers.Get().(*[]byte)
	defer t.buffers.Put(buffer)
	spun := uint64(seed)
	for {
		n, errno := multiplexers.Runtime.Read(fd, *buffer)
		s.reads.Add(1) // when it is over: the last one lasts until the next message
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 || n == 0 {
			return
		}
		s.bytesIn.Add(int64(n))
		if t.steps > 0 {
			spun = spin(spun, t.steps)
		}
		for sent := 0; sent < n; {
			s.writes.Add(1) // before the client can know of it
			m, errno := multiplexers.Runtime.Write(fd, (*buffer)[sent:n])
			if errno != 0 && errno != unix.EINTR {
				return
			}
			s.written.Add(int64(m))
			sent += m
		}
	}
}

func (t *threadServer) ask(k kind) (Snapshot, error) {
	if k != stop {
		return t.state()
	}
	var err error
	if !t.stop(func() {
		// An accept(2) that blocks on a listener that is shut fails with EINVAL.
		err = os.NewSyscallError("shutdown", unix.Shutdown(t.listener, unix.SHUT_RD))
	}) {
		return Snapshot{}, ErrStopped
	}
	return Snapshot{}, err
}

func (t *threadServer) close() error { return nil }

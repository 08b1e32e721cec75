//go:build linux

package muxtest_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/muxtest"
	"muxbench/multiplexers/server"
)

// fault is in what way an echo server is broken.
type fault int

const (
	sound fault = iota
	losesByteAtPartialWrite
	sendsSecondHalfFirst
	dropsTailAtHalfClose
	forgetsAByteOfEach // read and write, in its totals
	keepsTheResetOpen  // in its count of connections
	keepsDescriptors
	neverAnswers // when it is asked for its state
)

// echo is a server with a goroutine for each connection, that makes its own calls.
type echo struct {
	fault    fault
	listener *net.TCPListener

	keep func(*net.TCPConn) // has what it keeps open closed after the test

	all   sync.WaitGroup
	mu    sync.Mutex
	state server.Snapshot
	open  map[*net.TCPConn]bool
	ended chan struct{}
}

// echoing is a subject of it, which is to do what backend go-net does.
func echoing(t *testing.T, f fault) muxtest.Subject {
	t.Helper()
	b, err := server.Lookup("go-net")
	if err != nil {
		t.Fatal(err)
	}
	keep := func(c *net.TCPConn) { t.Cleanup(func() { _ = c.Close() }) }
	return muxtest.OfServer(b, func(c server.Config) (muxtest.Server, error) { return startEcho(f, keep, c) })
}

func startEcho(f fault, keep func(*net.TCPConn), c server.Config) (muxtest.Server, error) {
	listening := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) {
			for _, option := range [...]int{unix.SO_SNDBUF, unix.SO_RCVBUF} {
				if c.SocketBuffers > 0 {
					failed = errors.Join(failed, unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, option, c.SocketBuffers))
				}
			}
		})
		return errors.Join(err, failed)
	}}
	l, err := listening.Listen(context.Background(), "tcp4", c.Address.String())
	if err != nil {
		return nil, err
	}
	return &echo{
		fault: f, keep: keep, listener: l.(*net.TCPListener),
		open: make(map[*net.TCPConn]bool), ended: make(chan struct{}),
	}, nil
}

func (e *echo) Address() netip.AddrPort {
	return e.listener.Addr().(*net.TCPAddr).AddrPort()
}

func (e *echo) Snapshot() (server.Snapshot, error) {
	if e.fault == neverAnswers {
		<-e.ended
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state, nil
}

func (e *echo) Close() {
	e.mu.Lock()
	close(e.ended)
	_ = e.listener.Close()
	for c := range e.open {
		_ = c.Close()
	}
	e.mu.Unlock()
	e.all.Wait()
}

func (e *echo) Serve() error {
	for {
		c, err := e.listener.AcceptTCP()
		e.mu.Lock()
		if e.over() {
			e.mu.Unlock()
			return nil
		}
		if err != nil {
			e.mu.Unlock()
			return err
		}
		e.open[c] = true
		e.state.Counters.Accepts++
		e.state.Open++
		e.all.Add(1)
		e.mu.Unlock()
		go func() {
			defer e.all.Done()
			e.end(c, e.converse(c))
		}()
	}
}

func (e *echo) over() bool {
	select {
	case <-e.ended:
		return true
	default:
		return false
	}
}

// end is that of a connection that was cut, or has come to its end of file.
func (e *echo) end(c *net.TCPConn, cut bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.open, c)
	if !cut || e.fault != keepsTheResetOpen {
		e.state.Open--
	}
	if e.fault == keepsDescriptors && !e.over() {
		_ = c.CloseWrite()
		e.keep(c)
		return
	}
	_ = c.Close()
}

func (e *echo) converse(c *net.TCPConn) (cut bool) {
	block := make([]byte, 64<<10)
	raw, err := c.SyscallConn()
	if err != nil {
		return true
	}
	for {
		n, err := c.Read(block)
		if n > 0 {
			e.count(&e.state.Counters.BytesIn, n)
			if e.fault == dropsTailAtHalfClose && endFollows(raw) {
				return false
			}
			if e.answer(raw, block[:n]) != nil {
				return true
			}
			continue
		}
		var errno unix.Errno
		return errors.As(err, &errno)
	}
}

func (e *echo) count(what *int64, n int) {
	if e.fault == forgetsAByteOfEach {
		n--
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	*what += int64(n)
}

func (e *echo) answer(raw syscall.RawConn, message []byte) error {
	if e.fault == sendsSecondHalfFirst && len(message) > 4096 {
		half := len(message) / 2
		return errors.Join(e.write(raw, message[half:]), e.write(raw, message[:half]))
	}
	return e.write(raw, message)
}

func (e *echo) write(raw syscall.RawConn, message []byte) error {
	for len(message) > 0 {
		var n int
		var failed error
		// Counted before the client can have it.
		e.count(&e.state.Counters.BytesOut, len(message))
		err := raw.Write(func(fd uintptr) bool {
			n, failed = unix.Write(int(fd), message)
			return failed != unix.EAGAIN
		})
		sent := max(0, n)
		e.count(&e.state.Counters.BytesOut, sent-len(message))
		if err := errors.Join(err, failed); err != nil {
			return err
		}
		if message = message[sent:]; len(message) > 0 && e.fault == losesByteAtPartialWrite {
			message = message[1:]
		}
	}
	return nil
}

// endFollows says whether the next thing to read is the end of file.
func endFollows(raw syscall.RawConn) bool {
	end := false
	_ = raw.Read(func(fd uintptr) bool {
		n, _, err := unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
		end = n == 0 && err == nil
		return true
	})
	return end
}

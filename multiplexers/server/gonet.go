//go:build linux

package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"muxbench/multiplexers"
)

// goNet is what a Go programmer writes: package net, and a goroutine for each
// connection that reads and writes as if nothing else were there. The Go runtime
// waits for all of them in an edge-triggered epoll instance of its own.
//
// Its calls are package net's, which does not say how many it makes; so reads,
// writes and waits are not counted.
func goNet() Backend {
	return Backend{
		Name:          "go-net",
		Summary:       "an ordinary Go program: package net, and a goroutine for each connection",
		Entries:       []multiplexers.Entry{multiplexers.Runtime},
		EntryWhy:      noLoops,
		Ps:            1,
		PerConnection: memoryOfGoroutine,
		Probe:         func() error { return nil },
		build:         buildGoNet,
	}
}

// memoryOfGoroutine is what a goroutine's stack and package net's connection
// take, as measured with 10,000 of them, beside the buffer as far as it is used.
const memoryOfGoroutine = 12 << 10

type goServer struct {
	sessions
	listener *net.TCPListener
	reserve  *os.File // nil: lost
}

func buildGoNet(j job) (engine, error) {
	listening := net.ListenConfig{}
	if j.SocketBuffers > 0 {
		// Accepted sockets inherit them; afterwards the window has been offered.
		listening.Control = func(_, _ string, c syscall.RawConn) error {
			var failed error
			err := c.Control(func(fd uintptr) {
				if errno := multiplexers.Runtime.SetBuffers(int(fd), j.SocketBuffers); errno != 0 {
					failed = os.NewSyscallError("setsockopt SO_SNDBUF, SO_RCVBUF", errno)
				}
			})
			return errors.Join(err, failed)
		}
	}
	if !j.Address.Addr().Is4() {
		return nil, fmt.Errorf("listening on %s: %w", j.Address, errNotIPv4)
	}
	l, err := listening.Listen(context.Background(), "tcp4", j.Address.String())
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", j.Address, err)
	}
	tcp := l.(*net.TCPListener)
	at := tcp.Addr().(*net.TCPAddr).AddrPort()
	reserve, err := os.Open(os.DevNull)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reserving a descriptor: %w", err), tcp.Close())
	}
	return &goServer{sessions: newSessions(netip.AddrPortFrom(at.Addr().Unmap(), at.Port()), j.steps), listener: tcp, reserve: reserve}, nil
}

func (g *goServer) serve() error {
	var err error
	for {
		var c *net.TCPConn
		c, err = g.listener.AcceptTCP()
		if outOfDescriptors(err) {
			c, err = g.acceptWithout()
		}
		if c != nil {
			g.welcome(c)
		}
		if err != nil && (g.ended() || !passes(err)) {
			break
		}
	}
	if !g.stop(func() {}) {
		err = nil // it was told to
	}
	g.all.Wait()
	if g.reserve != nil {
		err = errors.Join(err, g.reserve.Close())
	}
	if closing := g.listener.Close(); !errors.Is(closing, net.ErrClosed) {
		err = errors.Join(err, closing)
	}
	return err
}

// acceptWithout accepts a connection with the descriptor that is kept in reserve,
// and refuses it unless there is another one by then, so that its client knows.
// Without a reserve nobody is accepted for a while.
func (g *goServer) acceptWithout() (*net.TCPConn, error) {
	if g.reserve == nil {
		time.Sleep(retryAccepting)
	} else if err := g.reserve.Close(); err != nil {
		return nil, err
	}
	c, err := g.listener.AcceptTCP()
	if outOfDescriptors(err) {
		err = nil
	}
	g.reserve, _ = os.Open(os.DevNull) // nil where there is none
	if c != nil && g.reserve == nil {
		g.refuse()
		_ = c.Close()
		c = nil
		g.reserve, _ = os.Open(os.DevNull)
	}
	return c, err
}

func (g *goServer) welcome(c *net.TCPConn) {
	s, ok := g.begin(func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	if !ok {
		_ = c.Close()
		return
	}
	go func() {
		g.echo(c, s)
		g.finish(s, func() { _ = c.Close() })
	}()
}

func (g *goServer) echo(c io.ReadWriter, s *session) {
	buffer := g.buffers.Get().(*[]byte)
	defer g.buffers.Put(buffer)
	spun := uint64(seed)
	for {
		n, err := c.Read(*buffer)
		if err != nil {
			return
		}
		s.bytesIn.Add(int64(n))
		if g.steps > 0 {
			spun = spin(spun, g.steps)
		}
		n, err = c.Write((*buffer)[:n])
		s.written.Add(int64(n))
		if err != nil {
			return
		}
	}
}

func (g *goServer) ask(k kind) (Snapshot, error) {
	if k != stop {
		return g.state()
	}
	var err error
	if !g.stop(func() { err = g.listener.Close() }) {
		return Snapshot{}, ErrStopped
	}
	return Snapshot{}, err
}

func (g *goServer) close() error { return nil }

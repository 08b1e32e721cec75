//go:build linux

package muxtest

import (
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
)

const (
	// stalled is after how long without a byte that is owed a client gives up. The kernel
	// may take a part of it to send a segment again that found no room.
	stalled = workbench.Patience
	// Calls that have failed are made again with less patience, and parts of them with
	// little: what is found so is made again in the end.
	stalledAgain, stalledInPart = stalled / 2, stalled / 8
	// hangs is how long a method of the server's may take, which may have threads to end.
	hangs = watchdog / 2
)

// caller is one of a server's, in our hands.
type caller struct {
	fd        int
	name      int
	salt      uint32
	sent, got int
	half      bool // it has shut its writing side
}

// clients are a server with all that it serves, driven by one goroutine. Nothing
// blocks but what waits for the server, by poll(2).
type clients struct {
	rig      *rig
	patience time.Duration // with a server that owes something
	server   Server
	served   chan error
	small    int // SO_RCVBUF of each client; 0 is the kernel's own
	at       unix.Sockaddr
	all      []*caller // nil where none is connected
	buffer   []byte

	connected  int64
	sent       int64 // by those who have left in peace, and got it back
	cut        bool  // somebody has reset his connection
	some, most int64 // bytes of those: that came back, and that were sent
}

// serve starts a server for clients.
func (r *rig) serve(g regime, patience time.Duration) *clients {
	s, err := r.subject.start(g.config)
	if err != nil {
		r.Fatalf("starting the server: %v", err)
	}
	c := &clients{
		rig: r, patience: patience, server: s, served: make(chan error, 1), small: g.small,
		all: make([]*caller, g.clients), buffer: make([]byte, 64<<10),
	}
	go func() { c.served <- s.Serve() }()
	at := s.Address()
	c.at = &unix.SockaddrInet4{Addr: at.Addr().As4(), Port: int(at.Port())}
	return c
}

// close ends the server, and the clients that are left.
func (c *clients) close() *breach {
	for i, one := range c.all {
		if one != nil {
			c.rig.Close(one.fd)
			c.all[i] = nil
		}
	}
	var err error
	if b := within("Close", func() {
		c.server.Close()
		err = <-c.served
	}); b != nil {
		return b
	}
	if err != nil {
		return breachf("serve", "Serve: %v", err)
	}
	return nil
}

// within calls a method of the server's that has to return. If it does not, nothing can
// be tried any more.
func within(name string, f func()) *breach {
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		f()
	}()
	timer := time.NewTimer(hangs)
	defer timer.Stop()
	select {
	case <-returned:
		return nil
	case <-timer.C:
		return breachf(hanging, "%s does not return for %v", name, hangs)
	}
}

// connect connects a client, and returns when it is.
func (c *clients) connect(i int) *breach {
	fd := c.rig.Stream()
	c.all[i] = &caller{fd: fd, name: i + 1, salt: uint32(c.connected)}
	c.connected++
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		c.rig.Fatalf("setsockopt TCP_NODELAY: %v", err)
	}
	if c.small > 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, c.small); err != nil {
			c.rig.Fatalf("setsockopt SO_RCVBUF: %v", err)
		}
	}
	if err := unix.Connect(fd, c.at); err != nil && err != unix.EINPROGRESS {
		return breachf("connect", "client %d: connect: %v", i+1, err)
	}
	if b := c.await(c.all[i], unix.POLLOUT, "is not connected"); b != nil {
		return b
	}
	if errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR); err != nil || errno != 0 {
		return breachf("connect", "client %d: connect: %v, %v", i+1, unix.Errno(errno), err)
	}
	return nil
}

// await waits for a condition on a client's socket.
func (c *clients) await(one *caller, events int16, otherwise string) *breach {
	set := []unix.PollFd{{Fd: int32(one.fd), Events: events}}
	for deadline := time.Now().Add(c.patience); ; {
		n, err := unix.Poll(set, int(max(0, time.Until(deadline)/time.Millisecond)))
		switch {
		case err == unix.EINTR:
		case err != nil:
			return breachf("error", "poll(2) itself: %v", err)
		case n == 0:
			return breachf("stall", "client %d %s: nothing comes for %v, and %d of %d bytes are owed", one.name, otherwise, c.patience, one.sent-one.got, one.sent)
		default:
			return nil
		}
	}
}

// send sends so many bytes, or as many of them as there is room for.
func (c *clients) send(one *caller, n int) *breach {
	for n > 0 && !one.half {
		block := c.buffer[:min(n, len(c.buffer))]
		fillContent(block, one.salt, one.sent)
		sent, err := unix.Write(one.fd, block)
		if err == unix.EAGAIN {
			return nil
		}
		if err != nil {
			return breachf("reset", "client %d has sent %d bytes and got %d: write: %v", one.name, one.sent, one.got, err)
		}
		one.sent += sent
		n -= sent
	}
	return nil
}

// receive is one read of so many bytes at most. It says whether more may be there; at
// the end of file the client leaves.
func (c *clients) receive(one *caller, most int) (more bool, b *breach) {
	n, err := unix.Read(one.fd, c.buffer[:min(most, len(c.buffer))])
	switch {
	case err == unix.EAGAIN:
		return false, nil
	case err != nil:
		return false, breachf("reset", "client %d has sent %d bytes and got %d: read: %v", one.name, one.sent, one.got, err)
	case n == 0 && !one.half:
		return false, breachf("early", "client %d reads an end of file after %d bytes of %d, and has not ended its own side", one.name, one.got, one.sent)
	case n == 0 && one.got != one.sent:
		return false, breachf("early", "client %d has ended its side after %d bytes, and reads an end of file after %d", one.name, one.sent, one.got)
	case n == 0:
		c.leave(one)
		return false, nil
	}
	if at := differs(c.buffer[:n], one.salt, one.got); at >= 0 {
		return false, breachf("content", "client %d reads a wrong byte at offset %d of %d", one.name, one.got+at, one.sent)
	}
	if one.got += n; one.got > one.sent {
		return false, breachf("content", "client %d gets %d bytes, and has sent %d", one.name, one.got, one.sent)
	}
	return true, nil
}

// leave is the end of a client that got everything.
func (c *clients) leave(one *caller) {
	c.rig.Close(one.fd)
	c.sent += int64(one.sent)
	c.all[one.name-1] = nil
}

func (c *clients) drain(one *caller) *breach {
	for {
		if more, b := c.receive(one, len(c.buffer)); b != nil || !more {
			return b
		}
	}
}

// catchUp reads until all that was sent is back.
func (c *clients) catchUp(one *caller) *breach {
	for c.all[one.name-1] == one && one.got < one.sent {
		if b := c.await(one, unix.POLLIN, "waits for its answer"); b != nil {
			return b
		}
		if b := c.drain(one); b != nil {
			return b
		}
	}
	return nil
}

func (c *clients) halfClose(one *caller) *breach {
	if one.half {
		return nil
	}
	one.half = true
	if err := unix.Shutdown(one.fd, unix.SHUT_WR); err != nil {
		return breachf("reset", "client %d: shutdown: %v", one.name, err)
	}
	return nil
}

// end half-closes, and reads to the end.
func (c *clients) end(one *caller) *breach {
	if b := c.halfClose(one); b != nil {
		return b
	}
	for c.all[one.name-1] == one {
		if b := c.await(one, unix.POLLIN, "has ended its side"); b != nil {
			return b
		}
		if b := c.drain(one); b != nil {
			return b
		}
	}
	return nil
}

// reset cuts a connection. What was under way is lost, in either direction.
func (c *clients) reset(one *caller) *breach {
	c.rig.Reset(one.fd)
	c.cut = true
	c.some += int64(one.got)
	c.most += int64(one.sent)
	c.all[one.name-1] = nil
	return nil
}

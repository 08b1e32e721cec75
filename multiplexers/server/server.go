//go:build linux

package server

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// Config is what a server is started with.
type Config struct {
	Backend Backend
	Entry   multiplexers.Entry
	Address netip.AddrPort // IPv4, to listen on; port 0 lets the kernel choose
	// SocketBuffers sets SO_SNDBUF and SO_RCVBUF of each connection, in bytes
	// before the kernel doubles them (socket(7)). 0 leaves both to the
	// kernel's own tuning.
	SocketBuffers int
	// Spin is CPU time that the server burns on top for each read that it
	// echoes, before it writes the reply: a stand-in for work. That is once a
	// message, where a message fits one read (64 KiB) and comes alone and whole.
	// 0 is none; New refuses less, and more than MaxSpin.
	//
	// It is turned into a number of steps once, by New, at the speed that the
	// CPU has then: on a slower CPU it takes longer, as real work does. A processor
	// that works ahead hides some 35 ns of it between the system calls around it.
	Spin time.Duration
}

// Counters counts what the event loop did. A wait that woke for nothing but
// the loop's control descriptor is not counted, nor is reading that
// descriptor.
type Counters struct {
	Waits, Events, EmptyWaits int64
	Examined                  int64 // descriptors that waits handed to the kernel to look at, wait by wait; 0 where it keeps the set
	Adds, Modifies, Removes   int64
	Accepts                   int64
	Reads, Writes             int64 // calls, those that got EAGAIN included
	EAGAIN                    int64 // reads, writes and accepts that would have blocked
	BytesIn, BytesOut         int64
}

// Snapshot is the state of the loop between two of its batches.
type Snapshot struct {
	Counters Counters
	// CPU is user and system time of the loop's thread, less what answering
	// took. The wait that a snapshot ended is in it, though not in Counters:
	// a second snapshot right after tells what that costs.
	CPU time.Duration
	// User is the thread's user time since it began, as rough as
	// multiplexers.Usage says. What answering took is in it: the kernel's split
	// of so short a stretch says nothing.
	User time.Duration
	// Switches counts involuntary context switches of the loop's thread: the
	// kernel gave its CPU to another.
	Switches int64
	Open     int   // connections
	Refused  int64 // connections closed at once for want of a descriptor
	// LastAccept is when the last connection was accepted, on the clock of
	// multiplexers.Monotonic; 0 if none was.
	LastAccept time.Duration
}

// ErrStopped is returned by Snapshot and Park once the loop has ended.
var ErrStopped = errors.New("server has stopped")

// Server is a listening server. Serve runs its loop; the other methods may be
// called from other goroutines, each by one at a time.
type Server struct {
	loop     *loop
	address  netip.AddrPort
	commands chan command
	bells
	ended  chan struct{}
	once   sync.Once
	mu     sync.Mutex // held by who asks, so that no bell is closed meanwhile
	parked bool
}

// New listens on cfg.Address. The caller runs Serve, and calls Close in the end
// even if Serve failed.
func New(cfg Config) (*Server, error) {
	steps, err := stepsFor(cfg.Spin)
	if err != nil {
		return nil, err
	}
	listener, address, err := listen(cfg.Address, cfg.SocketBuffers)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", cfg.Address, err)
	}
	bells, err := newBells()
	if err != nil {
		return nil, errors.Join(err, unix.Close(listener))
	}
	s := &Server{address: address, commands: make(chan command, 1), bells: bells, ended: make(chan struct{})}
	s.loop, err = newLoop(cfg, steps, listener, bells, s.commands)
	if err != nil {
		return nil, errors.Join(err, unix.Close(listener), bells.close())
	}
	return s, nil
}

// Address is where the server listens.
func (s *Server) Address() netip.AddrPort { return s.address }

// Serve runs the event loop in the calling goroutine until Close is called or
// the multiplexer fails, then closes the listener and every connection.
func (s *Server) Serve() error {
	defer func() {
		_ = ring(s.answered) // whoever waits for an answer gets none
		close(s.ended)       // last: then the bells may be closed
	}()
	return s.loop.run()
}

// Snapshot asks the loop for its state, and wakes it if it is parked. While
// clients are quiescent the snapshot covers all they sent, to the digit.
func (s *Server) Snapshot() (Snapshot, error) { return s.ask(command{kind: snapshot}) }

// Park is Snapshot, after which the loop serves nobody and sleeps, costing
// nothing, until the next Snapshot or Close.
func (s *Server) Park() (Snapshot, error) { return s.ask(command{kind: park}) }

// Close ends the loop, waits until Serve has returned, and gives back the
// server's last descriptor. Every call after the first does nothing.
func (s *Server) Close() {
	s.once.Do(func() {
		_, _ = s.ask(command{kind: stop})
		<-s.ended
		s.mu.Lock()
		defer s.mu.Unlock()
		_ = s.bells.close() // nobody is left to be told
	})
}

func (s *Server) ask(c command) (Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.reply = make(chan Snapshot, 1)
	select {
	case <-s.ended:
		return Snapshot{}, ErrStopped // they may be closed, and their numbers other files's
	default:
	}
	select {
	case s.commands <- c:
	case <-s.ended:
		return Snapshot{}, ErrStopped
	}
	bell := s.wake
	if s.parked {
		bell = s.unpark
	}
	if err := ring(bell); err != nil {
		return Snapshot{}, err
	}
	if err := await(s.answered); err != nil {
		return Snapshot{}, err
	}
	select {
	case answer := <-c.reply:
		s.parked = c.kind == park
		return answer, nil
	default:
		return Snapshot{}, ErrStopped
	}
}

//go:build linux

package scenarios_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

const (
	soakPeers      = 500      // connections at any time
	soakBatches    = 50       // of a connection's life, at most
	soakPerBatch   = 32       // messages that are sent before the first is awaited, at most
	soakLargest    = 64 << 10 // bytes of a message
	soakBuffers    = 16 << 10 // of the few sockets that are not left to the kernel
	soakSources    = 200      // addresses that connections come from
	soakBlock      = 1 << 20
	soakQuietLimit = 30 * time.Second
)

// soaker is a crowd of clients that come and go. All is decided by its seed
// but the order in which events arrive.
type soaker struct {
	mux      multiplexers.Multiplexer
	random   *rand.Rand
	target   unix.RawSockaddrInet4
	block    []byte // that every batch is a part of, followed by itself
	buffer   []byte
	peers    map[int]*soakPeer
	opened   int64
	messages int64 // that came back whole and right
	bytes    int64
}

// soakPeer is one client. Of the batch in hand, sent and received count bytes.
type soakPeer struct {
	batch          []byte
	messages       int64 // in the batch
	sent, received int
	left           int // batches to come
	farewell       soakFarewell
}

// soakFarewell is how a client leaves.
type soakFarewell int

const (
	soakCloses     soakFarewell = iota // after its last reply
	soakHalfCloses                     // with its last batch sent, and waits for the end of file
	soakResets                         // after its last reply
	soakVanishes                       // with its last batch sent, and awaits nothing
	soakFarewells
)

func newSoaker(target netip.AddrPort, seed uint64) (*soaker, error) {
	mux, err := multiplexers.NewEdgeTriggered(multiplexers.Runtime)
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(seed, 0))
	block := make([]byte, soakBlock, 2*soakBlock)
	for i := range block {
		block[i] = byte(random.Uint32())
	}
	return &soaker{
		mux: mux, random: random, block: append(block, block...), buffer: make([]byte, 256<<10), peers: map[int]*soakPeer{},
		target: unix.RawSockaddrInet4{Family: unix.AF_INET, Port: target.Port()<<8 | target.Port()>>8, Addr: target.Addr().As4()},
	}, nil
}

// exchange lets clients come and go until so many messages more have been
// verified, and then waits for those that are there to leave.
func (s *soaker) exchange(messages int64) error {
	goal := s.messages + messages
	events := make([]multiplexers.Event, 1024)
	for s.messages < goal || len(s.peers) > 0 {
		for s.messages < goal && len(s.peers) < soakPeers {
			if err := s.come(); err != nil {
				return err
			}
		}
		n, err := s.mux.Wait(events, soakQuietLimit)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("nothing came back to %d clients for %s, after %d messages", len(s.peers), soakQuietLimit, s.messages)
		}
		for _, e := range events[:n] {
			if err := s.serve(e.FD, s.messages >= goal); err != nil {
				return fmt.Errorf("client %d after %d messages: %w", e.FD, s.messages, err)
			}
		}
	}
	return nil
}

func (s *soaker) come() error {
	buffers := 0
	if s.random.IntN(16) == 0 {
		buffers = soakBuffers
	}
	source := unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: [4]byte{127, 2, 0, byte(1 + s.opened%soakSources)}}
	fd, errno := multiplexers.Runtime.Connect(&source, &s.target, buffers)
	if errno != 0 {
		return fmt.Errorf("connecting: %w", errno)
	}
	s.opened++
	p := &soakPeer{left: s.random.IntN(soakBatches), farewell: soakFarewell(s.random.IntN(int(soakFarewells)))}
	s.peers[fd] = p
	s.begin(p)
	return s.mux.Add(fd, multiplexers.Readable|multiplexers.Writable|multiplexers.HangUp)
}

// begin draws the next batch: as often a single message as several, most of
// them small.
func (s *soaker) begin(p *soakPeer) {
	p.messages, p.sent, p.received = 1, 0, 0
	if s.random.IntN(2) == 0 {
		p.messages += int64(s.random.IntN(soakPerBatch))
	}
	size := 0
	for range p.messages {
		switch draw := s.random.IntN(1000); {
		case draw == 0:
			size += 1 + s.random.IntN(soakLargest)
		case draw < 30:
			size += 1 + s.random.IntN(4096)
		default:
			size += 1 + s.random.IntN(256)
		}
	}
	at := s.random.IntN(soakBlock)
	p.batch = s.block[at:min(at+size, len(s.block))]
}

// serve goes on with a client: sends, reads and verifies, and lets it leave.
func (s *soaker) serve(fd int, closing bool) error {
	p := s.peers[fd]
	if closing {
		p.left = min(p.left, 1) // the last batch is sent as such
	}
	for {
		leaves, err := s.send(fd, p)
		if err != nil || leaves {
			return err
		}
		n, errno := multiplexers.Runtime.Read(fd, s.buffer)
		switch {
		case errno == unix.EAGAIN:
			return nil
		case errno != 0:
			return fmt.Errorf("reading: %w", errno)
		case n == 0 && p.left == 0 && p.farewell == soakHalfCloses && p.messages == 0:
			return s.leave(fd, false)
		case n == 0:
			return fmt.Errorf("end of file with %d of %d bytes back and %d batches to come", p.received, len(p.batch), p.left)
		case p.received+n > p.sent || !bytes.Equal(s.buffer[:n], p.batch[p.received:p.received+n]):
			return errors.New("what came back is not what was sent")
		}
		p.received += n
		s.bytes += int64(n)
		if p.received < len(p.batch) {
			continue
		}
		s.messages += p.messages
		p.messages = 0
		if p.left > 0 {
			p.left--
			s.begin(p)
		} else if p.farewell != soakHalfCloses {
			return s.leave(fd, p.farewell == soakResets)
		}
	}
}

// send sends what is left of the batch, and, with the last one, what follows.
func (s *soaker) send(fd int, p *soakPeer) (left bool, err error) {
	for p.sent < len(p.batch) {
		n, errno := multiplexers.Runtime.Write(fd, p.batch[p.sent:])
		if errno == unix.EAGAIN {
			return false, nil
		}
		if errno != 0 {
			return false, fmt.Errorf("writing: %w", errno)
		}
		if p.sent += n; p.sent < len(p.batch) || p.left > 0 {
			continue
		}
		switch p.farewell {
		case soakVanishes:
			return true, s.leave(fd, s.random.IntN(2) == 0)
		case soakHalfCloses:
			return false, unix.Shutdown(fd, unix.SHUT_WR)
		}
	}
	return false, nil
}

func (s *soaker) leave(fd int, reset bool) error {
	delete(s.peers, fd)
	err := s.mux.Remove(fd)
	if reset {
		if errno := multiplexers.Runtime.Reset(fd); errno != 0 {
			err = errors.Join(err, errno)
		}
	} else if errno := multiplexers.Runtime.Close(fd); errno != 0 {
		err = errors.Join(err, errno)
	}
	return err
}

// close drops who is left.
func (s *soaker) close() error {
	for fd := range s.peers {
		_ = s.leave(fd, true)
	}
	return s.mux.Close()
}

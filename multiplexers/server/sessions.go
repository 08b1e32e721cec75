//go:build linux

package server

import (
	"errors"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// sessions is what engines have in common that give each connection a thread or
// a goroutine of its own: who is there, and what they did.
type sessions struct {
	at      netip.AddrPort
	steps   int       // of spin, for each read that is echoed
	buffers sync.Pool // of bufferSize, as *[]byte

	all sync.WaitGroup // whoever serves
	mu  sync.Mutex
	// Of those that are open:
	open   map[*session]struct{}
	ending bool // nobody is let in any more
	// Of those that are not:
	past       Counters
	accepts    int64
	refused    int64
	lastAccept time.Duration
}

// session is one connection.
type session struct {
	end                             func() // has its reads and writes fail; may be called from anywhere, once
	reads, writes, bytesIn, written atomic.Int64
}

func newSessions(at netip.AddrPort, steps int) sessions {
	return sessions{
		at:      at,
		steps:   steps,
		open:    make(map[*session]struct{}),
		buffers: sync.Pool{New: func() any { return new(make([]byte, bufferSize)) }},
	}
}

func (s *sessions) address() netip.AddrPort { return s.at }

// begin lets a connection in, and says false if the server is ending. Its
// goroutine calls finish in the end.
func (s *sessions) begin(end func()) (*session, bool) {
	at := multiplexers.Monotonic()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return nil, false
	}
	s.accepts++
	s.lastAccept = at
	c := &session{end: end}
	s.open[c] = struct{}{}
	s.all.Add(1)
	return c, true
}

// finish is the end of a connection, after which close is called: nobody ends it
// any more.
func (s *sessions) finish(c *session, close func()) {
	s.mu.Lock()
	delete(s.open, c)
	s.past = s.past.plus(c.counters())
	s.mu.Unlock()
	close()
	s.all.Done()
}

// refuse counts a connection that was closed at once.
func (s *sessions) refuse() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accepts++
	s.refused++
}

// stop lets nobody in any more, ends those who are, and does what else there is
// to do before anything is given back. It says false if that was done already.
func (s *sessions) stop(also func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return false
	}
	s.ending = true
	for c := range s.open {
		c.end()
	}
	also()
	return true
}

// ended says whether stop was called: what fails then has no other reason.
func (s *sessions) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ending
}

func (c *session) counters() Counters {
	return Counters{Reads: c.reads.Load(), Writes: c.writes.Load(), BytesIn: c.bytesIn.Load(), BytesOut: c.written.Load()}
}

// state is what all have done, and the clocks of the process: threads come and
// go. A reply that is on its way is waited for, as its client may have it before
// it is counted; one that its client does not take, a few milliseconds.
func (s *sessions) state() (Snapshot, error) {
	for range 50 {
		if s.answered() {
			break
		}
		time.Sleep(100 * time.Microsecond)
	}
	cpu, usage := quietCPU(), multiplexers.ProcessUsage()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return Snapshot{}, ErrStopped
	}
	all := Snapshot{
		Counters:   s.past,
		CPU:        cpu,
		User:       usage.User,
		Switches:   usage.Switches,
		Open:       len(s.open),
		Refused:    s.refused,
		LastAccept: s.lastAccept,
	}
	for c := range s.open {
		all.Counters = all.Counters.plus(c.counters())
	}
	all.Counters.Accepts = s.accepts - s.refused
	return all, nil
}

// answered says that all that was read has been written, as far as it is counted.
func (s *sessions) answered() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		if c.written.Load() != c.bytesIn.Load() {
			return false
		}
	}
	return true
}

// quietCPU is the process's CPU time when no other thread runs, whose clock would
// be behind: between two looks that find the others' clocks where they were. A
// server that never rests is not waited for beyond a few milliseconds.
func quietCPU() time.Duration {
	const (
		pause     = 100 * time.Microsecond
		most      = 50
		monitored = 20 * time.Microsecond // what the runtime's monitor may take meanwhile
	)
	runtime.LockOSThread() // whose clock is taken off
	defer runtime.UnlockOSThread()
	others := func() time.Duration { return multiplexers.ProcessCPUTime() - multiplexers.ThreadCPUTime() }
	before := others()
	for range most {
		ts := unix.NsecToTimespec(int64(pause))
		_ = unix.Nanosleep(&ts, nil) // cut short, it is looked again the sooner
		now := others()
		if now-before < monitored {
			break
		}
		before = now
	}
	return multiplexers.ProcessCPUTime()
}

// passes says of an error of accepting that it ends nothing: it is of a
// connection, or of want of memory, which is waited for.
func passes(err error) bool {
	if errors.Is(err, unix.ENOBUFS) || errors.Is(err, unix.ENOMEM) {
		time.Sleep(retryAccepting)
		return true
	}
	var errno unix.Errno
	return errors.As(err, &errno) && (errno == unix.EINTR || ofConnection(errno))
}

// outOfDescriptors says whether accepting failed because there was none left.
func outOfDescriptors(err error) bool {
	return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE)
}

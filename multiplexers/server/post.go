//go:build linux

package server

import (
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"muxbench/multiplexers"
)

type kind uint8

const (
	snapshot kind = iota
	park
	stop
)

// command is a request to a thread, put into its post before the thread is
// called, or where it is parked before the bell is rung that it sleeps on. reply
// has room for the answer: the thread never blocks on it.
type command struct {
	kind  kind
	reply chan Snapshot
}

// post is where one thread that serves can be asked. ask and close are for those
// who ask, obey for the thread itself, and leave for when it has ended.
type post struct {
	bells
	call     func() error // has the thread, unless it is parked, obey soon
	commands chan command
	ended    chan struct{}

	mu     sync.Mutex // held by who asks, so that no bell is closed meanwhile
	parked bool

	unbilled time.Duration // the thread's: CPU time that snapshots took
}

// newPost is one whose thread is called by its wake bell.
func newPost() (*post, error) {
	b, err := newBells()
	if err != nil {
		return nil, err
	}
	p := &post{bells: b, commands: make(chan command, 1), ended: make(chan struct{})}
	p.call = func() error { return ring(p.wake) }
	return p, nil
}

// ask has the thread carry out k, and returns its state.
func (p *post) ask(k kind) (Snapshot, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := command{k, make(chan Snapshot, 1)}
	select {
	case <-p.ended:
		return Snapshot{}, ErrStopped // bells may be closed, and their numbers other files's
	default:
	}
	select {
	case p.commands <- c:
	case <-p.ended:
		return Snapshot{}, ErrStopped
	}
	call := p.call
	if p.parked {
		call = func() error { return ring(p.unpark) }
	}
	if err := call(); err != nil {
		return Snapshot{}, err
	}
	if err := await(p.answered); err != nil {
		return Snapshot{}, err
	}
	select {
	case answer := <-c.reply:
		p.parked = k == park
		return answer, nil
	default:
		return Snapshot{}, ErrStopped
	}
}

// leave says that the thread has ended. Whoever waits for an answer gets none.
//
// It has ended before that is rung: a ring may be taken together with that of the last
// answer, and who asks next would wait for another one.
func (p *post) leave() {
	close(p.ended)
	_ = ring(p.answered) // the bells are closed by who waits for the thread
}

// close waits until nobody asks any more.
func (p *post) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bells.close()
}

// attendant is a thread that can be asked.
type attendant interface {
	// state is what a snapshot says of the thread, but for its clocks.
	state() Snapshot
}

// obey carries out the command that the thread was called for, if there is one,
// and says whether the thread is to end. Parked, it sleeps until there is
// another one.
func (p *post) obey(e multiplexers.Entry, of attendant) (stopped bool) {
	var c command
	select {
	case c = <-p.commands:
	default:
		return false // called for another reason
	}
	for {
		began := p.answer(e, c, of)
		switch c.kind {
		case stop:
			return true
		case snapshot:
			p.unbilled += multiplexers.ThreadCPUTime() - began
			return false
		}
		e.Release()
		_ = await(p.unpark) // open as long as the thread is
		e.Hold()
		c = <-p.commands // does not block: whoever rings has put it there
		p.unbilled += multiplexers.ThreadCPUTime() - began
	}
}

// answer replies to c, and returns the thread's CPU time when it began.
func (p *post) answer(e multiplexers.Entry, c command, of attendant) (began time.Duration) {
	began = multiplexers.ThreadCPUTime()
	one := [8]byte{}
	binary.NativeEndian.PutUint64(one[:], 1)
	usage := multiplexers.ThreadUsage()
	s := of.state()
	s.CPU, s.User, s.Switches = began-p.unbilled, usage.User, usage.Switches
	s.Sleeps += usage.Sleeps
	c.reply <- s
	_, _ = e.Write(p.answered, one[:]) // it has room for more than anybody asks
	return began
}

// errTwice is a breach of what one-shot readiness promises.
var errTwice = errors.New("a connection was handed to two threads at once")

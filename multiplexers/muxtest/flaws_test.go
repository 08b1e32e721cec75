//go:build linux

package muxtest_test

import (
	"golang.org/x/sys/unix"
)

// flaw is one way for a server to be broken.
type flaw string

const (
	sound                  flaw = "sound"
	ignoresFirstEvent      flaw = "takes a connection's first event for its being writable"
	acceptsOnce            flaw = "accepts once for an event"
	joinsOthers            flaw = "listens where others do"
	namesNoAddress         flaw = "says not where it cannot listen"
	readsOnce              flaw = "reads once for an event"
	polls                  flaw = "reads every connection over and over"
	swaps                  flaw = "swaps what it reads at once"
	sharesBuffer           flaw = "reads the next connection into the buffer of a reply"
	dropsUnread            flaw = "ends a connection when its client will say no more"
	dropsReply             flaw = "forgets a reply under way when its client will say no more"
	endsWithAClient        flaw = "ends when a client does"
	forgetsToClose         flaw = "closes no connection before it ends"
	losesByte              flaw = "loses a byte when a reply does not fit"
	repeatsByte            flaw = "repeats a byte when a reply does not fit"
	keepsReading           flaw = "reads from a client that does not read"
	blocks                 flaw = "waits for one client with all others"
	triesAgain             flaw = "tries to send what does not fit after every wait"
	countsTheGone          flaw = "counts those who are gone"
	forgetsByte            flaw = "leaves a byte of each read and write out of its totals"
	neverAnswers           flaw = "never says how it is"
	countsTooEarly         flaw = "counts as sent what is not sent yet"
	keepsConnections       flaw = "leaves connections open when it ends"
	keepsListener          flaw = "leaves its listener open when it ends"
	resetsAtClose          flaw = "throws away what it has sent when it ends"
	waitsForClients        flaw = "ends when its clients have"
	stopsAcceptingWhenFull flaw = "accepts nobody any more after it was full"
	spinsWhenFull          flaw = "asks again and again when it is full"
)

// block is how much is read at once.
func (f flaw) block() int {
	if f == swaps {
		return 64
	}
	return 4096
}

// counted is what n bytes add to a total.
func (f flaw) counted(n int) int64 {
	if f == forgetsByte && n > 0 {
		n--
	}
	return int64(n)
}

// timeout is that of the next wait, in milliseconds.
func (l *little) timeout() int {
	if l.flaw == polls || l.flaw == spinsWhenFull && l.refused > 0 {
		return 0
	}
	return -1
}

// idle is what a flaw does when a wait finds nothing.
func (l *little) idle() {
	switch l.flaw {
	case polls:
		for fd := range l.conns {
			_ = l.serve(fd, 0)
		}
	case spinsWhenFull:
		l.accept()
	}
}

// afterBatch is what a flaw does then.
func (l *little) afterBatch() {
	for _, f := range l.late {
		f()
	}
	l.late = l.late[:0]
	if l.flaw == triesAgain {
		for fd, c := range l.conns {
			if len(c.pending) > 0 {
				_ = l.serve(fd, 0)
			}
		}
	}
}

// spoils does what a flaw has in place of serving, and says whether it did.
func (l *little) spoils(fd int, c *littleConn, events uint32) bool {
	switch hungUp := events&unix.EPOLLRDHUP != 0; l.flaw {
	case ignoresFirstEvent:
		return c.events == 1
	case dropsUnread:
		if hungUp {
			l.end(fd)
		}
		return hungUp
	case dropsReply:
		if hungUp && len(c.pending) > 0 {
			l.end(fd)
			return true
		}
	}
	return false
}

// reply is echo, as a flaw has it.
func (l *little) reply(fd int, c *littleConn, said []byte) (done bool, err error) {
	switch l.flaw {
	case swaps:
		later := make([]byte, len(said))
		n, err := unix.Read(fd, later)
		if err == nil && n > 0 {
			l.counts.BytesIn += int64(n)
			said = append(later[:n:n], said...)
		}
	case sharesBuffer:
		l.late = append(l.late, func() { _, _ = l.echo(fd, c, said) })
		return false, nil
	case losesByte, repeatsByte, countsTooEarly:
		done, err = l.echo(fd, c, said)
		if len(c.pending) > 1 {
			switch l.flaw {
			case losesByte:
				c.pending = c.pending[1:]
			case repeatsByte:
				c.pending = append(c.pending[:1:1], c.pending...)
			}
		}
		if l.flaw == countsTooEarly {
			l.counts.BytesOut += int64(len(c.pending))
		}
		return done, err
	case keepsReading:
		if len(c.pending) > 0 {
			c.pending = append(c.pending, said...)
			return false, nil
		}
		_, err := l.echo(fd, c, said)
		return false, err
	case blocks:
		for len(said) > 0 {
			n, err := l.write(fd, said)
			if err != nil {
				return true, l.fails(fd, err)
			}
			if said = said[n:]; len(said) > 0 {
				_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, -1)
			}
		}
		return false, nil
	}
	return l.echo(fd, c, said)
}

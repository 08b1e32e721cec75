//go:build linux

package lab

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// samples is how many waits of a kind are timed.
const samples = 20

func timeouts() Demo {
	return Demo{
		Name:  "timeout",
		Title: "how long does a wait last of 0, −1 and a little?",
		Why: `0 looks and returns, −1 waits for ever, and anything else never ends early. It may end late by the
thread's timer slack, 50 µs unless prctl(2) has set it or 0.1 % of the timeout if that is more, and by what it
takes until the thread runs. A deadline that has passed when the kernel looks, as one in 1 ns has, is not slept
for. select takes microseconds, poll and epoll_wait milliseconds, epoll_pwait2
nanoseconds.`,
		Advice: `Round timeouts up: a millisecond count rounded down to 0 makes a loop spin until its timer is due.
For less than a millisecond use epoll_pwait2 or a timerfd.`,
		Source: `epoll_wait(2); poll(2); select(2); PR_SET_TIMERSLACK in prctl(2); select_estimate_accuracy in fs/select.c`,
		show:   showTimeouts,
	}
}

func showTimeouts(s *stage) {
	reader, writer := s.Pipe()
	epoll := s.Epoll()
	s.watch(epoll, reader, unix.EPOLLIN)
	calls := timedCalls(reader, epoll)
	if err := calls[len(calls)-1].wait(0); err == unix.ENOSYS || err == unix.EPERM {
		calls = calls[:len(calls)-1]
		s.tell("epoll_pwait2, of Linux 5.11", "not to be had here: %s", errorOf(err))
	}
	for _, c := range calls {
		s.polls(c)
		for _, asked := range c.distinct(100*time.Microsecond, 1500*time.Microsecond, time.Millisecond, time.Nanosecond) {
			s.lasts(c, asked)
		}
	}
	for _, c := range calls {
		s.waitsForEver(c, reader, writer)
	}
	s.rounds("down", func(d time.Duration) int { return int(d / time.Millisecond) }, false)
	s.rounds("up", func(d time.Duration) int { return int(rounded(d, time.Millisecond) / time.Millisecond) }, true)
	s.slack(calls[len(calls)-1])
}

// polls shows that a timeout of 0 does not block.
func (s *stage) polls(c timedCall) {
	t := s.timed(c, 0)
	// Under test or on a busy host a thread may sleep for other reasons, now and then.
	s.judge(c.name+", 0: sleeps", "no", fmt.Sprintf("%d of %d times, median %s", t.slept, samples, lasting(t.median)), t.slept < samples/2)
}

// lasts shows that a timeout passes in full, and by how much it is overrun.
func (s *stage) lasts(c timedCall, asked time.Duration) {
	timeout := rounded(asked, c.units)
	done := fmt.Sprintf("%s, %s", c.name, lasting(asked))
	if timeout != asked {
		done += ", rounded up to " + lasting(timeout)
	}
	t := s.timed(c, timeout)
	s.judge(done+": lasts", lasting(timeout)+" or more", t.String(), t.least >= timeout)
}

// waitsForEver shows that without a timeout a wait sleeps until something is ready.
func (s *stage) waitsForEver(c timedCall, reader, writer int) {
	var err error
	t := s.Aside(func() {
		for err = c.wait(-1); err == unix.EINTR; err = c.wait(-1) {
		}
	}, c.call)
	asleep := s.sleepsIn(t)
	s.Write(writer, 1)
	t.Join(c.name + " with a byte there")
	s.Drain(reader)
	s.expect(c.name+", −1, then a byte comes", "asleep in "+c.call+", no error", "asleep in "+asleep+", "+errorOf(err))
}

// rounds shows how many waits of whole milliseconds it takes until timers are due that
// are not.
func (s *stage) rounds(way string, round func(time.Duration) int, once bool) {
	const due = 900 * time.Microsecond
	epoll := s.Epoll()
	events := make([]unix.EpollEvent, 1)
	waits := 0
	for range samples {
		deadline := time.Now().Add(due)
		for left := due; left > 0; left = time.Until(deadline) {
			_, err := unix.EpollWait(epoll, events, round(left))
			if err == nil {
				waits++
			} else if err != unix.EINTR {
				s.Fatalf("epoll_wait: %v", err)
			}
		}
	}
	done := fmt.Sprintf("%d timers due in %s, timeouts rounded %s: waits", samples, lasting(due), way)
	if once {
		s.expect(done, fmt.Sprint(samples), fmt.Sprint(waits))
		return
	}
	s.judge(done, fmt.Sprintf("%d or more", 10*samples), grouped(waits), waits >= 10*samples)
}

// slack tells how much earlier a wait ends whose thread allows for no slack. On a busy
// host that may be nothing.
func (s *stage) slack(c timedCall) {
	const asked = 100 * time.Microsecond
	timeout := rounded(asked, c.units)
	var was int
	var timed timing
	var failed error
	t := s.Aside(func() { was, timed, failed = withoutSlack(c, timeout) })
	t.Join("timed waits")
	if failed != nil {
		s.Fatalf("%v", failed)
	}
	s.tell("timer slack of a thread (PR_GET_TIMERSLACK)", "%s", lasting(time.Duration(was)))
	s.tell(fmt.Sprintf("%s, %s, with a slack of 1 ns: lasts", c.name, lasting(timeout)), "%s", timed)
}

// withoutSlack times waits in a thread with the least slack there is, and says what it
// was before, in nanoseconds. The caller must be locked to its thread.
func withoutSlack(c timedCall, timeout time.Duration) (was int, t timing, err error) {
	if was, err = unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0); err != nil {
		return 0, t, fmt.Errorf("prctl PR_GET_TIMERSLACK: %w", err)
	}
	if err = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil {
		return 0, t, fmt.Errorf("prctl PR_SET_TIMERSLACK: %w", err)
	}
	t, err = c.timed(timeout)
	// 0 is the thread's default, which it began with.
	return was, t, errors.Join(err, unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0))
}

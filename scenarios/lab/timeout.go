//go:build linux

package lab

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// samples is how many waits of a kind are timed.
const samples = 20

func timeouts() Demo {
	return Demo{
		Name:  "timeout",
		Title: "how long does a wait last of 0, −1 and a little?",
		Why: `0 looks and returns, −1 waits for ever, and anything else never ends early. It may end late by the
thread's timer slack, 50 µs unless prctl(2) has set it or 0.1 % of the timeout if that is more, and by what it
takes until the thread runs. select takes microseconds, poll and epoll_wait milliseconds, epoll_pwait2
nanoseconds.`,
		Advice: `Round timeouts up: a millisecond count rounded down to 0 makes a loop spin until its timer is due.
For less than a millisecond use epoll_pwait2 or a timerfd.`,
		Source: `epoll_wait(2); poll(2); select(2); PR_SET_TIMERSLACK in prctl(2); select_estimate_accuracy in fs/select.c`,
		Takes:  "epoll_pwait2(2), of Linux 5.11, for some of its rows",
		show:   showTimeouts,
	}
}

func showTimeouts(s *stage) {
	reader, writer := s.Pipe()
	epoll := s.Epoll()
	s.watch(epoll, reader, unix.EPOLLIN)
	calls := timedCalls(reader, epoll)
	if err := calls[len(calls)-1].wait(0); err == unix.ENOSYS {
		calls = calls[:len(calls)-1]
		s.tell("epoll_pwait2", "not on this kernel: %v", err)
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

// timedCall is a system call that waits for a descriptor.
type timedCall struct {
	name  string
	call  string // by its name in the kernel
	units time.Duration
	// wait returns nil when its timeout has passed or something is ready. A timeout
	// is in whole units; a negative one is none.
	wait func(timeout time.Duration) error
}

// timedCalls wait for reader, or for an epoll instance that watches it. The last is
// not on all kernels.
func timedCalls(reader, epoll int) []timedCall {
	events := make([]unix.EpollEvent, 1)
	return []timedCall{
		{"select", "pselect6", time.Microsecond, func(timeout time.Duration) error {
			var set unix.FdSet
			set.Set(reader)
			var limit *unix.Timeval
			if timeout >= 0 {
				tv := unix.NsecToTimeval(int64(timeout))
				limit = &tv
			}
			_, err := unix.Select(reader+1, &set, nil, nil, limit)
			return err
		}},
		{"poll", "ppoll", time.Millisecond, func(timeout time.Duration) error {
			_, err := unix.Poll([]unix.PollFd{{Fd: int32(reader), Events: unix.POLLIN}}, milliseconds(timeout))
			return err
		}},
		{"epoll_wait", "epoll_pwait", time.Millisecond, func(timeout time.Duration) error {
			_, err := unix.EpollWait(epoll, events, milliseconds(timeout))
			return err
		}},
		{"epoll_pwait2", "epoll_pwait2", time.Nanosecond, func(timeout time.Duration) error {
			return epollPwait2(epoll, events, timeout)
		}},
	}
}

func milliseconds(timeout time.Duration) int {
	if timeout < 0 {
		return -1
	}
	return int(timeout / time.Millisecond)
}

// rounded is d rounded up to whole units.
func rounded(d, units time.Duration) time.Duration { return (d + units - 1) / units * units }

// distinct are those of the timeouts that do not round to the same as one before, the
// shortest first.
func (c timedCall) distinct(timeouts ...time.Duration) []time.Duration {
	var all []time.Duration
	for _, asked := range timeouts {
		if !slices.ContainsFunc(all, func(d time.Duration) bool { return rounded(d, c.units) == rounded(asked, c.units) }) {
			all = append(all, asked)
		}
	}
	slices.Sort(all)
	return all
}

// timing is what came of some waits.
type timing struct {
	least, median time.Duration
	slept         int // of them
}

// String tells how long they lasted.
func (t timing) String() string {
	return fmt.Sprintf("least %s, median %s", lasting(t.least), lasting(t.median))
}

// time times waits that nothing ends but their timeout. One that a signal ends is
// begun anew.
func (s *stage) time(c timedCall, timeout time.Duration) timing {
	runtime.LockOSThread() // whose sleeps are counted
	defer runtime.UnlockOSThread()
	var t timing
	var all []time.Duration
	for len(all) < samples {
		sleeps, began := multiplexers.ThreadUsage().Sleeps, time.Now()
		err := c.wait(timeout)
		elapsed := time.Since(began)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			s.Fatalf("%s: %v", c.name, err)
		}
		if multiplexers.ThreadUsage().Sleeps > sleeps {
			t.slept++
		}
		all = append(all, elapsed)
	}
	slices.Sort(all)
	t.least, t.median = all[0], all[len(all)/2]
	return t
}

// polls shows that a timeout of 0 does not block.
func (s *stage) polls(c timedCall) {
	t := s.time(c, 0)
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
	t := s.time(c, timeout)
	s.judge(done+": lasts", lasting(timeout)+" or more", t.String(), t.least >= timeout)
}

// waitsForEver shows that without a timeout a wait sleeps until something is ready.
func (s *stage) waitsForEver(c timedCall, reader, writer int) {
	var err error
	t := s.Aside(func() { err = c.wait(-1) }, c.call)
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
	s.judge(done, fmt.Sprintf("%d or more", 10*samples), fmt.Sprint(waits), waits >= 10*samples)
}

// slack tells how much earlier a wait ends whose thread allows for no slack. On a busy
// host that may be nothing.
func (s *stage) slack(c timedCall) {
	const asked = 100 * time.Microsecond
	timeout := rounded(asked, c.units)
	var was int
	var failed error
	var timed timing
	t := s.Aside(func() {
		if was, failed = unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0); failed != nil {
			return
		}
		if failed = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); failed != nil {
			return
		}
		timed = s.time(c, timeout)
		failed = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0) // the default again
	})
	t.Join("timed waits")
	if failed != nil {
		s.Fatalf("prctl: %v", failed)
	}
	s.tell("timer slack of a thread (PR_GET_TIMERSLACK)", "%s", lasting(time.Duration(was)))
	s.tell(fmt.Sprintf("%s, %s, with a slack of 1 ns: lasts", c.name, lasting(timeout)), "%s", timed)
}

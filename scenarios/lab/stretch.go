//go:build linux

package lab

import (
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// often is how many waits must return in a second for a loop to be spinning. An idle
// CPU does thousands of times as many.
const often = 100

// stretch is what came of a while of waiting in which nothing was done about what was
// reported.
type stretch struct {
	returns int // waits that reported something
	events  int // what they reported, together
	elapsed time.Duration
	cpu     time.Duration // of the waiting thread
}

// onlyWait waits, again and again, for so long, with room for 1,024 events.
func (s *stage) onlyWait(epoll int, length time.Duration) stretch {
	events := make([]unix.EpollEvent, 1024)
	runtime.LockOSThread() // whose CPU time is read
	defer runtime.UnlockOSThread()
	var all stretch
	cpu, began := multiplexers.ThreadCPUTime(), time.Now()
	for {
		all.elapsed = time.Since(began)
		if all.elapsed >= length {
			break
		}
		if n := s.wait(epoll, events, length-all.elapsed); n > 0 {
			all.returns++
			all.events += n
		}
	}
	all.cpu = multiplexers.ThreadCPUTime() - cpu
	return all
}

// spins wants waits to return often.
func (s *stage) spins(done string, t stretch) {
	rate := float64(t.returns) / t.elapsed.Seconds()
	s.judge(done, fmt.Sprintf("%d a second or more", often), fmt.Sprintf("%s a second, over %s", grouped(int(rate)), t.lasted()), rate >= often)
}

// sleeps wants just so many to return.
func (s *stage) sleeps(done string, returns int, t stretch) {
	s.judge(done, grouped(returns), fmt.Sprintf("%s in %s", grouped(t.returns), t.lasted()), t.returns == returns)
}

// lasted is how long it lasted, in words.
func (t stretch) lasted() string { return fmt.Sprintf("%d ms", t.elapsed.Milliseconds()) }

// load is the CPU time of a stretch as a share of a CPU.
func (t stretch) load() string {
	return fmt.Sprintf("%.3g %% of a CPU", 100*float64(t.cpu)/float64(t.elapsed))
}

// perWait is the CPU time of a wait that returned, in microseconds.
func (t stretch) perWait() float64 { return float64(t.cpu.Nanoseconds()) / 1e3 / float64(t.returns) }

// perReturn is how many events each wait that returned has brought.
func (t stretch) perReturn() string {
	if t.returns == 0 {
		return "none"
	}
	return fmt.Sprintf("%.4g", float64(t.events)/float64(t.returns))
}

//go:build linux

package scenarios

import (
	"context"
	"fmt"
	"time"

	"muxbench/results"
)

// burstsOfWindow is how many of them an arm has in a block.
const burstsOfWindow = 6

// settling is how long the loops of a server have to go back to sleep that a
// connection has woken in vain, before the next one comes.
const settling = 200 * time.Microsecond

// burst is a slice of scenario accept: all connections, so many at once, up to the
// last accept. Its time is theirs alone: between those that come apart, nothing is
// counted.
//
// The server is asked as often as it takes until it has them. What an answer costs
// depends on how long its threads have slept: it is measured each time by one more
// question, after as long a pause.
func (a *armRun) burst(ctx context.Context, record bool) (results.Slice, error) {
	c := a.block.cell
	before, err := a.askServer(ctx, DoSnapshot)
	if err != nil {
		return results.Slice{}, err
	}
	first, overflows := before, a.block.machine.Overflows()
	var s results.Slice
	var cpu time.Duration
	for begun := 0; begun < c.Connections; {
		n := min(c.Active, c.Connections-begun)
		load, err := a.askLoad(ctx, Command{Do: DoBurst, Count: n, Record: record})
		if err != nil {
			return results.Slice{}, err
		}
		if load.Established != n {
			return results.Slice{}, fmt.Errorf("load generator: %d of %d connections established", load.Established, n)
		}
		begun += n
		after, asked, err := a.untilAccepted(ctx, begun-int(s.NeverAccepted), overflows)
		if err != nil {
			return results.Slice{}, err
		}
		time.Sleep(settling)
		again, err := a.askServer(ctx, DoSnapshot)
		if err != nil {
			return results.Slice{}, err
		}
		snapshots := time.Duration(asked) * (again.CPU - after.CPU)
		cpu += after.CPU - before.CPU - snapshots
		s.SnapshotNS += int64(snapshots)
		s.ServerSleeps += after.Sleeps - before.Sleeps
		s.NeverAccepted = int64(begun - after.Open)
		s.ElapsedNS += int64(max(load.Last, after.LastAccept) - load.First)
		s.LoadCPUNS += int64(load.CPU)
		s.LoadSwitches += load.Switches
		s.WorldStops += load.WorldStops
		if record {
			a.trial.Counters.Load = a.trial.Counters.Load.Plus(load.Counters)
		}
		before = again
	}
	if record {
		a.countServer(first, before)
	}
	s.Connects = int64(c.Connections) - s.NeverAccepted
	s.Overflows = a.block.machine.Overflows() - overflows
	s.ServerCPUNS, s.ServerSleeps = int64(max(0, cpu)), max(0, s.ServerSleeps)
	s.ServerUserNS = int64(before.User - first.User)
	s.ServerQueuedNS = int64(before.Queued - first.Queued)
	s.WatchedNS = int64(before.At - first.At)
	s.ServerSwitches = before.Switches - first.Switches
	s.WorldStops += before.WorldStops - first.WorldStops
	return s, nil
}

// forgotten is how long a connection that its client has established may take to be
// accepted: the server's kernel has asked twice more by then, after one and two
// seconds.
const forgotten = 4 * time.Second

// untilAccepted is untilOpen, but that where queues have overflowed it gives up those
// that do not come any more, as the kernel has: a client that was answered by a SYN
// cookie has established a connection of which the server knows nothing, if the queue
// was full when the cookie came back (tcp(7), tcp_syncookies). One that sends
// something is let in by that; these are silent.
func (a *armRun) untilAccepted(ctx context.Context, want int, overflows int64) (state ServerState, asked int, err error) {
	last, since := -1, time.Now()
	for {
		time.Sleep(settling)
		asked++
		state, err = a.askServer(ctx, DoSnapshot)
		if err != nil || state.Open >= want {
			return state, asked, err
		}
		if state.Refused > 0 {
			return state, asked, refused(state)
		}
		if state.Open > last {
			last, since = state.Open, time.Now()
		}
		switch {
		case time.Since(since) < forgotten:
		case a.block.machine.Overflows() > overflows:
			return state, asked, nil
		default:
			return state, asked, fmt.Errorf("server: %d of %d connections accepted, and none of the others in %s, though no queue was full", state.Open, want, forgotten)
		}
	}
}

// accepted computes a trial's values of bursts: how often threads were woken for a
// connection, how often for nobody, and how many found a queue full.
func accepted(t *results.Trial) {
	var sleeps, overflows, never, connects float64
	for _, s := range t.Slices {
		sleeps += float64(s.ServerSleeps)
		never += float64(s.NeverAccepted)
		overflows += float64(s.Overflows)
		connects += float64(s.Connects)
	}
	t.Values[results.Overflows] = overflows / float64(len(t.Slices))
	t.Values[results.NeverAccepted] = never / float64(len(t.Slices))
	if c := t.Counters.Server; c.ListenerEvents > 0 && connects > 0 { // or else nobody has counted
		t.Values[results.WakeupsPerAccept] = sleeps / connects
		t.Values[results.SpuriousPerAccept] = float64(c.SpuriousAccepts) / connects
	}
}

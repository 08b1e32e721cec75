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
func (a *armRun) burst(ctx context.Context, record bool) (results.Slice, error) {
	c := a.block.cell
	idle, err := a.askServer(ctx, DoSnapshot)
	if err != nil {
		return results.Slice{}, err
	}
	before, err := a.askServer(ctx, DoSnapshot)
	if err != nil {
		return results.Slice{}, err
	}
	overflows := a.block.machine.Overflows()
	s := results.Slice{Connects: int64(c.Connections)}
	after, asked := before, 0
	for open := 0; open < c.Connections; {
		n := min(c.Active, c.Connections-open)
		load, err := a.askLoad(ctx, Command{Do: DoBurst, Count: n, Record: record})
		if err != nil {
			return results.Slice{}, err
		}
		if load.Established != n {
			return results.Slice{}, fmt.Errorf("load generator: %d of %d connections established", load.Established, n)
		}
		time.Sleep(settling)
		open += n
		var times int
		after, times, err = a.untilOpen(ctx, open)
		if err != nil {
			return results.Slice{}, err
		}
		asked += times
		s.ElapsedNS += int64(max(load.Last, after.LastAccept) - load.First)
		s.LoadCPUNS += int64(load.CPU)
		s.LoadSwitches += load.Switches
		s.WorldStops += load.WorldStops
		if record {
			a.trial.Counters.Load = a.trial.Counters.Load.Plus(load.Counters)
		}
	}
	s.Overflows = a.block.machine.Overflows() - overflows
	if record {
		a.countServer(before, after)
	}
	snapshots := time.Duration(asked) * (before.CPU - idle.CPU)
	s.ServerCPUNS = int64(max(0, after.CPU-before.CPU-snapshots))
	s.SnapshotNS = int64(snapshots)
	s.ServerUserNS = int64(after.User - before.User)
	s.ServerQueuedNS = int64(after.Queued - before.Queued)
	s.WatchedNS = int64(after.At - before.At)
	s.ServerSwitches = after.Switches - before.Switches
	s.ServerSleeps = max(0, after.Sleeps-before.Sleeps)
	s.WorldStops += after.WorldStops - before.WorldStops
	return s, nil
}

// accepted computes a trial's values of bursts: how often threads were woken for a
// connection, how often for nobody, and how many found a queue full.
func accepted(t *results.Trial) {
	var sleeps, overflows, connects float64
	for _, s := range t.Slices {
		sleeps += float64(s.ServerSleeps)
		overflows += float64(s.Overflows)
		connects += float64(s.Connects)
	}
	t.Values[results.Overflows] = overflows / float64(len(t.Slices))
	if c := t.Counters.Server; c.ListenerEvents > 0 && connects > 0 { // or else nobody has counted
		t.Values[results.WakeupsPerAccept] = sleeps / connects
		t.Values[results.SpuriousPerAccept] = float64(c.SpuriousAccepts) / connects
	}
}

//go:build linux

package scenarios

import (
	"context"
	"fmt"
	"time"

	"muxbench/results"
)

// connect sets up all connections, and takes what that cost in time and in
// the memory of either side.
func (a *armRun) connect(ctx context.Context) error {
	slice, err := a.setUpOnce(ctx, false)
	if err != nil {
		return err
	}
	if !a.arm.external() { // or else the last accept is not known
		a.trial.Values[results.ConnectElapsed] = float64(slice.ElapsedNS)
	}
	if err := a.growth(ctx); err != nil {
		return err
	}
	_, err = a.askServer(ctx, DoPark)
	return err
}

// enoughToWeigh is how many connections it takes until their memory outweighs
// the 400 KB that a process touches when it connects for the first time.
const enoughToWeigh = 5000

// growth takes how much memory both sides have gained by their connections,
// where there are enough of them to tell.
func (a *armRun) growth(ctx context.Context) error {
	if a.block.cell.Connections < enoughToWeigh {
		return nil
	}
	for i, side := range []struct {
		worker Worker
		metric results.Metric
	}{{a.server, results.ServerRSSPerConnection}, {a.load, results.LoadRSSPerConnection}} {
		_, rss, err := a.report(ctx, side.worker)
		if err != nil {
			return err
		}
		a.trial.Values[side.metric] = float64(rss-a.idleRSS[i]) / float64(a.block.cell.Connections)
	}
	return nil
}

// setUpOnce establishes every connection, up to the last accept.
func (a *armRun) setUpOnce(ctx context.Context, record bool) (results.Slice, error) {
	before, err := a.askServer(ctx, DoSnapshot)
	if err != nil {
		return results.Slice{}, err
	}
	load, err := a.askLoad(ctx, Command{Do: DoConnect, Record: record})
	if err != nil {
		return results.Slice{}, err
	}
	want := a.block.cell.Connections
	if load.Established != want {
		return results.Slice{}, fmt.Errorf("load generator: %d of %d connections established", load.Established, want)
	}
	after, asked, err := a.untilOpen(ctx, want)
	if err != nil {
		return results.Slice{}, err
	}
	again, err := a.askServer(ctx, DoSnapshot)
	if err != nil {
		return results.Slice{}, err
	}
	if record {
		a.count(before, after, load)
	}
	snapshots := time.Duration(asked) * (again.CPU - after.CPU)
	return results.Slice{
		Connects:    int64(want),
		ElapsedNS:   int64(max(load.Last, after.LastAccept) - load.First),
		ServerCPUNS: int64(max(0, after.CPU-before.CPU-snapshots)),
		SnapshotNS:  int64(snapshots),
		LoadCPUNS:   int64(load.CPU),

		ServerUserNS:   int64(again.User - before.User),
		ServerQueuedNS: int64(again.Queued - before.Queued),
		WatchedNS:      int64(again.At - before.At),
		ServerSwitches: again.Switches - before.Switches,
		LoadSwitches:   load.Switches,
		WorldStops:     again.WorldStops - before.WorldStops + load.WorldStops,
	}, nil
}

// untilOpen waits until the server has so many connections, and says how often
// it asked. Each question goes through the server's loop, which makes progress
// with it.
func (a *armRun) untilOpen(ctx context.Context, want int) (state ServerState, asked int, err error) {
	ctx, cancel := bounded(ctx, a.block.limit(0), fmt.Sprintf("waiting for the server to have %d connections", want))
	defer cancel()
	for last := 0; ; last = state.Open {
		asked++
		state, err = a.askServer(ctx, DoSnapshot)
		if err != nil && asked > 1 {
			err = fmt.Errorf("%w: it had %d", err, last)
		}
		if err != nil || state.Open == want || state.Open == unknownOpen {
			return state, asked, err
		}
		if state.Refused > 0 {
			return state, asked, refused(state)
		}
	}
}

// refused is the failure of a server that has turned connections away.
func refused(s ServerState) error {
	return fmt.Errorf("server: %d connections refused, for want of descriptors or, with one each, of threads", s.Refused)
}

// setUp is a slice of scenarios connect and accept: connections are set up and, after it,
// reset again.
func (a *armRun) setUp(ctx context.Context, record bool) (results.Slice, error) {
	once := a.setUpOnce
	if a.block.cell.Scenario == Accept {
		once = a.burst
	}
	slice, err := once(ctx, record)
	if err != nil {
		return slice, err
	}
	if !record && a.block.cell.Scenario == Connect {
		if err := a.growth(ctx); err != nil {
			return slice, err
		}
	}
	if _, err := a.askLoad(ctx, Command{Do: DoDisconnect}); err != nil {
		return slice, err
	}
	if _, _, err := a.untilOpen(ctx, 0); err != nil {
		return slice, err
	}
	_, err = a.askServer(ctx, DoPark)
	return slice, err
}

// warmUp exchanges a first message on every active connection, and then goes on
// for as long as two slices, which show the arm's pace. The first round does not: it
// takes up to twice as long as those that follow. Nor does the slower one of the two
// slices: whatever had the CPU instead of the arm would make the window's slices
// longer, and fewer.
func (a *armRun) warmUp(ctx context.Context) error {
	if _, err := a.piece(ctx, Command{Do: a.block.verb(), Rounds: 1}); err != nil {
		return err
	}
	for range 2 {
		pace, err := a.piece(ctx, Command{Do: a.block.verb(), Duration: a.block.slice})
		if err != nil {
			return err
		}
		if a.pilot.rounds == 0 || pace.perRound() < a.pilot.perRound() {
			a.pilot = pace
		}
	}
	a.trial.Values[results.PilotRound] = float64(a.pilot.perRound())
	_, err := a.askServer(ctx, DoPark)
	return err
}

// piece exchanges messages that are not counted.
func (a *armRun) piece(ctx context.Context, c Command) (pilot, error) {
	before, err := a.askServer(ctx, DoSnapshot)
	if err != nil {
		return pilot{}, err
	}
	load, err := a.askLoad(ctx, c)
	if err != nil {
		return pilot{}, err
	}
	after, err := a.askServer(ctx, DoSnapshot)
	return pilot{
		rounds:  float64(load.Messages) / float64(a.block.cell.Active),
		waits:   float64(after.Counters.Waits - before.Counters.Waits),
		elapsed: load.Elapsed,
	}, err
}

// slice is one uncounted warm-up piece and one measured piece, with the server
// quiescent at the ends of both. Between slices the server is parked.
//
// The wait that the closing snapshot ends is not the messages' doing, and with
// select and poll it costs as much as any other: two snapshots before the
// measured piece, with nothing between them, tell how much.
func (a *armRun) slice(ctx context.Context, c Command) (results.Slice, error) {
	if _, err := a.askServer(ctx, DoSnapshot); err != nil {
		return results.Slice{}, err
	}
	if _, err := a.askLoad(ctx, warmUp(c)); err != nil {
		return results.Slice{}, err
	}
	if _, err := a.untilGone(ctx); err != nil {
		return results.Slice{}, err
	}
	idle, err := a.askServer(ctx, DoSnapshot)
	if err != nil {
		return results.Slice{}, err
	}
	before, err := a.askServer(ctx, DoSnapshot)
	if err != nil {
		return results.Slice{}, err
	}
	began, err := a.outside(ctx)
	if err != nil {
		return results.Slice{}, err
	}
	load, err := a.askLoad(ctx, c)
	if err != nil {
		return results.Slice{}, err
	}
	ended, err := a.outside(ctx) // when it sleeps: connections that come and go have gone
	if err != nil {
		return results.Slice{}, err
	}
	asked, err := a.untilGone(ctx)
	if err != nil {
		return results.Slice{}, err
	}
	after, err := a.askServer(ctx, DoPark)
	if err != nil {
		return results.Slice{}, err
	}
	if want := int64(c.Rounds) * int64(a.block.cell.Active); c.Rounds > 0 && load.Messages != want {
		return results.Slice{}, fmt.Errorf("load generator: %d of %d messages", load.Messages, want)
	}
	if c.Do == DoPace {
		if err := load.scheduled(c); err != nil {
			return results.Slice{}, err
		}
	}
	a.count(before, after, load)
	snapshot := time.Duration(1+asked) * (before.CPU - idle.CPU)
	s := results.Slice{
		Messages:       load.Messages,
		Connects:       int64(load.Established),
		ElapsedNS:      int64(load.Elapsed),
		ServerCPUNS:    int64(max(0, after.CPU-before.CPU-snapshot)),
		SnapshotNS:     int64(snapshot),
		LoadCPUNS:      int64(load.CPU),
		ServerUserNS:   int64(after.User - before.User),
		ServerQueuedNS: int64(after.Queued - before.Queued),
		WatchedNS:      int64(after.At - before.At),
		ServerSwitches: after.Switches - before.Switches,
		LoadSwitches:   load.Switches,
		WorldStops:     after.WorldStops - before.WorldStops + load.WorldStops,
	}
	if c.Do == DoPace {
		a.paced(&s, load)
	}
	if a.block.outside {
		used, err := ended.Since(began)
		if err != nil {
			return results.Slice{}, err
		}
		if used == 0 && load.Messages > 0 {
			return results.Slice{}, fmt.Errorf("server: its processes have used no CPU time for %d messages: is it started by somebody else, and not by its command?", load.Messages)
		}
		// No snapshot lies between the two readings.
		s.ServerOwnCPUNS, s.ServerCPUNS, s.SnapshotNS = s.ServerCPUNS, int64(used), 0
	}
	return s, nil
}

// untilGone waits, where connections come and go, until the server has none left,
// and says how often it asked.
func (a *armRun) untilGone(ctx context.Context) (asked int, err error) {
	if a.block.cell.Scenario != Churn {
		return 0, nil
	}
	_, asked, err = a.untilOpen(ctx, 0)
	return asked, err
}

// keep puts a slice into the trial.
func (a *armRun) keep(s results.Slice, turn, place int) {
	s.Turn, s.Order = turn, place
	a.trial.Slices = append(a.trial.Slices, s)
}

// outside reads the server's CPU time from outside, in a block that does. The
// server is quiescent.
func (a *armRun) outside(ctx context.Context) (Usage, error) {
	if !a.block.outside {
		return nil, nil
	}
	used, err := a.server.CPU(ctx)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	return used, nil
}

// count adds a slice's counters to the trial's.
func (a *armRun) count(before, after ServerState, load LoadState) {
	a.countServer(before, after)
	a.trial.Counters.Load = a.trial.Counters.Load.Plus(load.Counters)
}

func (a *armRun) countServer(before, after ServerState) {
	c := a.trial.Counters
	c.Server = c.Server.Plus(after.Counters.Minus(before.Counters))
	c.AddThreads(after.threadsSince(before))
}

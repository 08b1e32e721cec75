//go:build linux

package scenarios

import (
	"context"
	"errors"
	"fmt"

	"muxbench/multiplexers"
	"muxbench/multiplexers/ctl"
	"muxbench/results"
	"muxbench/results/stats"
)

// change runs one iteration of changes to the set, and adds what it counted to
// the trial if that is to be recorded. There are no messages in its slice, whose
// time is that of the changes, and whose CPU time is that of the waits as well.
func (a *armRun) change(ctx context.Context, command Command) (results.Slice, error) {
	ctx, cancel := bounded(ctx, a.block.limit(ctl.Changes), "an iteration")
	defer cancel()
	reply, err := a.server.Do(ctx, command)
	switch {
	case err != nil:
		return results.Slice{}, fmt.Errorf("ctl: %w", err)
	case reply.Ctl == nil:
		return results.Slice{}, errors.New("ctl: no iteration in the reply")
	case reply.Ctl.Changes != ctl.Changes || reply.Ctl.EmptyWaits != ctl.Waits:
		return results.Slice{}, fmt.Errorf("ctl: %d descriptors were changed in an iteration, and %d waits found nothing, where there are %d and %d",
			reply.Ctl.Changes, reply.Ctl.EmptyWaits, ctl.Changes, ctl.Waits)
	}
	did := reply.Ctl
	if command.Record {
		a.trial.Counters.Server = a.trial.Counters.Server.Plus(did.Counters)
	}
	return results.Slice{
		ElapsedNS:      int64(did.Elapsed),
		ServerCPUNS:    int64(did.CPU),
		ServerUserNS:   int64(did.User),
		ServerQueuedNS: int64(did.Queued),
		WatchedNS:      int64(did.Watched),
		ServerSwitches: did.Switches,
		WorldStops:     did.WorldStops,
		Changes:        did.Changes,
		AddNS:          int64(did.Add),
		ModifyNS:       int64(did.Modify),
		RemoveNS:       int64(did.Remove),
		EmptyWaits:     did.EmptyWaits,
		EmptyWaitNS:    int64(did.EmptyWait),
	}, nil
}

// changed computes a trial's values of changing a set, as medians over iterations: the
// changes of one may take microseconds, and a thread that loses its CPU meanwhile
// outweighs them all.
func changed(t *results.Trial) {
	for _, v := range []struct {
		metric results.Metric
		of     func(results.Slice) (ns, n int64)
	}{
		{results.AddTime, func(s results.Slice) (int64, int64) { return s.AddNS, s.Changes }},
		{results.ModifyTime, func(s results.Slice) (int64, int64) { return s.ModifyNS, s.Changes }},
		{results.RemoveTime, func(s results.Slice) (int64, int64) { return s.RemoveNS, s.Changes }},
		{results.RegistrationTime, func(s results.Slice) (int64, int64) { return s.AddNS + s.ModifyNS + s.RemoveNS, s.Changes }},
		{results.EmptyWaitTime, func(s results.Slice) (int64, int64) { return s.EmptyWaitNS, s.EmptyWaits }},
	} {
		var each []float64
		for _, s := range t.Slices {
			if ns, n := v.of(s); n > 0 {
				each = append(each, float64(ns)/float64(n))
			}
		}
		if len(each) > 0 {
			t.Values[v.metric] = stats.Median(each)
		}
	}
}

// workAsCtl is the life of a worker that changes its set.
func workAsCtl(spec Spec, entry multiplexers.Entry, l *lines) error {
	return workAsOneProcess(spec, entry, l, func(m multiplexers.Mechanism) (iterator[ctl.Iteration], error) {
		return ctl.New(ctl.Config{Mechanism: m, Entry: entry, Watched: spec.Connections})
	}, ctlReply)
}

func ctlReply(did ctl.Iteration, around surroundings) Reply {
	return Reply{Ctl: &CtlState{
		Changes: did.Changes, Add: did.Add, Modify: did.Modify, Remove: did.Remove, EmptyWaits: did.EmptyWaits, EmptyWait: did.EmptyWait,
		Elapsed: did.Elapsed, CPU: did.CPU, User: did.User, Queued: around.queued, Watched: around.watched,
		Switches: did.Switches, WorldStops: around.worldStops,
		Counters: results.Counters{
			Waits: did.Counters.Waits, EmptyWaits: did.Counters.EmptyWaits, Examined: did.Counters.Examined,
			Adds: did.Counters.Adds, Modifies: did.Counters.Modifies, Removes: did.Counters.Removes,
		},
	}}
}

//go:build linux

package scenarios

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/chain"
	"muxbench/results"
)

// iterations of an arm's window in scenario chain, as in libevent's benchmark, and in
// ctl.
const iterations = 25

// iterateRepeatedly runs the window of a cell of one process, an iteration each turn.
func (b *block) iterateRepeatedly(ctx context.Context, arms []*armRun) {
	iterate := (*armRun).iterate
	if b.cell.Scenario == Ctl {
		iterate = (*armRun).change
	}
	long := make(map[*armRun]bool)
	each(ctx, arms, func(a *armRun, ctx context.Context) error {
		s, err := iterate(a, ctx, Command{Do: DoIterate})
		long[a] = time.Duration(max(s.ElapsedNS, s.WatchedNS)) >= b.slice
		return err
	})
	b.inTurns(ctx, arms, iterations, func(a *armRun, ctx context.Context, _ int) (results.Slice, error) {
		// The arms before have left nothing of this one in the caches. An
		// iteration that is not counted brings it back, as it is where
		// iterations follow each other; a long one does so by itself.
		return iterate(a, ctx, Command{Do: DoIterate, Record: true, Warm: !long[a]})
	})
}

// startAlone starts the process that is all there is.
func (a *armRun) startAlone(ctx context.Context) error {
	c, role := a.block.cell, ChainRole
	if c.Scenario == Ctl {
		role = CtlRole
	}
	spec := a.serverSpec(role)
	spec.Connections, spec.Active, spec.Writes = c.Connections, c.Active, c.Rounds
	var err error
	a.server, _, err = a.start(ctx, spec)
	return err
}

// iterate runs one iteration, and adds what it counted to the trial if that is
// to be recorded.
func (a *armRun) iterate(ctx context.Context, command Command) (results.Slice, error) {
	c := a.block.cell
	want := int64(c.Active) + int64(c.Rounds)
	ctx, cancel := bounded(ctx, a.block.limit(want), "an iteration")
	defer cancel()
	reply, err := a.server.Do(ctx, command)
	switch {
	case err != nil:
		return results.Slice{}, fmt.Errorf("chain: %w", err)
	case reply.Chain == nil:
		return results.Slice{}, errors.New("chain: no iteration in the reply")
	case reply.Chain.Messages != want:
		return results.Slice{}, fmt.Errorf("chain: %d bytes were read in an iteration where %d first ones and %d writes make %d", reply.Chain.Messages, c.Active, c.Rounds, want)
	}
	did := reply.Chain
	if command.Record {
		a.trial.Counters.Server = a.trial.Counters.Server.Plus(did.Counters)
	}
	return results.Slice{
		Messages:       did.Messages,
		ElapsedNS:      int64(did.Elapsed),
		ServerCPUNS:    int64(did.CPU),
		ServerUserNS:   int64(did.User),
		ServerQueuedNS: int64(did.Queued),
		WatchedNS:      int64(did.Watched),
		ServerSwitches: did.Switches,
		WorldStops:     did.WorldStops,
	}, nil
}

// workAsChain is the life of a worker that runs chains.
func workAsChain(spec Spec, entry multiplexers.Entry, l *lines) error {
	return workAsOneProcess(spec, entry, l, func(m multiplexers.Mechanism) (iterator[chain.Iteration], error) {
		return chain.New(chain.Config{Mechanism: m, Entry: entry, Pairs: spec.Connections, Active: spec.Active, Writes: spec.Writes})
	}, chainReply)
}

func chainReply(did chain.Iteration, around surroundings) Reply {
	return Reply{Chain: &ChainState{
		Messages: did.Messages, Elapsed: did.Elapsed, CPU: did.CPU, User: did.User, Queued: around.queued, Watched: around.watched,
		Switches: did.Switches, WorldStops: around.worldStops,
		Counters: results.Counters{
			Waits: did.Counters.Waits, Events: did.Counters.Events, EmptyWaits: did.Counters.EmptyWaits, Examined: did.Counters.Examined,
			Modifies: did.Counters.Modifies, Reads: did.Counters.Reads, Writes: did.Counters.Writes, BytesIn: did.Messages, BytesOut: did.Counters.Writes,
		},
	}}
}

//go:build linux

package scenarios

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/multiplexers/ctl"
	"muxbench/multiplexers/server"
	"muxbench/results"
)

// startCtl starts the process whose set is changed.
func (a *armRun) startCtl(ctx context.Context) error {
	spec := a.serverSpec(CtlRole)
	spec.Connections = a.block.cell.Connections
	var err error
	a.server, _, err = a.start(ctx, spec)
	return err
}

// change runs one iteration, and adds what it counted to the trial if that is to be
// recorded.
func (a *armRun) change(ctx context.Context, command Command) (results.Slice, error) {
	ctx, cancel := bounded(ctx, a.block.limit(ctl.Changes), "changing a set")
	defer cancel()
	reply, err := a.server.Do(ctx, command)
	switch {
	case err != nil:
		return results.Slice{}, fmt.Errorf("ctl: %w", err)
	case reply.Ctl == nil:
		return results.Slice{}, errors.New("ctl: no iteration in the reply")
	case reply.Ctl.Changes < 1:
		return results.Slice{}, fmt.Errorf("ctl: %d changes in an iteration", reply.Ctl.Changes)
	}
	did := reply.Ctl
	if command.Record {
		a.trial.Counters.Server = a.trial.Counters.Server.Plus(did.Counters)
	}
	return results.Slice{
		ElapsedNS:      int64(did.Add + did.Modify + did.Remove),
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

// workAsCtl is the life of a worker that changes a set.
func workAsCtl(spec Spec, entry multiplexers.Entry, l *lines) error {
	backend, err := server.Lookup(spec.Backend)
	if err != nil {
		return err
	}
	// Before there are any descriptors: they are to be in one table only.
	shared, err := settle(entry, spec.CPU)
	if err != nil {
		return err
	}
	s, err := ctl.New(ctl.Config{Mechanism: backend.Mechanism, Entry: entry, Watched: spec.Connections})
	if err != nil {
		return err
	}
	defer s.Close()
	if err := l.write(Reply{Protocol: protocolVersion, RSS: residentBytes(self), Shared: shared}); err != nil {
		return err
	}
	world, queue := watchWorld(), watchQueue(unix.Gettid())
	return l.serve(func(command Command) (Reply, error) {
		switch command.Do {
		case DoReport:
			return Reply{RSS: residentBytes(self)}, nil
		case DoIterate:
			if command.Warm {
				if _, err := s.Iterate(); err != nil {
					return Reply{}, err
				}
			}
			stops, queued, began := world.stops(), queue.waited(), multiplexers.Monotonic()
			did, err := s.Iterate()
			return Reply{Ctl: &CtlState{
				Changes: did.Changes, Add: did.Add, Modify: did.Modify, Remove: did.Remove, EmptyWaits: did.EmptyWaits, EmptyWait: did.EmptyWait,
				CPU: did.CPU, User: did.User, Queued: queue.waited() - queued, Watched: multiplexers.Monotonic() - began,
				Switches: did.Switches, WorldStops: world.stops() - stops,
				Counters: results.Counters{
					Waits: did.Counters.Waits, EmptyWaits: did.Counters.EmptyWaits, Examined: did.Counters.Examined,
					Adds: did.Counters.Adds, Modifies: did.Counters.Modifies, Removes: did.Counters.Removes,
				},
			}}, err
		}
		return Reply{}, fmt.Errorf("%q: %w", command.Do, errNoCommand)
	})
}

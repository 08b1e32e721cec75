//go:build linux

package scenarios

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
)

// iterator is what a worker that is one process runs again and again.
type iterator[Iteration any] interface {
	Iterate() (Iteration, error)
	Close() error
}

// surroundings is what happened to the process from before an iteration to after
// it.
type surroundings struct {
	watched    time.Duration // how long that was
	queued     time.Duration // that its thread was ready and had no CPU
	worldStops int64
}

// workAsOneProcess is the life of a worker that is one process with a multiplexer, and
// has no other side: it opens what it is to run, and answers what each iteration
// did.
func workAsOneProcess[Iteration any](spec Spec, entry multiplexers.Entry, l *lines,
	open func(multiplexers.Mechanism) (iterator[Iteration], error), answer func(Iteration, surroundings) Reply,
) error {
	backend, err := server.Lookup(spec.Backend)
	if err != nil {
		return err
	}
	// Before there are any descriptors to watch: they are to be in one table only.
	shared, err := settle(entry, spec.CPU)
	if err != nil {
		return err
	}
	subject, err := open(backend.Mechanism)
	if err != nil {
		return err
	}
	defer subject.Close()
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
				if _, err := subject.Iterate(); err != nil {
					return Reply{}, err
				}
			}
			stops, queued, began := world.stops(), queue.waited(), multiplexers.Monotonic()
			did, err := subject.Iterate()
			return answer(did, surroundings{
				queued:     queue.waited() - queued,
				watched:    multiplexers.Monotonic() - began,
				worldStops: world.stops() - stops,
			}), err
		}
		return Reply{}, fmt.Errorf("%q: %w", command.Do, errNoCommand)
	})
}

//go:build linux

package scenarios

import (
	"errors"
	"fmt"
	"io"
	"net/netip"

	"muxbench/loadgen"
	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
	"muxbench/results"
)

// Work is a worker's whole life: it reads its spec and then commands from in,
// answers each on out, and returns when in ends. It may pin the calling
// goroutine to a thread, and that to a CPU, for good. With raw entry nothing
// else may run in the process that could stop the world (multiplexers.Entry
// says why).
func Work(in io.Reader, out io.Writer) error {
	l := newLines(in, out)
	var spec Spec
	if err := l.read(&spec); err != nil {
		return fmt.Errorf("worker: its spec: %w", err)
	}
	if err := checkProtocol(spec.Protocol); err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	entry, err := multiplexers.ParseEntry(spec.Entry)
	if err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	switch spec.Role {
	case ServerRole:
		err = workAsServer(spec, entry, l)
	case LoadRole:
		err = workAsLoad(spec, entry, l)
	case ChainRole:
		err = workAsChain(spec, entry, l)
	case CtlRole:
		err = workAsCtl(spec, entry, l)
	case GuardRole:
		err = workAsGuard(spec, l)
	default:
		err = errors.New("unknown role")
	}
	if err != nil {
		return fmt.Errorf("%s worker: %w", spec.Role, err)
	}
	return nil
}

func workAsServer(spec Spec, entry multiplexers.Entry, l *lines) error {
	backend, err := server.Lookup(spec.Backend)
	if err != nil {
		return err
	}
	address := spec.Listen
	if !address.IsValid() {
		address = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)
	}
	seats := &seats{spec: spec, backend: backend}
	s, err := server.New(server.Config{
		Backend:       backend,
		Entry:         entry,
		Address:       address,
		Loops:         spec.Loops,
		PoolThreads:   spec.PoolThreads,
		MaxEvents:     spec.MaxEvents,
		SpinningWaits: spec.Spinning,
		SocketBuffers: spec.SocketBuffers,
		Spin:          spec.Spin,
		Settle:        seats.settle,
	})
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	defer s.Close()
	ended := func(err error) error {
		if errors.Is(err, server.ErrStopped) {
			return <-served
		}
		return err
	}
	// Answered when every thread serves, and so has settled.
	if _, err := s.Snapshot(); err != nil {
		return ended(err)
	}
	shared, thread := seats.taken()
	if err := l.write(Reply{Protocol: protocolVersion, Address: s.Address(), RSS: residentBytes(self), Shared: shared}); err != nil {
		return err
	}
	world, queue := watchWorld(), watchQueue(thread)
	return l.serve(func(c Command) (Reply, error) {
		reply, err := tell(s, world, queue, c)
		return reply, ended(err)
	})
}

// tell answers one command to a server worker.
func tell(s *server.Server, world world, queue queue, c Command) (Reply, error) {
	var snapshot server.Snapshot
	var err error
	switch c.Do {
	case DoReport:
		return Reply{RSS: residentBytes(self)}, nil
	case DoSnapshot:
		snapshot, err = s.Snapshot()
	case DoPark:
		snapshot, err = s.Park()
	default:
		err = fmt.Errorf("%q: %w", c.Do, errNoCommand)
	}
	state := serverState(snapshot)
	state.WorldStops = world.stops()
	state.Queued, state.At = queue.waited(), multiplexers.Monotonic()
	return Reply{Server: state}, err
}

func serverState(s server.Snapshot) *ServerState {
	return &ServerState{
		Counters:   results.Counters(s.Counters),
		CPU:        s.CPU,
		User:       s.User,
		Switches:   s.Switches,
		Open:       s.Open,
		Refused:    s.Refused,
		LastAccept: s.LastAccept,
		Threads:    threadCounters(s.Threads),
	}
}

func threadCounters(threads []server.Thread) []results.ThreadCounters {
	var all []results.ThreadCounters
	for _, t := range threads {
		all = append(all, results.ThreadCounters{Role: t.Role, CPUNS: int64(t.CPU), Counters: results.Counters(t.Counters)})
	}
	return all
}

func workAsLoad(spec Spec, entry multiplexers.Entry, l *lines) error {
	g, err := loadgen.New(loadgen.Config{
		Target:        spec.Target,
		Allowed:       spec.Allowed,
		Connections:   spec.Connections,
		Active:        spec.Active,
		Size:          spec.Size,
		Entry:         entry,
		SocketBuffers: spec.SocketBuffers,
		Seed:          spec.Seed,
	})
	if err != nil {
		return err
	}
	defer g.Close()
	shared, err := settle(entry, spec.CPU)
	if err != nil {
		return err
	}
	if err := l.write(Reply{Protocol: protocolVersion, RSS: residentBytes(self), Shared: shared}); err != nil {
		return err
	}
	commands, broken := make(chan Command), make(chan error, 1)
	go func() {
		defer close(commands)
		broken <- readCommands(l, g, commands)
	}()
	world := watchWorld()
	for c := range commands {
		stops := world.stops()
		state, err := drive(g, c)
		if err != nil {
			return err
		}
		state.WorldStops = world.stops() - stops
		state.Errors = g.Errors()
		if err := g.FirstError(); err != nil {
			state.FirstError = err.Error()
		}
		reply := Reply{Load: state}
		if c.Do == DoReport {
			reply.RSS = residentBytes(self)
		}
		if err := l.write(reply); err != nil {
			return err
		}
	}
	return <-broken
}

// readCommands passes commands on until the input ends; an abort reaches the
// generator while a command is under way.
func readCommands(l *lines, g *loadgen.Generator, commands chan<- Command) error {
	for {
		var c Command
		if err := l.read(&c); err != nil {
			// Nobody is left to wait for what is under way.
			if aborted := g.Abort(); err == io.EOF {
				return aborted
			}
			return err
		}
		if c.Do == DoAbort {
			if err := g.Abort(); err != nil {
				return err
			}
			continue
		}
		commands <- c
	}
}

// drive carries out one command.
func drive(g *loadgen.Generator, c Command) (*LoadState, error) {
	switch c.Do {
	case DoConnect:
		did, err := g.Connect(c.Record)
		return &LoadState{Established: did.Established, First: did.First, Last: did.Last, CPU: did.CPU, Switches: did.Switches, Counters: did.Counters}, err
	case DoExchange:
		did, err := g.Exchange(loadgen.Piece{Rounds: c.Rounds, Duration: c.Duration, Record: c.Record})
		return &LoadState{Messages: did.Messages, Elapsed: did.Elapsed, CPU: did.CPU, Switches: did.Switches, Counters: did.Counters}, err
	case DoPace:
		did, err := g.Pace(loadgen.Pace{Rate: c.Rate, Schedule: c.Schedule, Duration: c.Duration, Seed: c.Seed, Record: c.Record})
		return &LoadState{
			Messages: did.Messages, Elapsed: did.Elapsed, CPU: did.CPU, Switches: did.Switches, Counters: did.Counters,
			Unsent: did.Unsent, Offered: did.Offered, Rise: did.Rise, Latency: did.Latency, Lag: did.Lag,
		}, err
	case DoDisconnect:
		g.Disconnect()
		return &LoadState{}, nil
	case DoReport:
		return reportLoad(g)
	}
	return nil, fmt.Errorf("%q: %w", c.Do, errNoCommand)
}

// reportLoad is what a generator has recorded.
func reportLoad(g *loadgen.Generator) (*LoadState, error) {
	state := &LoadState{Latency: results.LatencyValues(g.Latency()), Lag: results.LagValues(g.Lag())}
	var err error
	if state.LatencyHDR, err = results.EncodeLatency(g.Latency()); err != nil {
		return nil, err
	}
	if len(state.Lag) > 0 {
		state.LagHDR, err = results.EncodeLatency(g.Lag())
	}
	return state, err
}

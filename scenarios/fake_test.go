//go:build linux

package scenarios_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"muxbench/results"
	"muxbench/scenarios"
)

// fakeLauncher starts workers that only pretend, at a given pace, and keeps a
// log of what they were asked in which order.
type fakeLauncher struct {
	perMessage map[string]time.Duration // by backend
	snapshot   time.Duration            // CPU time that a server's answer costs it
	fail       func(step string) error  // nil: nothing fails
	lose       string                   // backend whose last message of every slice is lost
	lie        func(backend string, r *scenarios.Reply)
	outside    time.Duration                      // how far a clock read from outside is ahead
	forget     int                                // connections of each burst that servers never have
	shared     string                             // why its workers share their descriptors
	takes      func(scenarios.Spec) time.Duration // for a message, of a server; nil: as perMessage has it
	refuse     string                             // executable whose workers do not start
	log        []string
	specs      []scenarios.Spec    // of the workers that were started
	live       int                 // workers that were not stopped
	paces      []scenarios.Command // of open loops

	servers map[netip.AddrPort]*fakeServer
}

type fakeServer struct {
	backend  string
	pace     time.Duration // for a message
	counters results.Counters
	cpu      time.Duration
	open     int

	iterations int // of a chain
}

func (f *fakeLauncher) step(backend string, role scenarios.Role, verb string) error {
	s := fmt.Sprintf("%s %s %s", verb, role, backend)
	f.log = append(f.log, s)
	if f.fail != nil {
		return f.fail(s)
	}
	return nil
}

func (f *fakeLauncher) Launch(_ context.Context, spec scenarios.Spec) (scenarios.Worker, scenarios.Reply, error) {
	if f.servers == nil {
		f.servers = map[netip.AddrPort]*fakeServer{}
	}
	f.specs = append(f.specs, spec)
	w := &fakeWorker{launcher: f, spec: spec}
	reply := scenarios.Reply{Protocol: spec.Protocol, Shared: f.shared}
	switch spec.Role {
	case scenarios.ChainRole:
		w.server = &fakeServer{backend: spec.Backend}
	case scenarios.ServerRole:
		w.server = &fakeServer{backend: spec.Backend, pace: f.perMessage[spec.Backend]}
		if f.takes != nil {
			w.server.pace = f.takes(spec)
		}
		reply.Address = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(1000+len(f.servers)))
		f.servers[reply.Address] = w.server
	default:
		w.server = f.servers[spec.Target]
	}
	if err := f.step(w.server.backend, spec.Role, "start"); err != nil {
		return nil, reply, err
	}
	if spec.Executable != "" && spec.Executable == f.refuse {
		return nil, reply, errFake
	}
	f.live++
	return w, reply, nil
}

type fakeWorker struct {
	launcher *fakeLauncher
	spec     scenarios.Spec
	server   *fakeServer
	stopped  bool
	latency  map[results.Metric]float64 // that was recorded
}

func (w *fakeWorker) Ended() <-chan struct{} { return nil }

func (w *fakeWorker) CPU(context.Context) (scenarios.Usage, error) {
	return scenarios.Usage{1: w.server.cpu + w.launcher.outside}, nil
}

func (w *fakeWorker) Do(_ context.Context, c scenarios.Command) (scenarios.Reply, error) {
	reply, err := w.answer(c)
	if w.launcher.lie != nil && err == nil {
		w.launcher.lie(w.server.backend, &reply)
	}
	return reply, err
}

func (w *fakeWorker) answer(c scenarios.Command) (scenarios.Reply, error) {
	verb := string(c.Do)
	if c.Warm {
		verb = "warm " + verb
	}
	if c.Record {
		verb = "recorded " + verb
	}
	if err := w.launcher.step(w.server.backend, w.spec.Role, verb); err != nil {
		return scenarios.Reply{}, err
	}
	s := w.server
	switch w.spec.Role {
	case scenarios.ChainRole:
		return w.iterate(c.Warm), nil
	case scenarios.ServerRole:
		s.cpu += w.launcher.snapshot
		return scenarios.Reply{Server: &scenarios.ServerState{Counters: s.counters, CPU: s.cpu, Open: s.open}}, nil
	}
	state := &scenarios.LoadState{}
	switch c.Do {
	case scenarios.DoPace:
		w.pace(c, state)
	case scenarios.DoReport:
		state.Latency = w.latency
	case scenarios.DoConnect:
		s.open = w.spec.Connections
		s.cpu += time.Duration(w.spec.Connections) * w.launcher.perMessage[s.backend] / 2
		state.Established = w.spec.Connections
		state.Last = time.Duration(w.spec.Connections) * w.launcher.perMessage[s.backend]
	case scenarios.DoBurst:
		s.open += c.Count - w.launcher.forget
		s.counters.Accepts += int64(c.Count - w.launcher.forget)
		s.counters.ListenerEvents++
		s.cpu += time.Duration(c.Count) * w.launcher.perMessage[s.backend] / 2
		state.Established = c.Count
		state.Last = time.Duration(c.Count) * w.launcher.perMessage[s.backend]
	case scenarios.DoDisconnect:
		s.open = 0
	case scenarios.DoExchange:
		pace := s.pace
		if w.launcher.takes == nil { // which may change while it runs
			pace = w.launcher.perMessage[s.backend]
		}
		n := int64(c.Rounds) * int64(w.spec.Active)
		if c.Rounds == 0 {
			n = int64(c.Duration / pace)
		}
		state.Elapsed = time.Duration(n) * pace
		if c.Record && s.backend == w.launcher.lose {
			n--
		}
		state.Messages = n
		s.counters.Reads += n
		s.counters.Writes += n
		s.counters.Waits += n
		s.counters.Events += n
		s.cpu += time.Duration(n) * pace / 2
	}
	return scenarios.Reply{Load: state}, nil
}

// pace is an open loop at a server whose times between messages and to serve one
// are exponential: the latency of a share ρ of its capacity is exponential with
// the mean that it has for one message, over 1-ρ. From its capacity on it is a
// second.
func (w *fakeWorker) pace(c scenarios.Command, state *scenarios.LoadState) {
	f, s := w.launcher, w.server
	f.paces = append(f.paces, c)
	one := f.perMessage[s.backend]
	n := int64(math.Round(c.Rate * c.Duration.Seconds()))
	state.Messages, state.Offered, state.Rise = n, float64(n)/c.Duration.Seconds(), 1
	state.Elapsed = max(c.Duration, time.Duration(n)*one)
	mean := float64(time.Second)
	if busy := c.Rate * one.Seconds(); busy < 1 {
		mean = min(mean, float64(one)/(1-busy))
	}
	state.Latency = map[results.Metric]float64{results.LatencyP50: mean * math.Ln2, results.LatencyP99: mean * math.Log(100)}
	state.Lag = map[results.Metric]float64{results.LagP99: 1000}
	s.counters.Reads += n
	s.counters.Waits += n
	s.cpu += time.Duration(n) * one / 2
	if c.Record {
		w.latency = state.Latency
	}
}

// iterate is an iteration of a chain. Each takes a nanosecond longer than the one
// before.
func (w *fakeWorker) iterate(warm bool) scenarios.Reply {
	s, n := w.server, int64(w.spec.Active+w.spec.Writes)
	s.iterations++
	if warm {
		s.iterations++
	}
	elapsed := time.Duration(n)*w.launcher.perMessage[s.backend] + time.Duration(s.iterations)
	return scenarios.Reply{Chain: &scenarios.ChainState{
		Messages: n, Elapsed: elapsed, CPU: elapsed / 2,
		Counters: results.Counters{Waits: n, Events: n, Reads: n, Writes: int64(w.spec.Writes), BytesIn: n, BytesOut: int64(w.spec.Writes)},
	}}
}

func (w *fakeWorker) Stop(context.Context) string {
	if !w.stopped {
		w.launcher.live--
	}
	w.stopped = true
	w.launcher.log = append(w.launcher.log, fmt.Sprintf("stop %s %s", w.spec.Role, w.server.backend))
	return "last words of " + w.server.backend
}

var errFake = errors.New("it broke")

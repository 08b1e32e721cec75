//go:build linux

package loadgen

import (
	"fmt"
	"math"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/results"
)

// Past half of the ephemeral port range the kernel's search for a free port
// dominates the cost of connecting, and measures nothing of ours: from a single
// address 19,000 connections took 4.9 s on a machine where they take 0.6 s from
// many. So connections come from many addresses of 127.0.0.0/8, and none has to
// give more than perSource ports.
//
// Beyond the loopback network there is one source address, the one that the
// kernel chooses for the route. It gives a port each, of which
// net.ipv4.ip_local_port_range has some 28,000 by default.
const (
	perSource  = 2048
	minSources = 16
	// inFlight bounds the connections being established at once, well below
	// any backlog.
	inFlight = 64
)

// PortsPerSource is how many ports of each of its source addresses a
// generator uses for so many connections to a loopback address.
func PortsPerSource(connections int) int {
	n := sourceCount(connections)
	return (connections + n - 1) / n
}

// MostConnections is for how many PortsPerSource is at most ports.
func MostConnections(ports int) int {
	if ports >= perSource {
		return math.MaxInt
	}
	return ports * minSources
}

func sourceCount(connections int) int {
	return max(minSources, (connections+perSource-1)/perSource)
}

// sources are the addresses to connect to a target from: 127.1.0.1 and
// following, or none in particular, which leaves the choice to connect(2).
func sources(target netip.Addr, connections int) []unix.RawSockaddrInet4 {
	if !target.IsLoopback() {
		return []unix.RawSockaddrInet4{{Family: unix.AF_INET}}
	}
	all := make([]unix.RawSockaddrInet4, sourceCount(connections))
	for i := range all {
		all[i] = sockaddr(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 1, byte((i + 1) >> 8), byte(i + 1)}), 0))
	}
	return all
}

func sockaddr(a netip.AddrPort) unix.RawSockaddrInet4 {
	port := a.Port()<<8 | a.Port()>>8 // network byte order, on little-endian machines
	return unix.RawSockaddrInet4{Family: unix.AF_INET, Port: port, Addr: a.Addr().As4()}
}

// Connected is what a Connect or a Burst did.
type Connected struct {
	Established int           // by it, beside those that were there
	First, Last time.Duration // first connect(2) and last establishment, on the clock of multiplexers.Monotonic
	CPU         time.Duration // of the calling thread
	Switches    int64         // involuntary context switches of the calling thread
	Counters    results.Counters
}

// Connect establishes all of the configured connections, as far as they are not
// there, a few at a time. With record, the latency of each, from connect(2) to its
// establishment being seen, goes into the histogram. It gives up at the first
// failure, which is counted, and only Disconnect is of use then; an error means that
// the generator itself cannot go on.
func (g *Generator) Connect(record bool) (Connected, error) {
	return g.connect(opening{until: g.cfg.Connections, most: inFlight, looking: true, record: record})
}

// Burst is Connect of n more connections, all begun before any is looked at: the
// latency of one has the connect(2) of those after it in it. n is from 1 to what is
// left of those configured, of which ones that have failed are not given back
// before Disconnect. An error may also mean that it is not, in which case nothing
// was done.
func (g *Generator) Burst(n int, record bool) (Connected, error) {
	if left := g.cfg.Connections - len(g.opened); n < 1 || n > left {
		return Connected{}, fmt.Errorf("opening %d connections at once: want from 1 to the %d that are left of %d", n, left, g.cfg.Connections)
	}
	return g.connect(opening{until: len(g.opened) + n, most: n, record: record})
}

// opening is how connections are opened.
type opening struct {
	until   int  // how many there are in the end, with those there are
	most    int  // being established at once
	looking bool // for what is established, after each
	record  bool
}

func (g *Generator) connect(how opening) (Connected, error) {
	g.cfg.Entry.Hold()
	did, err := g.connectAll(how)
	g.cfg.Entry.Release()
	if err != nil {
		return Connected{}, fmt.Errorf("opening connection %d of %d: %w", len(g.opened)+1, g.cfg.Connections, err)
	}
	return did, nil
}

func (g *Generator) connectAll(how opening) (Connected, error) {
	switches := multiplexers.ThreadUsage().Switches
	before, cpu := g.counters, multiplexers.ThreadCPUTime()
	g.outstanding, g.record = 0, how.record
	there, failures, unopened := len(g.opened), g.errors.Total(), 0
	first := multiplexers.Monotonic()
	for len(g.opened) < how.until || g.outstanding > 0 {
		mayStart := func() bool { return g.outstanding < how.most && len(g.opened) < how.until }
		if mayStart() {
			if err := g.startConnect(); err != nil {
				return Connected{}, err
			}
		}
		if g.errors.Total() > failures {
			break // at once: with nothing outstanding a wait would not end
		}
		// Looked for after each, because a connection over loopback is mostly
		// there when connect(2) returns: it would wait for its successors.
		timeout := time.Duration(-1)
		if mayStart() {
			if !how.looking {
				continue
			}
			timeout = 0
		}
		n, aborted, err := g.wait(timeout)
		if err != nil {
			return Connected{}, err
		}
		if aborted {
			g.giveUp("connecting")
			unopened = how.until - len(g.opened)
			break
		}
		for _, e := range g.events[:n] {
			g.finishConnect(e)
		}
		if g.errors.Total() > failures {
			break
		}
	}
	established := len(g.opened) - there - g.outstanding - int(g.errors.Total()-failures)
	if unopened > 0 {
		g.note("connecting", errAborted)
		g.errors.Timeout += int64(unopened)
	}
	return Connected{
		Established: established,
		First:       first,
		Last:        multiplexers.Monotonic(),
		CPU:         multiplexers.ThreadCPUTime() - cpu,
		Switches:    multiplexers.ThreadUsage().Switches - switches,
		Counters:    g.counters.Minus(before),
	}, nil
}

// startConnect opens one more connection.
func (g *Generator) startConnect() error {
	fd, errno, err := g.call(len(g.opened))
	if err != nil {
		return err
	}
	if err := g.watch(fd, multiplexers.Readable|multiplexers.Writable|multiplexers.HangUp); err != nil {
		return err
	}
	g.opened = append(g.opened, int32(fd))
	if errno != 0 {
		g.fail(fd, &g.errors.Connect, "connecting", errno)
	}
	return nil
}

// call begins to connect a socket, the nth of some, to the target. It is
// outstanding from then on, and to be watched before it can fail. errno says
// whether it has; an error means that there is no socket.
func (g *Generator) call(nth int) (fd int, errno unix.Errno, err error) {
	started := g.now()
	fd, errno = g.cfg.Entry.Connect(&g.sources[nth%len(g.sources)], &g.target, g.cfg.SocketBuffers)
	if fd < 0 {
		return fd, errno, os.NewSyscallError("socket", errno)
	}
	if fd >= len(g.conns) {
		g.conns = append(g.conns, make([]conn, fd+1-len(g.conns))...)
	}
	g.conns[fd] = conn{state: connecting, started: started}
	g.outstanding++
	return fd, errno, nil
}

// watch adds a new connection to the set. One that cannot be added is no more.
func (g *Generator) watch(fd int, want multiplexers.Interest) error {
	g.counters.Adds++
	if err := g.mux.Add(fd, want); err != nil {
		g.conns[fd] = conn{}
		g.outstanding--
		g.cfg.Entry.Reset(fd)
		return err
	}
	return nil
}

// finishConnect takes note that a connection is established, or is not to be.
func (g *Generator) finishConnect(e multiplexers.Event) {
	if e.FD >= len(g.conns) || g.conns[e.FD].state != connecting {
		return
	}
	if e.Ready&(multiplexers.Error|multiplexers.HangUp) != 0 {
		errno := g.cfg.Entry.PendingError(e.FD)
		g.fail(e.FD, &g.errors.Connect, "connecting", errno)
		return
	}
	c := &g.conns[e.FD]
	c.state = idle
	g.outstanding--
	if g.record {
		record(g.latency, g.now()-c.started, &g.errors.Timeout)
	}
}

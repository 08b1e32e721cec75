//go:build linux

package scenarios

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"muxbench/loadgen"
	"muxbench/multiplexers/ctl"
	"muxbench/multiplexers/server"
	"muxbench/results"
)

// Limits are what a host gives to a measurement.
type Limits struct {
	Descriptors uint64 // of a process at most (RLIMIT_NOFILE, hard)
	OpenMax     uint64 // that the hard limit may be raised to (fs.nr_open)
	Files       int64  // that all processes together may still open (fs.file-max)
	Ports       int    // of one address (net.ipv4.ip_local_port_range)
	Tracked     int64  // connections that the firewall may still track; -1: it does not
	Memory      int64  // bytes available
	MemoryOf    string // what bounds it: the machine, or the file of a cgroup's limit
	TCPMemory   int64  // bytes that all sockets' queues together hold at most (net.ipv4.tcp_mem)
	Threads     int    // that may still be started
	// ThreadsBound is by what limit, and its numbers.
	ThreadsBound string
}

const (
	// spareDescriptors is what a worker needs beside its connections: standard
	// streams, listener, multiplexer, wake-up, reserve, what the Go runtime
	// keeps, and what it opens in passing.
	spareDescriptors = 32
	// What memory goes to, as measured with 19,000 connections on Linux 6.18:
	// 2 × 4.4 KB of the kernel's slabs and 2 × 0.4 KB of the workers' for a
	// connection, and 8 MB for a worker.
	memoryOfConnection = 10 << 10
	memoryOfPair       = 5 << 10 // of Unix sockets, likewise
	memoryOfWorker     = 12 << 20
	heldBack           = 64 << 10 // of a reply that does not fit, at most
	// churnTracked are connections that a firewall tracks at once where they come and
	// go: 20,000 a second, each for ten after its reset (net.netfilter.
	// nf_conntrack_tcp_timeout_close).
	churnTracked      = 200_000
	memoryOfScheduled = 24 // of a message of an open loop, in the load generator
)

// CheckLimits says why this host cannot carry the plan: the numbers, and the
// command that helps. Cells whose arms it can carry one after the other only are
// marked in the plan.
func CheckLimits(p *Plan) error {
	limits, err := HostLimits(os.DirFS("/"))
	if err != nil {
		return err
	}
	if err := p.Fits(limits); err != nil {
		return err
	}
	for block := range p.Blocks {
		if _, err := p.Placement.of(block); err != nil {
			return err
		}
	}
	return nil
}

// Fits says which cell of the plan exceeds which limit, and marks those whose
// arms do so only together. An arm that cannot be measured in a cell at all is
// left out, and is skipped there.
func (p *Plan) Fits(l Limits) error {
	p.Apart = map[results.Cell]string{}
	for i, a := range p.Arms {
		if a.backend().ThreadEach {
			p.Arms[i].Threads, p.Arms[i].ThreadsBound = l.Threads, l.ThreadsBound
		}
	}
	for _, c := range p.Cells {
		arms := slices.DeleteFunc(p.ArmsIn(c), func(a Arm) bool { return a.unfit(c) != "" })
		together := fits(c, arms, l)
		if together == nil {
			continue
		}
		for _, a := range arms {
			if err := fits(c, []Arm{a}, l); err != nil {
				return fmt.Errorf("%s with %s: %w", c.Scenario, things(c), err)
			}
		}
		p.Apart[c] = fmt.Sprintf("arms were alive one after the other, so that noise does not cancel in ratios: %v", together)
	}
	return nil
}

// fits says which limit a cell exceeds with these arms alive together.
func fits(c results.Cell, arms []Arm, l Limits) error {
	if len(arms) == 0 {
		return nil
	}
	if c.OneProcess() {
		return fitsAlone(c, int64(len(arms)), l)
	}
	// Where slices are set-ups, arms set up one after the other.
	connected := int64(len(arms))
	if c.SetsUp() {
		connected = 1
	}
	spare, threads := beside(arms)
	if err := l.descriptors(c.Connections, descriptorsOf(c)/c.Connections, spare, "connections"); err != nil {
		return err
	}
	if err := l.files(2 * connected * (int64(descriptorsOf(c)) + spare)); err != nil {
		return err
	}
	if need := loadgen.PortsPerSource(c.Connections); need > l.Ports {
		return fmt.Errorf("each source address gives %d ports, and has %d: raise them with \"sysctl -w net.ipv4.ip_local_port_range='1024 65535'\", or ask for at most %d connections",
			need, l.Ports, loadgen.MostConnections(l.Ports))
	}
	if need := connected * int64(c.Connections); l.Tracked >= 0 && need > l.Tracked {
		return fmt.Errorf("%d connections are open at once, and the firewall can track %d more: raise it with \"sysctl -w net.netfilter.nf_conntrack_max=…\" by %d, or ask for fewer connections or backends", need, l.Tracked, need-l.Tracked)
	}
	if c.Scenario == Churn && l.Tracked >= 0 && l.Tracked < churnTracked {
		return fmt.Errorf("connections that come and go stay tracked by the firewall for some ten seconds each, up to %d of them, and it can track %d more: raise it with \"sysctl -w net.netfilter.nf_conntrack_max=…\", or have it not track loopback", churnTracked, l.Tracked)
	}
	each, held := perConnection(c, arms)
	if need := each * int64(c.Connections); need > int64(l.Threads) && each > 0 {
		return fmt.Errorf("%d threads are there at once, and this host allows %d more: %s", need, l.Threads, l.ThreadsBound)
	}
	if need := memory(c, int64(len(arms)), connected, l.TCPMemory) + held*int64(c.Connections) + threads; need > l.Memory {
		return l.shortOfMemory(need)
	}
	return nil
}

// beside is what servers with several threads, or much room for events, need
// beside their connections: descriptors of one process, and bytes of all.
func beside(arms []Arm) (spare, memory int64) {
	const (
		perThread = 6                // listener, multiplexer, reserve and three bells
		ofThread  = 256 << 10        // its stacks, its buffer, and what the Go runtime keeps of it
		ofEvent   = 16 + 12          // ours and epoll's
		usual     = int64(1024) * 28 // is in memoryOfWorker
	)
	spare = spareDescriptors
	for _, a := range arms {
		n := int64(max(1, a.backend().Threads(a.Loops, a.PoolThreads)))
		spare = max(spare, spareDescriptors+perThread*(n-1))
		memory += ofThread*(n-1) + n*max(0, int64(a.MaxEvents)*ofEvent-usual)
	}
	return spare, memory
}

// perConnection is what servers take for each connection beside what those with
// loops do: threads, and bytes of their processes. Where arms set up one after the
// other it is of the one that takes the most.
func perConnection(c results.Cell, arms []Arm) (threads, held int64) {
	for _, a := range arms {
		b := a.backend()
		own, memory := int64(0), b.PerConnection
		if b.ThreadEach {
			own = 1
		}
		if memory > 0 && c.Size > 0 {
			memory += min(int64(c.Size), heldBack) // the part of its buffer that is used
		}
		if c.SetsUp() {
			threads, held = max(threads, own), max(held, memory)
		} else {
			threads, held = threads+own, held+memory
		}
	}
	return threads, held
}

// fitsAlone is fits for a scenario without servers: a process has both ends of every
// pair.
func fitsAlone(c results.Cell, arms int64, l Limits) error {
	each, more := 2, int64(spareDescriptors)
	if c.Scenario == Ctl {
		each, more = 1, spareDescriptors+ctl.Changes
	}
	if err := l.descriptors(c.Connections, each, more, noun(c)); err != nil {
		return err
	}
	if err := l.files(arms * (int64(each)*int64(c.Connections) + more)); err != nil {
		return err
	}
	if need := arms * (memoryOfWorker + int64(descriptorsOf(c))*memoryOfPair/2); need > l.Memory {
		return l.shortOfMemory(need)
	}
	return nil
}

// descriptors are those of one process, so many of them for each connection, and
// some to spare.
func (l Limits) descriptors(connections, each int, spare int64, noun string) error {
	need := uint64(connections)*uint64(each) + uint64(spare)
	if need <= l.Descriptors {
		return nil
	}
	raise := fmt.Sprintf("raise it with \"ulimit -Hn %d\" as root", need)
	if need > l.OpenMax {
		raise += fmt.Sprintf(", after \"sysctl -w fs.nr_open=%d\"", need)
	}
	return fmt.Errorf("each process needs %d descriptors, and the hard limit is %d: %s, or ask for at most %d %s",
		need, l.Descriptors, raise, max(0, int64(l.Descriptors)-spare)/int64(each), noun)
}

// files are those of all processes together.
func (l Limits) files(need int64) error {
	if need <= l.Files {
		return nil
	}
	return fmt.Errorf("%d files are open at once, and this host has %d left: raise fs.file-max with \"sysctl -w fs.file-max=…\" by %d, or ask for fewer connections or backends", need, l.Files, need-l.Files)
}

func (l Limits) shortOfMemory(need int64) error {
	return fmt.Errorf("this takes up to %s of memory, and %s has %s: %s, or ask for fewer connections, smaller messages or fewer backends",
		megabytes(need), l.MemoryOf, megabytes(l.Memory), l.moreMemory())
}

// memory is what a cell takes at most, in bytes: connections and workers of
// all arms, what one arm's messages occupy in the kernel's queues, twice their
// length with what the kernel adds, and what each arm's server keeps for
// replies that do not fit into small buffers.
func memory(c results.Cell, arms, alive, tcp int64) int64 {
	size, active := int64(c.Size), int64(c.Active)
	need := 2*arms*memoryOfWorker + alive*int64(c.Connections)*memoryOfConnection
	need += min(tcp, 2*active*size)
	if c.Scenario == Fanout {
		need += arms * active * min(size, server.MostSaid) // for members who are slower than the speaker
	}
	if c.SocketBuffers > 0 && c.Size > c.SocketBuffers {
		need += arms * active * min(size, heldBack)
	}
	if c.Open() {
		need += arms * memoryOfScheduled * int64(mostScheduled(c))
	}
	return need
}

func (l Limits) moreMemory() string {
	if strings.HasPrefix(l.MemoryOf, "/") {
		return "raise that limit (systemd: MemoryMax=, docker: --memory)"
	}
	return "end what else uses it"
}

func megabytes(n int64) string { return fmt.Sprintf("%d MB", n/1e6) }

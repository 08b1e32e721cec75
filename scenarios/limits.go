//go:build linux

package scenarios

import (
	"fmt"
	"os"
	"strings"

	"muxbench/loadgen"
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
	memoryOfScheduled  = 24       // of a message of an open loop, in the load generator
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
// arms do so only together.
func (p *Plan) Fits(l Limits) error {
	p.Apart = map[results.Cell]string{}
	for _, c := range p.Cells {
		together := fits(c, int64(len(p.Arms)), l)
		if together == nil {
			continue
		}
		noun := "connections"
		if c.Scenario == Chain {
			noun = "pairs"
		}
		if err := fits(c, 1, l); err != nil {
			return fmt.Errorf("%s with %d %s: %w", c.Scenario, c.Connections, noun, err)
		}
		p.Apart[c] = fmt.Sprintf("arms were alive one after the other, so that noise does not cancel in ratios: %v", together)
	}
	return nil
}

// fits says which limit a cell exceeds with so many arms alive together.
func fits(c results.Cell, arms int64, l Limits) error {
	if c.Scenario == Chain {
		return fitsChain(c, arms, l)
	}
	// Scenario connect sets arms up one after the other.
	connected := arms
	if c.Scenario == Connect {
		connected = 1
	}
	if err := l.descriptors(c.Connections, 1, "connections"); err != nil {
		return err
	}
	if err := l.files(2 * connected * (int64(c.Connections) + spareDescriptors)); err != nil {
		return err
	}
	if need := loadgen.PortsPerSource(c.Connections); need > l.Ports {
		return fmt.Errorf("each source address gives %d ports, and has %d: raise them with \"sysctl -w net.ipv4.ip_local_port_range='1024 65535'\", or ask for at most %d connections",
			need, l.Ports, loadgen.MostConnections(l.Ports))
	}
	if need := connected * int64(c.Connections); l.Tracked >= 0 && need > l.Tracked {
		return fmt.Errorf("%d connections are open at once, and the firewall can track %d more: raise it with \"sysctl -w net.netfilter.nf_conntrack_max=…\" by %d, or ask for fewer connections or backends", need, l.Tracked, need-l.Tracked)
	}
	if need := memory(c, arms, connected, l.TCPMemory); need > l.Memory {
		return l.shortOfMemory(need)
	}
	return nil
}

// fitsChain is fits for a scenario without servers: a process has both ends of
// every pair.
func fitsChain(c results.Cell, arms int64, l Limits) error {
	if err := l.descriptors(c.Connections, 2, "pairs"); err != nil {
		return err
	}
	if err := l.files(arms * (2*int64(c.Connections) + spareDescriptors)); err != nil {
		return err
	}
	if need := arms * (memoryOfWorker + int64(c.Connections)*memoryOfPair); need > l.Memory {
		return l.shortOfMemory(need)
	}
	return nil
}

// descriptors are those of one process, so many of them for each connection.
func (l Limits) descriptors(connections, each int, noun string) error {
	need := uint64(connections)*uint64(each) + spareDescriptors
	if need <= l.Descriptors {
		return nil
	}
	raise := fmt.Sprintf("raise it with \"ulimit -Hn %d\" as root", need)
	if need > l.OpenMax {
		raise += fmt.Sprintf(", after \"sysctl -w fs.nr_open=%d\"", need)
	}
	return fmt.Errorf("each process needs %d descriptors, and the hard limit is %d: %s, or ask for at most %d %s",
		need, l.Descriptors, raise, max(0, int64(l.Descriptors)-spareDescriptors)/int64(each), noun)
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

//go:build linux

package muxtest

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/server"
)

// serverAcceptCases are about how connections come to a server.
func serverAcceptCases() []Case {
	return []Case{
		{ID: "C-022", Title: "a client that has sent before it is accepted is answered", Source: "mio local_addr_ready", run: sentBeforeAccepted},
		{ID: "C-180", Title: "two and ten connections that one event tells of are all accepted, silent ones too", Source: "mio tcp_listener_two_streams", run: func(r *rig) { pendingConnections(r, 0) }},
		{ID: "C-180/one-event", Title: "so they are where a wait returns one event", Source: "mio tcp_listener_two_streams", needs: multiplexing, run: func(r *rig) { pendingConnections(r, 1) }},
		{
			ID: "C-121", Title: "each connection is accepted by one of several loops, and counted there", Source: "epoll_ctl(2), on EPOLLEXCLUSIVE; socket(7), on SO_REUSEPORT", needs: severalLoops, run: acceptShares,
			Allowed: "any distribution: it is told, and left to the kernel",
		},
		{ID: "C-184", Title: "an address in use is refused by an error that names it, and who has it goes on", Source: "mio bind_twice_bad", run: addressInUse},
	}
}

func sentBeforeAccepted(r *rig) {
	s := r.listening(server.Config{})
	m := message(100, 1)
	early := s.client()
	early.send(m)
	s.begin()
	early.expect(m)
	// Nor does it wait for anybody who comes while it serves.
	for range 10 {
		c := s.client()
		c.exchange(m)
	}
}

func pendingConnections(r *rig, maxEvents int) {
	for _, n := range [...]int{2, 10} {
		s := r.listening(server.Config{MaxEvents: maxEvents})
		all := s.clients(n) // by the time that it looks, these are one event
		m := message(100, 1)
		for _, c := range all[:n/2] {
			c.send(m)
		}
		s.begin()
		s.eventually("all are accepted", func(snap server.Snapshot) bool {
			return snap.Open == n && snap.Counters.Accepts == int64(n)
		})
		for _, c := range all[:n/2] {
			c.expect(m)
		}
		for _, c := range all {
			c.send(m)
		}
		for _, c := range all {
			c.expect(m)
		}
		s.end()
	}
}

func acceptShares(r *rig) {
	const loops, connections = 4, 60
	s := r.serving(server.Config{Loops: loops})
	for _, c := range s.clients(connections) {
		c.exchange(message(100, 1))
	}
	snap := s.open(connections)
	var sum int64
	var shares []string
	for _, t := range snap.Threads {
		sum += t.Counters.Accepts
		shares = append(shares, fmt.Sprint(t.Counters.Accepts))
	}
	if snap.Counters.Accepts != connections || sum != connections || len(shares) != loops {
		r.Errorf("%d connections accepted, by loops %v, want %d in all by %d", snap.Counters.Accepts, shares, connections, loops)
	}
	r.Notef("of %d connections each loop has accepted %s", connections, strings.Join(shares, ", "))
}

func addressInUse(r *rig) {
	s := r.serving(server.Config{})
	c := s.client()
	r.startRefused(s.Address())
	c.exchange(message(100, 1))

	_, at := r.Listen()
	if inet, ok := at.(*unix.SockaddrInet4); ok {
		r.startRefused(netip.AddrPortFrom(netip.AddrFrom4(inet.Addr), uint16(inet.Port)))
	}
}

// startRefused wants no server to be had at an address that somebody listens at.
func (r *rig) startRefused(at netip.AddrPort) {
	second, err := r.subject.start(r.configured(server.Config{Address: at}))
	if err == nil {
		r.Errorf("a server starts at %s, where somebody listens", at)
		go func() { _ = second.Serve() }() // or else Close waits for it
		second.Close()
		return
	}
	if !errors.Is(err, unix.EADDRINUSE) || !strings.Contains(err.Error(), at.String()) {
		r.Errorf("the error is %q, want %v of %s", err, unix.EADDRINUSE, at)
	}
}

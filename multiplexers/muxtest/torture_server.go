//go:build linux

package muxtest

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
)

// callKind is what a client can do.
type callKind uint8

const (
	sending callKind = iota
	receiving
	emptying
	catchingUp
	halfClosing
	ending
	resetting
	accounting // of all clients
)

// call is one step of a client.
type call struct {
	kind   callKind
	client int // its number; it is connected first, if it is not
	n      int // bytes
}

// String says what is done: "client 2 sends 5".
func (c call) String() string {
	who := fmt.Sprintf("client %d ", c.client+1)
	switch c.kind {
	case sending:
		return who + fmt.Sprintf("sends %d", c.n)
	case receiving:
		return who + fmt.Sprintf("reads %d", c.n)
	case emptying:
		return who + "reads all there is"
	case catchingUp:
		return who + "reads until all is back"
	case halfClosing:
		return who + "ends its side"
	case ending:
		return who + "ends its side, and reads to the end"
	case resetting:
		return who + "resets its connection"
	}
	return "all read until all is back, and the server's totals are theirs"
}

// whose is the client that acts.
func (c call) whose() int {
	if c.kind == accounting {
		return -1
	}
	return c.client
}

// simpler calls may do as well.
func (c call) simpler() []call {
	var all []call
	if c.kind == sending || c.kind == receiving {
		for n := 1; n < c.n; n *= 16 {
			all = append(all, call{c.kind, c.client, n})
		}
	}
	return all
}

// do makes a call.
func (c *clients) do(m call) *breach {
	if m.kind == accounting {
		return c.settleAccounts()
	}
	if c.all[m.client] == nil {
		if b := c.connect(m.client); b != nil {
			return b
		}
	}
	one := c.all[m.client]
	switch m.kind {
	case sending:
		return c.send(one, m.n)
	case receiving:
		_, b := c.receive(one, m.n)
		return b
	case emptying:
		return c.drain(one)
	case catchingUp:
		return c.catchUp(one)
	case halfClosing:
		return c.halfClose(one)
	case ending:
		return c.end(one)
	}
	return c.reset(one)
}

// regime is what calls are made under.
type regime struct {
	config  server.Config
	clients int
	small   int // SO_RCVBUF of each; 0 is the kernel's own
}

// tortureServer makes the calls of the rig's seed.
func tortureServer(r *rig) {
	random := rand.New(rand.NewPCG(r.seed, 151))
	g := drawRegime(random, r.subject.backend)
	calls := drawCalls(random, g.clients)
	b := r.call(g, calls, stalled)
	if b == nil {
		return
	}
	accuse(r, "C-150/server", b, trial[call]{
		moves:   calls,
		play:    func(calls []call) *breach { return r.call(g, calls, stalledAgain) },
		hurry:   func(calls []call) *breach { return r.call(g, calls, stalledInPart) },
		among:   func([]call) string { return g.String() },
		whose:   call.whose,
		simpler: call.simpler,
	})
}

// call makes calls on a fresh server, and in the end has all clients read what is
// owed to them and leave, the server count the same, and have none left.
func (r *rig) call(g regime, calls []call, patience time.Duration) (b *breach) {
	c := r.serve(g, patience)
	defer func() {
		if closing := c.close(); b == nil {
			b = closing
		}
	}()
	for _, m := range calls {
		if b := c.do(m); b != nil {
			return b
		}
	}
	for _, one := range slices.Clone(c.all) {
		if one == nil {
			continue
		}
		if b := c.end(one); b != nil {
			return b
		}
	}
	return c.settleAccounts()
}

// drawRegime chooses among what the backend has the choice of.
func drawRegime(random *rand.Rand, b server.Backend) regime {
	g := regime{
		config: server.Config{
			Backend: b, Entry: multiplexers.Runtime,
			Address:       netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0),
			SocketBuffers: pick(random, 0, 8<<10, 32<<10),
		},
		clients: 2 + random.IntN(7),
		small:   pick(random, 0, 0, 16<<10),
	}
	if b.Multiplexes() {
		g.config.MaxEvents = pick(random, 0, 1, 2, 1024)
	}
	if b.Loops > 0 {
		g.config.Loops = 1 + random.IntN(3)
	}
	if b.PoolThreads > 0 {
		g.config.PoolThreads = 1 + random.IntN(3)
	}
	if lookups := b.Lookups(); len(lookups) > 0 {
		g.config.Lookup = lookups[random.IntN(len(lookups))]
	}
	if b.ChangesInterest() {
		g.config.ChangedInterest = random.IntN(2) == 0
	}
	if b.Multiplexes() {
		g.config.SpinningWaits = random.IntN(4) == 0
	}
	if random.IntN(4) == 0 {
		g.config.Spin = 10 * time.Microsecond
	}
	return g
}

// String says what is out of the ordinary.
func (g regime) String() string {
	all := []string{fmt.Sprintf("%d clients", g.clients)}
	for _, choice := range []struct {
		name  string
		value int
	}{
		{"events a wait", g.config.MaxEvents},
		{"loops", g.config.Loops},
		{"pool threads", g.config.PoolThreads},
		{"bytes of socket buffers", g.config.SocketBuffers},
		{"bytes of SO_RCVBUF in clients", g.small},
	} {
		if choice.value > 0 {
			all = append(all, fmt.Sprintf("%d %s", choice.value, choice.name))
		}
	}
	if g.config.Lookup != "" {
		all = append(all, "state by "+string(g.config.Lookup))
	}
	if g.config.ChangedInterest {
		all = append(all, "interest changed for each message")
	}
	if g.config.SpinningWaits {
		all = append(all, "waits that spin")
	}
	if g.config.Spin > 0 {
		all = append(all, fmt.Sprintf("%v burnt for each read", g.config.Spin))
	}
	return "(" + strings.Join(all, ", ") + ")"
}

// drawCalls makes up what clients do, each at its own pace: who has stopped reading
// does so for some turns.
func drawCalls(random *rand.Rand, clients int) []call {
	much := pick(random, 1, 1000, 20_000, 100_000, 500_000)
	hasty := pick(random, 5, 30, 60) // percent that send much
	cuts := pick(random, 0, 1, 4)    // percent that reset
	silent := make([]int, clients)   // turns in which it is not to read
	var all []call
	for range 30 + random.IntN(120) {
		i := random.IntN(clients)
		silent[i]--
		m := call{client: i, n: 1 + random.IntN(20)}
		switch roll := random.IntN(100); {
		case roll < cuts:
			m.kind = resetting
		case roll < 6:
			m.kind = pick(random, halfClosing, ending)
		case roll < 9:
			m.kind = accounting
			clear(silent)
		case roll < 15:
			silent[i] = 5 + random.IntN(10)
			m.kind, m.n = sending, 1+random.IntN(2*much)
		case roll < 55 || silent[i] > 0:
			m.kind = sending
			if random.IntN(100) < hasty {
				m.n = 1 + random.IntN(much)
			}
		case roll < 70:
			m.kind = receiving
		case roll < 85:
			m.kind = emptying
		default:
			m.kind = catchingUp
		}
		all = append(all, m)
	}
	return all
}

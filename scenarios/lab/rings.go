//go:build linux

package lab

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"muxbench/multiplexers"
	"muxbench/multiplexers/chain"
	"muxbench/results/stats"
)

const (
	turns      = 30
	confidence = 0.95
)

// rings are pairs of sockets, of which some are active, for several mechanisms to wait
// for in turn.
type rings struct {
	pairs, active int
	writes        int // of a byte, in a turn of each
}

// show compares the CPU time that mechanisms take for a message.
func (r rings) show(s *stage) {
	level := multiplexers.LevelTriggeredEpoll()
	poll := mechanism(func(m multiplexers.Mechanism) bool { return m.Capabilities.Indexed })
	edge := mechanism(func(m multiplexers.Mechanism) bool { return m.Trigger == multiplexers.EdgeTriggered })
	where := fmt.Sprintf("%s of %s pairs active", grouped(r.active), grouped(r.pairs))
	epollRow := fmt.Sprintf(`"epoll is always faster": poll to epoll, %s`, where)
	edgeRow := fmt.Sprintf(`"edge-triggered is always faster": ET to LT, %s`, where)
	all := []multiplexers.Mechanism{level, poll, edge}
	if takes, have := uint64(2*r.pairs*len(all)+100), s.DescriptorLimit().Cur; takes > have {
		s.tell(epollRow, "takes %d descriptors; the limit is %d", takes, have)
		return
	}
	spent := r.measure(s, all)
	s.tell(epollRow, "%s", ratio(spent[1], spent[0], "poll takes"))
	s.tell(edgeRow, "%s", ratio(spent[2], spent[0], "ET takes"))
}

// mechanism is the first that is so.
func mechanism(is func(multiplexers.Mechanism) bool) multiplexers.Mechanism {
	all := multiplexers.Mechanisms()
	return all[slices.IndexFunc(all, is)]
}

// measure is the CPU time a message of each mechanism in each turn, in nanoseconds. In
// a turn each has one iteration, in random order.
func (r rings) measure(s *stage, all []multiplexers.Mechanism) [][]float64 {
	chains := make([]*chain.Chain, len(all))
	order := make([]int, len(all))
	for i, m := range all {
		ring, err := chain.New(chain.Config{Mechanism: m, Pairs: r.pairs, Active: r.active, Writes: r.writes})
		if err != nil {
			s.Fatalf("%v", err)
		}
		defer func() { _ = ring.Close() }() // nothing is to be read from it any more
		chains[i], order[i] = ring, i
	}
	spent := make([][]float64, len(all))
	for turn := range 1 + turns {
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			did, err := chains[i].Iterate()
			if err != nil {
				s.Fatalf("backend %s: %v", all[i].Name, err)
			}
			if turn > 0 { // the first one warms up
				spent[i] = append(spent[i], float64(did.CPU)/float64(did.Messages))
			}
		}
	}
	return spent
}

// ratio tells the median of a/b over turns with its interval, and what that says of a.
func ratio(a, b []float64, who string) string {
	var logs []float64
	for turn := range a {
		if l, ok := stats.LogRatio(a[turn], b[turn]); ok {
			logs = append(logs, l)
		}
	}
	m := stats.MedianInterval(logs, confidence)
	verdict := "cannot be told"
	switch {
	case m.Low > 0:
		verdict = who + " more"
	case m.High < 0:
		verdict = who + " less"
	}
	return fmt.Sprintf("%.2f (%.2f to %.2f): %s", math.Exp(m.Estimate), math.Exp(m.Low), math.Exp(m.High), verdict)
}

//go:build linux

// Package scenarios plans what is measured and measures it: the catalogue of
// scenarios, the plan of cells and arms, the runner with its blocks, turns and
// slices, and the worker processes that it drives.
package scenarios

import (
	"time"

	"muxbench/results"
)

// Scenarios that are measured in a way of their own: see results.
const (
	Connect = results.ScenarioConnect
	Accept  = results.ScenarioAccept
	Churn   = results.ScenarioChurn
	Fanout  = results.ScenarioFanout
	Chain   = results.ScenarioChain
	Ctl     = results.ScenarioCtl
)

const (
	// Open is the scenario that is an open loop in any case; others are with a rate.
	Open = "rate"
	// Map is the scenario that covers connections and the active share.
	Map = "map"
	// Overview is what is run when no scenario is named.
	Overview = "overview"
)

// Scenario is one question and the sweep that answers it.
type Scenario struct {
	Name, Question string
	Slice          string // what one measured slice is, in words
	Reading        string // how to read what comes of it
	parts          []part
	compares       compares
	blocks         int           // per cell, unless asked for otherwise
	slice          time.Duration // at least; defaultSlice if 0
}

// part is a sweep over cells of one kind.
type part struct {
	kind  string // the name that its cells bear
	sweep Sweep
	turns int // that a window has about, at least; its sweep's duration is the shortest
}

const (
	// manyBlocks has both CPUs serve equally often, and gives a signed-rank
	// interval of 95.1 %, where 9 blocks give one of 96.1 %.
	manyBlocks = 10
	// defaultTurns are as few as noise cancels over. It is their number that makes
	// a block's ratio precise, whether a slice takes 5 ms or 50.
	defaultTurns, overviewTurns = 10, 3
	// overviewSlice gives small cells fourteen turns in the time in which others have
	// four. It is still the waits and rounds of a slice that bound it from below. With
	// a window of 100 ms an overview took 89 to 113 s, where 90 are promised.
	overviewSlice, overviewWindow = 5 * time.Millisecond, 70 * time.Millisecond
	// fewBlocks are as few as tell differences that several cells have, after
	// correction for how many are compared; one that a single cell has takes more.
	fewBlocks = 8
	// leastInterval is the fewest blocks whose ratios have an interval of 95 %.
	leastInterval = 6
	kib           = 1 << 10
)

// Scenarios lists the catalogue in the order in which it is to be shown. The
// caller owns the slice.
func Scenarios() []Scenario {
	const messages = "rounds of every active connection for 20 ms or more (in overview and map 5 ms), quiescent at both ends"
	return append([]Scenario{
		{
			Name:     Overview,
			Question: "Which one should I use, and from how many connections on?",
			Slice:    messages,
			Reading:  "Server CPU per message against connections, few of them active: a line that rises looks at all of them in each wait. Which takes the least, and from where on, is said in words below the tables.",
			blocks:   fewBlocks,
			slice:    overviewSlice,
			parts: []part{
				{"idle", few(Amount{Count: 10}, 10, 30, 100, 300, 1000, 5000), overviewTurns},
				{"idle", few(Amount{Count: 100}, 300), overviewTurns},
				{"echo", few(Amount{Percent: 100}, 300), overviewTurns},
			},
		},
		{
			Name:     Connect,
			Question: "What does setting up N connections cost?",
			Slice:    "one set-up of N connections, from the first connect to the last accept",
			Reading:  "Time to N is what a client waits for, server CPU per connection what the server pays. Both should not depend on N.",
			blocks:   fewBlocks,
			parts: []part{
				{Connect, Sweep{Connections: []int{100, 1000, 5000}, Active: []Amount{{Percent: 100}}, Sizes: []int{0}, SocketBuffers: []int{0}}, 0},
			},
		},
		{
			Name:     "echo",
			Question: "All connections talk: what does a message cost?",
			Slice:    messages,
			Reading:  "With all of them active, a wait that looks at all finds many: what it costs is shared by those.",
			blocks:   fewBlocks,
			parts: []part{
				{"echo", Sweep{Connections: []int{100, 1000}, Active: []Amount{{Percent: 100}}, Duration: 200 * time.Millisecond, Sizes: []int{kib}, SocketBuffers: []int{0}}, defaultTurns},
			},
		},
		{
			Name:     "bulk",
			Question: "What do large payloads cost, that take many reads and writes?",
			Slice:    messages,
			Reading:  "With the kernel's own buffers a message takes few calls; with small ones it is partial reads and writes, and waiting to be writable.",
			blocks:   fewBlocks,
			parts: []part{
				{"bulk", Sweep{Connections: []int{100}, Active: []Amount{{Percent: 100}}, Duration: 400 * time.Millisecond, Sizes: []int{100 * kib}, SocketBuffers: []int{0, 16 * kib}}, defaultTurns},
			},
		},
		{
			Name:     "idle",
			Question: "A few of many talk: what do the silent ones cost?",
			Slice:    messages,
			Reading:  "Server CPU per message against connections: a line that rises pays for the silent ones in each wait.",
			blocks:   leastInterval,
			parts: []part{
				{"idle", Sweep{Connections: []int{100, 1000, 5000}, Active: []Amount{{Count: 10}}, Duration: 200 * time.Millisecond, Sizes: []int{64}, SocketBuffers: []int{0}}, defaultTurns},
				{"idle", Sweep{Connections: []int{1000}, Active: []Amount{{Count: 100}}, Duration: 200 * time.Millisecond, Sizes: []int{64}, SocketBuffers: []int{0}}, defaultTurns},
			},
		},
		{
			Name:     Open,
			Question: "What is the latency at a given load?",
			Slice:    "an open loop for a second or more: messages begin at times fixed beforehand",
			Reading:  "Latency counts from when a message was to begin, so that a stall counts for all it held up. Where a server does not keep up, it is saturated, and its latency is only how long the window was.",
			blocks:   manyBlocks,
			parts: []part{
				{Open, Sweep{Connections: []int{100}, Active: []Amount{{Percent: 100}}, Duration: minOpen, Sizes: []int{64}, SocketBuffers: []int{0}, Rates: []Rate{{Share: 0.2}, {Share: 0.4}, {Share: 0.6}, {Share: 0.8}, {Share: 0.9}}}, 0},
			},
		},
		{
			Name:     Map,
			Question: "Which one is the cheapest, for how many connections and how many of them active?",
			Slice:    messages,
			Reading:  "One field for each number of connections and share of active ones, in the colour of the cheapest.",
			blocks:   fewBlocks,
			slice:    overviewSlice,
			parts: []part{
				{"idle", Sweep{Connections: []int{10, 30, 100, 300, 1000, 3000, 10000}, Active: []Amount{{Percent: 1}, {Percent: 10}, {Percent: 50}, {Percent: 100}}, Duration: 100 * time.Millisecond, Sizes: []int{64}, SocketBuffers: []int{0}}, overviewTurns},
			},
		},
		{
			Name:     Chain,
			Question: "The classic benchmark of libevent: what do a wait, a read and a write cost among n socket pairs?",
			Slice:    "one iteration: a first bytes and w chained writes of a byte",
			blocks:   fewBlocks,
			Reading:  "Each wait finds one pair, or a hundred. What an iteration takes beyond that of few pairs is what a wait costs for those that are silent.",
			parts:    chains(100, 300, 1000),
		},
	}, questions(messages)...)
}

// few is a small sweep, of short windows.
func few(active Amount, connections ...int) Sweep {
	return Sweep{Connections: connections, Active: []Amount{active}, Duration: overviewWindow, Sizes: []int{64}, SocketBuffers: []int{0}}
}

// chains are the two classic workloads: a token that runs around, and a hundred
// of them.
func chains(pairs ...int) []part {
	sweep := func(active, writes int) part {
		return part{Chain, Sweep{Connections: pairs, Active: []Amount{{Count: active}}, Rounds: []int{writes}, Sizes: []int{1}, SocketBuffers: []int{0}}, 0}
	}
	return []part{sweep(1, 100), sweep(100, 1000)}
}

//go:build linux

package scenarios

import (
	"time"

	"muxbench/multiplexers/server"
	"muxbench/results"
)

// acceptBacklog is the queue of a listener in scenario accept: what SOMAXCONN was
// until Linux 5.4, and what many programs still ask for.
const acceptBacklog = 128

// questions are the scenarios about one thing that servers do beside waiting, or in
// another way. messages is what a slice of exchanged ones is.
func questions(messages string) []Scenario {
	all := []Amount{{Percent: 100}}
	none := []int{0}
	return []Scenario{
		{
			Name:     Churn,
			Question: "Connect, one message, close, as fast as it goes: what does a short connection cost?",
			Slice:    "20 ms or more of connections, so many alive at once, until the server has none left",
			Reading:  "Latency is of the whole, from connect(2) to after the close, which is a reset so that nothing stays in TIME_WAIT. Connections/s are as many as load generator and kernel bring about; server CPU per connection is the server's. Where select and poll pay for those alive in each wait, epoll pays to add and remove each.",
			blocks:   fewBlocks,
			parts: []part{
				{Churn, Sweep{Connections: []int{10, 100, 300}, Active: all, Duration: 200 * time.Millisecond, Sizes: []int{64}, SocketBuffers: none}, overviewTurns},
			},
		},
		{
			Name:     Ctl,
			Question: "What does registering, changing and removing cost, and what of it does a message pay?",
			Slice:    "ctl: one iteration in one process, in which 256 descriptors are added to a set, changed once and removed; echo: " + messages,
			Reading:  "ctl: epoll pays for each change by a system call, select and poll in the next wait, which is shown beside. echo: an arm called interest-changed drops its interest in a connection while it handles a message, as servers did in 2004; what it takes beyond the arm that registered once is the share of epoll_ctl(2), and edge-triggered saves no more than that.",
			blocks:   fewBlocks,
			compares: compares{
				backends: []string{"epoll-lt", "select", "poll", "epoll-et", "epoll-oneshot"}, reference: "epoll-lt",
				interests: []Interest{InterestKept, InterestChanged},
			},
			parts: []part{
				{Ctl, Sweep{Connections: []int{100, 1000, 10000}, Active: all, Sizes: none, SocketBuffers: none}, 0},
				{"echo", Sweep{Connections: []int{100}, Active: all, Duration: 200 * time.Millisecond, Sizes: []int{64}, SocketBuffers: none}, defaultTurns},
			},
		},
		{
			Name:     results.ScenarioLookup,
			Question: "How does a server find the connection that an event is of, and what if it searches?",
			Slice:    messages,
			Reading:  "By descriptor is an array that the descriptor is the index of; index is poll's own, which its search has come by anyhow; map is a hash map; scan goes through an array from its beginning, as the servers did that this benchmark grew from. A line that rises with the connections is the search's doing, not the multiplexer's.",
			blocks:   manyBlocks,
			compares: compares{
				backends: []string{"poll", "epoll-lt"}, reference: "poll",
				lookups: []server.StateLookup{server.LookupDescriptor, server.LookupIndex, server.LookupMap, server.LookupScan},
			},
			parts: []part{
				{results.ScenarioLookup, Sweep{Connections: []int{100, 2000}, Active: all, Duration: 100 * time.Millisecond, Sizes: []int{64}, SocketBuffers: none}, 1},
			},
		},
		{
			Name:     results.ScenarioScaling,
			Question: "More loops, or one loop and a pool of threads?",
			Slice:    messages + "; each message costs the server 20 µs on top, as work would, so that one load generator keeps several threads busy",
			Reading:  "Speed-up is throughput over that of a single loop, with its interval. It cannot be more than there are CPUs for the server's threads, which is said below the table. The share is how the work fell to the thread that got least and to the one that got most.",
			blocks:   manyBlocks,
			compares: compares{
				backends: []string{"epoll-lt", "reuseport", "epoll-pool"}, reference: "epoll-lt",
				loops: []int{1, 2, 4}, poolThreads: []int{1, 2, 4}, spins: []time.Duration{20 * time.Microsecond},
			},
			parts: []part{
				{results.ScenarioScaling, Sweep{Connections: []int{64}, Active: all, Duration: 400 * time.Millisecond, Sizes: []int{64}, SocketBuffers: none}, defaultTurns},
			},
		},
		{
			Name:     Accept,
			Question: "A burst of connections against several loops: who wakes, who accepts, and how soon is the last one accepted?",
			Slice:    "one burst, from the first connect(2) to the last accept(2), then reset; the listeners' queues hold 128, and arms go one at a time",
			Reading:  "One at a time, with all loops asleep, shows what a listener wakes: all loops that share it, one with EPOLLEXCLUSIVE, one where each has its own. All at once shows whether connections are accepted as fast as they come: one that finds the queue full comes again after a second. A wake-up is a thread that slept and was woken, in vain or not; vain accepts are those that it made for nobody.",
			blocks:   fewBlocks,
			compares: compares{
				backends: []string{"epoll-lt", "epoll-shared", "epoll-exclusive", "reuseport"}, reference: "epoll-lt",
				loops: []int{4},
			},
			parts: []part{
				{Accept, Sweep{Connections: []int{16}, Active: []Amount{{Count: 1}}, Sizes: none, SocketBuffers: none}, 0},
				{Accept, Sweep{Connections: []int{acceptBacklog, 2 * acceptBacklog, 4 * acceptBacklog}, Active: all, Sizes: none, SocketBuffers: none}, 0},
			},
		},
		{
			Name:     Fanout,
			Question: "A chat room: one message in, N out. What does a delivery cost?",
			Slice:    "20 ms or more of messages, one in the room at a time, each over when everybody has it",
			Reading:  "Everything is per delivery but the latency, which is from saying to the last delivery. Small messages never wait to be written. With 256 KiB and buffers of 4 they do: level-triggered then changes its interest and back, one-shot re-arms, and edge-triggered registered for it once.",
			blocks:   fewBlocks,
			compares: compares{backends: []string{"epoll-lt", "poll", "epoll-et", "epoll-oneshot"}, reference: "epoll-lt"},
			parts: []part{
				{Fanout, Sweep{Connections: []int{10, 300}, Active: all, Duration: 200 * time.Millisecond, Sizes: []int{64}, SocketBuffers: none}, overviewTurns},
				{Fanout, Sweep{Connections: []int{10}, Active: all, Duration: 200 * time.Millisecond, Sizes: []int{256 * kib}, SocketBuffers: []int{4 * kib}}, overviewTurns},
			},
		},
	}
}

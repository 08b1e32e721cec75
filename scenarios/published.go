//go:build linux

package scenarios

import "muxbench/results"

// publishedChains are figures of other loops and machines for scenario chain.
func publishedChains() []results.Published {
	const (
		bench  = "libevent's bench, run for this project on another 2-CPU virtual machine, Linux 6.18"
		coroio = "coroio's run of libevent's bench, Intel i7-12800H"
	)
	one := func(source string, pairs, active, writes int, microseconds map[string]int64) results.Published {
		ns := make(map[string]int64, len(microseconds))
		for backend, us := range microseconds {
			ns[backend] = us * 1000
		}
		return results.Published{
			Source:    source,
			Cell:      results.Cell{Scenario: Chain, Connections: pairs, Active: active, Rounds: writes, Size: 1},
			ElapsedNS: ns,
		}
	}
	token := one(coroio, 131072, 1, 100, map[string]int64{"select": 1245430, "poll": 1131829, "epoll-lt": 129})
	token.Note = "with 100 active and 1,000 writes, poll is ahead up to about 512 pairs, and epoll from about 1,024 on"
	// Beyond 512 pairs and their 1,024 descriptors, libevent's select aborts.
	return []results.Published{
		one(bench, 100, 1, 100, map[string]int64{"select": 825, "poll": 815, "epoll-lt": 137}),
		one(bench, 1000, 1, 100, map[string]int64{"poll": 7103, "epoll-lt": 192}),
		one(bench, 9900, 1, 100, map[string]int64{"poll": 156754, "epoll-lt": 304}),
		one(bench, 100, 100, 1000, map[string]int64{"select": 1068, "poll": 1072, "epoll-lt": 1090}),
		one(bench, 1000, 100, 1000, map[string]int64{"poll": 1798, "epoll-lt": 1528}),
		one(bench, 9900, 100, 1000, map[string]int64{"poll": 19736, "epoll-lt": 2649}),
		token,
	}
}

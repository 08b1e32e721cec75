//go:build linux

package muxtest_test

import (
	"flag"
	"testing"

	"muxbench/multiplexers/muxtest"
)

var (
	seeds   = flag.Int("seeds", 0, "seeds of each case and subject in TestTortureLong")
	from    = flag.Uint64("from", 1, "the first of them")
	backend = flag.String("backend", "", "the multiplexer and backend to try them on; empty is all")
)

// TestTortureLong makes the random moves of as many seeds as it is told:
//
//	go test -run TestTortureLong -timeout 0 ./multiplexers/muxtest -seeds 5000 -from 1 -backend epoll-et
func TestTortureLong(t *testing.T) {
	if *seeds == 0 {
		t.Skip("takes as long as -seeds says")
	}
	for _, s := range muxtest.Subjects() {
		if *backend != "" && s.Name != *backend {
			continue
		}
		for _, c := range muxtest.Cases() {
			if c.Seeds.Count == 0 || !c.Applies(s) {
				continue
			}
			t.Run(c.ID+"/"+s.Name, func(t *testing.T) {
				if err := s.Probe(); err != nil {
					t.Skipf("%s is unavailable on this host: %v", s.Name, err)
				}
				c.Seeds = muxtest.Seeds{First: *from, Count: *seeds}
				result := c.Try(t.Context(), s, reexec(t))
				for _, reason := range result.Reasons {
					t.Log(reason)
				}
				if result.Verdict != muxtest.Pass {
					t.Error(result.Verdict)
				}
			})
		}
	}
}

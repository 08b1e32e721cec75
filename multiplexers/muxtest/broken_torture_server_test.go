//go:build linux

package muxtest_test

import (
	"slices"
	"testing"

	"muxbench/multiplexers"
	"muxbench/multiplexers/muxtest"
	"muxbench/multiplexers/server"
)

// TestTorturePassesAnotherServer: the server that the next test breaks is sound.
func TestTorturePassesAnotherServer(t *testing.T) {
	s, err := echoing(noFault)
	if err != nil {
		t.Fatal(err)
	}
	if result := tortureCase(t, "C-150/server").Try(s, reexec(t)); result.Verdict != muxtest.Pass {
		t.Errorf("%s %q", result.Verdict, result.Reasons)
	}
}

func TestTortureCatchesBrokenServers(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault fault
		says  string
		most  int // calls that show it; 0: it hangs on timing, or shows in none
	}{
		{"loses a byte at a partial write", losesByteAtPartialWrite, "wrong byte at offset", 0},
		{"sends the second half first", sendsSecondHalfFirst, "wrong byte at offset", 4},
		{"drops the tail at a half-close", dropsTailAtHalfClose, "has ended its side after", 0},
		{"forgets single bytes", forgetsSingleBytes, "bytes in and", 4},
		{"counts those who were reset", keepsTheResetOpen, "are accepted and", 4},
		{"keeps descriptors open", keepsDescriptors, "left open", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := echoing(test.fault)
			if err != nil {
				t.Fatal(err)
			}
			checkAccusation(t, tortured(t, s, "C-150/server"), test.says, test.most)
		})
	}
}

// TestTortureCatchesServersOnBrokenMultiplexers: a wake-up that is lost leaves a client
// without an answer.
func TestTortureCatchesServersOnBrokenMultiplexers(t *testing.T) {
	wants := func() map[int]multiplexers.Interest { return make(map[int]multiplexers.Interest) }
	for _, test := range []struct {
		name    string
		breaks  func(mux) mux
		backend string
	}{
		{"loses an edge", func(m mux) mux { return &losesEdge{m, make(map[int]bool)} }, "epoll-et"},
		{"Modify to the same does not re-arm", func(m mux) mux { return &doesNotRearm{m, wants()} }, "epoll-oneshot"},
		{"forgets Modify", func(m mux) mux { return forgetsModify{m} }, "epoll-lt"},
	} {
		t.Run(test.name, func(t *testing.T) {
			all := server.Backends()
			i := slices.IndexFunc(all, func(b server.Backend) bool { return b.Name == test.backend })
			if i < 0 {
				t.Fatalf("no backend %s", test.backend)
			}
			b := all[i]
			b.Mechanism = breaking(b.Mechanism, test.breaks)
			checkAccusation(t, tortured(t, muxtest.OfBackend(b), "C-150/server"), "nothing comes for", 0)
		})
	}
}

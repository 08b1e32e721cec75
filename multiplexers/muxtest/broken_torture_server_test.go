//go:build linux

package muxtest_test

import (
	"slices"
	"testing"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/muxtest"
	"muxbench/multiplexers/server"
)

// TestTorturePassesAnotherServer: the server that the next test breaks is sound.
func TestTorturePassesAnotherServer(t *testing.T) {
	if result := tortureCase(t, "C-150/server").Try(t.Context(), echoing(t, noFault), reexec(t)); result.Verdict != muxtest.Pass {
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
		{"forgets a byte of each", forgetsAByteOfEach, "bytes in and", 4},
		{"counts those who were reset", keepsTheResetOpen, "are accepted and", 4},
		{"keeps descriptors open", keepsDescriptors, "left open", 0},
		{"never says how it is", neverAnswers, "Snapshot does not return", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := tortureCase(t, "C-150/server").Try(t.Context(), echoing(t, test.fault), reexec(t))
			checkAccusation(t, result, test.says, test.most)
		})
	}
}

// TestTortureCatchesServersOnBrokenMultiplexers: a wake-up that is lost leaves a client
// without an answer.
func TestTortureCatchesServersOnBrokenMultiplexers(t *testing.T) {
	b, err := server.Lookup("epoll-et")
	if err != nil {
		t.Fatal(err)
	}
	b.Mechanism = breaking(b.Mechanism, func(m mux) mux { return &losesRoom{m, make(map[int]bool)} })
	result := tortureCase(t, "C-150/server").Try(t.Context(), muxtest.OfBackend(b), reexec(t))
	checkAccusation(t, result, "nothing comes for", 0)
}

// losesRoom drops an edge on a descriptor that it has reported as writable already.
type losesRoom struct {
	mux
	reported map[int]bool
}

func (b *losesRoom) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	n, err := b.mux.Wait(events, timeout)
	kept := slices.DeleteFunc(events[:n], func(e multiplexers.Event) bool {
		lost := b.reported[e.FD]
		b.reported[e.FD] = e.Ready&multiplexers.Writable != 0
		return lost
	})
	return len(kept), err
}

func (b *losesRoom) Remove(fd int) error {
	delete(b.reported, fd)
	return b.mux.Remove(fd)
}

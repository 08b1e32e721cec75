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

func TestTortureCatchesBrokenServers(t *testing.T) {
	long(t)
	for _, test := range []struct {
		flaw flaw
		says string
		most int // calls that show it; 0: it hangs on timing, or shows in none
	}{
		{swaps, "wrong byte at offset", 4},
		{sharesBuffer, "wrong byte at offset", 0},
		{losesByte, "wrong byte at offset", 0},
		{dropsUnread, "client", 0},
		{dropsReply, "client", 0},
		{readsOnce, "nothing comes for", 0},
		{forgetsByte, "bytes in and", 4},
		{countsTooEarly, "bytes in and", 0},
		{countsTheGone, "are accepted and", 4},
		{keepsListener, "left open", 0},
		{neverAnswers, "Snapshot does not return", 0},
	} {
		t.Run(string(test.flaw), func(t *testing.T) {
			result := tortureCase(t, "C-150/server").Try(t.Context(), littleOn("epoll-et", test.flaw), reexec(t))
			checkAccusation(t, result, test.says, test.most)
		})
	}
}

// TestTortureCatchesServersOnBrokenMultiplexers: a wake-up that is lost leaves a client
// without an answer.
func TestTortureCatchesServersOnBrokenMultiplexers(t *testing.T) {
	long(t)
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

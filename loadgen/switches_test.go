//go:build linux

package loadgen_test

import (
	"testing"
	"time"

	"muxbench/loadgen"
	"muxbench/multiplexers"
	"muxbench/multiplexers/muxtest"
	"muxbench/multiplexers/server"
)

// TestExchangeCountsSwitches of its own thread and of the piece alone.
func TestExchangeCountsSwitches(t *testing.T) {
	eachBackend(t, 0, func(t *testing.T, s *server.Server) {
		g := connected(t, loadgen.Config{Target: s.Address(), Connections: 50, Active: 50, Size: 64})
		rival(t)
		deadline := time.Now().Add(patience)
		for gained := int64(0); gained == 0; {
			before := multiplexers.ThreadUsage().Switches
			gained = exchange(t, g, loadgen.Piece{Rounds: 20}).Switches
			if most := multiplexers.ThreadUsage().Switches - before; gained < 0 || gained > most {
				t.Fatalf("%d switches in a piece, where the thread had %d", gained, most)
			}
			if time.Now().After(deadline) {
				t.Fatalf("no switch within %v beside a thread that spins", patience)
			}
		}
	})
}

// rival has the calling thread share its CPU until the test ends.
func rival(t *testing.T) {
	t.Helper()
	end, err := muxtest.Rival()
	if err != nil {
		t.Error(err)
		return
	}
	t.Cleanup(end)
}

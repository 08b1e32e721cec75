//go:build linux

package server_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/muxtest"
	"muxbench/multiplexers/server"
)

// TestSnapshotCountsSwitches of the loop's own thread: what a snapshot says
// lies between what the thread finds before its wait and before the next one.
func TestSnapshotCountsSwitches(t *testing.T) {
	eachLoop(t, func(t *testing.T, b server.Backend) {
		var once sync.Once
		var found atomic.Int64
		s := start(t, config(observe(b, &observed{before: func() error {
			once.Do(func() { rival(t) })
			found.Store(multiplexers.ThreadUsage().Switches)
			return nil
		}})))
		snapshot(t, s) // the loop has waited
		for range 10 {
			low := found.Load()
			snap := snapshot(t, s)
			snapshot(t, s) // the loop has waited once more
			if high := found.Load(); low == 0 || snap.Switches < low || snap.Switches > high {
				t.Errorf("%d switches, where the thread found %d before and %d after", snap.Switches, low, high)
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

// TestSnapshotTellsUserTime of the loop's own thread, by the same bounds, once
// the thread has computed for so long that its system time is another.
func TestSnapshotTellsUserTime(t *testing.T) {
	eachLoop(t, func(t *testing.T, b server.Backend) {
		var found atomic.Int64
		s := start(t, config(observe(b, &observed{before: func() error {
			used := multiplexers.ThreadUsage()
			for deadline := time.Now().Add(patience); used.User < 2*used.System+50*time.Millisecond; used = multiplexers.ThreadUsage() {
				for range 1 << 20 {
				}
				if time.Now().After(deadline) {
					return fmt.Errorf("%+v after computing for %s", used, patience)
				}
			}
			found.Store(int64(used.User))
			return nil
		}})))
		snapshot(t, s) // the loop has waited
		for range 10 {
			low := time.Duration(found.Load())
			snap := snapshot(t, s)
			snapshot(t, s) // the loop has waited once more
			if high := time.Duration(found.Load()); low == 0 || snap.User < low || snap.User > high {
				t.Errorf("%s of user time, where the thread found %s before and %s after", snap.User, low, high)
			}
		}
	})
}

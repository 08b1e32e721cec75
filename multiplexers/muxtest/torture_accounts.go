//go:build linux

package muxtest

import (
	"time"

	"muxbench/multiplexers/server"
)

// settleAccounts has every client catch up, and compares the server's totals
// with theirs. Of connections that were cut it may have read less than they sent, and
// must have read what came back.
func (c *clients) settleAccounts() *breach {
	for _, one := range c.all {
		if one == nil {
			continue
		}
		if b := c.catchUp(one); b != nil {
			return b
		}
	}
	open, halves, sent := 0, 0, c.sent
	for _, one := range c.all {
		if one == nil {
			continue
		}
		open++
		if one.half {
			halves++
		}
		sent += int64(one.sent)
	}
	snap, b := c.agreed(open-halves, open)
	if b != nil {
		return b
	}
	in, out := snap.Counters.BytesIn, snap.Counters.BytesOut
	if in < sent+c.some || in > sent+c.most || out < sent+c.some || out > in || !c.cut && in != out {
		return breachf("totals", "%d bytes in and %d out, where %d were sent and came back, and of connections that were cut %d and %d",
			in, out, sent, c.most, c.some)
	}
	return nil
}

// agreed is the server's state when everybody is accepted and as many are open as may
// be. A connection is accepted, and ends, a moment after its client has seen to it.
func (c *clients) agreed(least, most int) (server.Snapshot, *breach) {
	for deadline, look := time.Now().Add(c.patience), time.Millisecond; ; time.Sleep(look) {
		var snap server.Snapshot
		var err error
		if b := within("Snapshot", func() { snap, err = c.server.Snapshot() }); b != nil {
			return server.Snapshot{}, b // where it comes from may be written to still
		}
		switch {
		case err != nil:
			return snap, breachf("error", "Snapshot: %v", err)
		case snap.Counters.Accepts == c.connected && snap.Open >= least && snap.Open <= most:
			return snap, nil
		case time.Now().After(deadline):
			return snap, breachf("open", "%d are accepted and %d open, where %d have connected and from %d to %d are there",
				snap.Counters.Accepts, snap.Open, c.connected, least, most)
		}
	}
}

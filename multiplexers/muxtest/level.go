//go:build linux

package muxtest

// levelCases are about mechanisms that report a readiness for as long as it
// lasts, or as often as they are re-armed while it does.
func levelCases() []Case {
	return []Case{
		{ID: "C-075", Tier: Contract, Title: "an unread byte is reported by every wait", Source: "kernel selftest epoll_wakeup_test 1, gVisor PollLevelTriggered", needs: reportsAgain, run: unreadByte},
		{ID: "C-076", Tier: Contract, Title: "so are two", Source: "kernel selftest epoll_wakeup_test 3, polling other_modes::level_triggered", needs: reportsAgain, run: twoUnread},
		{ID: "C-079", Tier: Contract, Title: "wanting to write with nothing to write makes every wait return", Source: "libev, on spinning", needs: reportsAgain, run: alwaysWritable},
	}
}

func unreadByte(r *rig) {
	here, there := r.Pair()
	r.add(here, readable)
	r.Write(there, 1)
	for range 3 {
		r.expect("one byte", ready(here, readable))
	}
	r.Read(here, 1)
	r.expect("read")
}

func twoUnread(r *rig) {
	first, there := r.Pair()
	second, far := r.Pair()
	r.add(first, readable)
	r.add(second, readable)
	r.Write(there, 5)
	r.Write(far, 1)
	for range 2 {
		r.expect("both", ready(first, readable), ready(second, readable))
	}
	r.Read(first, 3)
	r.Read(second, 1)
	r.expect("two of five bytes left", ready(first, readable))
	r.Read(first, 2)
	r.expect("none left")
}

func alwaysWritable(r *rig) {
	here, _ := r.Pair()
	r.add(here, readable|writable)
	for range 100 {
		if got := r.batch(4, shortWait); len(got) != 1 || got[0] != ready(here, writable) {
			r.Fatalf("idle: got %v, want it writable every time", got)
		}
	}
	r.modify(here, readable)
	r.expect("writing no longer wanted")
}

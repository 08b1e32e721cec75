//go:build linux

package muxtest

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
)

// processCases are about several processes with one open file, or one epoll instance.
func processCases() []Case {
	const takes = "other processes of this program"
	return []Case{
		{ID: "C-113", Title: "eight processes that watch one pipe, each for itself: a write wakes all", Takes: takes, Source: "LTP epoll_wait15", run: wholeHerd},
		{ID: "C-114/K", Title: "watching exclusively, a write wakes exactly one, eight times over", Takes: takes, Source: "LTP epoll_wait16", run: oneOfHerd},
		{ID: "C-129", Title: "closed here and open in another process, a descriptor is reported still", Takes: takes, Source: "epoll(7) Q6", run: heldElsewhere},
		{ID: "C-129/pair", Title: "an epoll instance that processes share knows a descriptor by its number and file: a second time is EEXIST in either", Takes: takes, Source: "kernel ep_find", run: sharedInstance},
		{ID: "C-135", Title: "an epoll instance reaches an executed program unless EPOLL_CLOEXEC keeps it", Takes: takes, Source: "libevent fork; open(2), O_CLOEXEC", run: reachesProgram},
	}
}

// herdSize is how many processes watch.
const herdSize = 8

// processes starts some that each watch a descriptor, and are asleep.
func (r *rig) processes(fd int, asked conditions) []*workbench.Player {
	r.NeedToSeeThreads() // as they do
	var all []*workbench.Player
	for range herdSize {
		all = append(all, r.Play(watchPart, []string{strconv.FormatUint(uint64(asked), 10)}, fd))
	}
	for _, p := range all {
		p.Tell("look")
		p.Expect("asleep")
	}
	return all
}

// awakened is how many have an event to tell. They sleep again afterwards.
func (r *rig) awakened(all []*workbench.Player) int {
	n := 0
	want := fmt.Sprint([]found{{3, pollIn}})
	for _, p := range all {
		p.Tell("look")
		said := p.Hear(r.Patience)
		if said == "asleep" {
			continue
		}
		if said != want {
			r.Differs("process %d: epoll reports %s, want %s", p.PID(), said, want)
		}
		n++
	}
	for _, p := range all {
		p.Tell("look")
		p.Expect("asleep")
	}
	return n
}

func (r *rig) disperse(all []*workbench.Player) {
	for _, p := range all {
		p.Tell("dismiss")
		p.Expect("dismissed")
	}
}

func wholeHerd(r *rig) {
	reader, writer := r.Pipe()
	all := r.processes(reader, pollIn|edge)
	for range 2 {
		r.Write(writer, 1)
		if n := r.awakened(all); n != herdSize {
			r.Differs("a write wakes %d of %d processes, want all", n, herdSize)
		}
	}
	r.disperse(all)
}

func oneOfHerd(r *rig) {
	reader, writer := r.Pipe()
	all := r.processes(reader, pollIn|edge|shared)
	for round := range 8 {
		r.Write(writer, 1)
		if n := r.awakened(all); n != 1 {
			r.Differs("write %d wakes %d of %d processes, want exactly one", round+1, n, herdSize)
		}
	}
	r.disperse(all)
}

func heldElsewhere(r *rig) {
	here, there := r.Pair()
	ep := r.Epoll()
	r.watch(ep, here, pollIn)
	p := r.Play(holdPart, nil, here)
	r.Close(here)
	r.Write(there, 1)
	for range 2 {
		r.reports("closed here", ep, found{here, pollIn})
	}
	r.refuses("epoll_ctl DEL", epollControl(ep, unix.EPOLL_CTL_DEL, here, 0), unix.EBADF)
	p.End()
	r.reports("the other process ended", ep)
}

func sharedInstance(r *rig) {
	here, there := r.Pair()
	here = r.Above(200, here) // where the other process has nothing
	ep := r.Epoll()
	r.watch(ep, here, pollIn)
	p := r.Play(holdPart, nil, ep, here)
	p.Tell(fmt.Sprintf("add 3 4 %d", here))
	if said := p.Hear(r.Patience); said != "EEXIST" {
		r.Differs("another process adds it under the same number: %s, want EEXIST", said)
	}
	p.Tell(fmt.Sprintf("add 3 4 %d", here+1))
	if said := p.Hear(r.Patience); said != "watched" {
		r.Differs("another process adds it under another number: %s, want it to be watched", said)
	}
	r.Write(there, 1)
	// Of what the other has added, the number in the other is told.
	r.reports("written to", ep, found{here, pollIn}, found{here + 1, pollIn})
	p.End()
	r.reports("the other process ended, with the file open here", ep, found{here, pollIn}, found{here + 1, pollIn})
}

func reachesProgram(r *rig) {
	kept := r.Above(200, r.Epoll())
	fd, err := unix.EpollCreate1(0)
	r.Own("epoll_create1", fd, err)
	handed, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD, 200)
	r.Own("fcntl F_DUPFD", handed, err)
	p := r.Play(holdPart, nil)
	p.Tell(fmt.Sprintf("has %d", handed))
	if said := p.Hear(r.Patience); said != "open" {
		r.Differs("an instance without EPOLL_CLOEXEC is %s in the executed program", said)
	}
	p.Tell(fmt.Sprintf("has %d", kept))
	if said := p.Hear(r.Patience); said != "closed" {
		r.Differs("an instance with EPOLL_CLOEXEC is %s in the executed program", said)
	}
}

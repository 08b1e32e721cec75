//go:build linux

package multiplexers

import (
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// epoll(7): the kernel keeps the interest set and a list of what became ready.
//
// What is odd in it:
//   - the set holds open file descriptions, so a descriptor that is closed
//     while a duplicate lives stays in the set and can no longer be removed;
//   - a closed descriptor's number may be met again in the same batch. The
//     caller avoids it by Remove before close(2), and by closing after the
//     batch; so no generation is kept in the event's data;
//   - regular files are refused with EPERM;
//   - epoll_pwait(2) takes its timeout in milliseconds.
//
// Level-triggered, the kernel puts each reported descriptor back on the ready
// list and looks at it again in the next wait; edge-triggered and one-shot it
// does not. Either way the list is a queue, so a short buffer starves nobody.
// One-shot, a descriptor that was reported stays in the set and is out of
// action until it is modified, which looks at it anew.
type epoll struct {
	entry Entry
	name  string
	fd    int
	flags uint32            // of each descriptor, beside what is wanted
	fired []unix.EpollEvent // as long as the largest buffer asked for
}

func epollMechanism(trigger Trigger) Mechanism {
	m := Mechanism{
		Name:     "epoll-lt",
		Summary:  "epoll(7), level-triggered: the kernel keeps the set and a list of ready descriptors",
		Syscalls: []string{"epoll_create1", "epoll_ctl", "epoll_pwait"},
		Trigger:  trigger,
		Capabilities: Capabilities{
			HangUp:           true,
			ConcurrentModify: true,
			Exclusive:        trigger != OneShot,
			KernelSet:        true,
		},
	}
	var flags uint32
	switch trigger {
	case EdgeTriggered:
		m.Name = "epoll-et"
		m.Summary = "epoll(7), edge-triggered: a descriptor is reported once per activity"
		flags = unix.EPOLLET
	case OneShot:
		m.Name = "epoll-oneshot"
		m.Summary = "epoll(7), one-shot: a descriptor is reported once, and again after a modify"
		flags = unix.EPOLLONESHOT
	}
	m.New = func(e Entry) (Multiplexer, error) {
		fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		if err != nil {
			return nil, os.NewSyscallError("epoll_create1", err)
		}
		return &epoll{entry: e, name: m.Name, fd: fd, flags: flags}, nil
	}
	m.Probe = probe(m.New)
	return m
}

// LevelTriggeredEpoll is mechanism epoll-lt, for those who need no choice.
func LevelTriggeredEpoll() Mechanism { return epollMechanism(LevelTriggered) }

// OneShotEpoll is mechanism epoll-oneshot, likewise.
func OneShotEpoll() Mechanism { return epollMechanism(OneShot) }

// NewEdgeTriggered makes the multiplexer of mechanism epoll-et, for those who
// need no choice.
func NewEdgeTriggered(e Entry) (Multiplexer, error) { return epollMechanism(EdgeTriggered).New(e) }

func (m *epoll) Add(fd int, want Interest) error {
	return m.control(unix.EPOLL_CTL_ADD, "add", fd, want)
}

func (m *epoll) Modify(fd int, want Interest) error {
	return m.control(unix.EPOLL_CTL_MOD, "modify", fd, want)
}

func (m *epoll) Remove(fd int) error {
	return m.control(unix.EPOLL_CTL_DEL, "remove", fd, 0)
}

// control is epoll_ctl(2). It never blocks, so that, as in package syscall,
// both entries make a raw call of it; its argument then stays on the stack, and
// threads may be at it together.
func (m *epoll) control(op uintptr, name string, fd int, want Interest) error {
	e := unix.EpollEvent{Events: epollWanted(want) | m.flags, Fd: int32(fd)}
	_, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(m.fd), op, uintptr(fd), uintptr(unsafe.Pointer(&e)), 0, 0)
	if errno != 0 {
		return &setError{m.name, name, fd, errno}
	}
	return nil
}

func (m *epoll) Wait(events []Event, timeout time.Duration) (int, error) {
	if len(m.fired) < len(events) {
		m.fired = make([]unix.EpollEvent, len(events))
	}
	end := deadlineAfter(timeout)
	for {
		r, errno := m.entry.syscall(unix.SYS_EPOLL_PWAIT, uintptr(m.fd), uintptr(unsafe.Pointer(unsafe.SliceData(m.fired))),
			uintptr(len(events)), uintptr(milliseconds(end.remaining(timeout))), 0, 0)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return 0, os.NewSyscallError("epoll_pwait", errno)
		}
		for i, e := range m.fired[:r] {
			events[i] = Event{FD: int(e.Fd), Ready: epollReady(e.Events)}
		}
		return int(r), nil
	}
}

func (m *epoll) Close() error { return os.NewSyscallError("close", unix.Close(m.fd)) }

// milliseconds rounds up, so that a short timeout does not become a poll, and
// to the largest that the kernel takes: 24 days.
func milliseconds(d time.Duration) int32 {
	if d < 0 {
		return -1
	}
	const largest = 1<<31 - 1
	ms := d / time.Millisecond
	if d%time.Millisecond > 0 {
		ms++
	}
	return int32(min(largest, ms))
}

func epollWanted(want Interest) uint32 {
	var e uint32
	if want&Readable != 0 {
		e |= unix.EPOLLIN
	}
	if want&Writable != 0 {
		e |= unix.EPOLLOUT
	}
	if want&HangUp != 0 {
		e |= unix.EPOLLRDHUP
	}
	if want&Exclusive != 0 {
		e |= unix.EPOLLEXCLUSIVE
	}
	return e
}

func epollReady(e uint32) Interest {
	var ready Interest
	if e&unix.EPOLLIN != 0 {
		ready |= Readable
	}
	if e&unix.EPOLLOUT != 0 {
		ready |= Writable
	}
	if e&(unix.EPOLLRDHUP|unix.EPOLLHUP) != 0 {
		ready |= HangUp
	}
	if e&unix.EPOLLERR != 0 {
		ready |= Error
	}
	return ready
}

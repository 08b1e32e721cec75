//go:build linux

package muxtest

import "golang.org/x/sys/unix"

// urgentCases are about TCP's urgent data: one byte, beside the stream or in it.
func urgentCases() []Case {
	return []Case{
		{ID: "C-078", Title: "urgent data in the stream is PRI for as long as it is next to be read, and the data behind it is not", Source: "epoll-shim epollpri_oobinline", run: urgentInline},
		{ID: "C-175/K", Title: "data with urgent data is IN and PRI, the urgent byte by itself PRI; received, neither", Source: "epoll-shim epollpri, mio priority_event_on_oob_data, libuv poll_oob", run: urgentBeside},
		{ID: "C-175/passed", Title: "an ordinary read that finds only the urgent byte passes over it, and it is lost", Source: "tcp(7); kernel tcp_recvmsg_locked", run: urgentPassed},
		{ID: "C-177", Title: "select finds urgent data exceptional", Source: "select(2); tcp(7)", run: urgentSelected},
	}
}

// sendUrgent sends bytes the last of which is urgent.
func (r *rig) sendUrgent(fd int, data string) {
	if err := unix.Send(fd, []byte(data), unix.MSG_OOB); err != nil {
		r.Fatalf("send MSG_OOB: %v", err)
	}
}

// receives wants a recv(2) to give these bytes.
func (r *rig) receives(fd, flags int, want string) {
	got := make([]byte, 64)
	n, _, err := unix.Recvfrom(fd, got, flags)
	if err != nil || string(got[:n]) != want {
		r.Differs("recv with flags %#x: %q, %v, want %q", flags, got[:max(0, n)], err, want)
	}
}

func urgentInline(r *rig) {
	here, there := r.TCP()
	if err := unix.SetsockoptInt(here, unix.SOL_SOCKET, unix.SO_OOBINLINE, 1); err != nil {
		r.Fatalf("setsockopt SO_OOBINLINE: %v", err)
	}
	ep := r.Epoll()
	r.watch(ep, here, pollPri)
	r.sendUrgent(there, "!")
	r.Settle(here, int16(pollIn|pollPri), int16(pollIn|pollPri))
	for range 3 {
		r.reports("urgent", ep, found{here, pollPri})
	}
	r.receives(here, 0, "!")
	r.reports("read", ep)
	r.Write(there, 1)
	r.Settle(here, int16(pollIn|pollPri), int16(pollIn))
	r.reports("ordinary data", ep)
}

func urgentBeside(r *rig) {
	here, there := r.TCP()
	ep := r.Epoll()
	r.watch(ep, here, pollIn|pollPri)
	r.sendUrgent(there, "hello")
	r.Settle(here, int16(pollIn|pollPri), int16(pollIn|pollPri))
	for range 2 {
		r.reports("data with urgent data", ep, found{here, pollIn | pollPri})
	}
	r.receives(here, unix.MSG_OOB, "o")
	r.reports("the urgent byte received", ep, found{here, pollIn})
	r.receives(here, 0, "hell")
	r.reports("all received", ep)

	r.sendUrgent(there, "!")
	r.Settle(here, int16(pollIn|pollPri), int16(pollPri))
	r.reports("urgent alone", ep, found{here, pollPri})
	r.receives(here, unix.MSG_OOB, "!")
	r.reports("received", ep)
}

func urgentPassed(r *rig) {
	here, there := r.TCP()
	ep := r.Epoll()
	r.watch(ep, here, pollIn|pollPri)
	r.sendUrgent(there, "!")
	r.Settle(here, int16(pollIn|pollPri), int16(pollPri))
	r.ends("urgent alone", here, unix.EAGAIN)
	r.reports("passed over", ep)
	_, _, err := unix.Recvfrom(here, make([]byte, 1), unix.MSG_OOB)
	if err != unix.EINVAL {
		r.Differs("recv MSG_OOB of what was passed over: %v, want EINVAL", err)
	}
}

func urgentSelected(r *rig) {
	here, there := r.TCP()
	r.sendUrgent(there, "hello")
	r.Settle(here, int16(pollIn|pollPri), int16(pollIn|pollPri))
	if got := r.selects(here); got != "rwx" {
		r.Differs("data with urgent data: select finds %q, want %q", got, "rwx")
	}
	r.receives(here, unix.MSG_OOB, "o")
	if got := r.selects(here); got != "rw" {
		r.Differs("the urgent byte received: select finds %q, want %q", got, "rw")
	}
}

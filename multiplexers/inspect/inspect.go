//go:build linux

// Package inspect tells from procfs what a process watches with epoll(7): any
// process that the user may look at, and not only those of this project.
//
// The kernel lists the interest set of an epoll instance in the fdinfo of its
// descriptor (proc(5), /proc/pid/fdinfo; fs/eventpoll.c, ep_show_fdinfo). What
// the descriptors in it are, their links in /proc/PID/fd and the tables in
// /proc/PID/net say. Nothing is attached to the process, and nothing of it
// stops; it goes on while it is looked at, and what is returned was true of
// each descriptor at some time during the call.
package inspect

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
)

// Process is what a process watches. Its strings hold whatever the process
// or its peers have put there, control characters included.
type Process struct {
	PID int
	// Command is the name that the process goes by: its comm, of up to 15 bytes.
	Command string
	// Instances are its epoll instances, by descriptor.
	Instances []Instance
	// Watches is how many descriptors they watch, those of an instance that has
	// two descriptors once.
	Watches int
	// Undistinguished says that the kernel did not tell whether two of the
	// descriptors are one instance (kcmp(2)): then Watches counts it twice.
	Undistinguished bool
	// Uncompared is how many registrations there are of which it is not known whether
	// their number is another file's now, so that Replaced is false: the file has its
	// inode in common with others, as pipes and what is anonymous have, and the kernel was
	// not asked, of a set of more than 4,096, or did not tell (kcmp(2)).
	Uncompared int
	// Apart are the threads that have a table of descriptors of their own, by which
	// they watch what is not told here, but by Read of their numbers.
	Apart []int
	// MaxUserWatches is how many descriptors all the processes of a user
	// together can watch (fs.epoll.max_user_watches); 0 if it is not told.
	MaxUserWatches int
}

// Instance is one descriptor of an epoll instance.
type Instance struct {
	FD int
	// SameAs is the lowest descriptor of the same instance: FD itself, but for
	// duplicates of it.
	SameAs int
	// Watched is the interest set, by descriptor. Two may have the same number:
	// see Watch.Replaced.
	Watched []Watch
}

// Watch is one registration in an interest set.
type Watch struct {
	FD   int // under which it was registered
	Kind Kind
	// Local is the local address of a socket, as in "127.0.0.1:80", "[::1]:80" or the
	// path of a unix socket, where an abstract name has an @ before it. Of other files it
	// is the path, if they have one. Empty where it is not known.
	Local string
	Peer  string // address of the other end of a TCP or UDP socket; or empty
	// State is that of a TCP connection by its name in tcp_states.h, as in
	// ESTABLISHED; of a unix or UDP socket UNCONNECTED, CONNECTING, CONNECTED or
	// DISCONNECTING; empty for others.
	State  string
	Events Events
	// Closed: the process has closed the descriptor, and its epoll instance watches the
	// file still, since another descriptor of the same open file keeps it open
	// (epoll(7), Questions and answers, 6).
	Closed bool
	// Replaced: as Closed, and the number is another file's now, as far as that is known:
	// see Process.Uncompared.
	Replaced bool
	// OpenAs is another descriptor of a closed or replaced socket in the process; -1
	// if there is none, or none is known, as of what is no socket.
	OpenAs int
}

// Errors that Read wraps.
var (
	ErrNoProcess    = errors.New("there is no such process")
	ErrNoProc       = errors.New("procfs is not mounted")
	ErrDenied       = errors.New("permission denied")
	ErrEnded        = errors.New("the process has ended")
	ErrKernelThread = errors.New("a kernel thread has no descriptors")
	ErrNotTold      = errors.New("the kernel does not tell what an epoll instance watches")
)

// MaxPID bounds the numbers that the kernel gives processes (PID_MAX_LIMIT in
// include/linux/threads.h, 64-bit).
const MaxPID = 1 << 22

// Read looks at the process that procfs, mounted at proc, has as pid, from 1
// to 4194304; of a thread's number, at the table of descriptors that the thread
// has; of a process whose first thread has ended, at that of another of its
// threads. Where proc numbers processes otherwise than this one does, in another
// PID namespace, the kernel is not asked to compare anything.
//
// An error names the process, what was being read, and what to do about it; it
// wraps one of those above where one of them is why. A process without epoll
// instances is no error. It takes memory by what the process watches, a few
// hundred bytes for each, and not by what the machine has.
func Read(proc string, pid int) (Process, error) {
	if pid < 1 || pid > MaxPID {
		return Process{}, fmt.Errorf("inspect process %d: processes have numbers from 1 to %d", pid, MaxPID)
	}
	r := reader{proc: proc, dir: filepath.Join(proc, strconv.Itoa(pid)), pid: pid, thread: pid, compares: numbersAsHere(proc)}
	r.lead = r.dir
	p, err := r.process()
	if err != nil {
		return Process{}, fmt.Errorf("inspect process %d: %w", pid, err)
	}
	return p, nil
}

// reader reads of one process.
type reader struct {
	proc string
	pid  int
	lead string // the directory of the process, which is that of its first thread
	// The thread whose descriptors are read, and its directory: the first one, unless
	// that has ended and others go on.
	thread   int
	dir      string
	compares bool // processes have the same numbers for the kernel as in proc
	devices  devices
}

func (r *reader) process() (Process, error) {
	who, err := r.identify()
	if err != nil {
		return Process{}, err
	}
	const attempts = 5
	for range attempts {
		thread := r.thread
		p, err := r.look()
		// The number may have become another process's, or its files have gone with it.
		switch again, gone := r.identify(); {
		case errors.Is(gone, ErrNoProcess), errors.Is(gone, ErrEnded), gone == nil && again.started != who.started:
			return Process{}, fmt.Errorf("%w while it was looked at", ErrEnded)
		case r.thread != thread:
			continue // it has ended alone, and others go on
		case err != nil:
			return Process{}, err
		}
		p.PID, p.Command = r.pid, who.command
		return p, nil
	}
	return Process{}, fmt.Errorf("its threads end while their descriptors are looked at, %d times: try again", attempts)
}

func (r *reader) look() (Process, error) {
	var p Process
	fds, err := r.epolls()
	if err != nil {
		return p, err
	}
	r.devices = ownDevices()
	sets, err := r.sets(fds)
	if err != nil {
		return p, err
	}
	if len(sets) > 0 && !slices.ContainsFunc(sets, func(s set) bool { return len(s.entries) > 0 }) {
		if err := r.tells(); err != nil {
			return p, err
		}
	}
	if err := r.resolve(sets); err != nil {
		return p, err
	}
	for _, s := range sets {
		in := Instance{FD: s.epoll, SameAs: s.epoll, Watched: make([]Watch, len(s.entries))}
		for i, e := range s.entries {
			in.Watched[i] = e.Watch
		}
		p.Instances = append(p.Instances, in)
	}
	p.Undistinguished = r.markSame(p.Instances)
	for i, in := range p.Instances {
		if in.SameAs == in.FD {
			p.Watches += len(in.Watched)
			p.Uncompared += sets[i].uncompared()
		}
	}
	p.Apart = r.apart()
	p.MaxUserWatches, err = r.maxUserWatches()
	return p, err
}

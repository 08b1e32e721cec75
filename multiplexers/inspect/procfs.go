//go:build linux

package inspect

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// identity is what a process keeps for life, and its name.
type identity struct {
	command string
	started string // in clock ticks since the machine was started
}

// isKernelThread is the flag PF_KTHREAD of include/linux/sched.h in
// /proc/PID/stat.
const isKernelThread = 0x00200000

// identify returns ErrNoProcess, ErrEnded for what only its parent keeps in
// the table of processes, and ErrKernelThread.
func (r *reader) identify() (identity, error) {
	path := filepath.Join(r.lead, "stat")
	content, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ESRCH):
		if _, err := os.Stat(filepath.Join(r.proc, "self")); err != nil {
			return identity{}, fmt.Errorf("%w at %s: mount -t proc proc %s", ErrNoProc, r.proc, r.proc)
		}
		return identity{}, fmt.Errorf("%w in %s: ps -e lists those that there are; a procfs mounted with hidepid hides those of other users, from whom sudo helps", ErrNoProcess, r.proc)
	case err != nil:
		return identity{}, explained("find out what it is", err)
	}
	// The name stands in parentheses and may hold some itself (proc(5)).
	stat := string(content)
	from, to := strings.IndexByte(stat, '('), strings.LastIndexByte(stat, ')')
	if from < 0 || to < from {
		return identity{}, fmt.Errorf("find out what it is: %s has no name in parentheses: is procfs mounted at %s?", path, r.proc)
	}
	const flags, starttime, first = 9, 22, 3 // places of fields; that of the first after the name
	fields := strings.Fields(stat[to+1:])
	if len(fields) <= starttime-first {
		return identity{}, fmt.Errorf("find out what it is: %s has %d fields after the name, and %d at least are wanted: is procfs mounted at %s?", path, len(fields), starttime-first+1, r.proc)
	}
	who := identity{command: stat[from+1 : to], started: fields[starttime-first]}
	// The state of a process is that of its first thread, which may have ended alone
	// (pthread_exit(3)): it has no descriptors any more, and others have.
	if isOver(stat) && !r.goesOn() {
		return who, fmt.Errorf("%w, and has no descriptors: it is a zombie until its parent waits for it", ErrEnded)
	}
	if bits, err := strconv.ParseUint(fields[flags-first], 10, 64); err == nil && bits&isKernelThread != 0 {
		return who, fmt.Errorf("%q: %w, and watches nothing: name the process of a program", who.command, ErrKernelThread)
	}
	return who, nil
}

// isOver says of a thread whether its state in /proc/PID/stat is that of one that has
// ended. The state follows the name.
func isOver(stat string) bool {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	return len(fields) > 0 && (fields[0] == "Z" || fields[0] == "X")
}

// goesOn looks at another thread from now on, if there is one that has not ended.
func (r *reader) goesOn() bool {
	for _, id := range r.threads() {
		dir := filepath.Join(r.lead, "task", strconv.Itoa(id))
		stat, err := os.ReadFile(filepath.Join(dir, "stat"))
		if err == nil && !isOver(string(stat)) {
			r.thread, r.dir = id, dir
			return true
		}
	}
	return false
}

// threads are those of the process, in order; none if it has ended.
func (r *reader) threads() []int {
	entries, err := os.ReadDir(filepath.Join(r.lead, "task"))
	if err != nil {
		return nil
	}
	var all []int
	for _, e := range entries {
		if id, err := strconv.Atoi(e.Name()); err == nil {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return all
}

// explained wraps the error of reading something of the process, with what
// helps where it may not be read.
func explained(doing string, err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	// PTRACE_MODE_READ_FSCREDS is what it takes, see ptrace(2): Yama does not ask for
	// more, and being root is not enough without the capability.
	help := "it takes the user of the process, who may not look at set-user-ID programs and others that are not dumpable, or CAP_SYS_PTRACE: try sudo"
	if os.Geteuid() == 0 {
		help = "root too needs CAP_SYS_PTRACE, in the user namespace of the process: in a container, give it that capability (docker run --cap-add SYS_PTRACE), or look from the host"
	}
	return fmt.Errorf("%s: %w (%w): %s", doing, ErrDenied, err, help)
}

// scan calls each for all descriptors that are open in the process, in no order, with
// their links. It leaves out what is closed meanwhile.
func (r *reader) scan(each func(fd int, link string)) error {
	const doing = "read its descriptors"
	path := filepath.Join(r.dir, "fd")
	dir, err := os.Open(path)
	if err != nil {
		return explained(doing, err)
	}
	defer dir.Close()
	for {
		const some = 1024
		names, err := dir.Readdirnames(some)
		for _, name := range names {
			fd, err := strconv.Atoi(name)
			if err != nil {
				continue
			}
			link, err := os.Readlink(filepath.Join(path, name))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return explained(doing, err)
			}
			each(fd, link)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return explained(doing, err)
		}
	}
}

// epolls are the descriptors of epoll instances, in order.
func (r *reader) epolls() ([]int, error) {
	var fds []int
	err := r.scan(func(fd int, link string) {
		if link == "anon_inode:[eventpoll]" {
			fds = append(fds, fd)
		}
	})
	slices.Sort(fds)
	return fds, err
}

// maxUserWatches is 0 where there is no such limit to be read.
func (r *reader) maxUserWatches() (int, error) {
	content, err := os.ReadFile(filepath.Join(r.proc, "sys/fs/epoll/max_user_watches"))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read how many descriptors a user can watch: %w", err)
	}
	most, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return 0, fmt.Errorf("read how many descriptors a user can watch: %w", err)
	}
	return most, nil
}

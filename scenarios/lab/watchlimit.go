//go:build linux

package lab

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// What is done to reach the limit is bounded.
const (
	mostWatches = 2_500_000
	watchBytes  = 200 // of kernel memory, no less than what one takes
	memoryShare = 8   // at most this part of what is available

	longestAdding = 3 * time.Second
)

func watchLimit() Demo {
	return Demo{
		Name:  "watch-limit",
		Title: "how many descriptors a user's epoll instances may watch together",
		Why: `A watch is kernel memory, which RLIMIT_NOFILE does not bound: each instance can watch all descriptors
once more. So all instances of a user together may have fs.epoll.max_user_watches, by default as many as
fit in 4 % of the memory, and EPOLL_CTL_ADD says ENOSPC beyond.`,
		Advice: `Treat ENOSPC as "too many watches", not as a full disk: name the sysctl in your error, and raise it
if you need to.`,
		Source: `epoll(7), "/proc interfaces"; epoll_ctl(2), ENOSPC`,
		Takes:  "another process of this program, CAP_SETUID, and a limit within 2.5 million watches, an eighth of the memory and 3 s",
		show:   showWatchLimit,
	}
}

func showWatchLimit(s *stage) {
	limit := s.watchesAllowed()
	s.tell("fs.epoll.max_user_watches", "%s watches a user", grouped(limit))
	total := s.memory("MemTotal")
	s.tell("memory for as many, of 160 bytes (epoll(7))", "%s MiB, %.1f %% of all", grouped(limit*160>>20), 100*160*float64(limit)/float64(total))
	s.apart(watchLimitPart)
}

// showBeyondWatchLimit becomes a user who has no watches, and uses up all that one may
// have.
func showBeyondWatchLimit(s *stage) {
	limit := s.watchesAllowed()
	if limit > mostWatches {
		s.Skipf("reaching ENOSPC takes %s watches: %s are tried at most", grouped(limit), grouped(mostWatches))
	}
	if available := s.availableMemory(); limit*watchBytes > available/memoryShare {
		s.Skipf("reaching ENOSPC takes %s MiB: no more than 1/%d of the %s that are available is used",
			grouped(limit*watchBytes>>20), memoryShare, grouped(available>>20))
	}
	s.becomeNobody()
	// Many files and few instances: what it takes to add a file grows with how many
	// instances watch it already.
	files := make([]int, max(1, int(min(s.descriptorLimit().Cur, 20_000))*9/10))
	for i := range files {
		files[i] = s.Counter(0)
	}
	var instances []int
	var refused error
	added := 0
	for began := time.Now(); refused == nil; {
		i := added % len(files)
		if i == 0 {
			if time.Since(began) > longestAdding {
				s.Skipf("%s of %s watches were added in %v: ENOSPC was not reached", grouped(added), grouped(limit), longestAdding)
			}
			instances = append(instances, s.Epoll())
		}
		if refused = s.control(instances[len(instances)-1], unix.EPOLL_CTL_ADD, files[i], unix.EPOLLIN); refused == nil {
			added++
		}
	}
	s.expect("a user without watches adds some until an error", "ENOSPC after "+grouped(limit), errorOf(refused)+" after "+grouped(added))
	if added == 0 {
		return
	}
	again := errors.Join(s.control(instances[0], unix.EPOLL_CTL_DEL, files[0], 0), s.control(instances[0], unix.EPOLL_CTL_ADD, files[0], unix.EPOLLIN))
	s.expect("one of them is removed, and added again", "no error", errorOf(again))
}

// becomeNobody makes the process that of a user of whom there is no other.
func (s *stage) becomeNobody() {
	used := s.usersOfProcesses()
	// Between what is given to people and services, and the traditional nobody.
	for uid := 65_520; uid < 65_534; uid++ {
		if used[uid] {
			continue
		}
		if err := unix.Setresuid(uid, uid, uid); err != nil {
			s.Skipf("needs to become another user (CAP_SETUID): setresuid to %d: %v", uid, err)
		}
		return
	}
	s.Skipf("needs a user without processes: there is none from 65520 to 65533")
}

// usersOfProcesses are the real, effective, saved and file system user IDs of all
// processes.
func (s *stage) usersOfProcesses() map[int]bool {
	files, err := filepath.Glob("/proc/[0-9]*/status")
	if err != nil {
		s.Fatalf("%v", err)
	}
	used := make(map[int]bool)
	for _, file := range files {
		status, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		for line := range strings.Lines(string(status)) {
			if ids, ok := strings.CutPrefix(line, "Uid:"); ok {
				for _, id := range strings.Fields(ids) {
					if uid, err := strconv.Atoi(id); err == nil {
						used[uid] = true
					}
				}
			}
		}
	}
	return used
}

// watchesAllowed is the limit of watches of a user.
func (s *stage) watchesAllowed() int {
	const file = "/proc/sys/fs/epoll/max_user_watches"
	n, ok := numberIn(file)
	if !ok {
		s.Fatalf("%s has no number to read", file)
	}
	return n
}

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
		Takes:  "to reach the limit: CAP_SETUID; and a limit of 2.5 million at most, an eighth of the free memory, 3 s",
		show:   showWatchLimit,
	}
}

func showWatchLimit(s *stage) {
	allowed := s.watchesAllowed()
	s.tell("fs.epoll.max_user_watches", "%s watches a user", grouped(allowed))
	total := s.memory("MemTotal")
	s.tell("memory for as many, of 160 bytes (epoll(7))", "%s MiB, %.1f %% of all", grouped(allowed*160>>20), 100*160*float64(allowed)/float64(total))
	s.apart(watchLimitPart)
}

// showBeyondWatchLimit becomes a user who has no watches, and uses up all that one may
// have.
func showBeyondWatchLimit(s *stage) {
	allowed := s.watchesAllowed()
	if allowed > mostWatches {
		s.Skipf("reaching ENOSPC takes %s watches: %s are tried at most", grouped(allowed), grouped(mostWatches))
	}
	if available := s.availableMemory(); allowed*watchBytes > available/memoryShare {
		s.Skipf("reaching ENOSPC takes %s MiB: no more than 1/%d of the %s that are available is used",
			grouped(allowed*watchBytes>>20), memoryShare, grouped(available>>20))
	}
	files := make([]int, s.filesFor(allowed))
	s.becomeNobody()
	for i := range files {
		files[i] = s.Counter(0)
	}
	var instances []int
	var refused error
	added := 0
	for began := time.Now(); refused == nil; {
		i := added % len(files)
		if i == 0 {
			s.mayGoOn(added, allowed, time.Since(began))
			instances = append(instances, s.Epoll())
		}
		if refused = s.control(instances[len(instances)-1], unix.EPOLL_CTL_ADD, files[i], unix.EPOLLIN); refused == nil {
			added++
		}
	}
	s.expect("a user without watches adds some until an error", "ENOSPC after "+grouped(allowed), errorOf(refused)+" after "+grouped(added))
	if added == 0 {
		return
	}
	again := errors.Join(s.control(instances[0], unix.EPOLL_CTL_DEL, files[0], 0), s.control(instances[0], unix.EPOLL_CTL_ADD, files[0], unix.EPOLLIN))
	s.expect("one of them is removed, and added again", "no error", errorOf(again))
}

// filesFor is how many files it is that as many epoll instances as there are
// descriptors left for can watch that often: many, since what it takes to add a file
// grows with how many instances watch it already.
func (s *stage) filesFor(watches int) int {
	table := int(min(s.descriptorLimit().Cur, 20_000)) - 64 // which others may have
	for _, files := range [...]int{table * 9 / 10, table / 2} {
		if files*(table-files-1) > watches {
			return files
		}
	}
	s.Skipf("reaching ENOSPC takes %s watches, for which a limit of %d descriptors is too low", grouped(watches), s.descriptorLimit().Cur)
	return 0
}

// mayGoOn skips the rest if adding as many watches as are allowed will take too long.
func (s *stage) mayGoOn(added, allowed int, elapsed time.Duration) {
	if elapsed < longestAdding/4 {
		return // too little to tell by
	}
	if all := elapsed.Seconds() * float64(allowed) / float64(added); all > longestAdding.Seconds() {
		s.Skipf("reaching ENOSPC takes %s watches, and %.2g s or more, by the first %s: at most %.0f s are taken",
			grouped(allowed), all, grouped(added), longestAdding.Seconds())
	}
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

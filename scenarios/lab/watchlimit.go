//go:build linux

package lab

import "muxbench/multiplexers/workbench"

func watchLimit() Demo {
	return Demo{
		Name:  "watch-limit",
		Title: "how many descriptors a user's epoll instances may watch together",
		Why: `A watch is kernel memory, which RLIMIT_NOFILE does not bound: each instance can watch all descriptors
once more. So all instances of a user together may have fs.epoll.max_user_watches, by default as many as
fit in 4 % of the memory (of 160 bytes each, says epoll(7); by now it is some more), and EPOLL_CTL_ADD says
ENOSPC beyond.`,
		Advice: `Treat ENOSPC as "too many watches", not as a full disk: name the sysctl in your error, and raise it
if you need to.`,
		Source: `epoll(7), "/proc interfaces"; epoll_ctl(2), ENOSPC`,
		Takes:  "to reach the limit: " + workbench.FillingTakes(),
		show:   showWatchLimit,
	}
}

func showWatchLimit(s *stage) {
	allowed := s.MaxUserWatches()
	s.tell("fs.epoll.max_user_watches", "%s watches a user", grouped(allowed))
	s.tell("4 % of the memory are for each of as many", "%.0f bytes", float64(s.Memory("MemTotal"))/25/float64(max(1, allowed)))
	s.apart(watchLimitPart)
}

func showBeyondWatchLimit(s *stage) { s.uses(s.FillUserWatches()) }

// uses shows what came of using up all watches that a user may have.
func (s *stage) uses(all workbench.UserWatches) {
	s.expect("a user without watches adds some until an error", "ENOSPC after "+grouped(all.Allowed), errorOf(all.Refused)+" after "+grouped(all.Added))
	s.expect("one of them is removed, and another added", "no error", errorOf(all.Again))
}

//go:build linux

package lab

import (
	"fmt"
	"os"
	"strings"
)

// watchedBy is how many descriptors an epoll instance watches, in words, by
// /proc/PID/fdinfo (proc_pid_fdinfo(5)).
func watchedBy(s *stage, epoll int) string {
	info, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", epoll))
	if err != nil {
		s.Skipf("needs to see what an epoll instance watches: %v", err)
	}
	n := strings.Count("\n"+string(info), "\ntfd:")
	return fmt.Sprintf("%d %s", n, plural(n, "descriptor"))
}

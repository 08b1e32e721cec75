//go:build linux

package workbench

import (
	"sync"

	"golang.org/x/sys/unix"
)

// DescriptorLimit is the process's limit of descriptors, RLIMIT_NOFILE.
func (b *Bench) DescriptorLimit() unix.Rlimit {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		b.Fatalf("getrlimit RLIMIT_NOFILE: %v", err)
	}
	return limit
}

// LimitDescriptors sets the soft limit of descriptors: the lowest number that none can
// have. What is open stays open. The limit is as it was when restore is called, in any
// goroutine, and in the end at the latest.
func (b *Bench) LimitDescriptors(soft uint64) (restore func()) {
	before := b.DescriptorLimit()
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: soft, Max: before.Max}); err != nil {
		b.Fatalf("setrlimit RLIMIT_NOFILE to %d: %v", soft, err)
	}
	restore = sync.OnceFunc(func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
			b.Errorf("setrlimit RLIMIT_NOFILE back to %d: %v", before.Cur, err)
		}
	})
	b.Defer(restore)
	return restore
}

//go:build linux

package scenarios

import (
	"sync"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/server"
)

// seats is where the threads of a server run.
type seats struct {
	spec    Spec
	backend server.Backend

	mu     sync.Mutex
	shared string // why one has no descriptors of its own; empty if all have, or are not to
	only   int    // the thread, where there is one
}

// settle is server.Config's: it pins the calling thread, as one of several each to
// another CPU as far as there are some.
func (s *seats) settle(thread int, shared error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if shared != nil {
		s.shared = shared.Error()
	}
	s.only = unix.Gettid()
	cpu := s.spec.CPU
	if n := len(s.spec.CPUs); n > 0 {
		cpu = s.spec.CPUs[thread%n]
	}
	return pin(cpu)
}

// taken is why threads share their descriptors, and the number of the thread,
// whose waiting for a CPU tells of others; 0 if there are several, which wait for
// each other.
func (s *seats) taken() (shared string, thread int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.backend.Threads(s.spec.Loops, s.spec.PoolThreads) != 1 {
		return s.shared, 0
	}
	return s.shared, s.only
}

// confined says that the whole process is to run where the spec says, since its
// threads come and go: it is started there (startOn).
func (s Spec) confined(b server.Backend) bool {
	return s.Role == ServerRole && b.Threads(s.Loops, s.PoolThreads) == 0
}

//go:build linux

package multiplexers_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// TestChangesFromSeveralThreads: where the set may be changed by several threads
// at once, what each of them asks for is what is in force in the end. A change
// that mixed with another would watch one descriptor as the other, or for what is
// wanted of it.
//
// Each round ends each descriptor on a change of its own, and one wait then
// tells what all of these have come to: the descriptors are ready for everything
// that can be wanted of them.
func TestChangesFromSeveralThreads(t *testing.T) {
	const threads, each, rounds = 4, 500, 15
	for _, m := range multiplexers.Mechanisms() {
		if !m.Capabilities.ConcurrentModify {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			mux, fds := crowd(t, m, threads*each)
			for _, fd := range fds {
				if _, err := unix.Write(fd, []byte{1, 0, 0, 0, 0, 0, 0, 0}); err != nil {
					t.Fatal(err)
				}
			}
			shares := slices.Collect(slices.Chunk(fds, each))
			random := make([]*rand.Rand, threads)
			for i := range random {
				random[i] = rand.New(rand.NewPCG(1, uint64(i)))
			}
			for round := range rounds {
				wanted := make([]map[int]multiplexers.Interest, threads)
				errs := make([]error, threads)
				var ready, all sync.WaitGroup
				ready.Add(threads)
				for i, share := range shares {
					all.Go(func() {
						ready.Done()
						ready.Wait()
						wanted[i], errs[i] = changeAll(mux, share, random[i])
					})
				}
				all.Wait()
				if err := errors.Join(errs...); err != nil {
					t.Fatalf("round %d: %v", round, err)
				}
				if err := inForce(mux, len(fds), wanted); err != nil {
					t.Fatalf("round %d: %v", round, err)
				}
			}
		})
	}
}

// changeAll changes each descriptor of a share in a random way, and returns what
// is wanted of it by then.
func changeAll(mux multiplexers.Multiplexer, share []int, random *rand.Rand) (map[int]multiplexers.Interest, error) {
	wanted := make(map[int]multiplexers.Interest, len(share))
	for _, i := range random.Perm(len(share)) {
		fd, want := share[i], multiplexers.Interest(random.IntN(int(readable|writable)+1))
		if random.IntN(2) == 0 {
			if err := mux.Modify(fd, want); err != nil {
				return nil, err
			}
		} else {
			if err := mux.Remove(fd); err != nil {
				return nil, err
			}
			if err := mux.Add(fd, want); err != nil {
				return nil, err
			}
		}
		wanted[fd] = want
	}
	return wanted, nil
}

// inForce waits once and wants each descriptor to be reported as it is wanted,
// and not at all if it is wanted for nothing.
func inForce(mux multiplexers.Multiplexer, n int, wanted []map[int]multiplexers.Interest) error {
	events := make([]multiplexers.Event, n+1)
	got, err := mux.Wait(events, 0)
	if err != nil {
		return err
	}
	found := make(map[int]multiplexers.Interest, got)
	for _, e := range events[:got] {
		if _, ok := found[e.FD]; ok {
			return fmt.Errorf("descriptor %d is reported twice", e.FD)
		}
		found[e.FD] = e.Ready
	}
	var all []error
	for _, share := range wanted {
		for fd, want := range share {
			if found[fd] != want {
				all = append(all, fmt.Errorf("descriptor %d is reported as %v, want %v", fd, found[fd], want))
			}
			delete(found, fd)
		}
	}
	if len(found) > 0 {
		all = append(all, fmt.Errorf("reported, and watched by nobody: %v", found))
	}
	return errors.Join(all...)
}

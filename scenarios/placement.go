//go:build linux

package scenarios

import (
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// unpinned stands for no particular CPU.
const unpinned = -1

// cpus is where the two sides of a block run.
type cpus struct{ server, load int }

// of places a block. Unless the user chose, the first two CPUs serve and load,
// and swap roles from block to block so that neither's neighbours favour one
// side; on a single CPU nothing is pinned.
func (p Placement) of(block int) (cpus, error) {
	available, err := AvailableCPUs()
	if err != nil {
		return cpus{}, err
	}
	c := cpus{unpinned, unpinned}
	if len(available) > 1 {
		c = cpus{available[block%2], available[1-block%2]}
	}
	for _, side := range []struct {
		flag   string
		chosen []int
		cpu    *int
	}{{"--server-cpus", p.ServerCPUs, &c.server}, {"--load-cpus", p.LoadCPUs, &c.load}} {
		for _, cpu := range side.chosen {
			if !slices.Contains(available, cpu) {
				return cpus{}, &Invalid{side.flag, fmt.Sprint(cpu), fmt.Sprintf("this process may run on CPUs %v", available)}
			}
		}
		if len(side.chosen) > 0 {
			*side.cpu = side.chosen[block%len(side.chosen)]
		}
	}
	return c, nil
}

// AvailableCPUs are those that this process may run on.
func AvailableCPUs() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, os.NewSyscallError("sched_getaffinity", err)
	}
	var available []int
	for cpu := range len(set) * 64 {
		if set.IsSet(cpu) {
			available = append(available, cpu)
		}
	}
	return available, nil
}

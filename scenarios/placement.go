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
// side; a side that was not chosen gets the first CPU that the other does not
// have. On a single CPU nothing is pinned.
func (p Placement) of(block int) (cpus, error) {
	available, err := AvailableCPUs()
	if err != nil {
		return cpus{}, err
	}
	c := cpus{unpinned, unpinned}
	if len(p.ServerCPUs) == 0 && len(p.LoadCPUs) == 0 {
		if len(available) > 1 {
			c = cpus{available[block%2], available[1-block%2]}
		}
		return c, nil
	}
	if c.server, err = chosen("--server-cpus", p.ServerCPUs, block, available); err != nil {
		return cpus{}, err
	}
	if c.load, err = chosen("--load-cpus", p.LoadCPUs, block, available); err != nil {
		return cpus{}, err
	}
	for _, cpu := range available {
		if c.server == unpinned && cpu != c.load {
			c.server = cpu
		}
		if c.load == unpinned && cpu != c.server {
			c.load = cpu
		}
	}
	if c.server == c.load {
		return cpus{}, &Invalid{Flag: "--load-cpus", Value: fmt.Sprint(c.load), Allowed: fmt.Sprintf("block %d is served on that CPU: choose different ones", block)}
	}
	return c, nil
}

// chosen is the CPU that the user's list has for a block; unpinned if there is
// no list.
func chosen(flag string, list []int, block int, available []int) (int, error) {
	if len(list) == 0 {
		return unpinned, nil
	}
	cpu := list[block%len(list)]
	if !slices.Contains(available, cpu) {
		return unpinned, &Invalid{Flag: flag, Value: fmt.Sprint(cpu), Allowed: fmt.Sprintf("this process may run on CPUs %v", available)}
	}
	return cpu, nil
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

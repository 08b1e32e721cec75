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

// cpus is where the two sides of a block run. more are further CPUs for threads of
// a server that has several.
type cpus struct {
	server, load int
	more         []int
}

// forThreads are the CPUs of so many threads of a server, one for each as far as
// there are some: nil where nothing is pinned.
func (c cpus) forThreads(n int) []int {
	if c.server == unpinned {
		return nil
	}
	all := append([]int{c.server}, c.more...)
	return all[:min(n, len(all))]
}

// of places a block. Unless the user chose, the first two CPUs serve and load,
// and swap roles from block to block so that neither's neighbours favour one
// side; a side that was not chosen gets the first CPU that the other does not
// have in any block, or else in this one. Further threads of a server get the
// other CPUs: of the user's list, or all but the load's. On a single CPU nothing is
// pinned.
func (p Placement) of(block int) (cpus, error) {
	available, err := AvailableCPUs()
	if err != nil {
		return cpus{}, err
	}
	c := cpus{server: unpinned, load: unpinned}
	if len(p.ServerCPUs) == 0 && len(p.LoadCPUs) == 0 {
		if len(available) > 1 {
			c = cpus{server: available[block%2], load: available[1-block%2]}
			c.more = others(available, 0, c)
		}
		return c, nil
	}
	if c.server, err = chosen("--server-cpus", p.ServerCPUs, block, available); err != nil {
		return cpus{}, err
	}
	if c.load, err = chosen("--load-cpus", p.LoadCPUs, block, available); err != nil {
		return cpus{}, err
	}
	if c.server == unpinned {
		c.server = spare(available, c.load, p.LoadCPUs)
	}
	if c.load == unpinned {
		c.load = spare(available, c.server, p.ServerCPUs)
	}
	if c.server == c.load {
		return cpus{}, &Invalid{Flag: "--load-cpus", Value: fmt.Sprint(c.load), Allowed: fmt.Sprintf("block %d is served on that CPU: choose different ones", block)}
	}
	if len(p.ServerCPUs) > 0 {
		c.more = others(p.ServerCPUs, block, c)
	} else {
		c.more = others(available, 0, c)
	}
	return c, nil
}

// spare is the first CPU that the other side does not have: in this block or, if
// there is one, in any.
func spare(available []int, taken int, listed []int) int {
	first := taken
	for _, cpu := range available {
		switch {
		case cpu == taken:
		case !slices.Contains(listed, cpu):
			return cpu
		case first == taken:
			first = cpu
		}
	}
	return first
}

// others are the CPUs of a list, from a place on and around, that neither side has
// yet.
func others(list []int, from int, c cpus) []int {
	var all []int
	for i := range list {
		cpu := list[(from+i)%len(list)]
		if cpu != c.server && cpu != c.load && !slices.Contains(all, cpu) {
			all = append(all, cpu)
		}
	}
	return all
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

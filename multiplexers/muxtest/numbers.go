//go:build linux

package muxtest

import (
	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// numberCases are about descriptors with high numbers.
func numberCases() []Case {
	return []Case{
		{ID: "C-057", Tier: Contract, Title: "the highest descriptor of those declared is watched, and the one beyond is refused", Source: "select(2), on FD_SETSIZE", needs: limited, run: beyondLimit},
		{ID: "C-058", Tier: Contract, Title: "the last numbers of an fd_set, and those at the ends of words", Source: "select(2), on FD_SETSIZE", run: endsOfWords},
		{ID: "C-059", Tier: Contract, Title: "numbers as high as the limit of descriptors allows, up to 2^20", Source: "the contract", needs: unlimited, run: highNumbers},
	}
}

func beyondLimit(r *rig) {
	last := r.subject.mechanism.Capabilities.MaxFD
	reader, writer := r.Pipe()
	highest := r.Above(last, reader)
	if highest != last {
		r.Skipf("needs number %d, which is in use elsewhere", last)
	}
	r.add(highest, readable)
	reader, far := r.Pipe()
	beyond := r.Above(last+1, reader)
	r.refused("Add", beyond, r.mux.Add(beyond, readable), multiplexers.ErrFDLimit)
	r.Write(far, 1)
	r.expect("refused")
	r.Write(writer, 1)
	r.expect("the highest is watched", ready(highest, readable))
}

func endsOfWords(r *rig) {
	numbers := []int{31, 32, 63, 64, 127, 128, 1021, 1022, 1023}
	if unlimited.met(r.subject) {
		numbers = append(numbers, 1024, 1025, 1087, 1088)
	}
	r.eachAlone(numbers)
}

// highNumbers goes as high as this process may without raising its limit, but
// no higher than kernels commonly allow.
func highNumbers(r *rig) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		r.Fatalf("getrlimit: %v", err)
	}
	top := int(min(limit.Cur, 1<<20)) - 4
	r.eachAlone([]int{top / 2, top - 64, top})
}

// eachAlone wants descriptors at about these numbers to be reported together,
// and each by itself.
func (r *rig) eachAlone(numbers []int) {
	var here, there []int
	var all []multiplexers.Event
	for _, number := range numbers {
		reader, writer := r.Pipe()
		here = append(here, r.Above(number, reader))
		there = append(there, writer)
	}
	for i, fd := range here {
		r.add(fd, readable)
		r.expect("added one more", r.again(all...)...)
		r.Write(there[i], 1)
		all = append(all, ready(fd, readable))
		r.expect("written to one more", append(r.again(all[:i]...), all[i])...)
	}
	for i, fd := range here {
		r.Drain(fd)
		r.expect("drained one more", r.again(all[i+1:]...)...)
	}
	for i, fd := range here {
		r.Write(there[i], 1)
		r.expect("one alone", all[i])
		r.Drain(fd)
	}
	// From the highest down, so that the end of the set moves each time.
	for i := len(here) - 1; i >= 0; i-- {
		r.Write(there[i], 1)
		r.Write(there[0], 1)
		r.remove(here[i])
		if i > 0 {
			r.expect("the highest removed", all[0])
			r.Drain(here[0])
		}
	}
	r.expect("all removed")
}

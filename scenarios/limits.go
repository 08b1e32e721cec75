//go:build linux

package scenarios

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// spareDescriptors is what a worker needs beside its connections: standard
// streams, listener, multiplexer, wake-up, reserve, what the Go runtime keeps,
// and what it opens in passing.
const spareDescriptors = 32

// CheckLimits says why this host cannot carry the plan: the numbers, and the
// command that helps.
func CheckLimits(p Plan) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	for _, c := range p.Cells {
		if need := uint64(c.Connections) + spareDescriptors; need > limit.Max {
			return fmt.Errorf("%d connections need %d descriptors in each process, and the hard limit is %d: raise it with \"ulimit -Hn %d\" as root, or ask for at most %d connections",
				c.Connections, need, limit.Max, need, limit.Max-spareDescriptors)
		}
	}
	for block := range p.Blocks {
		if _, err := p.Placement.of(block); err != nil {
			return err
		}
	}
	return nil
}

//go:build linux

package ctl

import (
	"fmt"
	"time"

	"muxbench/multiplexers"
)

// readyError is an event of a descriptor that nothing was sent to. Like the
// errors of a multiplexer, it is put into words by whoever reads it.
type readyError multiplexers.Event

func (e readyError) Error() string {
	return fmt.Sprintf("descriptor %d is ready (%s): want nothing ready", e.FD, e.Ready)
}

// Iterate runs one iteration: it adds all descriptors that are to change,
// modifies each once, removes all, and then waits, without blocking, for what is
// not there. It does not allocate. After an error the Ctl is of no more use.
func (c *Ctl) Iterate() (Iteration, error) {
	c.cfg.Entry.Hold()
	did := c.iterate()
	c.cfg.Entry.Release()
	if f := c.failed; f.err != nil {
		return Iteration{}, fmt.Errorf("changing %d descriptors beside %d watched: %s, number %d: %w", Changes, c.cfg.Watched, f.doing, f.number, f.err)
	}
	return did, nil
}

func (c *Ctl) iterate() Iteration {
	c.counters = Counters{}
	usage := multiplexers.ThreadUsage()
	cpu := multiplexers.ThreadCPUTime()
	began := time.Now()
	c.add()
	added := time.Now()
	c.modify()
	modified := time.Now()
	c.remove()
	removed := time.Now()
	c.wait()
	waited := time.Now()
	cpu = multiplexers.ThreadCPUTime() - cpu
	used := multiplexers.ThreadUsage()
	if !c.cfg.Mechanism.Capabilities.KernelSet {
		c.counters.Examined = c.counters.Waits * int64(c.cfg.Watched)
	}
	return Iteration{
		Changes:    Changes,
		Add:        added.Sub(began),
		Modify:     modified.Sub(added),
		Remove:     removed.Sub(modified),
		EmptyWaits: c.counters.EmptyWaits,
		EmptyWait:  waited.Sub(removed),
		Elapsed:    removed.Sub(began),
		CPU:        cpu,
		User:       used.User - usage.User,
		Counters:   c.counters,
		Switches:   used.Switches - usage.Switches,
	}
}

// add watches the descriptors for what a server wants of a connection.
func (c *Ctl) add() {
	for _, fd := range c.changing() {
		c.counters.Adds++
		if err := c.mux.Add(fd, multiplexers.Readable); err != nil {
			c.fail("adding", c.counters.Adds, err)
			return
		}
	}
}

// modify has the descriptors watched for nothing, as a server does that drops its
// interest in reading while it is at a request. All mechanisms allow it, and
// nothing becomes ready by it, as it would if Writable were wanted. To epoll it is
// a change like any other: whatever is wanted, EPOLL_CTL_MOD polls the file
// (ep_modify in fs/eventpoll.c).
func (c *Ctl) modify() {
	if c.failed.err != nil {
		return
	}
	for _, fd := range c.changing() {
		c.counters.Modifies++
		if err := c.mux.Modify(fd, 0); err != nil {
			c.fail("modifying", c.counters.Modifies, err)
			return
		}
	}
}

// remove takes the descriptors out in the order in which they came. So select,
// which looks for the highest one that is left when the highest is removed, does
// so at the last one only.
func (c *Ctl) remove() {
	if c.failed.err != nil {
		return
	}
	for _, fd := range c.changing() {
		c.counters.Removes++
		if err := c.mux.Remove(fd); err != nil {
			c.fail("removing", c.counters.Removes, err)
			return
		}
	}
}

// wait looks at the set as it was before.
func (c *Ctl) wait() {
	if c.failed.err != nil {
		return
	}
	for range Waits {
		c.counters.Waits++
		n, err := c.mux.Wait(c.events, 0)
		if err == nil && n > 0 {
			err = readyError(c.events[0])
		}
		if err != nil {
			c.fail("waiting", c.counters.Waits, err)
			return
		}
		c.counters.EmptyWaits++
	}
}

// fail keeps what went wrong.
func (c *Ctl) fail(doing string, number int64, err error) {
	c.failed = failure{doing, number, err}
}

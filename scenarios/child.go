//go:build linux

package scenarios

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// child is a process that the controller has started, in a process group of its
// own.
type child struct {
	cmd    *exec.Cmd
	stderr *ends
	ended  chan struct{} // closed when the process is no more
	wanted bool          // that it ended
}

// newChild prepares a process, to be started by cmd.Start and awaited by await.
func newChild(cmd *exec.Cmd) *child {
	// A worker that is stopped does not see its input end, and where somebody in
	// its session inherits it, the kernel does not wake it either. That the signal
	// comes with the death of the thread that started it, not of the
	// process, is no matter: only a goroutine that ends locked to its thread
	// takes it along, and the controller has none.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = lastChance // for what it may have started, that keeps standard error open
	c := &child{cmd: cmd, stderr: &ends{}, ended: make(chan struct{})}
	cmd.Stderr = c.stderr
	return c
}

// await waits for the process to end.
func (c *child) await() {
	_ = c.cmd.Wait() // how it ended is in its state
	close(c.ended)
}

// endsBy waits for the process to end while ctx lives, and a last chance
// longer: the death of one worker makes the other one fail, and is seen then.
func (c *child) endsBy(ctx context.Context) bool {
	select {
	case <-c.ended:
		return true
	case <-ctx.Done():
	}
	select {
	case <-c.ended:
		return true
	case <-time.After(lastChance):
		return false
	}
}

// signal sends a signal to the process and whatever it has started in its group.
func (c *child) signal(s syscall.Signal) {
	c.wanted = true
	_ = syscall.Kill(-c.cmd.Process.Pid, s) // that it is gone is no failure
}

func (c *child) kill() { c.signal(syscall.SIGKILL) }

// Ended is the Worker's.
func (c *child) Ended() <-chan struct{} { return c.ended }

// CPU is the Worker's.
func (c *child) CPU(ctx context.Context) (Usage, error) {
	const patience = time.Second
	ctx, cancel := bounded(ctx, patience, "falling asleep")
	defer cancel()
	return usageOf(ctx, c.cmd.Process.Pid)
}

// lastWords is what an ended process wrote to its standard error, and how it
// ended if nobody wanted it to.
func (c *child) lastWords() string {
	if !c.wanted && !c.cmd.ProcessState.Success() {
		return strings.TrimSpace(fmt.Sprintf("it ended by itself (%s)\n%s", c.cmd.ProcessState, c.stderr))
	}
	return c.stderr.String()
}

// farewell says why the process has closed its standard output.
func (c *child) farewell() error {
	select {
	case <-c.ended:
		return fmt.Errorf("it ended without an answer (%s)", c.cmd.ProcessState)
	case <-time.After(lastChance):
		return errors.New("it closed its standard output without an answer")
	}
}

// failed stops a process that could not be started well, and returns why, with
// what it has said.
func (c *child) failed(err error, stop func(context.Context) string) error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	stop(ctx)
	if said := c.stderr.String(); said != "" {
		return fmt.Errorf("%w; it said: %s", err, said)
	}
	return err
}

//go:build linux

package scenarios

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// external is a Worker around a program of the user's: an echo server, which is
// told nothing but its port, or the other side of a chain (externalChain).
type external struct {
	*child
	guard   Worker // nil until there is one
	stopped sync.Once
}

// stopPatience is how long an external program may take to obey SIGTERM.
const stopPatience = 2 * time.Second

// unknownOpen is the number of connections that an external server has.
const unknownOpen = -1

// launchExternal starts the program of a spec through sh(1), pinned as ours
// are, and waits until it is ready.
func (p Processes) launchExternal(ctx context.Context, spec Spec) (Worker, Reply, error) {
	if spec.Role == ChainRole {
		return p.launchExternalChain(ctx, spec)
	}
	address, err := freeAddress()
	if err != nil {
		return nil, Reply{}, err
	}
	cmd := shell(spec.Program, map[string]string{"port": strconv.Itoa(int(address.Port()))})
	w := &external{child: newChild(cmd)}
	cmd.Stdout = cmd.Stderr // what it says of itself is kept, wherever it says it
	if err := startOn(cmd, spec.CPU); err != nil {
		return nil, Reply{}, err
	}
	go w.await()
	err = w.beGuarded(ctx, p)
	if err == nil {
		err = w.untilListening(ctx, address)
	}
	if err != nil {
		return nil, Reply{}, w.failed(err, w.Stop)
	}
	return w, Reply{Protocol: protocolVersion, Address: address, RSS: familyBytes(cmd.Process.Pid)}, nil
}

// beGuarded has a process of ours end the program's process group should the
// controller die: what a shell starts does not get the signal that the shell
// gets then.
func (w *external) beGuarded(ctx context.Context, p Processes) (err error) {
	spec := NewSpec(GuardRole, multiplexers.Runtime)
	spec.CPU, spec.Group = unpinned, w.cmd.Process.Pid
	w.guard, _, err = p.launchWorker(ctx, spec)
	if err != nil {
		return fmt.Errorf("starting its guard: %w", err)
	}
	return nil
}

// shell is a command line for sh(1), with values in the places of their names
// in braces, and in its environment in capitals.
func shell(line string, values map[string]string) *exec.Cmd {
	env := os.Environ()
	for name, value := range values {
		line = strings.ReplaceAll(line, "{"+name+"}", value)
		env = append(env, strings.ToUpper(name)+"="+value)
	}
	cmd := exec.Command("/bin/sh", "-c", line)
	cmd.Env = env
	return cmd
}

// startOn starts a process that runs on one CPU from its first instruction: it
// inherits where the thread that starts it may run. A negative CPU confines
// nothing.
//
// Like our workers, it may open as many descriptors as the hard limit allows: Go
// has raised its own, and gives that on to children once it has been set.
func startOn(cmd *exec.Cmd, cpu int) error {
	var limit unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	if err == nil {
		limit.Cur = limit.Max
		err = unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	}
	if err != nil {
		return fmt.Errorf("raising the limit of descriptors to %d: %w", limit.Max, err)
	}
	if cpu < 0 {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return os.NewSyscallError("sched_getaffinity", err)
	}
	one.Set(cpu)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return fmt.Errorf("pinning to CPU %d: %w", cpu, os.NewSyscallError("sched_setaffinity", err))
	}
	started := cmd.Start()
	// It does not fail: the thread was allowed there a moment ago.
	_ = unix.SchedSetaffinity(0, &before)
	return started
}

func freeAddress() (netip.AddrPort, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("finding a free port: %w", err)
	}
	return netip.MustParseAddrPort(l.Addr().String()), l.Close()
}

// untilListening waits until somebody accepts connections at the address.
func (w *external) untilListening(ctx context.Context, at netip.AddrPort) error {
	const pause = 5 * time.Millisecond
	for {
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp4", at.String())
		select {
		case <-w.ended: // whoever listens there, it is not this one
			return fmt.Errorf("it ended before it listened on %s (%s)", at, w.cmd.ProcessState)
		default:
		}
		if err == nil {
			return c.Close()
		}
		select {
		case <-w.ended:
		case <-ctx.Done():
			return fmt.Errorf("it does not listen on %s, the port that it is given as PORT and {port}: %w", at, context.Cause(ctx))
		case <-time.After(pause):
		}
	}
}

func (w *external) Do(_ context.Context, c Command) (Reply, error) {
	select {
	case <-w.ended:
		return Reply{}, fmt.Errorf("it ended by itself (%s)", w.cmd.ProcessState)
	default:
	}
	switch c.Do {
	case DoReport:
		return Reply{RSS: familyBytes(w.cmd.Process.Pid)}, nil
	case DoSnapshot, DoPark:
		return Reply{Server: &ServerState{Open: unknownOpen}}, nil
	}
	return Reply{}, fmt.Errorf("%q: %w", c.Do, errNoCommand)
}

// Stop asks the program and what it has started to end, and kills what is left.
func (w *external) Stop(ctx context.Context) string {
	w.stopped.Do(func() {
		if !w.hasEnded(ctx) {
			w.signal(syscall.SIGTERM)
			ctx, cancel := context.WithTimeout(ctx, stopPatience)
			defer cancel()
			w.endsBy(ctx)
		}
		_ = syscall.Kill(-w.cmd.Process.Pid, syscall.SIGKILL)
		<-w.ended
		if w.guard != nil {
			ctx, cancel := context.WithTimeout(context.Background(), stopPatience)
			defer cancel()
			w.guard.Stop(ctx)
		}
	})
	return w.lastWords()
}

// hasEnded says whether the program has ended by itself. Where its arm has failed,
// which is when ctx is over, it may be about to, and that is then the reason.
func (w *external) hasEnded(ctx context.Context) bool {
	select {
	case <-w.ended:
		return true
	default:
		return ctx.Err() != nil && w.endsBy(ctx)
	}
}

// workAsGuard is the life of a guard: it ends a process group when nobody holds
// its input any more. Where that group has ended before, nobody has its number
// so soon.
func workAsGuard(spec Spec, l *lines) error {
	if spec.Group <= 1 {
		return fmt.Errorf("no process group has number %d", spec.Group)
	}
	if err := l.write(Reply{Protocol: protocolVersion}); err != nil {
		return err
	}
	var c Command
	for l.read(&c) == nil {
	}
	if err := syscall.Kill(-spec.Group, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
		return fmt.Errorf("ending process group %d: %w", spec.Group, err)
	}
	return nil
}

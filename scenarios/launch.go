//go:build linux

package scenarios

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
)

// Launcher starts workers.
type Launcher interface {
	// Launch starts a worker with its spec and waits until it is ready: its
	// first reply.
	Launch(ctx context.Context, spec Spec) (Worker, Reply, error)
}

// Worker is a running worker. It is used by one goroutine.
type Worker interface {
	// Do sends a command and waits for its reply, as long as ctx lives. A
	// connect, burst, exchange or churn that is not done by ctx's deadline is aborted, and
	// its reply then tells what had failed.
	Do(ctx context.Context, c Command) (Reply, error)
	// CPU reads the worker's CPU time from outside, of all its processes and
	// threads, once they all sleep.
	CPU(ctx context.Context) (Usage, error)
	// Ended is closed when the worker is no more.
	Ended() <-chan struct{}
	// Stop ends the worker: gently, by the end of its input, while ctx lives,
	// and by SIGKILL soon after. It returns the beginning and the end of what the
	// worker wrote to its standard error.
	Stop(ctx context.Context) string
}

// Processes launches workers as processes of a program that calls Work when it
// is given Args, its own name among them. Each is in a process group of its
// own, so that an interrupt at the terminal reaches the controller alone, and
// ends when the controller does: by the end of its input, and by SIGKILL.
// Launch may not be called from a goroutine that ends locked to its thread.
type Processes struct {
	Program string
	Args    []string
}

// workerEnvironment is what Entry's Raw demands of a process with loops: a P for
// each of its threads and one for the rest, set explicitly so that the runtime
// does not stop the world to follow a CPU quota; no garbage collection; no
// preemption signals. Workers with Runtime entry get the same, for the
// comparison's sake. A server whose goroutines are the Go scheduler's to run has
// its Ps, and is preempted, as that has it.
func workerEnvironment(spec Spec) []string {
	env := []string{"GOGC=off", "GOMEMLIMIT=off"}
	b, err := server.Lookup(spec.Backend)
	switch n := b.Threads(spec.Loops, spec.PoolThreads); {
	case err != nil || spec.Role != ServerRole:
		return append(env, "GOMAXPROCS=2", "GODEBUG=asyncpreemptoff=1")
	case n == 0:
		return append(env, fmt.Sprintf("GOMAXPROCS=%d", b.Ps))
	default:
		return append(env, fmt.Sprintf("GOMAXPROCS=%d", n+1), "GODEBUG=asyncpreemptoff=1")
	}
}

// abortPatience is how long an aborted worker may take to say what it has.
const abortPatience = 2 * time.Second

// lastChance is how long a worker may take to end, or to be seen to have ended,
// when nothing more is wanted of it.
const lastChance = 200 * time.Millisecond

// Launch starts one process, and pins an external one.
func (p Processes) Launch(ctx context.Context, spec Spec) (Worker, Reply, error) {
	launch := p.launchWorker
	if spec.Program != "" {
		launch = p.launchExternal
	}
	w, ready, err := launch(ctx, spec)
	if err != nil {
		return nil, Reply{}, fmt.Errorf("starting a %s worker: %w", spec.Role, err)
	}
	return w, ready, nil
}

func (p Processes) launchWorker(ctx context.Context, spec Spec) (Worker, Reply, error) {
	cmd := exec.Command(cmp.Or(spec.Executable, p.Program))
	cmd.Args = p.Args
	cmd.Env = append(os.Environ(), workerEnvironment(spec)...)
	child := newChild(cmd)
	if spec.Role == GuardRole {
		cmd.SysProcAttr.Pdeathsig = 0 // the controller's death is when it has work to do
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, Reply{}, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, Reply{}, err
	}
	if err := startWorker(cmd, spec); err != nil {
		return nil, Reply{}, err
	}
	w := &process{child: child, stdin: stdin, lines: newLines(stdout, stdin), replies: make(chan answer, 1), stdout: stdout, read: make(chan struct{})}
	go w.readReplies()
	ready, err := w.converse(ctx, spec)
	if err == nil {
		err = checkProtocol(ready.Protocol)
	}
	if err != nil {
		return nil, Reply{}, w.failed(err, w.Stop)
	}
	return w, ready, nil
}

// startWorker starts a worker, and one that enters raw with a timer slack, which
// processes and threads inherit (prctl(2), PR_SET_TIMERSLACK).
//
// Note: when a goroutine has run, the Go runtime's monitor looks after it every
// 20 µs for a millisecond and more, on a thread that takes the CPU from a loop if
// it comes to it, 40 times in a slice of 20 ms: a twentieth of the process's CPU
// time. It has nothing to look after where a loop enters raw. With slack it wakes
// with other timers, or when the slack is over. Workers with Runtime entry have
// none, since the monitor is part of what it costs.
func startWorker(cmd *exec.Cmd, spec Spec) error {
	if b, err := server.Lookup(spec.Backend); err == nil && spec.confined(b) {
		return startOn(cmd, spec.CPU)
	}
	if spec.Entry != multiplexers.Raw.String() {
		return cmd.Start()
	}
	const slack = 10 * time.Millisecond // the longest that the monitor sleeps by itself
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err == nil {
		err = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0)
	}
	if err != nil {
		return os.NewSyscallError("prctl PR_SET_TIMERSLACK", err)
	}
	started := cmd.Start()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(before), 0, 0, 0) // as it was: that does not fail
	return started
}

// process is a Worker in a process of its own.
type process struct {
	*child
	stdin   io.Closer
	lines   *lines
	replies chan answer
	stdout  io.Closer
	read    chan struct{} // closed when standard output has ended
	stopped sync.Once
}

type answer struct {
	reply Reply
	err   error
}

// readReplies passes replies on until there are no more.
func (w *process) readReplies() {
	defer close(w.read)
	for {
		var a answer
		a.err = w.lines.read(&a.reply)
		if a.err != nil {
			go w.await()
		}
		if errors.Is(a.err, io.EOF) {
			a.err = w.farewell()
		}
		w.replies <- a
		if a.err != nil {
			return
		}
	}
}

func (w *process) Do(ctx context.Context, c Command) (Reply, error) {
	reply, err := w.converse(ctx, c)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && c.Do.abortable() {
		if w.lines.write(Command{Do: DoAbort}) == nil {
			select {
			case a := <-w.replies:
				return a.reply, a.err
			case <-time.After(abortPatience):
			}
		}
	}
	return reply, err
}

// abortable is what a worker gives up when it is asked to.
func (v Verb) abortable() bool {
	return v == DoConnect || v == DoBurst || v == DoExchange || v == DoChurn
}

// converse sends a line and waits for the answer.
func (w *process) converse(ctx context.Context, line any) (Reply, error) {
	// Where a worker takes no more, the reason is to be read.
	if err := w.lines.write(line); err != nil && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, os.ErrClosed) {
		return Reply{}, err
	}
	select {
	case a := <-w.replies:
		return a.reply, a.err
	case <-ctx.Done():
		return Reply{}, context.Cause(ctx)
	}
}

func (w *process) Stop(ctx context.Context) string {
	w.stopped.Do(func() {
		_ = w.stdin.Close()
		go func() { // replies that nobody waits for any more
			for range w.replies {
			}
		}()
		if !w.endsBy(ctx) {
			w.kill()
			select {
			case <-w.read:
			case <-time.After(lastChance): // somebody else has it open
				_ = w.stdout.Close()
			}
		}
		<-w.read
		<-w.ended
		close(w.replies)
	})
	return w.lastWords()
}

// bounded limits a step of the protocol.
func bounded(ctx context.Context, limit time.Duration, step string) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, limit, fmt.Errorf("%s took longer than %s", step, limit))
}

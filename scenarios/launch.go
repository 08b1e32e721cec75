//go:build linux

package scenarios

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
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
	// connect or exchange that is not done by ctx's deadline is aborted, and
	// its reply then tells what had failed.
	Do(ctx context.Context, c Command) (Reply, error)
	// Stop ends the worker: gently, by the end of its input, while ctx lives,
	// and by SIGKILL then. It returns the tail of what the worker wrote to its
	// standard error.
	Stop(ctx context.Context) string
}

// Processes launches workers as processes of a program that calls Work when it
// is given Args, its own name among them. Each is in a process group of its
// own, so that an interrupt at the terminal reaches the controller alone, and
// ends when the controller does, by the end of its input.
type Processes struct {
	Program string
	Args    []string
}

// workerEnvironment is what Entry's Raw demands of a process with one loop:
// a P for the loop and one for the rest, set explicitly so that the runtime
// does not stop the world to follow a CPU quota; no garbage collection; no
// preemption signals. Workers with Runtime entry get the same, for the
// comparison's sake.
func workerEnvironment() []string {
	return []string{"GOMAXPROCS=2", "GOGC=off", "GOMEMLIMIT=off", "GODEBUG=asyncpreemptoff=1"}
}

// abortPatience is how long an aborted worker may take to say what it has.
const abortPatience = 2 * time.Second

// Launch starts one process.
func (p Processes) Launch(ctx context.Context, spec Spec) (Worker, Reply, error) {
	cmd := exec.Command(p.Program)
	cmd.Args = p.Args
	cmd.Env = append(os.Environ(), workerEnvironment()...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stderr := &tail{}
	cmd.Stderr = stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, Reply{}, fmt.Errorf("starting a %s worker: %w", spec.Role, err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, Reply{}, fmt.Errorf("starting a %s worker: %w", spec.Role, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, Reply{}, fmt.Errorf("starting a %s worker: %w", spec.Role, err)
	}
	w := &process{cmd: cmd, stdin: stdin, lines: newLines(stdout, stdin), stderr: stderr, replies: make(chan answer, 1), read: make(chan struct{})}
	go w.readReplies()
	ready, err := w.converse(ctx, spec)
	if err == nil {
		err = checkProtocol(ready.Protocol)
	}
	if err != nil {
		kill, cancel := context.WithCancel(context.Background())
		cancel()
		said := w.Stop(kill)
		return nil, Reply{}, fmt.Errorf("starting a %s worker: %w%s", spec.Role, err, quoted(said))
	}
	return w, ready, nil
}

// quoted is a worker's last words as the end of an error.
func quoted(said string) string {
	if said == "" {
		return ""
	}
	return "; it said: " + said
}

// process is a Worker in a process of its own.
type process struct {
	cmd     *exec.Cmd
	stdin   io.Closer
	lines   *lines
	stderr  *tail
	replies chan answer
	read    chan struct{} // closed when standard output has ended
	stopped sync.Once
}

type answer struct {
	reply Reply
	err   error
}

func (w *process) readReplies() {
	defer close(w.read)
	for {
		var a answer
		a.err = w.lines.read(&a.reply)
		if errors.Is(a.err, io.EOF) {
			a.err = errors.New("it ended without an answer")
		}
		w.replies <- a
		if a.err != nil {
			return
		}
	}
}

func (w *process) Do(ctx context.Context, c Command) (Reply, error) {
	reply, err := w.converse(ctx, c)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && (c.Do == DoConnect || c.Do == DoExchange) {
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

// converse sends a line and waits for the answer.
func (w *process) converse(ctx context.Context, line any) (Reply, error) {
	if err := w.lines.write(line); err != nil {
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
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			<-w.read
			_ = w.cmd.Wait() // how it ended is told by its silence and its standard error
		}()
		select {
		case <-ended:
		case <-ctx.Done():
			_ = syscall.Kill(-w.cmd.Process.Pid, syscall.SIGKILL)
			<-ended
		}
		close(w.replies)
	})
	return w.stderr.String()
}

// tail keeps the last bytes written to it.
type tail struct {
	mu   sync.Mutex
	last []byte
}

const tailBytes = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, p...)
	if extra := len(t.last) - tailBytes; extra > 0 {
		t.last = t.last[:copy(t.last, t.last[extra:])]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.last))
}

// bounded limits a step of the protocol.
func bounded(ctx context.Context, limit time.Duration, step string) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, limit, fmt.Errorf("%s took longer than %s", step, limit))
}

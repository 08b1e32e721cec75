//go:build linux

package workbench

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Reexec is how a further process of this program is started, that plays a part: the
// file to execute, and its arguments before the part's name, from the program's own
// name on. The program then calls Play.
type Reexec struct {
	Path string
	Args []string
}

// Parts are what a process can be started for, by name. A part speaks with the
// attempt that started it by lines on in and out, and ends when in does, whose other
// end goes with whoever started it. Descriptors that it was given are numbered from 3
// on, in their order.
type Parts map[string]func(args []string, in *bufio.Reader, out io.Writer) error

// Play plays a part; arguments begin with its name.
func (p Parts) Play(args []string, in io.Reader, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("play a part: none is named")
	}
	part, ok := p[args[0]]
	if !ok {
		return fmt.Errorf("play a part: there is none called %q", args[0])
	}
	return part(args[1:], bufio.NewReader(in), out)
}

// Monologue is a part that is told nothing. It ends before f does if whoever started it
// is gone.
func Monologue(f func(args []string, out io.Writer) error) func([]string, *bufio.Reader, io.Writer) error {
	return func(args []string, in *bufio.Reader, out io.Writer) error {
		ended, gone := make(chan error, 1), make(chan struct{})
		go func() { ended <- f(args, out) }()
		go func() {
			_, _ = in.ReadByte() // there is none, until it ends
			close(gone)
		}()
		select {
		case err := <-ended:
			return err
		case <-gone:
			return nil
		}
	}
}

// Player is a process that plays a part.
type Player struct {
	bench *Bench
	pid   int
	to    *os.File
	lines chan string
	over  bool
}

// Play starts a process that plays a part. It is given duplicates of the descriptors,
// and of no others that are closed on execve(2), which all of a Bench are. It is ended
// with the attempt at the latest.
func (b *Bench) Play(part string, args []string, descriptors ...int) *Player {
	if b.reexec.Path == "" {
		b.Skipf("needs another process of this program, and is not told how to start one")
	}
	fromUs, to, err := blockingPipe()
	if err != nil {
		b.Skipf("needs pipes to another process: %v", err)
	}
	from, toUs, err := blockingPipe()
	if err != nil {
		closeQuietly(fromUs)
		closeQuietly(to)
		b.Skipf("needs pipes to another process: %v", err)
	}
	argv := slices.Concat(b.reexec.Args, []string{part}, args)
	files := []uintptr{uintptr(fromUs), uintptr(toUs), 2}
	for _, fd := range descriptors {
		files = append(files, uintptr(fd))
	}
	// Package os would make files of the descriptors, and Go's own epoll would watch
	// them: there must be nobody there but us.
	pid, _, err := syscall.StartProcess(b.reexec.Path, argv, &syscall.ProcAttr{
		Env: os.Environ(), Files: files,
		Sys: &syscall.SysProcAttr{Setpgid: true}, // what a terminal sends is for who began the attempt
	})
	closeQuietly(fromUs)
	closeQuietly(toUs)
	if err != nil {
		closeQuietly(to)
		closeQuietly(from)
		b.Skipf("needs another process, and starting %s fails: %v", strings.Join(argv, " "), err)
	}
	// Blocking, they are no concern of Go's poller.
	p := &Player{bench: b, pid: pid, to: os.NewFile(uintptr(to), "to "+part), lines: make(chan string)}
	b.players = append(b.players, p)
	go p.listen(os.NewFile(uintptr(from), "from "+part))
	return p
}

// longestLine is more than an account of any attempt takes, in bytes.
const longestLine = 4 << 20

func blockingPipe() (reader, writer int, err error) {
	var p [2]int
	err = unix.Pipe2(p[:], unix.O_CLOEXEC)
	return p[0], p[1], os.NewSyscallError("pipe2", err)
}

// listen hands on what the process says, until it says no more.
func (p *Player) listen(from *os.File) {
	defer close(p.lines)
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		p.lines <- lines.Text()
	}
	_ = from.Close() // it has been read to its end
}

// PID is its process's.
func (p *Player) PID() int { return p.pid }

// Tell sends it a line.
func (p *Player) Tell(line string) {
	if _, err := io.WriteString(p.to, line+"\n"); err != nil {
		p.bench.Fatalf("telling process %d %q: %v", p.pid, line, err)
	}
}

// Hear is the next line that it says. If there is none within limit the attempt has
// failed, and if it ends the attempt is broken: no part ends unasked.
func (p *Player) Hear(limit time.Duration) string {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case line, ok := <-p.lines:
		if !ok {
			p.bench.breaks("process %d ended without a word", p.pid)
			runtime.Goexit()
		}
		return line
	case <-timer.C:
		p.bench.Fatalf("process %d says nothing for %v", p.pid, limit)
	}
	return ""
}

// Expect wants its next line to be this one.
func (p *Player) Expect(line string) {
	if got := p.Hear(p.bench.Patience); got != line {
		p.bench.Fatalf("process %d says %q, want %q", p.pid, got, line)
	}
}

// End ends it, and returns when it is gone.
func (p *Player) End() { p.end() }

func (p *Player) end() {
	if p.over {
		return
	}
	p.over = true
	_ = p.to.Close() // which tells it to end
	timer := time.NewTimer(Patience)
	defer timer.Stop()
	for open := true; open; {
		select {
		case _, open = <-p.lines:
		case <-timer.C:
			p.bench.Errorf("process %d does not end, and is killed", p.pid)
			_ = unix.Kill(p.pid, unix.SIGKILL) // it is ours, and not waited for yet
		}
	}
	var status unix.WaitStatus
	for {
		_, err := unix.Wait4(p.pid, &status, 0, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			p.bench.Errorf("waiting for process %d: %v", p.pid, err)
		} else if status.Signaled() && status.Signal() != unix.SIGKILL || status.ExitStatus() > 0 {
			p.bench.Errorf("process %d ended with %s", p.pid, ending(status))
		}
		return
	}
}

func ending(status unix.WaitStatus) string {
	if status.Signaled() {
		return "signal " + status.Signal().String()
	}
	return fmt.Sprintf("status %d", status.ExitStatus())
}

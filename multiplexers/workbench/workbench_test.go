//go:build linux

package workbench_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/workbench"
)

// TestMain lets attempts start this test binary anew, to play a part.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "part" {
		if err := parts().Play(os.Args[2:], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func parts() workbench.Parts {
	return workbench.Parts{
		"echo": func(args []string, in *bufio.Reader, out io.Writer) error {
			fmt.Fprintln(out, "ready", strings.Join(args, " "))
			_, err := io.Copy(out, in)
			return err
		},
		"write to 3": func([]string, *bufio.Reader, io.Writer) error {
			_, err := unix.Write(3, []byte{1})
			return err
		},
		"refer to": func(args []string, _ *bufio.Reader, out io.Writer) error {
			open, err := workbench.OpenDescriptors()
			var fds []int
			for fd, file := range open {
				if file == args[0] {
					fds = append(fds, fd)
				}
			}
			fmt.Fprintln(out, fds)
			return err
		},
		"fail":    func([]string, *bufio.Reader, io.Writer) error { return fmt.Errorf("on purpose") },
		"hold on": func([]string, *bufio.Reader, io.Writer) error { return unix.Pause() },
	}
}

func attempt(t *testing.T, try func(*workbench.Bench)) workbench.Outcome {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return workbench.Attempt(20*time.Second, workbench.Reexec{Path: path, Args: []string{path, "part"}}, try)
}

// TestOutcomes: whatever an attempt does is told, and all that it opened is closed.
func TestOutcomes(t *testing.T) {
	tests := []struct {
		name string
		try  func(*workbench.Bench)
		want func(workbench.Outcome) []string // where it is to be told
		told string
	}{
		{"a failure, and more", func(b *workbench.Bench) { b.Pipe(); b.Errorf("one"); b.Errorf("two") }, failures, "two"},
		{"a failure that ends it", func(b *workbench.Bench) { b.TCP(); b.Fatalf("stop"); b.Errorf("after") }, failures, "stop"},
		{"a panic", func(b *workbench.Bench) { b.Pair(); panic("help") }, broken, "panic: help"},
		{"a difference", func(b *workbench.Bench) { b.Differf("otherwise") }, func(o workbench.Outcome) []string { return o.Differences }, "otherwise"},
		{"a skip", func(b *workbench.Bench) { b.Skipf("needs luck") }, skipped, "needs luck"},
		{"a note", func(b *workbench.Bench) { b.Notef("%d of 2", 1) }, func(o workbench.Outcome) []string { return o.Notes }, "1 of 2"},
		{"a descriptor that it does not own", func(b *workbench.Bench) { b.Close(0) }, failures, "descriptor 0 is not the attempt's"},
		{"a descriptor beyond the limit", func(b *workbench.Bench) { b.Duplicate(0, 1<<30) }, skipped, "needs a limit of 1073741825 descriptors (ulimit -n), and has"},
		{"what the host does not let it have", func(b *workbench.Bench) { b.Own("luck", -1, unix.EPERM) }, skipped, "needs luck: operation not permitted"},
		{"what fails otherwise", func(b *workbench.Bench) { b.Own("luck", -1, unix.EINVAL) }, failures, "luck: invalid argument"},
		{"a process that fails", func(b *workbench.Bench) { b.Play("fail", nil).End() }, failures, "ended with status 1"},
		{"a part that is not there", func(b *workbench.Bench) { b.Play("nobody", nil).Hear(workbench.Patience) }, broken, "ended without a word"},
		{"a process that goes on", func(b *workbench.Bench) { b.Play("hold on", nil) }, failures, "is killed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := attempt(t, test.try)
			if !slices.ContainsFunc(test.want(o), func(s string) bool { return strings.Contains(s, test.told) }) {
				t.Errorf("%q is not told: %+v", test.told, o)
			}
			if len(o.Left) > 0 {
				t.Errorf("left: %q", o.Left)
			}
		})
	}
}

func failures(o workbench.Outcome) []string { return o.Failures }
func broken(o workbench.Outcome) []string   { return o.Broken }
func skipped(o workbench.Outcome) []string  { return []string{o.Skipped} }

// TestMonologuesEnd with whoever started them, and when they are over.
func TestMonologuesEnd(t *testing.T) {
	never := workbench.Monologue(func([]string, io.Writer) error { select {} })
	if err := never(nil, bufio.NewReader(strings.NewReader("")), io.Discard); err != nil {
		t.Error(err)
	}
	reader, writer := io.Pipe()
	defer writer.Close()
	failed := errors.New("on purpose")
	over := workbench.Monologue(func([]string, io.Writer) error { return failed })
	if err := over(nil, bufio.NewReader(reader), io.Discard); err != failed {
		t.Errorf("got %v, want what it ended with", err)
	}
}

// TestWhatIsLeftIsTold: what an attempt does behind its bench's back.
func TestWhatIsLeftIsTold(t *testing.T) {
	var p [2]int
	o := attempt(t, func(*workbench.Bench) {
		if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
			t.Error(err)
		}
	})
	if len(o.Left) != 2 || !strings.Contains(o.Left[0], "is left open: pipe:") {
		t.Errorf("two descriptors were left: %q", o.Left)
	}
	o = attempt(t, func(*workbench.Bench) { _, _ = unix.Close(p[0]), unix.Close(p[1]) })
	if len(o.Left) != 2 || !strings.Contains(o.Left[0], "was closed and is somebody else's") {
		t.Errorf("two descriptors of somebody else's were closed: %q", o.Left)
	}
}

// TestAnAttemptThatDoesNotEnd is told of, and what it says later is not.
func TestAnAttemptThatDoesNotEnd(t *testing.T) {
	over := make(chan struct{})
	defer close(over)
	o := workbench.Attempt(time.Millisecond, workbench.Reexec{}, func(*workbench.Bench) { <-over })
	if len(o.Broken) != 1 || o.Broken[0] != "still running after 1ms" {
		t.Errorf("got %+v", o)
	}
}

// TestThreads: one is known to be blocked, is signalled, and is waited for.
func TestThreads(t *testing.T) {
	o := attempt(t, func(b *workbench.Bench) {
		reader, writer := b.Pipe()
		interrupted := 0
		th := b.Aside(func() {
			for {
				_, err := unix.Ppoll([]unix.PollFd{{Fd: int32(reader), Events: unix.POLLIN}}, nil, nil)
				if err != unix.EINTR {
					return
				}
				interrupted++
			}
		}, "ppoll")
		for range 3 {
			if !th.UntilBlocked() {
				b.Fatalf("it is over")
			}
			th.Signal()
		}
		b.Write(writer, 1)
		th.Join("written to")
		if th.UntilBlocked() || !th.Over() || interrupted == 0 {
			b.Errorf("over: %t, interrupted %d times", th.Over(), interrupted)
		}
	})
	if len(o.Wrong()) > 0 {
		t.Errorf("%+v", o)
	}
}

// TestAThreadThatIsLeftWaiting is told of; what would free it comes too late.
func TestAThreadThatIsLeftWaiting(t *testing.T) {
	free := make(chan struct{})
	o := attempt(t, func(b *workbench.Bench) { b.Aside(func() { <-free }) })
	close(free)
	if !slices.ContainsFunc(o.Failures, func(s string) bool { return strings.Contains(s, "still under way") }) {
		t.Errorf("%+v", o)
	}
}

// TestProcesses are spoken with, have what they are given, and nothing else.
func TestProcesses(t *testing.T) {
	o := attempt(t, func(b *workbench.Bench) {
		p := b.Play("echo", []string{"and", "willing"})
		p.Expect("ready and willing")
		p.Tell("hello")
		p.Expect("hello")
		long := strings.Repeat("x", 1<<20)
		p.Tell(long)
		p.Expect(long)
		p.End()
		reader, writer := b.Pipe()
		b.Play("write to 3", nil, writer).End()
		b.Read(reader, 1)
		pipe, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", writer))
		if err != nil {
			b.Fatalf("%v", err)
		}
		b.Play("refer to", []string{pipe}).Expect("[]")
		b.Play("refer to", []string{pipe}, writer).Expect("[3]")
	})
	if len(o.Wrong()) > 0 {
		t.Errorf("%+v", o)
	}
	o = workbench.Attempt(time.Second, workbench.Reexec{}, func(b *workbench.Bench) { b.Play("echo", nil) })
	if !strings.Contains(o.Skipped, "another process") {
		t.Errorf("without a way to start processes: %+v", o)
	}
}

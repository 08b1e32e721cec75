//go:build linux

package ctl_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/multiplexers/ctl"
)

func TestNewRefuses(t *testing.T) {
	for _, watched := range []int{0, -1} {
		c := ctl.Config{Mechanism: multiplexers.Mechanisms()[0], Watched: watched}
		if _, err := ctl.New(c); err == nil || !strings.Contains(err.Error(), fmt.Sprint(watched)) || !strings.Contains(err.Error(), "want at least 1") {
			t.Errorf("%d watched: %v, want an error that says how many and how many are wanted", watched, err)
		}
	}
}

var errBroken = errors.New("it broke")

// twisted is a multiplexer with something else before some methods, or in place of
// Wait.
type twisted struct {
	multiplexers.Multiplexer
	add    func(fd int, want multiplexers.Interest) error
	modify func(fd int, want multiplexers.Interest) error
	remove func(fd int) error
	wait   func(events []multiplexers.Event, timeout time.Duration) (int, error)
}

func (w *twisted) Add(fd int, want multiplexers.Interest) error {
	if w.add != nil {
		if err := w.add(fd, want); err != nil {
			return err
		}
	}
	return w.Multiplexer.Add(fd, want)
}

func (w *twisted) Modify(fd int, want multiplexers.Interest) error {
	if w.modify != nil {
		if err := w.modify(fd, want); err != nil {
			return err
		}
	}
	return w.Multiplexer.Modify(fd, want)
}

func (w *twisted) Remove(fd int) error {
	if w.remove != nil {
		if err := w.remove(fd); err != nil {
			return err
		}
	}
	return w.Multiplexer.Remove(fd)
}

func (w *twisted) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	if w.wait != nil {
		return w.wait(events, timeout)
	}
	return w.Multiplexer.Wait(events, timeout)
}

// twist has the mechanism make multiplexers that edit changes.
func twist(m multiplexers.Mechanism, edit func(*twisted)) multiplexers.Mechanism {
	straight := m.New
	m.New = func(e multiplexers.Entry) (multiplexers.Multiplexer, error) {
		mux, err := straight(e)
		if err != nil {
			return nil, err
		}
		w := &twisted{Multiplexer: mux}
		edit(w)
		return w, nil
	}
	return m
}

// faults are what a multiplexer can be at when it errs, once broken says so, and
// what is then said.
var faults = []struct {
	name string
	edit func(w *twisted, broken func() bool)
	want string
}{
	{"adding", func(w *twisted, broken func() bool) {
		w.add = func(int, multiplexers.Interest) error { return errIf(broken()) }
	}, "adding, number 5: it broke"},
	{"modifying", func(w *twisted, broken func() bool) {
		w.modify = func(int, multiplexers.Interest) error { return errIf(broken()) }
	}, "modifying, number 5: it broke"},
	{"removing", func(w *twisted, broken func() bool) {
		w.remove = func(int) error { return errIf(broken()) }
	}, "removing, number 5: it broke"},
	{"waiting", func(w *twisted, broken func() bool) {
		w.wait = func(events []multiplexers.Event, timeout time.Duration) (int, error) {
			if broken() {
				return 0, errBroken
			}
			return w.Multiplexer.Wait(events, timeout)
		}
	}, "waiting, number 5: it broke"},
	{"finding what is not there", func(w *twisted, broken func() bool) {
		w.wait = func(events []multiplexers.Event, timeout time.Duration) (int, error) {
			if broken() {
				events[0] = multiplexers.Event{FD: 1234, Ready: multiplexers.Readable}
				return 1, nil
			}
			return w.Multiplexer.Wait(events, timeout)
		}
	}, "waiting, number 5: descriptor 1234 is ready (Readable): want nothing ready"},
}

func errIf(broken bool) error {
	if broken {
		return errBroken
	}
	return nil
}

// A multiplexer that errs makes Iterate fail, which says what it was at.
func TestAMultiplexerThatErrs(t *testing.T) {
	for _, m := range multiplexers.Mechanisms() {
		for _, fault := range faults {
			t.Run(m.Name+"/"+fault.name, func(t *testing.T) {
				armed, calls := false, 0
				c := open(t, twist(m, func(w *twisted) {
					fault.edit(w, func() bool {
						if armed {
							calls++
						}
						return calls == 5
					})
				}), 7)
				iterate(t, c)
				armed = true
				did, err := c.Iterate()
				if err == nil || !strings.Contains(err.Error(), fault.want) || !strings.Contains(err.Error(), "256 descriptors beside 7 watched") || did != (ctl.Iteration{}) {
					t.Errorf("%+v, %v: want no more than an error that says %q", did, err, fault.want)
				}
				if calls != 5 {
					t.Errorf("%d calls, want none after number 5 has failed", calls)
				}
			})
		}
	}
}

// An iteration ends with what fails first: what comes after it is not done.
func TestNothingIsDoneAfterAFailure(t *testing.T) {
	const phases = "add modify remove wait"
	for _, m := range multiplexers.Mechanisms() {
		for _, broken := range strings.Fields(phases) {
			t.Run(m.Name+"/"+broken, func(t *testing.T) {
				armed := false
				var done []string
				do := func(op string) error {
					if armed && !slices.Contains(done, op) {
						done = append(done, op)
					}
					return errIf(armed && op == broken)
				}
				c := open(t, twist(m, func(w *twisted) {
					w.add = func(int, multiplexers.Interest) error { return do("add") }
					w.modify = func(int, multiplexers.Interest) error { return do("modify") }
					w.remove = func(int) error { return do("remove") }
					w.wait = func([]multiplexers.Event, time.Duration) (int, error) { return 0, do("wait") }
				}), 1)
				armed = true
				if _, err := c.Iterate(); !errors.Is(err, errBroken) {
					t.Errorf("Iterate = %v, want %v", err, errBroken)
				}
				before, _, _ := strings.Cut(phases, broken)
				if got, want := strings.Join(done, " "), before+broken; got != want {
					t.Errorf("did %q, want %q", got, want)
				}
			})
		}
	}
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// No descriptor is left open, whether the Ctl was used or could not be made.
func TestDescriptorsAreGivenBack(t *testing.T) {
	for _, m := range multiplexers.Mechanisms() {
		before := openDescriptors(t)
		c, err := ctl.New(ctl.Config{Mechanism: m, Watched: 51})
		if err != nil {
			t.Fatal(err)
		}
		// One for each, but for the last pair's other end and the multiplexer.
		if got, want := openDescriptors(t)-before, 51+ctl.Changes; got < want || got > want+2 {
			t.Errorf("%s: %d descriptors for 51 watched ones, want %d to %d", m.Name, got, want, want+2)
		}
		iterate(t, c)
		if err := c.Close(); err != nil {
			t.Errorf("%s: Close = %v", m.Name, err)
		}
		if got := openDescriptors(t); got != before {
			t.Errorf("%s: %d descriptors after Close, want %d", m.Name, got, before)
		}

		for _, nth := range []int{5, 60} { // to be watched, and to be changed
			added := 0
			broken := twist(m, func(w *twisted) {
				w.add = func(int, multiplexers.Interest) error { added++; return errIf(added == nth) }
			})
			if _, err := ctl.New(ctl.Config{Mechanism: broken, Watched: 51}); !errors.Is(err, errBroken) {
				t.Errorf("%s: New = %v, want what descriptor %d met with", m.Name, err, nth)
			}
			if got := openDescriptors(t); got != before {
				t.Errorf("%s: %d descriptors after New has failed, want %d", m.Name, got, before)
			}
		}

		m.New = func(multiplexers.Entry) (multiplexers.Multiplexer, error) { return nil, errBroken }
		if _, err := ctl.New(ctl.Config{Mechanism: m, Watched: 1}); !errors.Is(err, errBroken) || !strings.Contains(err.Error(), m.Name) {
			t.Errorf("New = %v, want the mechanism's error and its name, %s", err, m.Name)
		}
	}
}

// What a mechanism has no numbers for cannot be watched, nor added in passing. New
// says so, and at which it was, and leaves nothing open.
func TestMoreThanNumbers(t *testing.T) {
	for _, m := range multiplexers.Mechanisms() {
		most := m.Capabilities.MaxFD
		if most == 0 {
			continue
		}
		for watched, at := range map[int]string{most + 1: "watching descriptor", most - 100: "adding, number"} {
			before := openDescriptors(t)
			_, err := ctl.New(ctl.Config{Mechanism: m, Watched: watched})
			if !errors.Is(err, multiplexers.ErrFDLimit) || !strings.Contains(err.Error(), at) || !strings.Contains(err.Error(), m.Name) {
				t.Errorf("%s: New of %d watched = %v, want %v, and %q", m.Name, watched, err, multiplexers.ErrFDLimit, at)
			}
			if got := openDescriptors(t); got != before {
				t.Errorf("%s: %d descriptors after New has failed, want %d", m.Name, got, before)
			}
		}
	}
}

// The descriptors that stay are watched for reading: what can be read there is
// found, after many iterations too. Those that change are not in the set when it
// is waited for, and what can be read there is not found.
func TestWhatIsReadable(t *testing.T) {
	const watched = 10
	for _, m := range multiplexers.Mechanisms() {
		t.Run(m.Name, func(t *testing.T) {
			var fds []int
			c := open(t, twist(m, func(w *twisted) {
				w.add = func(fd int, _ multiplexers.Interest) error { fds = append(fds, fd); return nil }
			}), watched)
			for range 20 {
				iterate(t, c)
			}
			send(t, fds[watched+1])
			if _, err := c.Iterate(); err != nil {
				t.Errorf("Iterate = %v, where only a descriptor that changes is readable", err)
			}
			send(t, fds[watched-1])
			want := fmt.Sprintf("descriptor %d is ready (Readable): want nothing ready", fds[watched-2])
			if _, err := c.Iterate(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Iterate = %v, want an error that says %q", err, want)
			}
		})
	}
}

// send has the other end of fd readable, which is the descriptor before it.
func send(t *testing.T, fd int) {
	t.Helper()
	if _, err := unix.Write(fd, []byte{0}); err != nil {
		t.Fatal(err)
	}
	if n, err := unix.IoctlGetInt(fd-1, unix.TIOCINQ); err != nil || n != 1 {
		t.Fatalf("%d bytes to read, %v: the descriptor before is not the other end", n, err)
	}
}

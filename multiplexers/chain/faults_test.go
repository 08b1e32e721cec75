//go:build linux

package chain_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/multiplexers/chain"
)

func TestNewRefuses(t *testing.T) {
	for _, c := range []chain.Config{
		{Pairs: 0, Active: 0},
		{Pairs: 0, Active: 1},
		{Pairs: 10, Active: 0},
		{Pairs: 10, Active: -1},
		{Pairs: 10, Active: 11},
		{Pairs: -1, Active: -1},
		{Pairs: 10, Active: 1, Writes: -1},
	} {
		c.Mechanism = multiplexers.Mechanisms()[0]
		if _, err := chain.New(c); err == nil {
			t.Errorf("%d active of %d pairs with %d writes: no error", c.Active, c.Pairs, c.Writes)
		}
	}
}

var errBroken = errors.New("it broke")

// twisted is a multiplexer with other methods in place of some.
type twisted struct {
	multiplexers.Multiplexer
	add    func(fd int) error
	modify func(fd int, want multiplexers.Interest) error
	wait   func(events []multiplexers.Event) (int, error)
}

func (w *twisted) Add(fd int, want multiplexers.Interest) error {
	if w.add != nil {
		if err := w.add(fd); err != nil {
			return err
		}
	}
	return w.Multiplexer.Add(fd, want)
}

func (w *twisted) Modify(fd int, want multiplexers.Interest) error {
	if w.modify != nil {
		return w.modify(fd, want)
	}
	return w.Multiplexer.Modify(fd, want)
}

func (w *twisted) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	if w.wait != nil {
		return w.wait(events)
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

func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// No descriptor is left open, whether the chain was used or could not be made.
func TestDescriptorsAreGivenBack(t *testing.T) {
	for _, m := range multiplexers.Mechanisms() {
		before := openDescriptors(t)
		c, err := chain.New(chain.Config{Mechanism: m, Pairs: 50, Active: 5, Writes: 10})
		if err != nil {
			t.Fatal(err)
		}
		if got := openDescriptors(t); got < before+100 {
			t.Errorf("%s: %d descriptors with 50 pairs, before them %d", m.Name, got, before)
		}
		iterate(t, c)
		if err := c.Close(); err != nil {
			t.Errorf("%s: Close = %v", m.Name, err)
		}
		if got := openDescriptors(t); got != before {
			t.Errorf("%s: %d descriptors after Close, want %d", m.Name, got, before)
		}

		added := 0
		broken := twist(m, func(w *twisted) {
			w.add = func(int) error {
				if added++; added == 5 {
					return errBroken
				}
				return nil
			}
		})
		if _, err := chain.New(chain.Config{Mechanism: broken, Pairs: 50, Active: 5}); !errors.Is(err, errBroken) {
			t.Errorf("%s: New = %v, want what the fifth pair met with", m.Name, err)
		}
		if got := openDescriptors(t); got != before {
			t.Errorf("%s: %d descriptors after New has failed, want %d", m.Name, got, before)
		}

		m.New = func(multiplexers.Entry) (multiplexers.Multiplexer, error) { return nil, errBroken }
		if _, err := chain.New(chain.Config{Mechanism: m, Pairs: 1, Active: 1}); !errors.Is(err, errBroken) || !strings.Contains(err.Error(), m.Name) {
			t.Errorf("New = %v, want the mechanism's error and its name, %s", err, m.Name)
		}
	}
}

// A multiplexer that errs makes Iterate fail. It neither hangs nor counts wrongly.
func TestAMultiplexerThatErrs(t *testing.T) {
	lose := func(w *twisted, waits int) { // what is ready from then on
		w.wait = func(events []multiplexers.Event) (int, error) {
			if waits--; waits < 0 {
				return 0, nil
			}
			return w.Multiplexer.Wait(events, 0)
		}
	}
	tests := []struct {
		name string
		edit func(*twisted)
		want string
	}{
		{"loses all readiness", func(w *twisted) { lose(w, 0) }, "no byte has come"},
		{"loses readiness in the middle", func(w *twisted) { lose(w, 8) }, "no byte has come"},
		{"finds a byte before there is any", func(w *twisted) {
			w.wait = func(events []multiplexers.Event) (int, error) { return 1, nil }
		}, "a byte is left"},
		{"fails", func(w *twisted) {
			w.wait = func([]multiplexers.Event) (int, error) { return 0, errBroken }
		}, errBroken.Error()},
		{"fails in the middle", func(w *twisted) {
			waits := 0
			w.wait = func(events []multiplexers.Event) (int, error) {
				if waits++; waits == 8 {
					return 0, errBroken
				}
				return w.Multiplexer.Wait(events, 0)
			}
		}, errBroken.Error()},
	}
	for _, m := range multiplexers.Mechanisms() {
		for _, test := range tests {
			for _, active := range []int{1, 3} {
				c := ring(t, twist(m, test.edit), 10, active, 100)
				if did, err := c.Iterate(); err == nil || !strings.Contains(err.Error(), test.want) || did != (chain.Iteration{}) {
					t.Errorf("%s, %d active, %s: %+v, %v: want no more than an error that says %q", m.Name, active, test.name, did, err, test.want)
				}
			}
		}
	}
}

// What cannot be modified any more would not be reported again: Iterate fails, and
// says at what. Those that are not one-shot modify nothing.
func TestModifyThatFails(t *testing.T) {
	for _, m := range multiplexers.Mechanisms() {
		for _, left := range []int{0, 1, 50} { // modifies that do well
			modified := 0
			c := ring(t, twist(m, func(w *twisted) {
				w.modify = func(fd int, want multiplexers.Interest) error {
					if modified++; modified > left {
						return errBroken
					}
					return w.Multiplexer.Modify(fd, want)
				}
			}), 10, 3, 100)
			did, err := c.Iterate()
			if m.Trigger != multiplexers.OneShot {
				if err != nil || modified != 0 {
					t.Errorf("%s: %d modifies, %v: want none of either", m.Name, modified, err)
				}
				continue
			}
			if !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "modifying") || did != (chain.Iteration{}) {
				t.Errorf("%s, modify %d: %+v, %v: want no more than an error that says what it was at", m.Name, left+1, did, err)
			}
			if modified != left+1 {
				t.Errorf("%s: %d modifies, want no more after number %d has failed", m.Name, modified, left+1)
			}
		}
	}
}

// More pairs than there are numbers for the mechanism cannot be watched. New says
// so and leaves nothing open.
func TestMorePairsThanNumbers(t *testing.T) {
	for _, m := range multiplexers.Mechanisms() {
		most := m.Capabilities.MaxFD
		if most == 0 {
			continue
		}
		before := openDescriptors(t)
		if _, err := chain.New(chain.Config{Mechanism: m, Pairs: most, Active: 1}); !errors.Is(err, multiplexers.ErrFDLimit) {
			t.Errorf("%s: New of %d pairs = %v, want %v", m.Name, most, err, multiplexers.ErrFDLimit)
		}
		if got := openDescriptors(t); got != before {
			t.Errorf("%s: %d descriptors after New has failed, want %d", m.Name, got, before)
		}
	}
}

// A byte that the iteration has not sent is found before the next one, and not
// counted with it.
func TestAByteThatIsLeft(t *testing.T) {
	for _, m := range multiplexers.Mechanisms() {
		var watched []int
		c := ring(t, twist(m, func(w *twisted) {
			w.add = func(fd int) error { watched = append(watched, fd); return nil }
		}), 10, 1, 20)
		iterate(t, c)
		if _, err := unix.Write(watched[7]+1, []byte{0}); err != nil {
			t.Fatal(err)
		}
		if n := unread(t, watched[7]); n != 1 {
			t.Fatalf("%d bytes in the pair: the next descriptor is not its other end", n)
		}
		if _, err := c.Iterate(); err == nil || !strings.Contains(err.Error(), "a byte is left") {
			t.Errorf("%s: Iterate = %v, want an error that says so", m.Name, err)
		}
	}
}

// unread is how many bytes a descriptor has to be read.
func unread(t *testing.T, fd int) int {
	t.Helper()
	n, err := unix.IoctlGetInt(fd, unix.TIOCINQ)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

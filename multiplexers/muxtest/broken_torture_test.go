//go:build linux

package muxtest_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
	"muxbench/multiplexers/muxtest"
	"muxbench/multiplexers/server"
)

// TestTortureCatchesBrokenMultiplexers: each defect is caught within the seeds that
// every run of the suite tries, and is shown in a few moves that fail again. The seed
// alone need not, where some of its streams are over TCP.
func TestTortureCatchesBrokenMultiplexers(t *testing.T) {
	long(t)
	wants := func() map[int]multiplexers.Interest { return make(map[int]multiplexers.Interest) }
	fired := func() map[int]bool { return make(map[int]bool) }
	tests := []struct {
		name   string
		breaks func(mux) mux
		on     int
		most   int // moves that show it; 0 if what shows hangs on TCP's time, or comes when all is over
		says   string
	}{
		{"loses an edge", func(m mux) mux { return &losesEdge{m, fired()} }, onEdge, 12, "lost wake-up"},
		{"loses an edge over TCP", func(m mux) mux { return &losesTCP{losesEdge{m, fired()}} }, onEdge, 0, "lost wake-up"},
		{"says once that there is room", func(m mux) mux { return &saysRoomOnce{m, fired()} }, onEdge, 25, "lost wake-up"},
		{"drops events that do not fit", func(m mux) mux { return losesWhatDoesNotFit{m} }, onEdge | onOneShot, 25, "descriptor"},
		{"Modify to the same does not re-arm", func(m mux) mux { return &doesNotRearm{m, wants()} }, onEdge | onOneShot, 25, "descriptor"},
		{"forgets Modify", func(m mux) mux { return forgetsModify{m} }, onAny, 12, ""},
		{"Modify adds to the interest", func(m mux) mux { return addsToInterest{remembering(m)} }, onAny, 12, "is reported as"},
		{"reports what was removed", func(m mux) mux { return reportsRemoved{m} }, onLevel | onEdge, 12, ""},
		{"reports once what persists", func(m mux) mux { return &reportsOnce{mux: m} }, onLevel, 12, "lost wake-up"},
		{"starves high descriptors", func(m mux) mux { return starvesHigh{m} }, onLevel, 25, "passed over"},
		{"does not poll", func(m mux) mux { return zeroDoesNotPoll{m} }, onAny, 12, "lost wake-up"},
		{"two events for one descriptor", func(m mux) mux { return splitsEvents{m} }, onAny, 12, ""},
		{"says Writable too", func(m mux) mux { return saysWritable{m} }, onAny, 12, "is reported as"},
		{"says Writable too over TCP", func(m mux) mux { return saysWritableOverTCP{remembering(m)} }, onAny, 0, "said Writable where"},
		{"keeps its descriptor open", func(m mux) mux { return keepsOpen{m} }, onEdge | onOneShot, 0, "left open"},
		{"panics", func(m mux) mux { return panics{m} }, onAny, 12, "panic"},
		{"re-arms by itself", func(m mux) mux { return armsItself{remembering(m)} }, onOneShot, 12, "has not been modified since"},
		{"Modify does not re-arm", func(m mux) mux { return &staysSilent{m, fired()} }, onOneShot, 12, "lost wake-up"},
		{"drops what it has reported", func(m mux) mux { return dropsReported{m} }, onOneShot, 12, "Modify of"},
	}
	for _, test := range tests {
		for _, m := range multiplexers.Mechanisms() {
			if test.on&(1<<m.Trigger) == 0 {
				continue
			}
			t.Run(test.name+"/"+m.Name, func(t *testing.T) {
				s := muxtest.OfMechanism(breaking(m, test.breaks))
				c := tortureCase(t, "C-150")
				result := c.Try(t.Context(), s, reexec(t))
				seed := checkAccusation(t, result, test.says, test.most)
				if test.says == "left open" {
					return // of which no moves are accused
				}
				if replay := fmt.Sprintf("replay with --case C-150 -b %s --seeds 1 --from %d", m.Name, seed); !strings.Contains(result.Reasons[0], replay) {
					t.Errorf("it does not say %q", replay)
				}
			})
		}
	}
}

// TestMechanismsAreBackendsToo: who is told to replay on one finds it by its name.
func TestMechanismsAreBackendsToo(t *testing.T) {
	for _, m := range multiplexers.Mechanisms() {
		b, err := server.Lookup(m.Name)
		if err != nil {
			t.Error(err)
		} else if b.Mechanism.Name != m.Name {
			t.Errorf("backend %s waits with %s", b.Name, b.Mechanism.Name)
		}
	}
}

func tortureCase(t *testing.T, id string) muxtest.Case {
	t.Helper()
	all := muxtest.Cases()
	i := slices.IndexFunc(all, func(c muxtest.Case) bool { return c.ID == id })
	if i < 0 {
		t.Fatalf("no case %s", id)
	}
	return all[i]
}

// checkAccusation wants a failure that names its seed, says something, and is shown in so
// many moves at most: 0 if it need not be.
func checkAccusation(t *testing.T, result muxtest.Result, says string, most int) (seed uint64) {
	t.Helper()
	if result.Verdict != muxtest.Fail {
		t.Fatalf("it is not caught: %s %q", result.Verdict, result.Reasons)
	}
	text := strings.Join(result.Reasons, "\n")
	t.Log(text)
	named := regexp.MustCompile(`^seed (\d+)\b`).FindStringSubmatch(text)
	if named == nil {
		t.Fatal("it does not begin with the seed")
	}
	seed, err := strconv.ParseUint(named[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, says) {
		t.Errorf("it does not say %q", says)
	}
	if most == 0 {
		return seed
	}
	if !strings.Contains(text, "they fail so 3 of 3 times") && !strings.Contains(text, "and always where less hangs on time") {
		t.Errorf("the moves do not always fail")
	}
	_, list, _ := strings.Cut(text, "smallest that fails")
	if moves := strings.Count(list, "\n\t"); moves == 0 || moves > most {
		t.Errorf("it is shown in %d moves, want from 1 to %d", moves, most)
	}
	return seed
}

// losesTCP loses edges on sockets of TCP only, where what is late is not lost yet.
type losesTCP struct{ losesEdge }

func (b *losesTCP) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	n, err := b.mux.Wait(events, timeout)
	kept := slices.DeleteFunc(events[:n], func(e multiplexers.Event) bool {
		lost := overTCP(e.FD) && b.reported[e.FD]
		b.reported[e.FD] = true
		return lost
	})
	return len(kept), err
}

// saysRoomOnce drops events that say Writable alone, of what it has said so of.
type saysRoomOnce struct {
	mux
	said map[int]bool
}

func (b *saysRoomOnce) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	n, err := b.mux.Wait(events, timeout)
	kept := slices.DeleteFunc(events[:n], func(e multiplexers.Event) bool {
		lost := e.Ready == multiplexers.Writable && b.said[e.FD]
		b.said[e.FD] = b.said[e.FD] || e.Ready&multiplexers.Writable != 0
		return lost
	})
	return len(kept), err
}

func (b *saysRoomOnce) Remove(fd int) error {
	delete(b.said, fd)
	return b.mux.Remove(fd)
}

// overTCP says whether a descriptor is a socket of TCP.
func overTCP(fd int) bool {
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	return err == nil && domain == unix.AF_INET
}

// forgetsModify leaves the interest as it was added.
type forgetsModify struct{ mux }

func (forgetsModify) Modify(int, multiplexers.Interest) error { return nil }

// reportsRemoved says that it has removed, and has not.
type reportsRemoved struct{ mux }

func (reportsRemoved) Remove(int) error { return nil }

// saysWritable takes what is readable for writable as well.
type saysWritable struct{ mux }

func (b saysWritable) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	n, err := b.mux.Wait(events, timeout)
	for i, e := range events[:n] {
		if e.Ready&multiplexers.Readable != 0 {
			events[i].Ready |= multiplexers.Writable
		}
	}
	return n, err
}

// saysWritableOverTCP does so of sockets of TCP only, and with every event that they have.
type saysWritableOverTCP struct{ remembers }

func (b saysWritableOverTCP) Wait(events []multiplexers.Event, timeout time.Duration) (int, error) {
	n, err := b.mux.Wait(events, timeout)
	for i, e := range events[:n] {
		if overTCP(e.FD) {
			events[i].Ready |= b.wanted[e.FD] & multiplexers.Writable
		}
	}
	return n, err
}

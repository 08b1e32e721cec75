//go:build linux

package muxtest_test

import (
	"slices"
	"testing"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/muxtest"
)

const (
	onLevel   = 1 << multiplexers.LevelTriggered
	onEdge    = 1 << multiplexers.EdgeTriggered
	onOneShot = 1 << multiplexers.OneShot
	onAny     = onLevel | onEdge | onOneShot
)

// defect is one way for a multiplexer to be broken, and the cases that tell.
type defect struct {
	name     string
	breaks   func(mux) mux
	on       int
	caughtBy []string
}

// TestSuiteCatchesBrokenMultiplexers shows that the suite can fail: each
// defect, put over each mechanism that can have it, fails the named cases.
func TestSuiteCatchesBrokenMultiplexers(t *testing.T) {
	wants := func() map[int]multiplexers.Interest { return make(map[int]multiplexers.Interest) }
	catches(t, all, []defect{
		{"forgets Remove", func(m mux) mux { return forgetsRemove{m} }, onAny, []string{"C-016", "C-017", "C-042", "C-130"}},
		{"starves high descriptors", func(m mux) mux { return starvesHigh{m} }, onLevel, []string{"M-004"}},
		{"reports once what persists", func(m mux) mux { return &reportsOnce{mux: m} }, onLevel | onOneShot, []string{"C-075", "C-076", "C-079", "C-150"}},
		{"loses what is reported once and does not fit", func(m mux) mux { return losesWhatDoesNotFit{m} }, onEdge | onOneShot, []string{"C-067"}},
		{"loses an edge", func(m mux) mux { return &losesEdge{m, make(map[int]bool)} }, onEdge, []string{"C-081", "C-082", "C-087", "C-089", "C-167"}},
		{"Modify to the same does not re-arm", func(m mux) mux { return &doesNotRearm{m, wants()} }, onEdge | onOneShot, []string{"C-084"}},
		{"returns early", func(m mux) mux { return returnsEarly{m} }, onAny, []string{"C-026", "C-032"}},
		{"rounds timeouts down", func(m mux) mux { return roundsDown{m} }, onAny, []string{"C-026"}},
		{"ends an endless wait", func(m mux) mux { return endsEndless{m} }, onAny, []string{"C-005", "C-027"}},
		{"does not poll", func(m mux) mux { return zeroDoesNotPoll{m} }, onAny, []string{"C-025"}},
		{"reports what nobody wants", func(m mux) mux { return reportsUnwanted{m} }, onAny, []string{"C-008", "C-014", "M-001"}},
		{"Modify adds to the interest", func(m mux) mux { return addsToInterest{remembering(m)} }, onAny, []string{"C-014", "C-018"}},
		{"a second Add replaces the first", func(m mux) mux { return replacesOnAdd{m} }, onAny, []string{"C-042"}},
		{"removing twice is well", func(m mux) mux { return forgives{m} }, onAny, []string{"C-042", "C-043"}},
		{"errors name no descriptor", func(m mux) mux { return anonymous{m} }, onAny, []string{"C-043"}},
		{"two events for one descriptor", func(m mux) mux { return splitsEvents{m} }, onAny, []string{"C-002", "C-071"}},
		{"keeps its descriptor open", func(m mux) mux { return keepsOpen{m} }, onEdge | onOneShot, []string{"C-004", "M-008"}},
		{"panics", func(m mux) mux { return panics{m} }, onAny, []string{"C-014"}},
	})
}

// catches puts each defect over each mechanism of these that can have it.
func catches(t *testing.T, of func(multiplexers.Mechanism) bool, defects []defect) {
	t.Helper()
	long(t)
	for _, d := range defects {
		for _, m := range multiplexers.Mechanisms() {
			if d.on&(1<<m.Trigger) != 0 && of(m) {
				t.Run(d.name+"/"+m.Name, func(t *testing.T) {
					caught(t, breaking(m, d.breaks), d.caughtBy)
				})
			}
		}
	}
}

// long skips tests of tests where there is no time for them.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it tells of the suite, and not of what that is about")
	}
}

// all is the condition of defects that any mechanism can have.
func all(multiplexers.Mechanism) bool { return true }

// TestSuiteHoldsToDeclarations shows that a mechanism is held to what it
// declares: each declaration that is not true fails the named cases.
func TestSuiteHoldsToDeclarations(t *testing.T) {
	long(t)
	tests := []struct {
		name     string
		of       string
		declare  func(*multiplexers.Mechanism)
		caughtBy []string
	}{
		{"select reports hang-ups", "select", func(m *multiplexers.Mechanism) { m.Capabilities.HangUp = true }, []string{"C-149/pipe-eof", "C-149/tcp-reset"}},
		{"poll does not", "poll", func(m *multiplexers.Mechanism) { m.Capabilities.HangUp = false }, []string{"C-149/pipe-eof", "C-149/pipe-broken"}},
		{"epoll watches regular files", "epoll-lt", func(m *multiplexers.Mechanism) { m.Capabilities.RegularFiles = true }, []string{"C-046"}},
		{"poll does not", "poll", func(m *multiplexers.Mechanism) { m.Capabilities.RegularFiles = false }, []string{"C-046"}},
		{"poll is edge-triggered", "poll", func(m *multiplexers.Mechanism) { m.Trigger = multiplexers.EdgeTriggered }, []string{"C-080", "C-018"}},
		{"epoll is one-shot", "epoll-lt", func(m *multiplexers.Mechanism) { m.Trigger = multiplexers.OneShot }, []string{"C-095", "C-098", "C-099"}},
		{"edge-triggered epoll is one-shot", "epoll-et", func(m *multiplexers.Mechanism) { m.Trigger = multiplexers.OneShot }, []string{"C-095", "C-098", "C-099"}},
		{"one-shot epoll is level-triggered", "epoll-oneshot", func(m *multiplexers.Mechanism) { m.Trigger = multiplexers.LevelTriggered }, []string{"C-075", "C-076", "C-079"}},
		{"one-shot epoll is edge-triggered", "epoll-oneshot", func(m *multiplexers.Mechanism) { m.Trigger = multiplexers.EdgeTriggered }, []string{"C-080", "C-082", "C-087", "C-167"}},
		{"poll understands Exclusive", "poll", func(m *multiplexers.Mechanism) { m.Capabilities.Exclusive = true }, []string{"M-014", "M-016"}},
		{"one-shot epoll understands Exclusive", "epoll-oneshot", func(m *multiplexers.Mechanism) { m.Capabilities.Exclusive = true }, []string{"C-114", "C-115", "M-013"}},
		{"edge-triggered epoll is level-triggered", "epoll-et", func(m *multiplexers.Mechanism) { m.Trigger = multiplexers.LevelTriggered }, []string{"C-075", "C-079"}},
		{"select is limited", "select", func(m *multiplexers.Mechanism) { m.Capabilities.MaxFD = 1023 }, []string{"C-057"}},
		{"select of an fd_set has one descriptor more", "select-1024", func(m *multiplexers.Mechanism) { m.Capabilities.MaxFD++ }, []string{"C-057"}},
		{"select of an fd_set has one descriptor less", "select-1024", func(m *multiplexers.Mechanism) { m.Capabilities.MaxFD-- }, []string{"C-057"}},
		{"epoll tells places", "epoll-lt", func(m *multiplexers.Mechanism) { m.Capabilities.Indexed = true }, []string{"M-017"}},
		{"poll keeps its set in the kernel", "poll", func(m *multiplexers.Mechanism) { m.Capabilities.KernelSet = true }, []string{"C-125"}},
		{"poll waits by another call", "poll", func(m *multiplexers.Mechanism) { m.Syscalls = []string{"pselect6"} }, []string{"C-005"}},
	}
	for _, test := range tests {
		t.Run(test.of+": "+test.name, func(t *testing.T) {
			for _, m := range multiplexers.Mechanisms() {
				if m.Name == test.of {
					test.declare(&m)
					caught(t, m, test.caughtBy)
					return
				}
			}
			t.Fatalf("no mechanism %s", test.of)
		})
	}
}

// TestCarelessWithSignalsIsCaught stands for poll, whose system call it makes.
func TestCarelessWithSignalsIsCaught(t *testing.T) {
	long(t)
	for _, m := range multiplexers.Mechanisms() {
		if !slices.Equal(m.Syscalls, []string{"ppoll"}) {
			continue
		}
		t.Run("begins anew", func(t *testing.T) {
			caught(t, breaking(m, func(mux) mux { return &careless{restart: true} }), []string{"C-032"})
		})
		t.Run("ends", func(t *testing.T) {
			caught(t, breaking(m, func(mux) mux { return &careless{} }), []string{"C-032"})
		})
		return
	}
	t.Fatal("no mechanism waits in ppoll(2)")
}

// TestHidingErrorsIsCaught is about mechanisms that can tell errors.
func TestHidingErrorsIsCaught(t *testing.T) {
	long(t)
	for _, m := range multiplexers.Mechanisms() {
		if m.Capabilities.HangUp {
			t.Run(m.Name, func(t *testing.T) {
				caught(t, breaking(m, func(m mux) mux { return hidesErrors{m} }), []string{"C-149/tcp-reset", "C-149/pipe-broken", "C-149/tcp-refused"})
			})
		}
	}
}

// breaking is m with a defect.
func breaking(m multiplexers.Mechanism, breaks func(mux) mux) multiplexers.Mechanism {
	sound := m.New
	m.New = func(e multiplexers.Entry) (multiplexers.Multiplexer, error) {
		inner, err := sound(e)
		if err != nil {
			return nil, err
		}
		return breaks(inner), nil
	}
	return m
}

// caught wants each of the named cases to fail on m.
func caught(t *testing.T, m multiplexers.Mechanism, ids []string) {
	t.Helper()
	caughtOn(t, muxtest.OfMechanism(m), ids)
}

// impatience is for how long what does not come of a broken one is waited for. It is too
// short for a sound one on a busy host, which is waited for longer.
const impatience = 300 * time.Millisecond

// caughtOn wants each of the named cases to fail on s.
func caughtOn(t *testing.T, s muxtest.Subject, ids []string) {
	t.Helper()
	for _, id := range ids {
		i := slices.IndexFunc(muxtest.Cases(), func(c muxtest.Case) bool { return c.ID == id })
		if i < 0 {
			t.Fatalf("no case %s", id)
		}
		c := muxtest.Cases()[i]
		if !c.Applies(s) {
			t.Errorf("%s does not apply", c)
			continue
		}
		result := c.Try(t.Context(), s.Impatient(impatience), reexec(t))
		if result.Verdict != muxtest.Fail {
			t.Errorf("%s does not catch it: %s %q", c, result.Verdict, result.Reasons)
			continue
		}
		t.Log(result.Reasons[0])
	}
}

//go:build linux

package muxtest_test

import (
	"fmt"
	"slices"
	"testing"

	"muxbench/multiplexers"
	"muxbench/multiplexers/muxtest"
)

const (
	onLevel = 1 << multiplexers.LevelTriggered
	onEdge  = 1 << multiplexers.EdgeTriggered
)

// TestSuiteCatchesBrokenMultiplexers shows that the suite can fail: each
// defect, put over each mechanism that can have it, fails the named cases.
func TestSuiteCatchesBrokenMultiplexers(t *testing.T) {
	wants := func() map[int]multiplexers.Interest { return make(map[int]multiplexers.Interest) }
	tests := []struct {
		name     string
		breaks   func(mux) mux
		on       int
		caughtBy []string
	}{
		{"forgets Remove", func(m mux) mux { return forgetsRemove{m} }, onLevel | onEdge, []string{"C-016", "C-017", "C-042", "M-007"}},
		{"starves high descriptors", func(m mux) mux { return starvesHigh{m} }, onLevel, []string{"M-004"}},
		{"misses high descriptors", func(m mux) mux { return missesHigh{m} }, onLevel | onEdge, []string{"C-058", "C-059"}},
		{"level-trigger that reports once", func(m mux) mux { return &reportsOnce{mux: m} }, onLevel, []string{"C-075", "C-076", "C-079"}},
		{"loses edges that do not fit", func(m mux) mux { return losesWhatDoesNotFit{m} }, onEdge, []string{"C-067"}},
		{"loses an edge", func(m mux) mux { return &losesEdge{m, make(map[int]bool)} }, onEdge, []string{"C-081", "C-082", "C-087", "C-089", "C-167"}},
		{"Modify to the same does not re-arm", func(m mux) mux { return &doesNotRearm{m, wants()} }, onEdge, []string{"C-084"}},
		{"returns early", func(m mux) mux { return returnsEarly{m} }, onLevel | onEdge, []string{"C-026", "C-032"}},
		{"rounds timeouts down", func(m mux) mux { return roundsDown{m} }, onLevel | onEdge, []string{"C-026"}},
		{"ends an endless wait", func(m mux) mux { return endsEndless{m} }, onLevel | onEdge, []string{"C-005", "C-027"}},
		{"does not poll", func(m mux) mux { return zeroDoesNotPoll{m} }, onLevel | onEdge, []string{"C-025"}},
		{"reports what nobody wants", func(m mux) mux { return reportsUnwanted{m} }, onLevel | onEdge, []string{"C-008", "C-014", "M-001"}},
		{"Modify adds to the interest", func(m mux) mux { return &addsToInterest{m, wants()} }, onLevel | onEdge, []string{"C-014", "C-018"}},
		{"a second Add replaces the first", func(m mux) mux { return replacesOnAdd{m} }, onLevel | onEdge, []string{"C-042"}},
		{"removing twice is well", func(m mux) mux { return forgives{m} }, onLevel | onEdge, []string{"C-042", "C-043"}},
		{"errors name no descriptor", func(m mux) mux { return anonymous{m} }, onLevel | onEdge, []string{"C-043"}},
		{"two events for one descriptor", func(m mux) mux { return splitsEvents{m} }, onLevel | onEdge, []string{"C-002", "C-071"}},
		{"keeps its descriptor open", func(m mux) mux { return keepsOpen{m} }, onEdge, []string{"C-004", "M-008"}},
		{"panics", func(m mux) mux { return panics{m} }, onLevel | onEdge, []string{"C-014"}},
	}
	for _, test := range tests {
		for _, m := range multiplexers.Mechanisms() {
			if test.on&(1<<m.Trigger) == 0 {
				continue
			}
			t.Run(test.name+"/"+m.Name, func(t *testing.T) {
				caught(t, breaking(m, test.breaks), test.caughtBy)
			})
		}
	}
}

// TestSuiteHoldsToDeclarations shows that a mechanism is held to what it
// declares: each declaration that is not true fails the named cases.
func TestSuiteHoldsToDeclarations(t *testing.T) {
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
		{"edge-triggered epoll is level-triggered", "epoll-et", func(m *multiplexers.Mechanism) { m.Trigger = multiplexers.LevelTriggered }, []string{"C-075", "C-079"}},
		{"select is limited", "select", func(m *multiplexers.Mechanism) { m.Capabilities.MaxFD = 1023 }, []string{"C-057"}},
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
	for _, id := range ids {
		i := slices.IndexFunc(muxtest.Cases(), func(c muxtest.Case) bool { return c.ID == id })
		if i < 0 {
			t.Fatalf("no case %s", id)
		}
		c := muxtest.Cases()[i]
		if !c.Applies(m) {
			t.Errorf("%s does not apply", c)
			continue
		}
		var seen recorder
		c.Run(&seen, m)
		if len(seen.failures) == 0 {
			t.Errorf("%s does not catch it", c)
			continue
		}
		t.Log(seen.failures[0])
	}
}

// recorder is a muxtest.T that keeps what is reported.
type recorder struct{ failures []string }

func (*recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

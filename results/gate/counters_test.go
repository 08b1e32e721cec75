package gate_test

import (
	"strings"
	"testing"

	"muxbench/results"
	"muxbench/results/gate"
)

// Counters that repeat to the digit in identical servers are compared to the digit, and
// those that do not are not compared.
func TestCounters(t *testing.T) {
	more := func(c *results.Counters) { c.Reads += messages }
	fewer := func(c *results.Counters) { c.Writes /= 2 }
	tests := []struct {
		name   string
		cell   func(*results.Cell)
		ratio  float64 // of CPU time
		count  func(t results.Trial, c *results.Counters)
		want   gate.Verdict
		why    string
		listed string // counters that differ
	}{
		{"the same", nil, 1, func(results.Trial, *results.Counters) {}, gate.Pass, "", ""},
		{"a read more", nil, 1, of("epoll-lt", more), gate.Regression, "does more for each message: 2 reads instead of 1", "reads"},
		{"a registration more", nil, 1, of("epoll-lt", func(c *results.Counters) { c.Modifies += 2 * messages }), gate.Regression, "2 registrations instead of 0", "registrations"},
		{"a write less", nil, 1, of("epoll-lt", fewer), gate.Pass, "", "writes"},
		{"a read more, and faster", nil, 0.9, of("epoll-lt", more), gate.Improved, "", "reads"},
		{"a read more, and slower", nil, 1.1, of("epoll-lt", more), gate.Regression, "10 % more", "reads"},
		{"a read more in all blocks but one", nil, 1, func(t results.Trial, c *results.Counters) {
			if t.Arm == "epoll-lt" && t.Block != 3 {
				more(c)
			}
		}, gate.Pass, "", ""},
		{"a read more in one million", nil, 1, of("epoll-lt", func(c *results.Counters) { c.Reads++ }), gate.Regression, "1.000001 reads instead of 1", "reads"},
		{"reads that vary in the base", nil, 1, func(t results.Trial, c *results.Counters) {
			if t.Arm == "epoll-lt" {
				more(c)
			}
			if t.Reference && t.Block == 5 {
				c.Reads++
			}
		}, gate.Pass, "", ""},
		{"reads that vary in the control", nil, 1, func(t results.Trial, c *results.Counters) {
			if t.Arm == "epoll-lt" {
				more(c)
			}
			if t.Control && t.Block == 5 {
				c.Reads++
			}
		}, gate.Pass, "", ""},
		{"waits of a server", nil, 1, of("epoll-lt", func(c *results.Counters) { c.Waits *= 2 }), gate.Pass, "", ""},
		{"waits of a chain", func(c *results.Cell) { c.Scenario = "chain" }, 1, of("epoll-lt", func(c *results.Counters) { c.Waits *= 2 }), gate.Regression, "0.2 waits instead of 0.1", "waits"},
		{"an open loop", func(c *results.Cell) { c.Schedule, c.Rate = results.Poisson, 1000 }, 1, of("epoll-lt", more), gate.Inconclusive, "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cell := cellOf(0)
			if test.cell != nil {
				test.cell(&cell)
			}
			trials := blocks(cell, 9, steady(test.ratio))
			for i := range trials {
				test.count(trials[i], &trials[i].Counters.Server)
			}
			c := judge(trials).Cells[0]
			var listed []string
			for _, d := range c.Counters {
				listed = append(listed, d.Name)
			}
			if c.Verdict != test.want || !strings.Contains(c.Why, test.why) || strings.Join(listed, " ") != test.listed {
				t.Errorf("%s, %q, with %v that differ\nwant %s, %q and %s", c.Verdict, c.Why, listed, test.want, test.why, test.listed)
			}
		})
	}
}

// of has the servers of an arm count otherwise.
func of(arm string, change func(*results.Counters)) func(results.Trial, *results.Counters) {
	return func(t results.Trial, c *results.Counters) {
		if t.Arm == arm {
			change(c)
		}
	}
}

// How many messages there were has no part in what each took.
func TestCountersAreOfAMessage(t *testing.T) {
	trials := blocks(cellOf(0), 9, steady(1))
	for i := range trials {
		n := int64(1000 + 7*i)
		s := &trials[i].Slices[0]
		s.ServerCPUNS = s.ServerCPUNS / messages * n
		s.Messages, trials[i].Counters.Server.Reads, trials[i].Counters.Server.Writes = n, 3*n, n
		if trials[i].Arm == "epoll-lt" {
			trials[i].Counters.Server.Reads = 4 * n
		}
	}
	want := gate.Counter{Name: "reads", Base: 3, Head: 4, More: true}
	if c := judge(trials).Cells[0]; len(c.Counters) != 1 || c.Counters[0] != want {
		t.Errorf("%+v, want %+v", c.Counters, want)
	}
}

// What has not been looked at is no regression by its counters either: one block can
// have been a strange one.
func TestCountersAreLookedAtToo(t *testing.T) {
	trials := blocks(cellOf(0), 8, steady(1))
	for i := range trials {
		if trials[i].Arm == "epoll-lt" {
			trials[i].Counters.Server.Reads *= 2
		}
	}
	if c := judge(trials).Cells[0]; c.Verdict != gate.Inconclusive || len(c.Counters) != 1 {
		t.Errorf("after 8 blocks: %s with %v that differ, want none yet", c.Verdict, c.Counters)
	}
}

// Numbers of calls have no noise: where times are worthless they tell all the same.
func TestCountersOfARestlessMachine(t *testing.T) {
	for name, spoil := range map[string]func(*results.Trial){
		"void blocks": func(t *results.Trial) {
			if t.Block%3 == 0 {
				t.Status = results.StatusVoided
			}
		},
		"a control that differs": func(t *results.Trial) {
			if t.Control {
				t.Slices[0].ServerCPUNS += t.Slices[0].ServerCPUNS / 10
			}
		},
	} {
		trials := blocks(cellOf(0), 27, steady(1))
		for i := range trials {
			spoil(&trials[i])
		}
		if c := judge(trials).Cells[0]; c.Verdict != gate.Invalid {
			t.Errorf("%s: %s, %q, want invalid", name, c.Verdict, c.Why)
		}
		for i := range trials {
			if trials[i].Arm == "epoll-lt" {
				trials[i].Counters.Server.Modifies += 2 * messages
			}
		}
		if c := judge(trials).Cells[0]; c.Verdict != gate.Regression || !strings.Contains(c.Why, "2 registrations instead of 0") {
			t.Errorf("%s, and more calls: %s, %q", name, c.Verdict, c.Why)
		}
	}
}

package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"muxbench/report"
	"muxbench/results/gate"
)

// of is a check of one cell, whose head costs so many times what the base does.
func of(head, control, deviation float64, blocks int) report.Check {
	return check(gatedRun(), gated{cell: gatedCell("idle", "epoll-lt", 200), blocks: blocks, head: head, control: control, deviation: deviation, looks: 9})
}

// A gate works if identical builds pass and the slowdown is found, is not to be trusted
// if it says the opposite of either, and cannot be judged by what it could not tell.
func TestSelfTest(t *testing.T) {
	same, slower := of(1, 1, 0.005, 9), of(1.05, 1, 0.005, 9)
	for _, tt := range []struct {
		name              string
		identical, slower report.Check
		want              gate.Verdict
		says              string
	}{
		{"works", same, slower, gate.Pass, "self-test: the gate works here\n"},
		{"sees what is not there", slower, slower, gate.Invalid, "self-test: the gate is not to be trusted here\n"},
		{"sees less where there is nothing", of(0.95, 1, 0.005, 9), slower, gate.Invalid, "self-test: the gate is not to be trusted here\n"},
		{"does not see what is there", same, same, gate.Invalid, "self-test: the gate is not to be trusted here\n"},
		{"cannot tell that nothing is there", of(1, 1, 0.005, 5), slower, gate.Inconclusive, "self-test: whether the gate works here could not be told\n"},
		{"cannot tell what is there", same, of(1.05, 1, 0.005, 5), gate.Inconclusive, "it ended after 5 blocks"},
		{"a control that differs", of(1, 1.05, 0.005, 9), slower, gate.Invalid, "as two identical servers differed by"},
		{"nothing measured", report.Check{Run: gatedRun(), Judgement: gate.Judgement{Verdict: gate.Inconclusive}}, report.Check{}, gate.Inconclusive, "identical builds: not measured\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			st := report.SelfTest{Identical: tt.identical, Slower: tt.slower, Injected: 0.05}
			if got := st.Verdict(); got != tt.want {
				t.Errorf("%s, want %s: %s", got, tt.want, st.Why())
			}
			var text, encoded bytes.Buffer
			if err := report.SelfTestText(&text, st, 0); err != nil || !strings.Contains(text.String(), tt.says) {
				t.Errorf("%v; it says\n%s, which lacks %q", err, text.String(), tt.says)
			}
			if err := report.SelfTestJSON(&encoded, st); err != nil || !json.Valid(encoded.Bytes()) {
				t.Errorf("%v in\n%s", err, encoded.String())
			}
		})
	}
}

// The blocks of identical builds tell how often the gate would cry wolf, and what it
// would find.
func TestSelfTestResamples(t *testing.T) {
	st := report.SelfTest{Identical: of(1, 1, 0.005, 9), Slower: of(1.05, 1, 0.005, 9)}
	st.Resample(1)
	if r := st.Resampled; r.Blocks != 9 || r.Checks < 1000 || r.Alarms > gate.Alarm || r.Visible < 0.015 || r.Visible > 0.03 {
		t.Errorf("%+v", r)
	}
	var text bytes.Buffer
	if err := report.SelfTestText(&text, st, 80); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "raise a false") || !strings.Contains(text.String(), "the smallest slowdown that 95 % of such checks would find is ") {
		t.Errorf("it says\n%s", text.String())
	}
}

package report_test

import (
	"strings"
	"testing"

	"muxbench/report"
)

// Of six blocks, the interval is from the least to the greatest ratio.
func TestLevelVerdicts(t *testing.T) {
	around := func(low, middle, high float64) []float64 { return []float64{low, middle, middle, middle, middle, high} }
	quiet, noisy := around(0.998, 1, 1.002), around(1.016, 1.018, 1.019)
	tests := []struct {
		name             string
		edge, control, o []float64 // o is epoll-oneshot
		want             report.LevelVerdict
		within           bool
		words            string
	}{
		{"well within", around(0.996, 1, 1.006), quiet, nil, report.Equivalent, true, "no difference above 1 % (0.4 % less to 0.6 % more)"},
		{"at both bounds", around(1/1.01, 1, 1.01), quiet, nil, report.Equivalent, true, "no difference above 1 % (1.0 % less to 1.0 % more)"},
		{"just above", around(0.999, 1, 1.0101), quiet, nil, report.Undecided, false, "cannot be told: between 0.1 % less and 1.0 % more"},
		{"just below", around(0.99, 1, 1.001), quiet, nil, report.Undecided, false, "cannot be told: between 1.0 % less and 0.1 % more"},
		{"wide", around(0.98, 1, 1.008), quiet, nil, report.Undecided, false, "cannot be told: between 2.0 % less and 0.8 % more"},
		{"less", around(0.96, 0.969, 0.978), quiet, nil, report.Less, false, "takes 3.1 % less (2.2 to 4.0 %)"},
		{"more", around(1.022, 1.031, 1.04), quiet, nil, report.More, false, "takes 3.1 % more (2.2 to 4.0 %)"},
		{"several times", around(2.4, 2.5, 2.6), quiet, nil, report.More, false, "takes 150 % more (140 to 160 %)"},
		{"less by little", around(0.994, 0.996, 0.998), quiet, nil, report.Less, true, "takes 0.4 % less (0.2 to 0.6 %), no difference above 1 %"},
		{"more by little", around(1.002, 1.004, 1.006), quiet, nil, report.More, true, "takes 0.4 % more (0.2 to 0.6 %), no difference above 1 %"},
		{"less by next to nothing", around(0.999, 0.9995, 0.9998), quiet, nil, report.Less, true, "takes 0.05 % less (0.02 to 0.10 %), no difference above 1 %"},
		{"up to 1", around(0.97, 0.98, 1), quiet, nil, report.Undecided, false, "cannot be told: between 3.0 % less and 0 %"},
		{"from 1 on", around(1, 1.02, 1.03), quiet, nil, report.Undecided, false, "cannot be told: between 0 % and 3.0 % more"},
		{"chance among several", around(0.97, 0.98, 0.99), quiet, around(0.95, 1, 1.05), report.Undecided, false, "cannot be told: between 3.0 % less and 1.0 % less (adjusted p = 0.062)"},
		{"five blocks", around(0.97, 0.98, 0.99)[:5], quiet, nil, report.TooFewBlocks, false, "too few blocks to say (6 are needed)"},
		{"one block", []float64{0.97}, quiet, nil, report.TooFewBlocks, false, "too few blocks to say (6 are needed)"},
		{"no control", around(0.996, 1, 1.006), nil, nil, report.Equivalent, true, "no difference above 1 % (0.4 % less to 0.6 % more)"},
		{"a control of five blocks", around(0.996, 1, 1.006), noisy[:5], nil, report.Equivalent, true, "no difference above 1 % (0.4 % less to 0.6 % more)"},
		{"a noisy control", around(0.996, 1, 1.006), noisy, nil, report.WithinNoise, true, "no difference beyond what identical servers show (1.9 %): 0.4 % less to 0.6 % more"},
		{"a control that scatters", around(0.996, 1, 1.006), around(0.984, 1, 1.004), nil, report.WithinNoise, true, "no difference beyond what identical servers show (1.6 %): 0.4 % less to 0.6 % more"},
		{"less by little, a noisy control", around(0.994, 0.996, 0.998), noisy, nil, report.WithinNoise, true, "no difference beyond what identical servers show (1.9 %): 0.6 % less to 0.2 % less"},
		{"more, but less than identical", around(1.012, 1.015, 1.017), noisy, nil, report.LostInNoise, false, "cannot be told: identical servers differ by 1.8 % here"},
		{"less, but less than identical", around(0.983, 0.985, 0.988), noisy, nil, report.LostInNoise, false, "cannot be told: identical servers differ by 1.8 % here"},
		{"more than identical", around(1.015, 1.019, 1.021), noisy, nil, report.More, false, "takes 1.9 % more (1.5 to 2.1 %)"},
		{"less than identical, and little of both", around(0.996, 0.997, 0.998), around(1.003, 1.004, 1.005), nil, report.Equivalent, true, "no difference above 1 % (0.4 % less to 0.2 % less)"},
		{"undecided, a noisy control", around(0.98, 1, 1.008), noisy, nil, report.Undecided, false, "cannot be told: between 2.0 % less and 0.8 % more"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := levelOrEdge(byBlocks(map[string][]float64{"epoll-et": tt.edge, "epoll-lt/control": tt.control, "epoll-oneshot": tt.o}))
			l := verdictOf(t, s, "epoll-et")
			if l.Verdict != tt.want || l.WithinBound != tt.within || l.Bound != 0.01 {
				t.Errorf("%s, within %v of %g, want %s, %v of 0.01 (%+v)", l.Verdict, l.WithinBound, l.Bound, tt.want, tt.within, l.Ratio)
			}
			if known := len(tt.control) == 6; known != (l.Control != nil) {
				t.Errorf("the control is %v, want one: %v", l.Control, known)
			}
			for format, out := range map[string]string{"text": render(t, text(0), s), "Markdown": render(t, report.Markdown, s)} {
				if line := "- echo, epoll-et: " + tt.words + ".\n"; !strings.Contains(out, line) {
					t.Errorf("no %q in the %s:\n%s", line, format, out)
				}
			}
		})
	}
}

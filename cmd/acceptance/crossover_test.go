//go:build linux

package main

import (
	"strings"
	"testing"
)

// crossing is a run whose report has one crossover.
func crossing(arm, than, kind string, at, low, high float64) *reported {
	return &reported{Crossovers: []crossed{{Along: "connections", Active: 10, Size: 64, Kind: kind, Arm: arm, Than: than, At: at, Low: low, High: high}}}
}

// ofReports is a claim's collection of one report a repetition.
func ofReports(want int, all ...*reported) collected {
	c := collected{want: want}
	for _, r := range all {
		c.repetitions = append(c.repetitions, []measured{{report: r}})
	}
	return c
}

func TestJudgeCrossover(t *testing.T) {
	include := crossing("epoll-lt", "poll", crosses, 30, 20, 40)
	for _, c := range []struct {
		name      string
		including int
		other     *reported
		others    int
		want      verdict
	}{
		{"all include it", 10, nil, 0, holds},
		{"an open end includes it", 9, crossing("epoll-lt", "poll", crosses, 35, 25, 0), 1, holds},
		{"one lies above", 9, crossing("epoll-lt", "poll", crosses, 50, 45, 60), 1, holds},
		{"two lie above", 8, crossing("epoll-lt", "poll", crosses, 50, 45, 60), 2, fails},
		{"two lie below", 8, crossing("epoll-lt", "poll", crosses, 5, 3, 10), 2, fails},
		{"one finds none", 9, crossing("poll", "epoll-lt", "untold", 0, 0, 0), 1, holds},
		{"two find none", 8, crossing("poll", "epoll-lt", "takes-less", 0, 0, 0), 2, fails},
		{"two tell from where on only", 8, crossing("epoll-lt", "poll", "takes-less-from", 0, 0, 0), 2, fails},
		{"two are the other way round", 8, crossing("poll", "epoll-lt", crosses, 30, 20, 40), 2, fails},
		{"most find none", 4, crossing("poll", "epoll-lt", "takes-less", 0, 0, 0), 6, told},
		{"too few, of which two lie above", 5, crossing("epoll-lt", "poll", crosses, 50, 45, 60), 2, fails},
		{"too few, of which one lies above", 5, crossing("epoll-lt", "poll", crosses, 50, 45, 60), 1, few},
	} {
		t.Run(c.name, func(t *testing.T) {
			var all []*reported
			for range c.others {
				all = append(all, c.other)
			}
			for range c.including {
				all = append(all, include)
			}
			f := find(t, judgeCrossover(ofReports(10, all...)), "epoll-lt and poll, along connections, with 10 active")
			if got := verdictOf(f, len(all) < 10); got != c.want {
				t.Errorf("it is %q, want %q: %+v", got, c.want, f)
			}
		})
	}
}

// Where no more than half of the runs find a crossing, there is none to repeat.
func TestCrossingsOfFewRunsAreTold(t *testing.T) {
	all := []*reported{crossing("epoll-lt", "poll", crosses, 30, 20, 40), crossing("epoll-lt", "poll", crosses, 30, 20, 40)}
	all = append(all, crossing("epoll-lt", "poll", "takes-less", 0, 0, 0), crossing("epoll-lt", "poll", "untold", 0, 0, 0))
	f := find(t, judgeCrossover(ofReports(4, all...)), "epoll-lt and poll")
	if verdictOf(f, false) != told || f.measured != "epoll-lt crosses in 2 of 4" {
		t.Errorf("%+v", f)
	}
}

// Those that lie in the median run's interval are counted as well, and ends of
// which nothing is known.
func TestCrossoverTellsWhatItStandsOn(t *testing.T) {
	all := []*reported{
		crossing("epoll-lt", "poll", crosses, 30, 28, 0),
		crossing("epoll-lt", "poll", crosses, 31, 29, 33),
		crossing("epoll-lt", "poll", crosses, 40, 25, 50),
	}
	f := find(t, judgeCrossover(ofReports(3, all...)), "epoll-lt and poll")
	const want = "3 of 3, 1 of them with an end beyond what was measured; 2 estimates lie in the median run's; epoll-lt crosses in 3, at 31 in the median, from 30 to 40"
	if f.measured != want {
		t.Errorf("it says %q, want %q", f.measured, want)
	}
}

func TestJudgeVerdicts(t *testing.T) {
	run := func(lowest string, equal ...string) *reported {
		r, err := parseReport([]byte(`{"scenarios":[{"cells":[{"connections":10,"active":10,"verdict":{"lowest":"poll"}},{"connections":99,"active":10}]}]}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Scenarios[0].Cells[1].Verdict = &chosenArms{lowest, equal}
		return r
	}
	all := judgeCrossover(ofReports(3, run("epoll-lt", "epoll-et"), run("epoll-et", "epoll-lt"), run("poll")))
	for what, want := range map[string]string{
		"10 connections, all active": "poll in 3 of 3",
		"99 connections, 10 active":  "epoll-et, epoll-lt in 2 of 3",
	} {
		if f := find(t, all, what); f.measured != want || verdictOf(f, false) != told {
			t.Errorf("%s: %+v, want %q", what, f, want)
		}
	}
	if f := find(t, all, "verdicts are the most common"); f.measured != "in 2 of 3" || f.holds || !f.certain {
		t.Errorf("%+v, want 2 of 3 and that it cannot hold", f)
	}
	if f := find(t, judgeCrossover(ofReports(3, run("poll"), run("poll"))), "verdicts are the most common"); f.measured != "in 2 of 2" || !f.holds || f.certain {
		t.Errorf("%+v, want 2 of 2 and that more is to come", f)
	}
	if all := judgeCrossover(ofReports(3, &reported{})); len(all) != 0 {
		t.Errorf("of nothing it finds %+v", all)
	}
}

func TestJudgeWatched(t *testing.T) {
	costing := func(ns string) *reported {
		r, err := parseReport([]byte(`{"costs":[{"arm":"poll","fit":{"ns_per_watched":{"value":` + ns + `}}},{"arm":"select","missing":"connections do not vary"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, c := range []struct {
		name  string
		chain []string
		want  verdict
	}{
		{"alike", []string{"20", "20.2", "19.8", "20.1", "19.9", "20.3"}, holds},
		{"dearer in chain", []string{"23", "23.2", "22.8", "23.1", "22.9", "23.3"}, fails},
		{"scattering", []string{"16", "24", "17", "23", "20", "20"}, few},
		{"one cannot tell", []string{"20", "20.2", "19.8", "20.1", "19.9", "20.3", "-1"}, few},
	} {
		t.Run(c.name, func(t *testing.T) {
			done := collected{want: 6}
			for _, ns := range c.chain {
				done.repetitions = append(done.repetitions, []measured{
					{step: step{name: "idle"}, report: costing("20")}, {step: step{name: "chain"}, report: costing(ns)},
				})
			}
			all := judgeWatched(done)
			if f := find(t, all, "poll"); verdictOf(f, false) != c.want || !strings.Contains(f.measured, "20.00 ns") {
				t.Errorf("it is %q, want %q: %+v", verdictOf(f, false), c.want, f)
			}
			if f := find(t, all, "select"); f.holds || !strings.Contains(f.measured, "connections do not vary") {
				t.Errorf("without a model: %+v", f)
			}
		})
	}
}

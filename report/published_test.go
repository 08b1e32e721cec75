package report_test

import (
	"fmt"
	"strings"
	"testing"

	"muxbench/report"
	"muxbench/results"
)

// beside is a run with published figures of the work that iterations do.
func beside(published ...results.Published) results.Run {
	run := syntheticRun("chain")
	for _, p := range published {
		if p.Cell == (results.Cell{}) {
			p.Cell = iterations("poll", 0, 1).Cell
		}
		run.Published = append(run.Published, p)
	}
	return run
}

func TestPublishedFigures(t *testing.T) {
	figure := func(backend string) results.Published {
		return results.Published{Source: "somebody", ElapsedNS: map[string]int64{backend: 1_234_567}}
	}
	at := func(p results.Published, c results.Cell) results.Published { p.Cell = c; return p }
	work := iterations("poll", 0, 1).Cell
	other, unsized, echo := work, work, work
	other.Rounds, unsized.Size, echo.Scenario = 99, 0, "echo"
	runtime, raw := iterations("poll/runtime", 0, 50, 50), iterations("poll/raw", 0, 60, 60)
	runtime.Backend, raw.Backend = "poll", "poll"
	poll := iterations("poll", 0, 40, 40)
	tests := []struct {
		name   string
		run    results.Run
		trials []results.Trial
		want   string // in Markdown
	}{
		{"the same work", beside(figure("poll")), []results.Trial{poll}, "| source | poll there | poll here |\n| :--- | ---: | ---: |\n| somebody | 1,235 | 40 |\n"},
		{"however its size was given", beside(at(figure("poll"), unsized)), []results.Trial{poll}, "| somebody | 1,235 | 40 |\n"},
		{"other work", beside(at(figure("poll"), other)), []results.Trial{poll}, "one byte a write, 99 writes; other machines and kernels: compare shapes, not values\n\n| source | poll there | poll here |\n| :--- | ---: | ---: |\n| somebody | 1,235 | - |\n"},
		{"another scenario", beside(at(figure("poll"), echo)), []results.Trial{poll}, "| somebody | 1,235 | - |\n"},
		{"a trial that failed", beside(figure("poll")), []results.Trial{ended(iterations("poll", 0, 1), results.StatusFailed, "no")}, "| somebody | 1,235 | - |\n"},
		{"an arm of the backend's name", beside(figure("poll")), []results.Trial{runtime, poll}, "| somebody | 1,235 | 40 |\n"},
		{"no arm of its name", beside(figure("poll")), []results.Trial{runtime, raw}, "| somebody | 1,235 | 50 |\n"},
		{"a backend that the run has not", beside(figure("kqueue"), figure("poll")), []results.Trial{poll}, "| source | poll there | poll here | kqueue there | kqueue here |\n"},
		{
			"what varies", beside(figure("poll"), at(figure("poll"), other)), []results.Trial{poll},
			"per iteration, 100 connections, 1 active, one byte a write; other machines and kernels: compare shapes, not values\n\n" +
				"| source | writes | poll there | poll here |\n| :--- | ---: | ---: | ---: |\n| somebody | 10 | 1,235 | 40 |\n| somebody | 99 | 1,235 | - |\n",
		},
		{
			"notes, each once", beside(results.Published{Source: "a|b", Note: "as\nsaid *here*"}, results.Published{Source: "a|b", Note: "as said *here*"}, results.Published{Source: "c", Note: " "}, results.Published{Source: "d", Note: "more"}),
			[]results.Trial{poll}, "| d |\n\n- a\\|b: as said \\*here\\*\n- d: more\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := report.Summarise(tt.run, tt.trials)
			out := render(t, report.Markdown, s)
			_, table, _ := strings.Cut(out, "\n## Figures from elsewhere\n")
			if !strings.Contains(table, tt.want) {
				t.Errorf("no %q in\n%s", tt.want, out)
			}
			if strings.Count(table, tt.want) != 1 {
				t.Errorf("%q is there more than once:\n%s", tt.want, out)
			}
		})
	}
}

func TestNoPublishedFigures(t *testing.T) {
	trials := []results.Trial{iterations("poll", 0, 40)}
	for name, s := range map[string]report.Summary{
		"none": report.Summarise(beside(), trials), "no trials": report.Summarise(beside(results.Published{Source: "x"}), nil),
	} {
		for _, out := range []string{render(t, text(0), s), render(t, report.Markdown, s)} {
			if strings.Contains(strings.ToLower(out), "figures from elsewhere") {
				t.Errorf("%s: a table without figures or a run:\n%s", name, out)
			}
		}
	}
	s := report.Summarise(beside(results.Published{Source: "x"}), trials)
	if out := render(t, report.CSV, s); strings.Contains(out, "published") {
		t.Errorf("CSV, a line for each arm, has published figures:\n%s", out)
	}
	if out := render(t, report.JSON, s); !strings.Contains(out, `"published": [`) {
		t.Errorf("JSON, which has everything, has no published figures:\n%s", out)
	}
}

// A source breaks before a figure is left out, and no word of it is lost. What
// is left out is what has the least to compare, and of equals what lies
// between the first and the last.
func TestPublishedOnANarrowTerminal(t *testing.T) {
	s := load(t, "synthetic-chain")
	for width, want := range map[int]string{
		76: "select select epoll-lt", 80: "select select epoll-lt", 96: "select select poll epoll-lt epoll-lt",
		104: "select select poll poll epoll-lt epoll-lt", 132: "select select poll poll epoll-lt epoll-lt epoll-et epoll-et kqueue", 0: "select select poll poll epoll-lt epoll-lt epoll-et epoll-et kqueue kqueue",
	} {
		_, table, _ := strings.Cut(render(t, text(width), s), "\nfigures from elsewhere")
		header, rows, _ := strings.Cut(table[strings.Index(table, " source"):], "\n")
		if got := strings.Join(strings.Fields(header)[4:], " "); got != want {
			t.Errorf("width %d: columns of %s, want %s", width, got, want)
		}
		rows, _, _ = strings.Cut(rows, "\n\n")
		words := make(map[string]int)
		for word := range strings.FieldsSeq(rows) {
			words[word]++
		}
		for _, p := range s.Run.Published {
			for word := range strings.FieldsSeq(p.Source) {
				if words[word] == 0 {
					t.Errorf("width %d: %q of %q is missing:\n%s", width, word, p.Source, rows)
				}
			}
			if n := fmt.Sprint(p.Cell.Active); words[n] == 0 {
				t.Errorf("width %d: a row of %s active is missing", width, n)
			}
		}
	}
}

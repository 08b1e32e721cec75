package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"muxbench/report"
)

// demonstration is one of which a row differs.
func demonstration() report.Demonstration {
	return report.Demonstration{
		Name: "lt-vs-et", Title: "a pipe gets 2 KiB, of which 1 KiB is read: who reports the rest?",
		Rows: []report.DemonstrationRow{
			{Done: "level-triggered: a wait when 1 KiB was read", Expected: "1 event: EPOLLIN", Observed: "1 event: EPOLLIN", AsExpected: true},
			{Done: "edge-triggered: a wait when 1 KiB was read, for 50 ms", Expected: "no event", Observed: "1 event: EPOLLIN"},
			{Done: "edge-triggered: how long that took", Observed: "0.1 ms", AsExpected: true},
		},
		Why: "A wait reports\nwhat is ready.", Advice: "Read until EAGAIN.", Source: "epoll(7)",
	}
}

func demonstrationFormats() map[string]func(io.Writer, report.Demonstration) error {
	return map[string]func(io.Writer, report.Demonstration) error{
		"demonstration-wide.txt": func(w io.Writer, d report.Demonstration) error { return report.DemonstrationText(w, d, 0) },
		"demonstration-60.txt":   func(w io.Writer, d report.Demonstration) error { return report.DemonstrationText(w, d, 60) },
		"demonstration.md":       report.DemonstrationMarkdown,
		"demonstration.json": func(w io.Writer, d report.Demonstration) error {
			return report.DemonstrationsJSON(w, []report.Demonstration{d})
		},
	}
}

func TestGoldenDemonstration(t *testing.T) {
	for file, render := range demonstrationFormats() {
		t.Run(file, func(t *testing.T) {
			var got bytes.Buffer
			if err := render(&got, demonstration()); err != nil {
				t.Fatal(err)
			}
			golden(t, file, got.Bytes())
		})
	}
}

// TestDemonstrationThatCouldNotBeShown says why, and still what it is about.
func TestDemonstrationThatCouldNotBeShown(t *testing.T) {
	for _, d := range []report.Demonstration{
		{Name: "fork", Skipped: "needs CAP_KILL", Why: "w"},
		{Name: "fork", Failures: []string{"pipe2: EMFILE", "needs CAP_KILL"}, Why: "w"},
	} {
		for file, render := range demonstrationFormats() {
			var out bytes.Buffer
			if err := render(&out, d); err != nil {
				t.Errorf("%s: %v", file, err)
			}
			if !strings.Contains(strings.ReplaceAll(out.String(), `\_`, "_"), "needs CAP_KILL") {
				t.Errorf("%s does not tell:\n%s", file, out.String())
			}
		}
	}
}

func TestHostileDemonstration(t *testing.T) {
	for _, s := range nasty() {
		t.Run(fmt.Sprintf("%.20q", s), func(t *testing.T) {
			d := report.Demonstration{Name: s, Title: s, Why: s, Advice: s, Source: s, Skipped: s, Failures: []string{s},
				Rows: []report.DemonstrationRow{{Done: s, Expected: s, Observed: s}}}
			outputs := make(map[string]string)
			for file, render := range demonstrationFormats() {
				var out bytes.Buffer
				if err := render(&out, d); err != nil {
					t.Fatal(err)
				}
				outputs[file] = out.String()
			}
			checkPrintable(t, outputs)
			checkMarkdown(t, strings.ReplaceAll(outputs["demonstration.md"], "**", ""))
			if !json.Valid([]byte(outputs["demonstration.json"])) {
				t.Error("the JSON is none")
			}
		})
	}
}

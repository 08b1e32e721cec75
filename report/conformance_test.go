package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"testing"

	"muxbench/report"
)

// conformance is one with every verdict, for every tier.
func conformance() report.Conformance {
	pass := func(subject string, reasons ...string) report.ConformanceResult {
		return report.ConformanceResult{Subject: subject, Verdict: "pass", Reasons: reasons}
	}
	return report.Conformance{
		Run: syntheticRun("conform"),
		Subjects: []report.ConformanceSubject{
			{Tier: "K", Name: "kernel"},
			{Tier: "P", Name: "poll"},
			{Tier: "P", Name: "epoll-et"},
			{Tier: "P", Name: "uring", Unavailable: "io_uring_setup: operation not permitted"},
			{Tier: "S", Name: "poll"},
		},
		Cases: []report.ConformanceCase{
			{ID: "C-048", Tier: "K", Title: "EPOLL_CLOEXEC is that", Source: "LTP epoll_create1_01", Results: []report.ConformanceResult{pass("kernel")}},
			{ID: "C-053", Tier: "K", Title: "ENOSPC where max_user_watches is reached", Needs: "CAP_SETUID", Source: "epoll_ctl(2)", Results: []report.ConformanceResult{
				{Subject: "kernel", Verdict: "skip", Reasons: []string{"needs CAP_SETUID"}}}},
			{ID: "C-116", Tier: "K", Title: "a wait with timeout 0 misses nothing", Allowed: "some are missed", Source: "kernel selftest epoll_wakeup_test 65", Results: []report.ConformanceResult{
				pass("kernel", "3 of 100,000 waits missed it")}},
			{ID: "C-140", Tier: "K", Title: "a pipe's end is a hang-up and no data", Source: "LTP poll03", Results: []report.ConformanceResult{
				{Subject: "kernel", Verdict: "differs", Reasons: []string{"poll(2) finds POLLIN|POLLHUP", "so does epoll"}}}},
			{ID: "C-001", Tier: "P", Title: "idle streams are writable and nothing else, which takes a long line to say", Source: "gVisor", Results: []report.ConformanceResult{pass("poll"), pass("epoll-et")}},
			{ID: "C-080", Tier: "P", Title: "an unread byte is reported once", Needs: "edge-triggered", Source: "kernel selftest", Results: []report.ConformanceResult{
				{Subject: "epoll-et", Verdict: "fail", Reasons: []string{"got 2 events, want 1\nafter these moves:\n  write 1"}}}},
			{ID: "C-026", Tier: "P", Title: "a timeout passes in full", Source: "gVisor", Results: []report.ConformanceResult{
				{Subject: "poll", Verdict: "fail", Reasons: []string{"returned early"}}, {Subject: "epoll-et", Verdict: "fail", Reasons: []string{"returned early"}}}},
			{ID: "C-151", Tier: "S", Title: "a half-closed client gets all of its echo", Source: "mio", Results: []report.ConformanceResult{pass("poll")}},
		},
	}
}

func conformanceFormats() map[string]func(io.Writer, report.Conformance) error {
	return map[string]func(io.Writer, report.Conformance) error{
		"conformance-wide.txt": func(w io.Writer, c report.Conformance) error { return report.ConformanceText(w, c, 0) },
		"conformance-60.txt":   func(w io.Writer, c report.Conformance) error { return report.ConformanceText(w, c, 60) },
		"conformance.md":       report.ConformanceMarkdown,
		"conformance.json":     report.ConformanceJSON,
	}
}

func TestGoldenConformance(t *testing.T) {
	for file, render := range conformanceFormats() {
		t.Run(file, func(t *testing.T) {
			var got bytes.Buffer
			if err := render(&got, conformance()); err != nil {
				t.Fatal(err)
			}
			golden(t, file, got.Bytes())
		})
	}
}

// TestConformanceFails where a multiplexer or a server does, and not for a kernel that
// differs.
func TestConformanceFails(t *testing.T) {
	c := conformance()
	if !c.Failed() {
		t.Error("two multiplexers fail, and the whole does not")
	}
	c.Cases = c.Cases[:5]
	if c.Failed() {
		t.Error("a kernel that differs, and a skip, are failures")
	}
}

// TestInterruptedConformance says so, and has the results until then.
func TestInterruptedConformance(t *testing.T) {
	for _, c := range []report.Conformance{{Interrupted: true}, {Interrupted: true, Subjects: conformance().Subjects, Cases: []report.ConformanceCase{{ID: "C-001", Tier: "P"}}}} {
		for file, render := range conformanceFormats() {
			var out bytes.Buffer
			if err := render(&out, c); err != nil {
				t.Errorf("%s: %v", file, err)
			}
			if !bytes.Contains(out.Bytes(), []byte("interrupted")) {
				t.Errorf("%s does not tell:\n%s", file, out.String())
			}
		}
	}
}

// TestHostileConformance: what a kernel or a server says may stand in a reason.
func TestHostileConformance(t *testing.T) {
	for _, s := range nasty() {
		t.Run(fmt.Sprintf("%.20q", s), func(t *testing.T) {
			c := conformance()
			c.Run.Version, c.Run.Environment.Kernel, c.Run.Environment.CPUModel = s, s, s
			for i := range c.Subjects {
				c.Subjects[i].Unavailable = s
			}
			for i := range c.Cases {
				c.Cases[i].Title, c.Cases[i].Needs, c.Cases[i].Allowed, c.Cases[i].Source = s, s, s, s
				for j := range c.Cases[i].Results {
					c.Cases[i].Results[j].Reasons = []string{s, s}
				}
			}
			outputs := make(map[string]string)
			for file, render := range conformanceFormats() {
				var out bytes.Buffer
				if err := render(&out, c); err != nil {
					t.Fatal(err)
				}
				outputs[file] = out.String()
			}
			checkPrintable(t, outputs)
			checkMarkdown(t, outputs["conformance.md"])
			if !json.Valid([]byte(outputs["conformance.json"])) {
				t.Error("the JSON is none")
			}
		})
	}
}

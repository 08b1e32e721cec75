//go:build linux

package main

import (
	"strings"
	"testing"

	"muxbench/report"
	"muxbench/results"
	"muxbench/scenarios"
)

// What doctor shows of a machine with much to say about, and of one with
// nothing. No name or text that the machine gives can command the terminal.
func TestDiagnosisText(t *testing.T) {
	machine := results.Environment{Kernel: "6.1.0-18-amd64", Arch: "amd64", CPUModel: "AMD \x1b[31mEPYC", CPUs: 2, Hypervisor: "a virtual machine", GoVersion: "go1.26.0", ClockSource: "hpet"}
	tests := []struct {
		name     string
		examined scenarios.Examination
		same     map[results.Metric]report.Noise
		want     string
	}{
		{"troubled", scenarios.Examination{
			Environment: machine,
			Findings: []results.Finding{
				{Check: "cpu-quota", Text: "/sys/fs/cgroup/cpu.max allows the time of 0.5 CPUs, and server and load want two: once it is used up both are stopped.", Fix: "raise that limit\x07", Severe: true},
				{Check: "mitigations", Text: "Part of what a system call costs."},
			},
			WatchedNS: 2_004_000_000,
			Readings: []scenarios.Reading{
				{Check: results.CheckSteal, Value: 0.0512, Unit: scenarios.Share, Flagged: new(0.01), Void: new(0.05)},
				{Check: results.CheckThrottled, Value: 0, Unit: scenarios.Nanoseconds, Void: new(0.0)},
				{Check: results.CheckListen, Value: 3, Unit: scenarios.Count, Flagged: new(0.0)},
			},
		}, nil, `
Linux 6.1.0-18-amd64 amd64, AMD �[31mEPYC, 2 CPUs, a virtual machine, go1.26.0, clock hpet

FINDING             WHAT IT IS, AND WHAT HELPS
cpu-quota (severe)  /sys/fs/cgroup/cpu.max allows the time of 0.5 CPUs, and server and load
                    want two: once it is used up both are stopped.
                    Fix: raise that limit�
mitigations         Part of what a system call costs.

WATCHED FOR 2.0 S  HERE   FLAGGED ABOVE  NOT TRUSTED ABOVE  VERDICT
steal              5.1 %  1.0 %          5.0 %              not to be trusted
throttled          0s     -              0s                 ok
listen             3      0              -                  flagged

IDENTICAL ARMS  DIFFERED BY UP TO  SMALLEST DIFFERENCE TO BE SEEN
server CPU      not known          not known
throughput      not known          not known
`},
		{"fit", scenarios.Examination{
			Environment: results.Environment{CPUs: 1},
			WatchedNS:   2e9,
			Readings:    []scenarios.Reading{{Check: scenarios.CheckClock, Value: 320, Unit: scenarios.Nanoseconds, Flagged: new(1e3), Void: new(1e5)}},
		}, map[results.Metric]report.Noise{results.ServerCPUPerMessage: {Floor: 0.0123, Visible: 0.0091}, results.Throughput: {Floor: 0.031, Visible: 0.02}}, `
Linux, 1 CPU

WATCHED FOR 2.0 S  HERE   FLAGGED ABOVE  NOT TRUSTED ABOVE  VERDICT
clock-step         320ns  1µs            100µs              ok

IDENTICAL ARMS  DIFFERED BY UP TO  SMALLEST DIFFERENCE TO BE SEEN
server CPU      1.2 %              0.9 %
throughput      3.1 %              2.0 %

Figures of this machine can be trusted, as far as this tells. Differences in server CPU below 1.2 % are noise.
`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			if err := diagnosisText(&out, diagnosis{Examination: test.examined, Identical: test.same, Trusted: len(test.examined.Severe()) == 0}); err != nil {
				t.Fatal(err)
			}
			if want := test.want[1:]; out.String() != want {
				t.Errorf("got\n%s\nwant\n%s", out.String(), want)
			}
		})
	}
}

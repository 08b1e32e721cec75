package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"muxbench/results"
)

// csvColumns are metrics that have columns of their values, and of their ratios.
type csvColumns struct{ values, ratios []results.Metric }

// csvMetrics are in the order of columns. New ones go into a group of their
// own at the end: scripts may count columns.
func csvMetrics() []csvColumns {
	values := []results.Metric{
		results.Messages, results.Elapsed, results.Throughput,
		results.ServerCPUPerMessage, results.LoadCPUPerMessage,
		results.ServerSyscallsPerMsg, results.EventsPerWait,
		results.ConnectElapsed, results.ConnectsPerSecond, results.ServerCPUPerConnection,
		results.LatencyP50, results.LatencyP90, results.LatencyP99, results.LatencyP999, results.LatencyMax,
		results.ServerRSS, results.LoadRSS, results.ServerRSSPerConnection, results.LoadRSSPerConnection,
		results.BlockOverhead,
	}
	ratios := []results.Metric{
		results.Throughput, results.ServerCPUPerMessage, results.ConnectElapsed, results.ServerCPUPerConnection,
	}
	later := []results.Metric{
		results.ServerOwnCPUPerMessage, results.ServerSwitches, results.LoadSwitches, results.WorldStops,
	}
	latest := []results.Metric{
		results.ServerReadsPerMsg, results.ServerWritesPerMsg, results.ServerWaitsPerMsg, results.ServerEmptyWaitsPerMsg,
		results.ServerRegsPerMsg, results.ExaminedPerWait, results.ServerUserCPUPerMsg, results.ServerSystemCPUPerMsg,
		results.StealShare, results.SpeedChange, results.Throttled, results.ServerQueueShare, results.ServerBusyShare, results.LoadBusyShare,
		results.ListenDrops, results.RetransmittedShare, results.Drift, results.PilotRound,
	}
	ofOpenLoops := []results.Metric{
		results.Offered, results.Capacity, results.LagP50, results.LagP99, results.LagMax, results.LatencyRise, results.Unsent, results.SLORate, sloShare,
	}
	ofPools := []results.Metric{results.ServerFutexesPerMsg}
	ofQuestions := []results.Metric{
		results.ServerEAGAINPerMsg, results.LeastThreadShare, results.GreatestThreadShare, results.WakeupsPerAccept, results.SpuriousPerAccept, results.Overflows, results.NeverAccepted,
		results.AddTime, results.ModifyTime, results.RemoveTime, results.RegistrationTime, results.EmptyWaitTime,
	}
	return []csvColumns{
		{values, ratios}, {later, []results.Metric{results.Elapsed}}, {latest, nil},
		{ofOpenLoops, []results.Metric{results.LatencyP50, results.LatencyP99, results.SLORate}},
		{ofPools, nil},
		{ofQuestions, []results.Metric{results.ConnectsPerSecond, results.AddTime, results.ModifyTime, results.RemoveTime, results.RegistrationTime}},
	}
}

// CSV writes one line for each arm of each cell, in base units: the median of
// every metric under its own name, its interval (or where _interval is false
// its range) as _low and _high, and ratios to the reference arm as _ratio,
// _ratio_low, _ratio_high. What is not known is empty. A string that a spreadsheet would take for a formula gets a ' before.
func CSV(w io.Writer, s Summary) error {
	out := csv.NewWriter(w)
	header := []string{
		"scenario", "connections", "active", "rounds", "duration_ns", "size_bytes", "rate_msgs_per_s", "socket_buffers_bytes",
		"arm", "backend", "reference", "blocks", "ok", "failed", "skipped", "voided", "interrupted", "reasons", "validity",
		"latency_samples",
	}
	for _, columns := range csvMetrics() {
		for _, m := range columns.values {
			header = append(header, string(m), string(m)+"_low", string(m)+"_high")
		}
		for _, m := range columns.ratios {
			header = append(header, string(m)+"_ratio", string(m)+"_ratio_low", string(m)+"_ratio_high", string(m)+"_ratio_blocks")
		}
	}
	lines := [][]string{slices.Concat(header, []string{"control"}, csvTestColumns(csvComparedMetrics()), csvOpenColumns(), csvTestColumns(csvQuestionMetrics()))}
	for _, sc := range s.Scenarios {
		for _, c := range sc.Cells {
			for _, a := range c.Arms {
				lines = append(lines, csvLine(c, a))
			}
		}
	}
	if err := out.WriteAll(lines); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

func csvLine(c Cell, a Arm) []string {
	var reasons, flags []string
	for _, p := range a.Problems {
		reasons = append(reasons, fmt.Sprintf("block %d %s: %s", p.Block, plainName(string(p.Status)), plainText(p.Reason)))
	}
	for _, f := range a.Flags {
		flags = append(flags, fmt.Sprintf("%d blocks: %s", f.Blocks, plainText(f.Text)))
	}
	line := []string{
		csvString(fullName(c.Scenario)), strconv.Itoa(c.Connections), strconv.Itoa(c.Active), strconv.Itoa(c.Rounds),
		strconv.FormatInt(c.DurationNS, 10), strconv.Itoa(c.Size), csvNumber(c.Rate), strconv.Itoa(c.SocketBuffers),
		csvString(fullName(a.Name)), csvString(fullName(a.Backend)), strconv.FormatBool(a.Reference),
		strconv.Itoa(a.Blocks.Total()), strconv.Itoa(a.Blocks.OK), strconv.Itoa(a.Blocks.Failed),
		strconv.Itoa(a.Blocks.Skipped), strconv.Itoa(a.Blocks.Voided), strconv.Itoa(a.Blocks.Interrupted),
		csvString(strings.Join(reasons, "; ")), csvString(strings.Join(flags, "; ")),
		strconv.FormatInt(a.Samples, 10),
	}
	for _, columns := range csvMetrics() {
		for _, m := range columns.values {
			if e, ok := a.Values[m]; ok {
				line = append(line, csvEstimate(e)...)
			} else {
				line = append(line, "", "", "")
			}
		}
		for _, m := range columns.ratios {
			if r := a.Ratios[m]; r != nil {
				line = append(line, csvEstimate(r.Estimate)...)
				line = append(line, strconv.Itoa(r.Blocks))
			} else {
				line = append(line, "", "", "", "")
			}
		}
	}
	return slices.Concat(line, []string{strconv.FormatBool(a.Control)}, csvTests(c, a, csvComparedMetrics()), csvOpen(c, a), csvTests(c, a, csvQuestionMetrics()))
}

func csvEstimate(e Estimate) []string {
	return []string{csvNumber(e.Value), csvNumber(e.Low), csvNumber(e.High)}
}

func csvNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// csvString keeps a spreadsheet from taking a string for a formula.
func csvString(s string) string {
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}

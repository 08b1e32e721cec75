package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"muxbench/results"
)

// csvMetrics are the columns of values, and csvRatios those of ratios.
func csvMetrics() []results.Metric {
	return []results.Metric{
		results.Messages, results.Elapsed, results.Throughput,
		results.ServerCPUPerMessage, results.LoadCPUPerMessage,
		results.ServerSyscallsPerMsg, results.EventsPerWait,
		results.ConnectElapsed, results.ConnectsPerSecond, results.ServerCPUPerConnection,
		results.LatencyP50, results.LatencyP90, results.LatencyP99, results.LatencyP999, results.LatencyMax,
		results.ServerRSS, results.LoadRSS, results.ServerRSSPerConnection, results.LoadRSSPerConnection,
		results.BlockOverhead,
	}
}

func csvRatios() []results.Metric {
	return []results.Metric{
		results.Throughput, results.ServerCPUPerMessage, results.ConnectElapsed, results.ServerCPUPerConnection,
	}
}

// CSV writes one line for each arm of each cell, in base units: the median of
// every metric under its own name, its range as _low and _high, and ratios to
// the reference arm as _ratio, _ratio_low, _ratio_high. What is not known is
// empty. A string that a spreadsheet would take for a formula gets a ' before.
func CSV(w io.Writer, s Summary) error {
	out := csv.NewWriter(w)
	header := []string{
		"scenario", "connections", "active", "rounds", "duration_ns", "size_bytes", "rate_msgs_per_s", "socket_buffers_bytes",
		"arm", "backend", "reference", "blocks", "ok", "failed", "skipped", "voided", "interrupted", "reasons", "validity",
		"latency_samples",
	}
	for _, m := range csvMetrics() {
		header = append(header, string(m), string(m)+"_low", string(m)+"_high")
	}
	for _, m := range csvRatios() {
		header = append(header, string(m)+"_ratio", string(m)+"_ratio_low", string(m)+"_ratio_high", string(m)+"_ratio_blocks")
	}
	lines := [][]string{header}
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
		csvString(plainName(c.Scenario)), strconv.Itoa(c.Connections), strconv.Itoa(c.Active), strconv.Itoa(c.Rounds),
		strconv.FormatInt(c.DurationNS, 10), strconv.Itoa(c.Size), csvNumber(c.Rate), strconv.Itoa(c.SocketBuffers),
		csvString(plainName(a.Name)), csvString(plainName(a.Backend)), strconv.FormatBool(a.Reference),
		strconv.Itoa(a.Blocks.Total()), strconv.Itoa(a.Blocks.OK), strconv.Itoa(a.Blocks.Failed),
		strconv.Itoa(a.Blocks.Skipped), strconv.Itoa(a.Blocks.Voided), strconv.Itoa(a.Blocks.Interrupted),
		csvString(strings.Join(reasons, "; ")), csvString(strings.Join(flags, "; ")),
		strconv.FormatInt(a.Samples, 10),
	}
	for _, m := range csvMetrics() {
		if e, ok := a.Values[m]; ok {
			line = append(line, csvNumber(e.Median), csvNumber(e.Low), csvNumber(e.High))
		} else {
			line = append(line, "", "", "")
		}
	}
	for _, m := range csvRatios() {
		if e, ok := a.Ratios[m]; ok {
			line = append(line, csvNumber(e.Median), csvNumber(e.Low), csvNumber(e.High), strconv.Itoa(e.Blocks))
		} else {
			line = append(line, "", "", "", "")
		}
	}
	return line
}

func csvNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// csvString keeps a spreadsheet from taking a string for a formula.
func csvString(s string) string {
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}

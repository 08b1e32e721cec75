package report

import (
	"strconv"

	"muxbench/results"
)

// csvComparedMetrics are those that arms of any scenario are compared by.
func csvComparedMetrics() []results.Metric {
	return []results.Metric{
		results.Throughput, results.ServerCPUPerMessage, results.ConnectElapsed, results.ServerCPUPerConnection, results.Elapsed,
		results.LatencyP50, results.LatencyP99, results.SLORate,
	}
}

// csvQuestionMetrics are likewise those of scenarios that came later. Their columns
// are the last.
func csvQuestionMetrics() []results.Metric {
	return []results.Metric{results.ConnectsPerSecond, results.AddTime, results.ModifyTime, results.RemoveTime, results.RegistrationTime}
}

// csvTestColumns are the columns of what ratios are worth, which came later
// than those of ratios.
func csvTestColumns(metrics []results.Metric) []string {
	var header []string
	for _, m := range metrics {
		for _, of := range []string{
			"_interval", "_ratio_interval", "_ratio_held_in_blocks", "_ratio_p", "_ratio_p_adjusted", "_ratio_stars",
			"_ratio_smallest_visible_effect", "_noise_floor", "_smallest_visible_effect",
		} {
			header = append(header, string(m)+of)
		}
	}
	return header
}

func csvTests(c Cell, a Arm, metrics []results.Metric) []string {
	var line []string
	for _, m := range metrics {
		interval := ""
		if e, ok := a.Values[m]; ok {
			interval = strconv.FormatBool(e.Interval)
		}
		line = append(line, interval)
		if r := a.Ratios[m]; r != nil {
			line = append(line, strconv.FormatBool(r.Interval), strconv.Itoa(r.Held), csvNumber(r.P), csvNumber(r.PAdjusted), r.Stars, csvKnown(r.Visible))
		} else {
			line = append(line, "", "", "", "", "", "")
		}
		noise := c.Noise[m]
		line = append(line, csvKnown(noise.Floor), csvKnown(noise.Visible))
	}
	return line
}

// csvOpenColumns are the columns of what only an open loop has.
func csvOpenColumns() []string {
	return []string{"schedule", "load", "slo", "slo_ns", "saturated_blocks", "slo_missed_blocks"}
}

func csvOpen(c Cell, a Arm) []string {
	line := []string{csvString(plainName(string(c.Schedule))), csvKnown(c.Load), csvString(plainName(string(c.SLO))), csvKnown(float64(c.SLONS))}
	saturated, missed := "", ""
	if a.Open != nil {
		saturated = strconv.Itoa(a.Open.Saturated)
		if a.Open.Search != nil {
			missed = strconv.Itoa(a.Open.Search.Missed)
		}
	}
	return append(line, saturated, missed)
}

// csvKnown is empty for zero.
func csvKnown(v float64) string { return unless(v == 0, csvNumber(v)) }

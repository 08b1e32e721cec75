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

// ComparisonCSV writes one line for each row of c, in base units, and one for each
// arm of a cell that one side alone has, which only_in names. What is not known is
// empty. New columns go to the end: scripts may count them.
func ComparisonCSV(w io.Writer, c SideBySide) error {
	header := []string{
		"alike", "unlike", "scenario", "connections", "active", "rounds", "duration_ns", "size_bytes", "rate_msgs_per_s", "socket_buffers_bytes",
		"schedule", "load", "slo", "slo_ns", "arm_a", "arm_b", "only_in", "control", "reference", "metric", "primary",
	}
	for _, side := range []string{"a", "b"} {
		header = append(header, side, side+"_low", side+"_high", side+"_interval", side+"_blocks")
	}
	for _, of := range []string{"ratio", "ratio_of_ratios"} {
		header = append(header, of, of+"_low", of+"_high", of+"_interval", of+"_p", of+"_p_adjusted")
	}
	lines := [][]string{append(header, "judged_by", "stars", "why_not")}
	for _, r := range c.Rows {
		line := slices.Concat(csvComparedCell(c, r.Cell), []string{
			csvString(fullName(r.ArmA)), csvString(fullName(r.ArmB)), "", strconv.FormatBool(r.Control), csvString(fullName(r.Reference)),
			csvString(fullName(string(r.Metric))), strconv.FormatBool(r.Primary),
		}, csvComparedValue(r.A), csvComparedValue(r.B), csvComparedRatio(r.Ratio), csvComparedRatio(r.Relative))
		lines = append(lines, append(line, string(r.JudgedBy), r.Stars, csvString(r.Why)))
	}
	for _, side := range []struct {
		name string
		only []ComparisonOnly
	}{{"a", c.OnlyA}, {"b", c.OnlyB}} {
		for _, o := range side.only {
			for _, arm := range o.Arms {
				arms := []string{csvString(fullName(arm)), ""}
				if side.name == "b" {
					slices.Reverse(arms)
				}
				line := slices.Concat(csvComparedCell(c, o.Cell), arms, []string{side.name})
				lines = append(lines, append(line, make([]string, len(lines[0])-len(line))...))
			}
		}
	}
	if err := csv.NewWriter(w).WriteAll(lines); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

// csvComparedCell begins every line.
func csvComparedCell(c SideBySide, cell results.Cell) []string {
	return []string{
		strconv.FormatBool(c.Alike), strings.Join(c.Unlike, "; "),
		csvString(fullName(cell.Scenario)), strconv.Itoa(cell.Connections), strconv.Itoa(cell.Active), strconv.Itoa(cell.Rounds),
		strconv.FormatInt(cell.DurationNS, 10), strconv.Itoa(cell.Size), csvNumber(cell.Rate), strconv.Itoa(cell.SocketBuffers),
		csvString(fullName(string(cell.Schedule))), csvKnown(cell.Load), csvString(fullName(string(cell.SLO))), csvKnown(float64(cell.SLONS)),
	}
}

func csvComparedValue(e *Estimate) []string {
	if e == nil {
		return make([]string, 5)
	}
	return append(csvEstimate(*e), strconv.FormatBool(e.Interval), strconv.Itoa(e.Blocks))
}

func csvComparedRatio(r *ComparisonRatio) []string {
	if r == nil {
		return make([]string, 6)
	}
	return []string{csvNumber(r.Value), csvNumber(r.Low), csvNumber(r.High), strconv.FormatBool(r.Interval), csvKnown(r.P), csvKnown(r.PAdjusted)}
}

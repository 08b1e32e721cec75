package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"muxbench/results"
)

// levelTables are one of the closed loops and one of the open ones, whose columns
// differ. The reference and its control are among the rows.
func levelTables(s Summary) []table {
	var tables []table
	naming := workloads(s.Scenarios)
	for _, opens := range []bool{false, true} {
		var rows []row
		workload := column{header: "workload", cell: true, left: true, breaks: true, yields: true}
		arms := column{header: "backend", left: true, breaks: true}
		for _, sc := range s.Scenarios {
			name := naming(sc)
			for _, c := range sc.Cells {
				if !alikeWork(c.Cell) || open(c.Cell) != opens {
					continue
				}
				for _, a := range c.shown() {
					rows = append(rows, row{c, a})
					workload.cells = append(workload.cells, name(c.Cell))
					arms.cells = append(arms.cells, plainName(a.Name))
				}
			}
		}
		if len(rows) == 0 {
			continue
		}
		t := table{heading: levelHeading(s, opens), columns: append([]column{workload, arms}, levelColumns(rows, opens)...)}
		t.columns = slices.DeleteFunc(t.columns, column.empty)
		tables = append(tables, t)
	}
	return tables
}

func levelHeading(s Summary, opens bool) string {
	cells := levelCells(s.Scenarios)
	_, fixed := splitDimensions(cells)
	loop, by := "closed loop", "turn by turn"
	if opens {
		loop, by = "open loop, at the same rate", "block by block"
	}
	parts := append([]string{"Level or edge, " + loop + ": server CPU per message against " + plainName(cells[0].Reference) + " " + by}, phrases(fixed, cells[0].Cell)...)
	return strings.Join(parts, ", ") + "; counts are for a message, medians over blocks"
}

func levelColumns(rows []row, opens bool) []column {
	columns := levelRatio("CPU", results.ServerCPUPerMessage, rows, 0, 1)
	if opens {
		columns = append(columns, saturatedColumn(rows))
		columns = append(columns, levelRatio("p50", results.LatencyP50, rows, 7, 9)...)
		columns = append(columns, levelRatio("p99", results.LatencyP99, rows, 2, 5)...)
	} else {
		columns = append(columns, levelRatio("msgs/s", results.Throughput, rows, 2, 8)...)
	}
	return append(columns,
		counted("registra-\ntions/msg", results.ServerRegsPerMsg, rows, 3),
		counted("waits\n/msg", results.ServerWaitsPerMsg, rows, 4),
		counted("syscalls\n/msg", results.ServerSyscallsPerMsg, rows, 6),
	)
}

// levelRatio is a ratio to the reference with its interval, and a dash where one of
// the two is saturated. The tables of scenarios have the values.
func levelRatio(of string, m results.Metric, rows []row, ratio, spread int) []column {
	const ratios, spreads = 2, 4 // among the columns of compared
	columns := compared(of, m, 1, rows, comparedRanks{ratio: ratio, spread: spread})
	columns[ratios].header = of + "\n× ref"
	for i, r := range rows {
		if r.cell.saturation(r.arm) != "" {
			columns[ratios].cells[i], columns[spreads].cells[i] = dash, ""
		}
	}
	return []column{columns[ratios], columns[spreads]}
}

// levelScope says what the section leaves out, what its words mean, and how far
// identical servers differ where nobody knows.
func levelScope(s Summary) []string {
	bound := percent(equivalence)
	texts := []string{fmt.Sprintf("No difference above %s %%: the 95 %% interval of the ratio lies within 1/%g to %g, which is at least as strict as two one-sided tests at 5 %%. "+
		"Less or more: the interval leaves out 1, and p ≤ %g after Benjamini–Hochberg over the run's ratios of that metric.", bound, 1+equivalence, 1+equivalence, significant)}
	unknown := make(map[results.Cell]bool)
	for _, l := range ofCPU(s.LevelOrEdge) {
		if l.Control == nil && l.Verdict != LeftOut {
			unknown[l.Cell] = true
		}
	}
	switch cells := len(levelCells(s.Scenarios)); {
	case len(unknown) == 0:
	case len(unknown) == cells:
		texts = append(texts, "Nobody knows by how much identical servers would differ here: there is no control arm with blocks enough.")
	default:
		texts = append(texts, fmt.Sprintf("Nobody knows by how much identical servers would differ in %d of %s: there is no control arm with blocks enough.", len(unknown), plural(cells, "workload", "workloads")))
	}
	var without []string
	for _, sc := range s.Scenarios {
		if name := plainName(sc.Name); !slices.ContainsFunc(sc.Cells, func(c Cell) bool { return alikeWork(c.Cell) }) && !slices.Contains(without, name) {
			without = append(without, name)
		}
	}
	if len(without) > 0 {
		texts = append(texts, "Not among the workloads, for arms do not exchange the same messages there at the same rate: "+enumerate(without)+".")
	}
	return texts
}

// levelText writes the section for a terminal.
func levelText(out *bytes.Buffer, s Summary, width int) error {
	if len(s.LevelOrEdge) == 0 {
		return nil
	}
	for _, t := range levelTables(s) {
		if err := t.text(out, width, "json"); err != nil {
			return fmt.Errorf("lay out the table of level and edge: %w", err)
		}
	}
	out.WriteByte('\n')
	writeWrapped(out, "Level or edge? Server CPU per message, against "+plainName(s.LevelOrEdge[0].cell.Reference)+":", "", width)
	for _, line := range levelLines(s.LevelOrEdge) {
		writeWrapped(out, "- "+line+".", "  ", width)
	}
	for _, text := range levelClosing(s) {
		writeWrapped(out, text, "", width)
	}
	return nil
}

// levelMarkdown writes the section.
func levelMarkdown(out *bytes.Buffer, s Summary) {
	if len(s.LevelOrEdge) == 0 {
		return
	}
	out.WriteString("\n## Level or edge?\n")
	for _, t := range levelTables(s) {
		fmt.Fprintf(out, "\n%s\n\n", escapeMarkdown(t.heading))
		t.markdown(out)
	}
	out.WriteByte('\n')
	for _, line := range levelLines(s.LevelOrEdge) {
		fmt.Fprintf(out, "- %s.\n", escapeMarkdown(line))
	}
	for _, text := range levelClosing(s) {
		fmt.Fprintf(out, "\n%s\n", escapeMarkdown(text))
	}
}

func levelClosing(s Summary) []string {
	return slices.Concat(levelCounts(s.LevelOrEdge), levelCauses(s.LevelOrEdge), levelScope(s))
}

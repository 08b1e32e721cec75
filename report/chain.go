package report

import (
	"fmt"
	"slices"

	"muxbench/results"
)

func chainColumns(rows []row) []column {
	cols := compared("µs per\niteration", results.Elapsed, 1e3, rows, comparedRanks{ratio: 1, stars: 2, spread: 3, held: 6, interval: 18})
	return append(cols,
		counted("syscalls\n/msg", results.ServerSyscallsPerMsg, rows, 11),
		counted("events\n/wait", results.EventsPerWait, rows, 10),
	)
}

// chainBlocks says what the figures of a run of so many blocks are. How many
// iterations a block has is told where all have as many.
func chainBlocks(sc Scenario, blocks int) string {
	least, most := 0, 0
	for _, c := range sc.Cells {
		for _, a := range c.Arms {
			if a.Blocks.OK == 0 {
				continue
			}
			if least == 0 || a.Slices < least {
				least = a.Slices
			}
			most = max(most, a.MostSlices)
		}
	}
	of := "their iterations"
	switch {
	case least == most && least > 0:
		of = formatInt(int64(least)) + " iterations"
	case blocks == 1:
		of = "its iterations"
	}
	if blocks > 1 {
		return fmt.Sprintf("median over %d blocks of the median of %s, %s", blocks, of, spread(sc, "from the lowest to the highest block"))
	}
	return fmt.Sprintf("one block, the median of %s, so no ranges", of)
}

// counted is a column of what only servers of this program count. Beside one
// of those, an external server has a dash.
func counted(header string, m results.Metric, rows []row, rank int) column {
	counts := slices.ContainsFunc(rows, func(r row) bool { _, ok := r.arm.Values[m]; return ok })
	return numbers(header, rank, rows, func(r row) number {
		e, ok := r.arm.Values[m]
		if !ok && counts && r.arm.external() && r.arm.Blocks.OK > 0 {
			return number{known: true, hidden: true}
		}
		return number{value: e.Value, known: ok}
	})
}

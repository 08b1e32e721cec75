package report

import "muxbench/results"

// ctlColumns are of what changing a set costs, per descriptor.
func ctlColumns(rows []row) []column {
	cols := []column{
		nanoseconds("add\nns", results.AddTime, rows, 3),
		nanoseconds("modify\nns", results.ModifyTime, rows, 3),
		nanoseconds("remove\nns", results.RemoveTime, rows, 3),
	}
	cols = append(cols, compared("all three\nns", results.RegistrationTime, 1, rows, comparedRanks{value: 0, ratio: 1, stars: 2, spread: 4, held: 9, interval: 14})...)
	return append(cols, nanoseconds("empty wait\nns", results.EmptyWaitTime, rows, 2))
}

// nanoseconds is a column of times that differ by powers of ten: short ones have a
// digit behind the point, and others none.
func nanoseconds(header string, m results.Metric, rows []row, rank int) column {
	c := column{header: header, rank: rank}
	for _, r := range rows {
		e, ok := r.arm.Values[m]
		text := ""
		switch {
		case ok && e.Value < 100:
			text = formatNumber(e.Value, 1)
		case ok:
			text = formatNumber(e.Value, 0)
		}
		c.cells = append(c.cells, text)
	}
	return c
}

// ctlRemarks say what an empty wait is.
func ctlRemarks(sc Scenario) []string {
	if sc.Name != results.ScenarioCtl {
		return nil
	}
	return []string{"An empty wait has a timeout of 0 and finds nothing among those watched: where the set is the program's own, this is where it goes into the kernel."}
}

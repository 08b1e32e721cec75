package report

import (
	"fmt"

	"muxbench/results"
)

// ctlColumns are of what changing a set costs, per descriptor. How sure a ratio is,
// they say of the sum, which is what arms are judged by.
func ctlColumns(rows []row) []column {
	var cols []column
	for _, part := range []struct {
		header      string
		metric      results.Metric
		rank, ratio int
	}{{"ns\n/add", results.AddTime, 3, 6}, {"ns\n/modify", results.ModifyTime, 5, 7}, {"ns\n/remove", results.RemoveTime, 5, 8}} {
		cols = append(cols, nanoseconds(part.header, part.metric, rows, part.rank), ratios(part.header, part.metric, rows, part.ratio))
	}
	sum := compared("ns of\nall three", results.RegistrationTime, 1, rows, comparedRanks{ratio: 1, stars: 2, spread: 4, held: 9, interval: 14})
	cols = append(cols, nanoseconds("ns of\nall three", results.RegistrationTime, rows, 0))
	cols = append(cols, sum[1:]...)
	return append(cols, nanoseconds("ns/empty\nwait", results.EmptyWaitTime, rows, 2))
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

// changes is what of a difference is of which change.
func (cs causes) changes() string {
	return fmt.Sprintf("Per descriptor that is %s ns: %s of adding, %s of modifying and %s of removing it.", cs.signed(results.RegistrationTime),
		cs.signed(results.AddTime), cs.signed(results.ModifyTime), cs.signed(results.RemoveTime))
}

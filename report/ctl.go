package report

import "muxbench/results"

// ctlColumns are of what changing a set costs, per descriptor.
func ctlColumns(rows []row) []column {
	cols := []column{
		plainMetric("add\nns", results.AddTime, 1, rows, 3),
		plainMetric("modify\nns", results.ModifyTime, 1, rows, 3),
		plainMetric("remove\nns", results.RemoveTime, 1, rows, 3),
	}
	cols = append(cols, compared("all three\nns", results.RegistrationTime, 1, rows, comparedRanks{value: 0, ratio: 1, stars: 2, spread: 4, held: 9, interval: 14})...)
	return append(cols, plainMetric("empty wait\nns", results.EmptyWaitTime, 1, rows, 2))
}

// ctlRemarks say what an empty wait is.
func ctlRemarks(sc Scenario) []string {
	if sc.Name != results.ScenarioCtl {
		return nil
	}
	return []string{"An empty wait has a timeout of 0 and finds nothing among those watched: where the set is the program's own, this is where it goes into the kernel."}
}

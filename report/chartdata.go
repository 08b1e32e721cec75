package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"muxbench/results"
)

// measure is what a chart shows of an arm.
type measure struct {
	name, title, axis string
	unit              float64 // one of the axis in base units
	metric            results.Metric
	percentile        float64 // that the metric is, 0 for none
}

// measures are the charts of cells like c.
func measures(c results.Cell) []measure {
	if open(c) {
		return openMeasures(c)
	}
	switch c.Scenario {
	case results.ScenarioConnect:
		return []measure{
			{"set-up", "set-up time", "time to set up all connections (ms)", 1e6, results.ConnectElapsed, 0},
			{"server-cpu", "server CPU per connection", "server CPU per connection (µs)", 1e3, results.ServerCPUPerConnection, 0},
		}
	case results.ScenarioAccept:
		return acceptMeasures(c)
	case results.ScenarioChurn:
		return []measure{
			{"connects", "connections per second", "connections per second", 1, results.ConnectsPerSecond, 0},
			{"server-cpu", "server CPU per connection", "server CPU per connection (µs)", 1e3, results.ServerCPUPerConnection, 0},
			{"p99", "latency, 99th percentile", "p99 latency (µs)", 1e3, results.LatencyP99, 0.99},
		}
	case results.ScenarioCtl:
		return []measure{
			registration(),
			{"add", "time to add", "per descriptor (ns)", 1, results.AddTime, 0},
			{"modify", "time to modify", "per descriptor (ns)", 1, results.ModifyTime, 0},
			{"remove", "time to remove", "per descriptor (ns)", 1, results.RemoveTime, 0},
			{"empty-wait", "time of a wait that finds nothing", "per wait (µs)", 1e3, results.EmptyWaitTime, 0},
		}
	case results.ScenarioFanout:
		return []measure{
			{"deliveries", "deliveries per second", "deliveries per second", 1, results.Throughput, 0},
			{"server-cpu", "server CPU per delivery", "server CPU per delivery (µs)", 1e3, results.ServerCPUPerMessage, 0},
			{"p50", "median time to the last delivery", "p50 of the time to the last delivery (µs)", 1e3, results.LatencyP50, 0.5},
		}
	case results.ScenarioChain:
		return []measure{{"time", "time per iteration", "time per iteration (µs)", 1e3, results.Elapsed, 0}}
	}
	return []measure{
		{"throughput", "throughput", "throughput (msgs/s)", 1, results.Throughput, 0},
		serverCPU(),
		{"p99", "latency, 99th percentile", "p99 latency (µs)", 1e3, results.LatencyP99, 0.99},
	}
}

func serverCPU() measure {
	return measure{"server-cpu", "server CPU per message", "server CPU per message (µs)", 1e3, results.ServerCPUPerMessage, 0}
}

func registration() measure {
	return measure{"registration", "time to add, modify and remove", "all three, per descriptor (ns)", 1, results.RegistrationTime, 0}
}

// percentileMeasures are the categories of a chart of latency percentiles.
func percentileMeasures() []measure {
	return []measure{
		{name: "p50", unit: 1e3, metric: results.LatencyP50, percentile: 0.5},
		{name: "p90", unit: 1e3, metric: results.LatencyP90, percentile: 0.9},
		{name: "p99", unit: 1e3, metric: results.LatencyP99, percentile: 0.99},
		{name: "p99.9", unit: 1e3, metric: results.LatencyP999, percentile: 0.999},
	}
}

// at is the point of an arm at x. It has no blocks if the arm has no value,
// or not the samples that a percentile wants.
func (m measure) at(x float64, a Arm) Point {
	e, ok := a.Values[m.metric]
	if !ok || m.percentile > 0 && results.Carried(a.Samples, m.percentile) != results.CarriedWell || m.metric == results.SLORate && a.missesSLO() {
		return Point{X: x}
	}
	p := point(x, e, m.unit)
	p.Hollow = a.overloaded() || m.metric == results.SLORate && 2*a.unconfirmed() > a.Blocks.OK
	return p
}

func point(x float64, e Estimate, unit float64) Point {
	return Point{X: x, Y: e.Value / unit, Low: e.Low / unit, High: e.High / unit, Blocks: e.Blocks, Interval: e.Interval}
}

// gap is why an arm most likely has no point.
func (m measure) gap() string {
	switch {
	case m.percentile > 0:
		return "too few samples"
	case m.metric == results.SLORate:
		return "no rate found"
	}
	return "no value"
}

type chartBuilder struct {
	run    results.Run
	styles map[string]int // of arms
	names  map[string]bool
	charts []Chart
}

// add completes and keeps a chart that shows anything, under a name of its
// own. What it cannot show, its footer says, and why.
func (b *chartBuilder) add(c Chart, why string) {
	gaps := c.gaps(why)
	c.Series = slices.DeleteFunc(c.Series, func(s Series) bool {
		return !slices.ContainsFunc(s.Points, func(p Point) bool { return p.Blocks > 0 })
	})
	if len(c.Series) == 0 {
		return
	}
	places := make(map[float64]bool)
	for p := range c.points() {
		places[p.X] = true
	}
	if !c.Bars && len(places) < 2 {
		return // nothing to compare along the axis: the table has it
	}
	if c.Bars {
		for i := range c.Series {
			c.X.Categories = append(c.X.Categories, c.Series[i].Name)
			c.Series[i].Points[0].X = float64(i)
		}
	}
	b.keep(c, gaps)
}

// keep completes a chart, and says first in its footer what it does not show.
func (b *chartBuilder) keep(c Chart, gaps string) {
	stem := c.Name
	for n := 2; b.names[c.Name]; n++ {
		c.Name = fmt.Sprintf("%s-%d", stem, n)
	}
	b.names[c.Name] = true
	c.scale()
	c.Footer = gaps + c.footer() + "; " + machine(b.run)
	b.charts = append(b.charts, c)
}

func (b *chartBuilder) series(name string) Series {
	return Series{Name: plainName(name), Style: b.styles[name]}
}

// lines is one line per arm along the dimension of a sweep.
func (b *chartBuilder) lines(sc Scenario, sw sweep, m measure, varying, fixed []dimension) Chart {
	others := slices.DeleteFunc(slices.Clone(varying), func(d dimension) bool { return d.name == sw.x.name })
	first := sw.cells[0].Cell
	noun, _, _ := strings.Cut(sw.x.axis, " (")
	c := Chart{
		Name:     chartName(sc.Name, m.name+"-by-"+sw.x.name, others, first),
		Title:    chartTitle(sc, m.title) + " against " + noun,
		Subtitle: subtitle(sc, slices.Concat(fixed, others), first),
		X:        Axis{Label: sw.x.axis}, Y: Axis{Label: m.axis},
	}
	for _, name := range armNames(withoutControls(sw.cells)) {
		series := b.series(name)
		for _, cell := range sw.cells {
			a, _ := cell.arm(name)
			series.Points = append(series.Points, m.at(sw.x.value(cell.Cell), a))
		}
		series.Control = controls(sw, name, m)
		c.Series = append(c.Series, series)
	}
	return c
}

// bars is one bar per arm of a cell. A percentile gets none: percentiles have
// a chart of their own.
func (b *chartBuilder) bars(sc Scenario, cell Cell, m measure, varying, fixed []dimension) Chart {
	c := Chart{
		Name:     chartName(sc.Name, m.name, varying, cell.Cell),
		Title:    chartTitle(sc, m.title),
		Subtitle: subtitle(sc, slices.Concat(fixed, varying), cell.Cell),
		Y:        Axis{Label: m.axis}, Bars: true,
	}
	if m.percentile > 0 {
		return c
	}
	for _, a := range cell.Arms {
		if a.Control {
			continue
		}
		series := b.series(a.Name)
		series.Points = []Point{m.at(0, a)}
		series.Control = controls(sweep{cells: []Cell{cell}}, a.Name, m)
		c.Series = append(c.Series, series)
	}
	return c
}

// percentiles is the latency of one cell from p50 to p99.9, as far as the
// samples of any arm carry it.
func (b *chartBuilder) percentiles(sc Scenario, cell Cell, varying, fixed []dimension) Chart {
	c := Chart{
		Name:     chartName(sc.Name, "latency", varying, cell.Cell),
		Title:    chartTitle(sc, "latency percentiles"),
		Subtitle: subtitle(sc, slices.Concat(fixed, varying), cell.Cell),
		X:        Axis{Label: "percentile of the latencies in a block"}, Y: Axis{Label: "latency (µs)"},
	}
	shown := slices.DeleteFunc(percentileMeasures(), func(m measure) bool {
		return !slices.ContainsFunc(cell.Arms, func(a Arm) bool { return m.at(0, a).Blocks > 0 })
	})
	for _, m := range shown {
		c.X.Categories = append(c.X.Categories, m.name)
	}
	for _, a := range cell.Arms {
		if a.Control {
			continue
		}
		series := b.series(a.Name)
		for i, m := range shown {
			series.Points = append(series.Points, m.at(float64(i), a))
		}
		c.Series = append(c.Series, series)
	}
	return c
}

// arm is the arm of that name, and an empty one if the cell has none.
func (c Cell) arm(name string) (Arm, bool) {
	i := slices.IndexFunc(c.Arms, func(a Arm) bool { return a.Name == name })
	if i < 0 {
		return Arm{}, false
	}
	return c.Arms[i], true
}

func armNames(cells []Cell) []string {
	var names []string
	for _, c := range cells {
		for _, a := range c.Arms {
			if !slices.Contains(names, a.Name) {
				names = append(names, a.Name)
			}
		}
	}
	return names
}

// chartName is made of slugs only: file names come of it.
func chartName(scenario, what string, dims []dimension, c results.Cell) string {
	parts := []string{slug(scenario), what}
	if parts[0] == "" {
		parts[0] = "scenario"
	}
	return strings.Join(append(parts, places(dims, c)...), "-")
}

// places are slugs of where a cell is on each of dims.
func places(dims []dimension, c results.Cell) []string {
	var parts []string
	for _, d := range dims {
		at := slug(strconv.FormatFloat(d.value(c), 'f', -1, 64))
		if d.told && d.value(c) == 0 {
			at = slug(d.zero)
		}
		parts = append(parts, d.name, at)
	}
	return parts
}

// chartTitle names the scenario first: a chart is seen without its report.
func chartTitle(sc Scenario, what string) string { return plainName(sc.Name) + ": " + what }

// subtitle describes a cell by dims, in the order of all dimensions.
func subtitle(sc Scenario, dims []dimension, c results.Cell) string {
	order := func(d dimension) int {
		return slices.IndexFunc(dimensions(sc.Name), func(e dimension) bool { return e.name == d.name })
	}
	slices.SortFunc(dims, func(a, b dimension) int { return order(a) - order(b) })
	parts := append(phrases(dims, c), loop(sc))
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}

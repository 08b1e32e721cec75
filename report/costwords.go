package report

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"

	"muxbench/results"
)

// costTables are one for each group of cells that models are of.
func costTables(s Summary) []table {
	var tables []table
	for _, g := range costGroups(s.Costs) {
		fitted := slices.DeleteFunc(slices.Clone(g), func(m CostModel) bool { return m.Fit == nil })
		missing := missingCosts(g)
		if len(fitted) == 0 {
			tables = append(tables, table{heading: "What a wait costs in " + enumerate(costScenarios(g)) + " cannot be told: " + strings.Join(missing, "; ") + "."})
			continue
		}
		t := table{
			heading: costHeading(s.Costs, g), columns: costColumns(fitted),
			remarks: []string{"scales: the cost per watched descriptor is above zero, and adds more than 10 % over the numbers watched here; " +
				"flat: what it adds is within ±10 %, by two one-sided tests at 5 %; undetermined: neither can be told."},
		}
		for _, reason := range missing {
			t.notes = append(t.notes, "No model: "+reason)
		}
		for _, m := range fitted {
			if text := m.misfit(); text != "" {
				t.notes = append(t.notes, text)
			}
		}
		tables = append(tables, t)
	}
	return tables
}

// costGroups divides models into those of the same cells' work.
func costGroups(models []CostModel) [][]CostModel {
	var groups [][]CostModel
next:
	for _, m := range models {
		for i, g := range groups {
			if g[0].group() == m.group() {
				groups[i] = append(groups[i], m)
				continue next
			}
		}
		groups = append(groups, []CostModel{m})
	}
	return groups
}

func (m CostModel) group() costGroup {
	return costGroup{slices.Contains(m.Scenarios, results.ScenarioChain), m.Size, m.SocketBuffers}
}

func costHeading(all, g []CostModel) string {
	least, most := math.MaxInt, 0
	for _, m := range g {
		if m.Fit == nil {
			continue
		}
		n := m.Fit.Fixed.Blocks
		least, most = min(least, n), max(most, n)
	}
	of := "server CPU"
	if g[0].group().chain {
		of = "time"
	}
	parts := []string{enumerate(costScenarios(g))}
	if slices.ContainsFunc(all, func(m CostModel) bool { return m.Size != g[0].Size }) {
		parts = append(parts, sizePhrase(results.Cell{Scenario: g[0].Scenarios[0], Size: g[0].Size}))
	}
	if slices.ContainsFunc(all, func(m CostModel) bool { return m.SocketBuffers != g[0].SocketBuffers }) {
		parts = append(parts, fmt.Sprintf("socket buffers of %s bytes", formatInt(int64(g[0].SocketBuffers))))
	}
	text := "What a wait costs: " + of + " from one wait to the next, in ns, = fixed + ns per watched × descriptors watched + ns per ready × descriptors ready; " +
		strings.Join(parts, ", ")
	over := plural(least, "block", "blocks")
	if most > least {
		over = fmt.Sprintf("%d to %d blocks", least, most)
	}
	return text + fmt.Sprintf("; fitted over %s, 95 %% intervals by jackknife", over)
}

func costScenarios(g []CostModel) []string {
	var scenarios []string
	for _, m := range g {
		for _, name := range m.Scenarios {
			if name = plainName(name); !slices.Contains(scenarios, name) {
				scenarios = append(scenarios, name)
			}
		}
	}
	return scenarios
}

func costColumns(models []CostModel) []column {
	arms := column{header: "backend", left: true, breaks: true}
	scaling := column{header: "with more\nwatched", left: true}
	for _, m := range models {
		arms.cells = append(arms.cells, plainName(m.Arm))
		scaling.cells = append(scaling.cells, string(m.Fit.Scaling))
	}
	columns := []column{arms}
	columns = append(columns, coefficient("fixed\nns", 1, 3, models, func(f CostFit) Estimate { return f.Fixed })...)
	columns = append(columns, coefficient("ns per\nwatched", 0, 0, models, func(f CostFit) Estimate { return f.PerWatched })...)
	columns = append(columns, coefficient("ns per\nready", 2, 4, models, func(f CostFit) Estimate { return f.PerReady })...)
	return append(columns, scaling)
}

// coefficient is a column of values and one of how far their intervals reach
// to both sides: those of the jackknife are symmetric. Backends differ by orders
// of magnitude, so each has digits of its own.
func coefficient(header string, rank, spread int, models []CostModel, of func(CostFit) Estimate) []column {
	value := column{header: header, rank: rank}
	interval := column{header: "95 %", name: "interval of " + title(header), rank: spread}
	for _, m := range models {
		e := of(*m.Fit)
		half := (e.High - e.Low) / 2
		digits := decimals([]float64{max(math.Abs(e.Value), half)})
		for digits < 3 && strings.Trim(formatNumber(half, digits), "0.") == "" {
			digits++
		}
		value.cells = append(value.cells, unsigned(formatNumber(e.Value, digits)))
		interval.cells = append(interval.cells, "±"+formatNumber(half, digits))
	}
	return []column{value, interval}
}

// unsigned leaves out the sign of what has been rounded to zero.
func unsigned(number string) string {
	if strings.Trim(number, "-0.") == "" {
		return strings.TrimPrefix(number, "-")
	}
	return number
}

// missingCosts are the reasons for which there is no model, each once, and with
// the arms if those are not all.
func missingCosts(g []CostModel) []string {
	var reasons []string
	arms := make(map[string][]string)
	for _, m := range g {
		if m.Missing == "" {
			continue
		}
		if !slices.Contains(reasons, m.Missing) {
			reasons = append(reasons, m.Missing)
		}
		arms[m.Missing] = append(arms[m.Missing], plainName(m.Arm))
	}
	for i, reason := range reasons {
		if of := arms[reason]; len(of) < len(g) {
			reasons[i] += " (" + enumerate(of) + ")"
		}
	}
	return reasons
}

// misfit is empty of a fit that is good enough.
func (m CostModel) misfit() string {
	w := m.Fit.Misfit
	if w.Deviation <= flatWithin && w.Deviation >= -flatWithin {
		return ""
	}
	side, deviation := "below", w.Deviation
	if deviation < 0 {
		side, deviation = "above", -deviation
	}
	text := fmt.Sprintf("%s does not fit well: at %s connections, %s active, the model is %s %% %s what was measured",
		plainName(m.Arm), formatInt(int64(w.Connections)), formatInt(int64(w.Active)), percent(deviation), side)
	var slopes []string
	for i, l := range w.Slopes {
		value := roundTo(l.PerWatched, 2)
		slopes = append(slopes, fmt.Sprintf("%s ns from %s to %s%s", formatNumber(value, max(0, decimals([]float64{value})-1)),
			formatInt(int64(l.From)), formatInt(int64(l.To)), unless(i > 0, " connections")))
	}
	if len(slopes) > 0 {
		text += "; a watched one costs " + strings.Join(slopes, ", ")
	}
	return text
}

// costsText writes the tables of costs for a terminal.
func costsText(out *bytes.Buffer, s Summary, width int) error {
	for _, t := range costTables(s) {
		if len(t.columns) > 0 {
			if err := t.text(out, width, "json"); err != nil {
				return fmt.Errorf("lay out the table of costs: %w", err)
			}
			continue
		}
		out.WriteByte('\n')
		writeWrapped(out, t.heading, "  ", width)
	}
	return nil
}

// costsMarkdown writes the tables of costs as a section.
func costsMarkdown(out *bytes.Buffer, s Summary) {
	for i, t := range costTables(s) {
		if i == 0 {
			out.WriteString("\n## What a wait costs\n")
		}
		fmt.Fprintf(out, "\n%s\n", escapeMarkdown(t.heading))
		if len(t.columns) > 0 {
			out.WriteByte('\n')
			t.markdown(out)
		}
	}
}

package report

import (
	"math"
	"strconv"
	"strings"
)

// decimals is how many digits behind the point a column needs so that the
// least of its values keeps three significant ones: three at most. Zeros do
// not count.
func decimals(values []float64) int {
	least := math.Inf(1)
	for _, v := range values {
		if a := math.Abs(v); a > 0 && a < least {
			least = a
		}
	}
	switch {
	case least < 0.995:
		return 3
	case least < 9.95:
		return 2
	case least < 99.5:
		return 1
	}
	return 0
}

// formatNumber writes v with thousands separators and that many digits behind
// the point.
func formatNumber(v float64, digits int) string {
	if math.IsNaN(v) || math.Abs(v) >= 1e15 {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	s := strconv.FormatFloat(math.Abs(v), 'f', digits, 64)
	whole, fraction, _ := strings.Cut(s, ".")
	var b strings.Builder
	if v < 0 {
		b.WriteByte('-')
	}
	for i, d := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	if fraction != "" {
		b.WriteByte('.')
		b.WriteString(fraction)
	}
	return b.String()
}

// formatInt writes a whole number with thousands separators.
func formatInt(n int64) string { return formatNumber(float64(n), 0) }

// formatShort writes a number for an axis or a name: 100, 1k, 19k, 2.5M.
func formatShort(v float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(v) >= unit.size {
			return strconv.FormatFloat(roundTo(v/unit.size, 4), 'f', -1, 64) + unit.name
		}
	}
	if v != 0 && math.Abs(v) < 1e-4 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return strconv.FormatFloat(roundTo(v, 4), 'f', -1, 64)
}

// roundTo rounds v to that many significant digits.
func roundTo(v float64, digits int) float64 {
	if v == 0 {
		return 0
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', digits-1, 64), 64)
	if err != nil {
		return v // rounded up out of range
	}
	return rounded
}

// formatDuration writes a duration in ns in the unit that suits it.
func formatDuration(ns float64) string {
	switch {
	case ns >= 1e9:
		return strconv.FormatFloat(roundTo(ns/1e9, 4), 'f', -1, 64) + " s"
	case ns >= 1e6:
		return strconv.FormatFloat(roundTo(ns/1e6, 4), 'f', -1, 64) + " ms"
	}
	return strconv.FormatFloat(roundTo(ns/1e3, 4), 'f', -1, 64) + " µs"
}

// percent writes a share as per cent, without the sign, to two significant
// digits.
func percent(share float64) string {
	return strconv.FormatFloat(roundTo(100*share, 2), 'f', -1, 64)
}

// percents writes shares from low to high.
func percents(low, high float64) string {
	from, to := percent(low), percent(high)
	if from == to {
		return from + " %"
	}
	return from + " to " + to + " %"
}

// formatP writes a probability to two significant digits.
func formatP(p float64) string { return strconv.FormatFloat(p, 'g', 2, 64) }

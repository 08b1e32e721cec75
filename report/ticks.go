package report

import (
	"math"
	"slices"

	"gonum.org/v1/plot"
)

// span is the range of an axis and its ticks. A tick without a label is a
// minor one.
type span struct {
	min, max float64
	ticks    []plot.Tick
}

// spanX is the span of an x axis with points at values. A linear one has zero
// in it. Ticks are where the points are, unless those are too close for their
// labels.
func spanX(a Axis, values []float64) span {
	low, high := slices.Min(values), slices.Max(values)
	switch {
	case a.Categories != nil:
		s := span{min: -0.4, max: float64(len(a.Categories)) - 0.6}
		for i, name := range a.Categories {
			s.ticks = append(s.ticks, plot.Tick{Value: float64(i), Label: name})
		}
		return s
	case a.Log:
		margin := math.Pow(high/low, 0.04)
		s := span{min: low / margin, max: high * margin}
		if s.ticks = pointTicks(values, math.Log); s.ticks == nil {
			s.ticks = logTicks(s.min, s.max)
		}
		return s
	}
	low = math.Min(low, 0)
	margin := 0.06 * (high - low)
	if margin == 0 {
		margin = 1
	}
	s := span{min: low, max: high + margin}
	if s.ticks = pointTicks(values, func(v float64) float64 { return v }); s.ticks == nil {
		s.ticks = linearTicks(s.min, s.max)
	}
	return s
}

// spanY is the span of an axis that shows values. A linear one has zero in it,
// but for one of ratios.
func spanY(a Axis, values []float64) span {
	low, high := slices.Min(values), slices.Max(values)
	if a.Ratio {
		// What is next to nothing must not fill the chart.
		low, high = math.Min(low, 0.98), math.Max(high, 1.02)
	}
	if a.Log {
		s := span{min: niceBelow(low / 1.08), max: 10 / niceBelow(10/(high*1.08))}
		s.ticks = logTicks(s.min, s.max)
		return s
	}
	if a.Ratio {
		margin := 0.05 * (high - low)
		s := span{min: low - margin, max: high + margin}
		s.ticks = linearTicks(s.min, s.max)
		return s
	}
	low = math.Min(low, 0)
	if high <= low {
		high = low + 1
	}
	step := niceStep(1.03 * (high - low) / 5)
	s := span{min: step * math.Floor(low/step), max: step * math.Ceil(low/step+1.03*(high-low)/step)}
	s.ticks = linearTicks(s.min, s.max)
	return s
}

// niceBelow is the greatest of 1, 2 and 5 times a power of ten that is not
// above v. Ten over such a number is one too.
func niceBelow(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, digit := range []float64{5, 2} {
		if digit*power <= v {
			return digit * power
		}
	}
	return power
}

// niceStep is the least of 1, 2, 2.5 and 5 times a power of ten that is not
// below v.
func niceStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, digit := range []float64{1, 2, 2.5, 5} {
		if digit*power >= v*(1-1e-9) {
			return digit * power
		}
	}
	return 10 * power
}

// pointTicks has one tick for each value, or is nil if two of them are closer
// than a twelfth of the axis, whose scale is given.
func pointTicks(values []float64, scale func(float64) float64) []plot.Tick {
	sorted := slices.Compact(slices.Sorted(slices.Values(values)))
	length := scale(sorted[len(sorted)-1]) - scale(sorted[0])
	var ticks []plot.Tick
	for i, v := range sorted {
		if i > 0 && scale(v)-scale(sorted[i-1]) < length/12 {
			return nil
		}
		ticks = append(ticks, plot.Tick{Value: v, Label: tickLabel(v)})
	}
	return ticks
}

func linearTicks(low, high float64) []plot.Tick {
	step := niceStep((high - low) / 6)
	var ticks []plot.Tick
	first := math.Ceil(low/step - 1e-9)
	// Counted, because a step can be lost in a large value.
	for i := range 12 {
		v := (first + float64(i)) * step
		if v > high+step*1e-9 {
			break
		}
		ticks = append(ticks, plot.Tick{Value: v, Label: tickLabel(v)})
	}
	return ticks
}

// logTicks labels the powers of ten, and 2 and 5 times them if those are few.
func logTicks(low, high float64) []plot.Tick {
	wide := math.Log10(high/low) > 3
	var ticks []plot.Tick
	for exponent := math.Floor(math.Log10(low)); exponent <= math.Ceil(math.Log10(high)); exponent++ {
		for digit := 1.0; digit < 10; digit++ {
			v := digit * math.Pow(10, exponent)
			if v < low*(1-1e-9) || v > high*(1+1e-9) {
				continue
			}
			t := plot.Tick{Value: v}
			if digit == 1 || !wide && (digit == 2 || digit == 5) {
				t.Label = tickLabel(v)
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// tickLabel writes round numbers short, 19k, and others in full: 10,240.
func tickLabel(v float64) string {
	v = roundTo(v, 9) // a step is not exact in binary
	if math.Abs(v) >= 1000 && math.Mod(v, 100) != 0 && math.Abs(v) < 1e6 {
		return formatNumber(v, 0)
	}
	return formatShort(v)
}

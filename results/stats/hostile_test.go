package stats_test

import (
	"encoding/binary"
	"math"
	"testing"

	"muxbench/results/stats"
)

// No values whatever make anything panic, and one that is no number makes
// every figure of values NaN. Beyond its seeds:
//
//	go test -fuzz FuzzNoFigurePanics ./results/stats
func FuzzNoFigurePanics(f *testing.F) {
	odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64,
		math.SmallestNonzeroFloat64, math.Copysign(0, -1), 0, 1, -1}
	f.Add([]byte(nil), 0.95, 0.8)
	for _, a := range odd {
		f.Add(bytesOf(a, 1, 2, 3, 4, 5, 6), 0.95, 0.8)
		f.Add(bytesOf(a, a, a, a, a, a, a), 0.95, 0.8)
		f.Add(bytesOf(1, 2, 3, 4, 5, 6, 7), a, 0.8)
		f.Add(bytesOf(1, 2, 3, 4, 5, 6, 7), 0.95, a)
	}
	f.Add(bytesOf(odd...), 0.95, 0.8)
	f.Add(bytesOf(odd[3:]...), 0.95, 0.8)
	f.Fuzz(func(t *testing.T, raw []byte, confidence, power float64) {
		values := valuesOf(raw)
		less, greater := stats.SignedRank(values, power)
		shift, median := stats.Shift(values, confidence), stats.MedianInterval(values, confidence)
		low, high := stats.Range(values)
		first, second := values[:len(values)/3], values[len(values)/3:]
		between := stats.ShiftBetween(first, second, confidence)
		smaller, larger := stats.MannWhitney(first, second)
		figures := map[string]float64{
			"SignedRank's less": less, "SignedRank's greater": greater, "TwoSided": stats.TwoSided(less, greater),
			"Shift": shift.Estimate, "Shift's low": shift.Low, "Shift's high": shift.High,
			"MedianInterval": median.Estimate, "MedianInterval's low": median.Low, "MedianInterval's high": median.High,
			"Median": stats.Median(values), "Range's low": low, "Range's high": high, "MAD": stats.MAD(values),
			"ShiftBetween": between.Estimate, "ShiftBetween's low": between.Low, "ShiftBetween's high": between.High,
			"MannWhitney's less": smaller, "MannWhitney's greater": larger,
			"SmallestVisible": stats.SmallestVisible(values, confidence, power),
		}
		for name, figure := range figures {
			if containsNaN(values) && !math.IsNaN(figure) {
				t.Errorf("%s of %v is %v, want NaN", name, values, figure)
			}
		}
		if shift.Low > shift.Estimate || shift.Estimate > shift.High || median.Low > median.Estimate || median.Estimate > median.High {
			t.Errorf("of %v, Shift is %+v and MedianInterval %+v: out of order", values, shift, median)
		}
		if between.Low > between.Estimate || between.Estimate > between.High || math.IsInf(between.Estimate, 0) {
			t.Errorf("of %v and %v, ShiftBetween is %+v: out of order", first, second, between)
		}
		stats.ShiftBetweenCoverage(len(raw)-8, int(int16(len(raw))), confidence)
		stats.ShiftCoverage(int(int16(len(raw)))-8, confidence)
		if h, b := stats.Holm(values), stats.BenjaminiHochberg(values); len(h) != len(values) || len(b) != len(values) {
			t.Errorf("%d p-values became %d by Holm and %d by Benjamini–Hochberg", len(values), len(h), len(b))
		}
	})
}

func bytesOf(values ...float64) []byte {
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
	}
	return raw
}

// valuesOf takes as many values from raw as are in it, up to 300.
func valuesOf(raw []byte) []float64 {
	var values []float64
	for ; len(raw) >= 8 && len(values) < 300; raw = raw[8:] {
		values = append(values, math.Float64frombits(binary.LittleEndian.Uint64(raw)))
	}
	return values
}

func containsNaN(values []float64) bool {
	for _, v := range values {
		if math.IsNaN(v) {
			return true
		}
	}
	return false
}

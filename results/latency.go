package results

import (
	"fmt"
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// EncodeLatency gives a histogram as HdrHistogram's compressed V2 encoding, in
// base64: what Trial.LatencyHDR holds.
func EncodeLatency(h *hdrhistogram.Histogram) (string, error) {
	b, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return "", fmt.Errorf("encoding a latency histogram: %w", err)
	}
	return string(b), nil
}

// LatencyValues are the percentiles of a histogram in ns; none if it is empty.
func LatencyValues(h *hdrhistogram.Histogram) map[Metric]float64 {
	if h.TotalCount() == 0 {
		return nil
	}
	return map[Metric]float64{
		LatencyP50:  float64(h.ValueAtQuantile(50)),
		LatencyP90:  float64(h.ValueAtQuantile(90)),
		LatencyP99:  float64(h.ValueAtQuantile(99)),
		LatencyP999: float64(h.ValueAtQuantile(99.9)),
		LatencyMax:  float64(h.Max()),
	}
}

// LagValues are the percentiles of a histogram of send lag in ns; none if it is
// empty.
func LagValues(h *hdrhistogram.Histogram) map[Metric]float64 {
	if h.TotalCount() == 0 {
		return nil
	}
	return map[Metric]float64{
		LagP50: float64(h.ValueAtQuantile(50)),
		LagP99: float64(h.ValueAtQuantile(99)),
		LagMax: float64(h.Max()),
	}
}

// Carriage is how well a number of samples carries a percentile.
type Carriage int

const (
	CarriedNot Carriage = iota
	CarriedRoughly
	CarriedWell
)

// tailSamples is how many samples beyond a percentile make its tail mass good
// to about ±20 %: 10,000 in all for p99, 100,000 for p99.9.
const tailSamples = 100

// Carried tells whether the percentile p, 0.99 for p99, may be shown of that
// many samples: well with tailSamples beyond it, roughly with a tenth.
func Carried(samples int64, p float64) Carriage {
	// Rounded, because 1-0.99 is not quite a hundredth.
	switch beyond := math.Round(float64(samples)*(1-p)*1e6) / 1e6; {
	case beyond >= tailSamples:
		return CarriedWell
	case beyond >= tailSamples/10:
		return CarriedRoughly
	}
	return CarriedNot
}

// FewestSamples is how many carry the percentile p at least roughly.
func FewestSamples(p float64) float64 { return math.Ceil(tailSamples / 10 / (1 - p) * (1 - 1e-9)) }

// Percentile is that of a latency metric, 0.99 for LatencyP99; 0 if it is none.
func (m Metric) Percentile() float64 {
	switch m {
	case LatencyP50:
		return 0.5
	case LatencyP90:
		return 0.9
	case LatencyP99:
		return 0.99
	case LatencyP999:
		return 0.999
	}
	return 0
}

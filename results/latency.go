package results

import (
	"fmt"

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

package report

import "math"

// carriage is how well a number of samples carries a percentile.
type carriage int

const (
	carriedNot carriage = iota
	carriedRoughly
	carriedWell
)

// tailSamples is how many samples beyond a percentile make its tail mass good
// to about ±20 %: 10,000 in all for p99, 100,000 for p99.9.
const tailSamples = 100

// carried tells whether the percentile p, 0.99 for p99, may be shown of that
// many samples: well with tailSamples beyond it, roughly with a tenth.
func carried(samples int64, p float64) carriage {
	// Rounded, because 1-0.99 is not quite a hundredth.
	switch beyond := math.Round(float64(samples)*(1-p)*1e6) / 1e6; {
	case beyond >= tailSamples:
		return carriedWell
	case beyond >= tailSamples/10:
		return carriedRoughly
	}
	return carriedNot
}

package stats

import "math"

// huberMean is Huber's M-estimate of where values lie, with his tuning as of
// RelativeFit and the scale MAD/0.6745, and its standard error with his
// correction for few values (P. J. Huber, Robust Statistics, 1981, section
// 7.6). It is a mean but for wild values, and unlike a median it is smooth. The
// values are finite, and at least 2.
func huberMean(values []float64) (mean, standardError float64) {
	n := float64(len(values))
	mean = Median(values)
	scale := max(leastScale, MAD(values)/madOfNormal)
	for range mostRounds {
		sum, weights := 0.0, 0.0
		for _, v := range values {
			w := huberWeight(v-mean, scale)
			sum += w * (v - mean)
			weights += w
		}
		mean += sum / weights
		if math.Abs(sum/weights) <= settled*scale {
			break
		}
	}
	squares, within := 0.0, 0.0
	for _, v := range values {
		w := huberWeight(v-mean, scale)
		squares += w * w * (v - mean) * (v - mean)
		if w == 1 {
			within += 1 / n
		}
	}
	correction := 1 + (1-within)/(within*n)
	return mean, max(leastScale, correction*math.Sqrt(squares/(n-1)/n)/within)
}

package stats

// Interval is an estimate with its confidence interval. Where there are too
// few values for one, Low and High are NaN.
type Interval struct{ Estimate, Low, High float64 }

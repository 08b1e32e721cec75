//go:build linux

package loadgen

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestLongestFreeFirst: of the free connections, whoever came first goes first.
func TestLongestFreeFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 10).Draw(t, "most")
		var q queue
		q.reset(most)
		var model []freed
		for i, push := range rapid.SliceOfN(rapid.Bool(), 1, 100).Draw(t, "pushes") {
			switch {
			case push && len(model) < most:
				model = append(model, freed{fd: int32(i)})
				q.push(freed{fd: int32(i)})
			case !push && len(model) > 0:
				if got := q.pop(); got != model[0] {
					t.Fatalf("step %d: %v goes first, want %v", i, got, model[0])
				}
				model = model[1:]
			}
			if q.held != len(model) {
				t.Fatalf("step %d: %d are free, want %d", i, q.held, len(model))
			}
		}
	})
}

// Latency rises where a server is ever further behind, and not where it stalls,
// even for half of the end, or where the machine has become a little slower.
func TestRise(t *testing.T) {
	const (
		n        = 3000
		duration = time.Second
		usual    = 40 * time.Microsecond
	)
	for _, tt := range []struct {
		name      string
		waited    func(i int) time.Duration
		low, high float64
	}{
		{"steady", func(int) time.Duration { return usual }, 1, 1},
		{"half a per cent too much is offered", func(i int) time.Duration { return usual + time.Duration(i)*duration/n/200 }, 10, 30},
		{"a stall of half of the last third", func(i int) time.Duration {
			if i < 2500 {
				return usual
			}
			return time.Duration(n-i) * duration / n
		}, 1, 1},
		{"slower wake-ups", func(i int) time.Duration {
			if i < 2000 {
				return usual
			}
			return 5 * usual
		}, 1, 1},
		{"faster ones", func(i int) time.Duration {
			if i < 2000 {
				return 2 * usual
			}
			return usual
		}, 0.49, 0.51},
		{"no answers", func(int) time.Duration { return unanswered }, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := openLoop{latency: newHistogram(), lag: newHistogram()}
			for i := range n {
				o.waited = append(o.waited, tt.waited(i))
			}
			var tooLong int64
			rise := o.summarise(duration, &tooLong)
			if math.IsNaN(rise) || rise < tt.low || rise > tt.high || tooLong != 0 {
				t.Errorf("rise %v, %d too long; want %v to %v", rise, tooLong, tt.low, tt.high)
			}
			if got := o.latency.TotalCount(); tt.high > 0 && got != n {
				t.Errorf("%d latencies of %d", got, n)
			}
		})
	}
}

//go:build linux

package loadgen

import (
	"testing"

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

//go:build linux

package scenarios_test

import (
	"fmt"
	"testing"
)

// In as many blocks or turns as make a square, every arm takes every place and
// follows every other equally often.
func TestOrdersAreBalanced(t *testing.T) {
	tests := []struct {
		backends []string
		square   int
	}{
		{[]string{"select", "poll"}, 2},
		{[]string{"select", "poll", "epoll-lt"}, 6},
		{[]string{"select", "poll", "epoll-lt", "epoll-et"}, 4},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(len(test.backends)), func(t *testing.T) {
			r := echo(test.backends...)
			const squares = 2
			r.Blocks = squares * test.square
			r.Sweep.Rounds = []int{200 * 3} // three turns a block
			trials, err := measure(t, t.Context(), even(), r)
			if err != nil {
				t.Fatal(err)
			}
			var started, turns [][]string // orders, by block and by turn
			for block := range r.Blocks {
				order, turn := make([]string, len(test.backends)), make([][]string, 3)
				for i := range turn {
					turn[i] = make([]string, len(test.backends))
				}
				for _, trial := range trials {
					if trial.Block != block {
						continue
					}
					order[trial.StartedAt] = trial.Arm
					for _, s := range trial.Slices {
						turn[s.Turn][s.Order] = trial.Arm
					}
				}
				started, turns = append(started, order), append(turns, turn...)
			}
			wantBalanced(t, "starts of blocks", started, squares)
			wantBalanced(t, "turns", turns, 3*squares)
		})
	}
}

// wantBalanced wants every arm at every place, and behind every other arm, as
// often as so many squares have it.
func wantBalanced(t *testing.T, what string, orders [][]string, squares int) {
	t.Helper()
	places, follows := map[string]int{}, map[string]int{}
	arms := len(orders[0])
	for _, order := range orders {
		for place, arm := range order {
			places[fmt.Sprint(arm, " at ", place)]++
			if place > 0 {
				follows[arm+" after "+order[place-1]]++
			}
		}
	}
	each := len(orders) / arms
	if len(places) != arms*arms || len(follows) != arms*(arms-1) {
		t.Errorf("%s: %d places and %d successions, want %d and %d: %v", what, len(places), len(follows), arms*arms, arms*(arms-1), orders)
	}
	for _, counts := range []map[string]int{places, follows} {
		for key, n := range counts {
			if n != each {
				t.Errorf("%s, %d squares: %s %d times, want %d", what, squares, key, n, each)
			}
		}
	}
}

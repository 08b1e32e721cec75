//go:build linux

package scenarios

import "math/rand/v2"

// orders yields random orders of n arms that are balanced: in as many of them in
// a row as make a square, every arm takes every place equally often, and follows
// every other arm equally often. The squares are those of E. J. Williams,
// "Experimental designs balanced for the estimation of residual effects of
// treatments" (1949), with rows and names shuffled: n orders if n is even, and 2n
// if it is odd.
type orders struct {
	n      int
	random *rand.Rand
	left   [][]int // of the square in hand
}

func (o *orders) next() []int {
	if len(o.left) == 0 {
		o.left = o.square()
	}
	order := o.left[0]
	o.left = o.left[1:]
	return order
}

func (o *orders) square() [][]int {
	names := o.random.Perm(o.n)
	var rows [][]int
	for shift := range o.n {
		row, mirrored := make([]int, o.n), make([]int, o.n)
		for i := range o.n {
			// 0, n-1, 1, n-2, 2, …: every distance between neighbours occurs.
			step := i / 2
			if i%2 == 1 {
				step = o.n - 1 - i/2
			}
			row[i] = names[(step+shift)%o.n]
			mirrored[o.n-1-i] = row[i]
		}
		rows = append(rows, row)
		if o.n%2 == 1 {
			rows = append(rows, mirrored)
		}
	}
	o.random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	return rows
}

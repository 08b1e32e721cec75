package stats_test

import (
	"math"
	"math/rand/v2"
)

// Values as blocks of a run may have them: each kind draws n of them, whose
// true middle is zero. The unit is the standard deviation of normal noise.
var kinds = []struct {
	name string
	draw func(random *rand.Rand, n int) []float64
}{
	{"normal", func(random *rand.Rand, n int) []float64 { return draw(random, n, (*rand.Rand).NormFloat64) }},
	{"heavy-tailed", func(random *rand.Rand, n int) []float64 { return draw(random, n, heavyTailed) }},
	{"under a wandering machine", func(random *rand.Rand, n int) []float64 {
		speed := 0.0
		return pairs(random, n, func(int) float64 { speed += random.NormFloat64() * 3; return speed })
	}},
	{"under a slowing machine", func(random *rand.Rand, n int) []float64 {
		return pairs(random, n, func(i int) float64 { return float64(i) })
	}},
}

func draw(random *rand.Rand, n int, one func(*rand.Rand) float64) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = one(random)
	}
	return values
}

// heavyTailed is of Student's t distribution with three degrees of freedom,
// which has a variance but no finite fourth moment.
func heavyTailed(random *rand.Rand) float64 {
	squares := 0.0
	for range 3 {
		v := random.NormFloat64()
		squares += v * v
	}
	return random.NormFloat64() / math.Sqrt(squares/3)
}

// pairs are the differences, block by block, of two identical arms that a
// machine's drift moves together, with noise of each of its own.
func pairs(random *rand.Rand, n int, drift func(i int) float64) []float64 {
	differences := make([]float64, n)
	for i := range differences {
		common := drift(i)
		arm := common + random.NormFloat64()/math.Sqrt2
		base := common + random.NormFloat64()/math.Sqrt2
		differences[i] = arm - base
	}
	return differences
}

package gate_test

import (
	"math/rand/v2"
	"testing"

	"muxbench/results/gate"
)

// What a machine's blocks say of further checks on it: seldom a false alarm, and the
// noisier they are, the larger is what can be seen.
func TestResample(t *testing.T) {
	of := func(deviation float64) gate.Resampled {
		random := rand.New(rand.NewPCG(3, 4))
		var logs []float64
		for range 27 {
			logs = append(logs, deviation*random.NormFloat64())
		}
		r := gate.Resample(logs, 9, threshold, threshold, 1)
		t.Logf("deviation %g: %+v", deviation, r)
		if r.Blocks != 27 || r.Checks == 0 || r.Alarms > gate.Alarm {
			t.Errorf("of blocks with a deviation of %g: %+v", deviation, r)
		}
		return r
	}
	quiet, restless := of(0.003), of(0.012)
	// An estimate of half the threshold is what an alarm takes.
	if !(quiet.Visible > threshold/2 && quiet.Visible < restless.Visible && restless.Visible < 2*threshold) {
		t.Errorf("visible are %g and, of blocks that differ four times as much, %g", quiet.Visible, restless.Visible)
	}
	if again := of(0.012); again != restless {
		t.Errorf("the same seed gave %+v and %+v", restless, again)
	}
}

func TestResampleOfNothingOrNoise(t *testing.T) {
	if r := gate.Resample(nil, 9, threshold, threshold, 1); r.Blocks != 0 || r.Visible != 0 || r.Alarms != 0 {
		t.Errorf("of nothing: %+v", r)
	}
	if r := gate.Resample([]float64{-1, 1, 2, -2}, 9, threshold, threshold, 1); r.Visible != 0 || r.Inconclusive < 0.5 {
		t.Errorf("of mere noise: %+v, want nothing to be visible", r)
	}
}

// Where the threshold is widened, what is a regression stays, as it does for the gate: more
// is seen, and noise alarms as often.
func TestResampleOfAWidenedThreshold(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	var logs []float64
	for range 27 {
		logs = append(logs, 0.005*random.NormFloat64())
	}
	asked, other := gate.Resample(logs, 9, 2*threshold, threshold, 1), gate.Resample(logs, 9, 2*threshold, 2*threshold, 1)
	if !(asked.Visible < 0.8*other.Visible) {
		t.Errorf("of %g, %g asked for, %g is visible, and of as much asked for %g", 2*threshold, threshold, asked.Visible, other.Visible)
	}
}

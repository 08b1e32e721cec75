//go:build linux

package server

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestSpinOncePerEchoedRead: a loop's steps can be told from what they came to.
// None belongs to a read that finds the connection reset.
func TestSpinOncePerEchoedRead(t *testing.T) {
	for _, backend := range oneLoops() {
		for _, d := range []time.Duration{0, 1, time.Microsecond, 20 * time.Microsecond} {
			t.Run(fmt.Sprintf("%s/%s", backend.Name, d), func(t *testing.T) {
				const clients, rounds = 5, 20
				s := step(t, Config{Backend: backend, Spin: d}, clients) // a message each
				for range rounds {
					s.exchange(clients)
				}
				s.reset()
				if (s.loop.steps > 0) != (d > 0) {
					t.Errorf("%d steps", s.loop.steps)
				}
				const messages = clients + clients*rounds
				if want := spin(seed, messages*s.loop.steps); s.loop.spun != want {
					t.Errorf("after %d messages with %d steps each the spin has come to %#x, want %#x", messages, s.loop.steps, s.loop.spun, want)
				}
			})
		}
	}
}

// Spins that follow each other are one, and none comes to what another does.
func TestSpinTakesEveryStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Uint64Min(1).Draw(t, "x")
		m, n := rapid.IntRange(0, 1000).Draw(t, "m"), rapid.IntRange(1, 1000).Draw(t, "n")
		once := spin(x, m)
		if twice := spin(once, n); twice != spin(x, m+n) || twice == once {
			t.Errorf("%d steps from %#x come to %#x, %d more to %#x, all to %#x", m, x, once, n, twice, spin(x, m+n))
		}
	})
}

func TestNewRefusesSpin(t *testing.T) {
	backend := Backends()[0]
	for _, d := range []time.Duration{-time.Hour, -1, MaxSpin + 1, time.Hour} {
		_, err := New(Config{Backend: backend, Spin: d})
		if err == nil || !strings.Contains(err.Error(), d.String()) || !strings.Contains(err.Error(), MaxSpin.String()) {
			t.Errorf("New with a spin of %s: %v, want an error with it and %s", d, err, MaxSpin)
		}
	}
	step(t, Config{Backend: backend, Spin: MaxSpin}, 1)
}

// TestCalibrate on a CPU whose steps take a known time: whatever that is, and
// with all runs but one disturbed, steps grow linearly with the time
// asked for.
func TestCalibrate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		picoseconds := rapid.Int64Range(100, 100_000).Draw(t, "ps per step")
		stretched := rapid.SliceOfN(rapid.Float64Range(1, 10), calibratingRuns, calibratingRuns).Draw(t, "disturbed")
		stretched[rapid.IntRange(0, calibratingRuns-1).Draw(t, "undisturbed")] = 1
		asked := time.Duration(rapid.Int64Range(1, int64(MaxSpin)).Draw(t, "asked"))
		measuring := false
		p, err := calibrate(func(steps int) time.Duration {
			took := time.Duration(int64(steps) * picoseconds / 1000)
			if measuring {
				took = time.Duration(float64(took) * stretched[0])
				stretched = stretched[1:]
			}
			measuring = measuring || took >= leastRun
			return took
		})
		if err != nil {
			t.Fatal(err)
		}
		want := float64(asked) * 1000 / float64(picoseconds)
		// The clock has whole nanoseconds: one in a million of a run.
		if got := float64(p.steps(asked)); got < 1 || got > 1 && (got < want*0.999_998-0.5 || got > want*1.000_002+0.5) {
			t.Errorf("%v steps for %s at %d ps each, want %v", got, asked, picoseconds, want)
		}
	})
}

func TestCalibrateFails(t *testing.T) {
	tests := []struct {
		name, want string
		run        func(steps int) time.Duration
	}{
		{"a clock that stands still", "does not advance", func(int) time.Duration { return 0 }},
		{"a clock that almost stands still", "does not advance", func(int) time.Duration { return leastRun - 1 }},
		{"a clock that goes back", "does not advance", func(steps int) time.Duration { return -time.Duration(steps) }},
	}
	for _, test := range tests {
		if p, err := calibrate(test.run); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %+v, %v, want an error that says that it %s", test.name, p, err, test.want)
		}
	}
	ticks := 0
	p, err := calibrate(func(int) time.Duration {
		if ticks++; ticks == 1 {
			return 10 * time.Millisecond
		}
		return 0
	})
	if err == nil || !strings.Contains(err.Error(), "too coarse") {
		t.Errorf("a clock of coarse ticks: %+v, %v", p, err)
	}
}

// BenchmarkSpin is one spin of a time asked for: ns/op is to be that time, on
// an undisturbed CPU.
func BenchmarkSpin(b *testing.B) {
	for _, d := range []time.Duration{10, 100, time.Microsecond, 10 * time.Microsecond, 100 * time.Microsecond} {
		b.Run("asked="+d.String(), func(b *testing.B) {
			steps, err := stepsFor(d)
			if err != nil {
				b.Fatal(err)
			}
			x := uint64(seed)
			for b.Loop() {
				x = spin(x, steps)
			}
		})
	}
}

//go:build linux

package main

import (
	"io"
	"net"
	"testing"

	"muxbench/results"
)

func TestJudgeFairness(t *testing.T) {
	for _, c := range []struct {
		name   string
		ratios []float64
		want   verdict
	}{
		{"hardly longer", []float64{1.1, 1.2, 1.3, 1.1, 1.2, 1.3, 1.2, 1.1}, holds},
		{"shorter", []float64{0.9, 0.8, 0.9, 0.8, 0.9, 0.8}, holds},
		{"twice and four times", []float64{1.5, 4.5, 2, 4, 2.5, 3.2}, few},
		{"four times", []float64{4, 4.1, 3.9, 4, 4.2, 3.8}, fails},
		{"too few", []float64{1, 1, 1, 1, 1}, few},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := beside{Backend: "poll"}
			for _, r := range c.ratios {
				p.Without = append(p.Without, latencies{results.LatencyP50: 100, results.LatencyP99: 1000})
				p.With = append(p.With, latencies{results.LatencyP50: 100, results.LatencyP99: 1000 * r})
				p.Hog = append(p.Hog, 1e8)
			}
			all := judgeFairness(collected{repetitions: [][]measured{{figures(t, p)}}})
			if f := find(t, all, "poll: p99 of 100 pingers beside one that sends without end"); verdictOf(f, false) != c.want {
				t.Errorf("it is %q, want %q: %+v", verdictOf(f, false), c.want, f)
			}
		})
	}
	if f := judgeFairness(collected{repetitions: [][]measured{{figures(t, beside{})}}})[0]; verdictOf(f, false) != fails {
		t.Errorf("without figures: %+v", f)
	}
}

// TestHog sends to a server that echoes and, one after the other, to one that
// reads and answers nothing, which is no hog's.
func TestHog(t *testing.T) {
	for _, echoes := range []bool{true, false} {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		enough := make(chan struct{})
		go func() {
			c, err := l.Accept()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			const some = 1 << 20
			if echoes {
				_, err = io.CopyN(c, c, some)
			} else {
				_, err = io.CopyN(io.Discard, c, some)
			}
			if err != nil {
				t.Error(err)
			}
			close(enough)
			_, _ = io.Copy(io.Discard, c) // until it ends
		}()
		h, err := startHog(l.Addr().String(), 0)
		if err != nil {
			t.Fatal(err)
		}
		<-enough
		for echoes && h.bytes.Load() == 0 {
		}
		if rate, err := h.end(); echoes != (err == nil) || echoes != (rate > 0) {
			t.Errorf("of a server that echoes, %v: %v bytes a second came back, %v", echoes, rate, err)
		}
	}
}

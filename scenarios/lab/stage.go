//go:build linux

package lab

import (
	"fmt"
	"slices"
	"sync"

	"muxbench/multiplexers/workbench"
)

// stage is what a demonstration works with: a bench, and the rows of its table.
type stage struct {
	*workbench.Bench
	mu   sync.Mutex
	rows []Row
}

// expect tells what was observed, which is as expected if it is in the same words.
func (s *stage) expect(done, expected, observed string) {
	s.judge(done, expected, observed, expected == observed)
}

// judge tells what was observed, and whether it is as expected: for figures, of which
// only a bound is known.
func (s *stage) judge(done, expected, observed string, asExpected bool) {
	s.add(Row{Done: done, Expected: expected, Observed: observed, AsExpected: asExpected})
}

// tell tells what was observed, of which nothing is expected.
func (s *stage) tell(done, format string, args ...any) {
	s.add(Row{Done: done, Observed: fmt.Sprintf(format, args...)})
}

func (s *stage) add(r Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = append(s.rows, r)
}

// taken are the rows so far: of one that goes on after its limit too.
func (s *stage) taken() []Row {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.rows)
}

//go:build linux

package lab

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"muxbench/multiplexers/workbench"
)

// apart has another process of this program, which plays the part, show what would
// disturb this one: with limits lowered, or a table filled. Its rows
// follow those that are there.
func (s *stage) apart(part string) {
	p := s.Play(part, nil)
	said := p.Hear(limit / 2)
	p.End()
	var shown Shown
	if err := json.Unmarshal([]byte(said), &shown); err != nil {
		s.Fatalf("process %d says %q of what was shown: %v", p.PID(), said, err)
	}
	for _, r := range shown.Rows {
		s.add(r)
	}
	for _, f := range shown.Failures {
		s.Errorf("%s", f)
	}
	if shown.Skipped != "" {
		s.Skipf("%s", shown.Skipped)
	}
}

// showing is a part that shows something and says what came of it. It starts no
// further processes.
func showing(show func(*stage)) func([]string, *bufio.Reader, io.Writer) error {
	return func(_ []string, _ *bufio.Reader, out io.Writer) error {
		if err := json.NewEncoder(out).Encode(Demo{show: show}.Show(workbench.Reexec{})); err != nil {
			return fmt.Errorf("say what was shown: %w", err)
		}
		return nil
	}
}

//go:build linux

package muxtest

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"muxbench/multiplexers/workbench"
)

const casePart = "case"

// Parts are what cases start further processes of this program for. Subjects are
// those that a case may be about.
func Parts(subjects []Subject) workbench.Parts {
	return workbench.Parts{
		casePart:  workbench.Monologue(func(args []string, out io.Writer) error { return playCase(subjects, args, out) }),
		holdPart:  playHold,
		watchPart: playWatch,
	}
}

// tryApart has another process try the case.
func (c Case) tryApart(b *workbench.Bench, s Subject) {
	p := b.Play(casePart, []string{c.ID, string(s.Tier), s.Name})
	said := p.Hear(2 * watchdog)
	var o workbench.Outcome
	if err := json.Unmarshal([]byte(said), &o); err != nil {
		b.Fatalf("process %d says %q of how it went: %v", p.PID(), said, err)
	}
	b.Adopt(o)
}

// playCase tries a case and says how it went.
func playCase(subjects []Subject, args []string, out io.Writer) error {
	if len(args) != 3 {
		return fmt.Errorf("try a case: got %q, want its ID, a tier and a subject", args)
	}
	i := slices.IndexFunc(Cases(), func(c Case) bool { return c.ID == args[0] })
	j := slices.IndexFunc(subjects, func(s Subject) bool { return string(s.Tier) == args[1] && s.Name == args[2] })
	if i < 0 || j < 0 {
		return fmt.Errorf("try case %q on %q of tier %q: there is no such case or no such subject", args[0], args[2], args[1])
	}
	// It starts no further ones.
	o := Cases()[i].tryHere(subjects[j], 0, workbench.Reexec{})
	if err := json.NewEncoder(out).Encode(o); err != nil {
		return fmt.Errorf("say how case %s went: %w", args[0], err)
	}
	return nil
}

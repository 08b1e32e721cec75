//go:build linux

package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"muxbench/scenarios"
)

// flagError puts what pflag refuses into the words of every other refusal.
func flagError(c *cobra.Command, err error) error {
	var absent *pflag.NotExistError
	var bad *pflag.InvalidValueError
	switch {
	case errors.As(err, &absent):
		var known []string
		c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
		return fmt.Errorf("%w%s", err, suggestion("--"+absent.GetSpecifiedName(), known))
	case errors.As(err, &bad):
		f := bad.GetFlag()
		return &scenarios.Invalid{Flag: "--" + f.Name, Value: bad.GetValue(), Allowed: wanted(f, bad.Unwrap())}
	}
	return err
}

// wanted says what a flag takes. The flags of this program say so themselves;
// those of pflag would name functions of package strconv.
func wanted(f *pflag.Flag, err error) string {
	switch f.Value.Type() {
	case "bool":
		return "true or false is wanted"
	case "duration":
		return "a time such as 500ms or 2s is wanted"
	case "int", "uint64":
		if errors.Is(err, strconv.ErrRange) {
			return "the number is too large"
		}
		return "a whole number is wanted"
	}
	return err.Error()
}

// suggestion is the end of an error about a word that is none of the known
// ones: the one that it comes closest to, if it comes close to any.
func suggestion(word string, known []string) string {
	nearest, least := "", 1+len(word)/3
	for _, k := range known {
		if d := levenshtein.ComputeDistance(strings.ToLower(word), k); d <= least && (nearest == "" || d < least) {
			nearest, least = k, d
		}
	}
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", nearest)
}

// oneResult is for commands that work on one result.
func oneResult(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%s: %d results are named, and one is wanted: a result's directory, or its run.jsonl", c.Name(), len(args))
	}
	return nil
}

// printable replaces what a terminal would obey instead of showing, but for
// the ends of lines: errors and paths hold whatever a user or a file name does.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

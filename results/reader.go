package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// Limits on what a reader accepts. A trial of a minute in slices of 20 ms
// takes half a megabyte; the limits keep a hostile file from taking the
// machine's memory.
const (
	maxLine = 4 << 20 // bytes
	// MaxFile is how many bytes a reader takes.
	MaxFile   = 256 << 20 // bytes
	maxTrials = 1 << 18
	maxSlices = 1 << 21 // of all trials together
)

// File is what a result file holds.
type File struct {
	Run    Run
	Trials []Trial // in the order of the file
	Looks  []Looks // of a gate, at most one for a cell
	// Warnings are the lines that were left out, each a *SyntaxError. What
	// was decoded is whole without them.
	Warnings []error
}

// SyntaxError is a line of a result file that cannot be used.
type SyntaxError struct {
	File string
	Line int // from 1
	Err  error
}

// Error names the file and the line. Control characters that the line may
// have brought into the message are replaced.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s:%d: %s", printable(e.File), e.Line, printable(e.Err.Error()))
}

func (e *SyntaxError) Unwrap() error { return e.Err }

// Open reads the result file at path, or the one in the directory path.
func Open(path string) (*File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open results: %w", err)
	}
	if info.IsDir() {
		path = filepath.Join(path, FileName)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open results: %w", err)
	}
	defer func() { _ = f.Close() }() // nothing was written that closing could lose
	return Decode(f, path)
}

// Decode reads a result file from r; name is what errors call it. Fields and
// record types it does not know are ignored. It is an error if the file does
// not begin with the record of a run, if its schema is newer than Schema, if
// it holds a second run or is absurdly large, or if r fails. Any other line
// that cannot be used, the torn last line of an interrupted run among them,
// is left out and becomes a warning.
func Decode(r io.Reader, name string) (*File, error) {
	lines := newLineReader(r)
	f := &File{}
	seen := make(map[trialKey]int) // the line of each trial
	slices := 0
	for {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		at := func(err error) error { return &SyntaxError{File: name, Line: lines.number, Err: err} }
		switch {
		case errors.Is(err, errLineTooLong) && lines.number > 1:
			f.Warnings = append(f.Warnings, at(err))
			continue
		case err != nil:
			return nil, at(err)
		case lines.number == 1:
			if f.Run, err = decodeRun(line); err != nil {
				return nil, at(err)
			}
			continue
		case len(bytes.TrimSpace(line)) == 0:
			continue
		}

		trial, err := decodeTrial(line)
		if errors.Is(err, errLooks) {
			if err = f.addLooks(line); err == nil {
				continue
			}
		}
		switch {
		case errors.Is(err, errSecondRun):
			return nil, at(err)
		case errors.Is(err, errUnknownType):
			continue
		case err != nil && !lines.terminated:
			err = fmt.Errorf("the last line is torn and left out: %w", err)
		case err != nil:
			err = fmt.Errorf("line left out: %w", err)
		case seen[keyOf(trial)] > 0:
			err = fmt.Errorf("line left out: block %d of arm %q in this cell is on line %d already",
				trial.Block, trial.Arm, seen[keyOf(trial)])
		}
		if err != nil {
			f.Warnings = append(f.Warnings, at(err))
			continue
		}
		slices += len(trial.Slices)
		if len(f.Trials) == maxTrials || slices > maxSlices {
			return nil, at(fmt.Errorf("more than %d trials or %d slices: too large for a result file", maxTrials, maxSlices))
		}
		seen[keyOf(trial)] = lines.number
		f.Trials = append(f.Trials, trial)
	}
	if lines.number == 0 {
		return nil, fmt.Errorf("%s is empty: not a result file of muxbench", name)
	}
	return f, nil
}

// trialKey is what no two trials of a run have in common.
type trialKey struct {
	Cell
	arm   string
	block int
}

func keyOf(t Trial) trialKey { return trialKey{Cell: t.Cell, arm: t.Arm, block: t.Block} }

func decodeRun(line []byte) (Run, error) {
	var head struct {
		Type, Tool string
		Schema     int
	}
	if err := json.Unmarshal(line, &head); err != nil || head.Type != typeRun || head.Tool != toolName {
		return Run{}, errors.New("the first line is not the record of a run: not a result file of muxbench")
	}
	if head.Schema > Schema {
		return Run{}, fmt.Errorf("written in schema %d, and this muxbench reads up to schema %d: use a newer muxbench", head.Schema, Schema)
	}
	if head.Schema < 1 {
		return Run{}, fmt.Errorf("schema %d is none that muxbench ever wrote", head.Schema)
	}
	var run Run
	if err := json.Unmarshal(line, &run); err != nil {
		return Run{}, fmt.Errorf("decode the run: %w", err)
	}
	return run, run.validate()
}

var (
	errUnknownType = errors.New("a record of a type this version does not know")
	errLooks       = errors.New("no trial, and when a gate looks")
	// errSecondRun is fatal: the trials after it belong to another run.
	errSecondRun = errors.New("a second run begins here: two result files were joined; split them before this line")
)

func decodeTrial(line []byte) (Trial, error) {
	var head struct{ Type string }
	if err := json.Unmarshal(line, &head); err != nil {
		return Trial{}, err
	}
	switch head.Type {
	case typeTrial:
	case typeRun:
		return Trial{}, errSecondRun
	case typeLooks:
		return Trial{}, errLooks
	default:
		return Trial{}, errUnknownType
	}
	var t Trial
	if err := json.Unmarshal(line, &t); err != nil {
		return Trial{}, err
	}
	return t, t.Validate()
}

// printable replaces what a terminal would obey instead of showing.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

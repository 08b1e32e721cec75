package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
)

// Baseline is what a check compares with where there is no other build: what servers
// took beside a yardstick, another server that was measured along with them. There is
// no time in it, as a machine's nanoseconds are nobody else's. It is a file of its own,
// to be committed.
type Baseline struct {
	Tool        string      `json:"tool"` // always "muxbench"
	Type        string      `json:"type"` // always "baseline"
	Schema      int         `json:"schema"`
	Version     string      `json:"version"`     // of the muxbench that was measured
	Environment Environment `json:"environment"` // where
	Yardstick   string      `json:"yardstick"`   // backend
	Cells       []Kept      `json:"cells"`
}

// Kept is the ratio of a server to the yardstick in one cell, whose subject it is: the
// Hodges–Lehmann estimate over blocks, with its exact 95 % interval.
type Kept struct {
	Cell
	Options map[string]string `json:"options,omitempty"` // of the server
	Ratio   float64           `json:"ratio"`
	Low     float64           `json:"low"`
	High    float64           `json:"high"`
	Blocks  int               `json:"blocks"`
}

const (
	typeBaseline   = "baseline"
	baselineSchema = 1
	maxBaseline    = 1 << 20 // bytes
)

// Find is what is kept of a cell.
func (b Baseline) Find(c Cell) (Kept, bool) {
	for _, k := range b.Cells {
		if k.Cell == c {
			return k, true
		}
	}
	return Kept{}, false
}

// ReadBaseline reads a baseline's file. What is none, is cut, or is of a newer muxbench
// is an error that names the file.
func ReadBaseline(path string) (Baseline, error) {
	f, err := os.Open(path)
	if err != nil {
		return Baseline{}, fmt.Errorf("read the baseline: %w", err)
	}
	defer func() { _ = f.Close() }() // nothing was written that closing could lose
	encoded, err := io.ReadAll(io.LimitReader(f, maxBaseline+1))
	if err != nil {
		return Baseline{}, fmt.Errorf("read the baseline: %w", err)
	}
	var b Baseline
	if err := b.decode(encoded); err != nil {
		return Baseline{}, fmt.Errorf("read the baseline %s: %s; \"muxbench check --baseline FILE --update\" writes one", printable(path), printable(err.Error()))
	}
	return b, nil
}

func (b *Baseline) decode(encoded []byte) error {
	if len(encoded) > maxBaseline {
		return fmt.Errorf("it has more than %d bytes", maxBaseline)
	}
	var head struct {
		Tool, Type string
		Schema     int
	}
	var syntax *json.SyntaxError
	switch err := json.Unmarshal(encoded, &head); {
	case errors.As(err, &syntax):
		return fmt.Errorf("it is no JSON, or is cut: %w", err)
	case err != nil || head.Tool != toolName || head.Type != typeBaseline:
		return errors.New("it is not a baseline of muxbench")
	case head.Schema > baselineSchema:
		return fmt.Errorf("it has schema %d, and this muxbench reads up to %d: use a newer muxbench", head.Schema, baselineSchema)
	}
	if err := json.Unmarshal(encoded, b); err != nil {
		return err
	}
	return b.validate()
}

func (b Baseline) validate() error {
	switch {
	case b.Schema < 1:
		return fmt.Errorf("schema %d is none that muxbench ever wrote", b.Schema)
	case b.Yardstick == "" || max(len(b.Yardstick), len(b.Version)) > maxName:
		return fmt.Errorf("its yardstick has %d bytes and its version %d, where 1 to %d are allowed", len(b.Yardstick), len(b.Version), maxName)
	case len(b.Cells) == 0 || len(b.Cells) > maxEntries:
		return fmt.Errorf("it has %d cells, where 1 to %d are allowed", len(b.Cells), maxEntries)
	}
	seen := map[Cell]bool{}
	for _, k := range b.Cells {
		if err := k.validate(); err != nil {
			return fmt.Errorf("%q: %w", k.Subject, err)
		}
		if seen[k.Cell] {
			return fmt.Errorf("%q is there twice in the same cell", k.Subject)
		}
		seen[k.Cell] = true
	}
	return nil
}

func (k Kept) validate() error {
	const most = 1e6 // times what the yardstick takes
	switch {
	case k.Subject == "" || k.Scenario == "" || len(k.Scenario) > maxName:
		return errors.New("it names no server or no scenario")
	case !(k.Low > 1/most && k.Low <= k.Ratio && k.Ratio <= k.High && k.High < most):
		return fmt.Errorf("its ratio is %g (%g to %g), which is none", k.Ratio, k.Low, k.High)
	case k.Blocks < 1 || k.Blocks > maxTrials || len(k.Options) > maxEntries:
		return fmt.Errorf("it has %d blocks and %d options", k.Blocks, len(k.Options))
	}
	return k.Cell.validate()
}

// SameOptions says whether a server has the options that it had.
func (k Kept) SameOptions(options map[string]string) bool { return maps.Equal(k.Options, options) }

// BaselineReplaces says why a baseline is not to be written to the file path: what is
// there is none.
func BaselineReplaces(path string) error {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if _, err := ReadBaseline(path); err != nil {
		return fmt.Errorf("%w; it is not replaced: choose another file, or remove it", err)
	}
	return nil
}

// Write writes the baseline's file, whole or not at all. A file that is no baseline is
// not replaced.
func (b Baseline) Write(path string) (err error) {
	b.Tool, b.Type, b.Schema = toolName, typeBaseline, baselineSchema
	if err := b.validate(); err != nil {
		return fmt.Errorf("write the baseline %s: %w", path, err)
	}
	if err := BaselineReplaces(path); err != nil {
		return err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(b); err != nil {
		return fmt.Errorf("write the baseline %s: %w", path, err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".baseline-*")
	if err != nil {
		return fmt.Errorf("write the baseline %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write the baseline %s: %w", path, errors.Join(err, os.Remove(f.Name())))
		}
	}()
	_, err = f.Write(out.Bytes())
	if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

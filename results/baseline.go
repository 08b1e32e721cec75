package results

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
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
	if strings.ContainsFunc(b.Yardstick, unprintable) {
		return fmt.Errorf("its yardstick %q is no name", b.Yardstick)
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
	case strings.ContainsFunc(k.Subject+k.Scenario, unprintable):
		return fmt.Errorf("its server or its scenario %q is no name", k.Scenario)
	case !(k.Low > 1/most && k.Low <= k.Ratio && k.Ratio <= k.High && k.High < most):
		return fmt.Errorf("its ratio is %g (%g to %g), which is none", k.Ratio, k.Low, k.High)
	case k.Blocks < 1 || k.Blocks > maxTrials || len(k.Options) > maxEntries:
		return fmt.Errorf("it has %d blocks and %d options", k.Blocks, len(k.Options))
	}
	for name, value := range k.Options {
		if max(len(name), len(value)) > maxName || strings.ContainsFunc(name+value, unprintable) {
			return fmt.Errorf("its option %q has %d bytes, where %d printable ones are allowed", name, len(value), maxName)
		}
	}
	return k.Cell.validate()
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// SameOptions says whether a server has the options that it had.
func (k Kept) SameOptions(options map[string]string) bool { return maps.Equal(k.Options, options) }

// Replaced is the baseline that one written to the file path takes the place of: nil if
// there is no such file. What is there and is none is an error, as it is not replaced, and
// so is a directory that there is not, or that nothing can be written into.
func Replaced(path string) (*Baseline, error) {
	dir := filepath.Dir(path)
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("the baseline %s has no directory to be in, make it: %w", path, err)
	}
	if err := tryWriting(dir); err != nil {
		return nil, fmt.Errorf("the baseline %s cannot be written, choose another directory: %w", path, err)
	}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	b, err := ReadBaseline(path)
	if err != nil {
		return nil, fmt.Errorf("%w; it is not replaced: choose another file, or remove it", err)
	}
	return &b, nil
}

// tryWriting makes a file as Write does, and removes it.
func tryWriting(dir string) error {
	f, err := os.CreateTemp(dir, ".baseline-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// Write writes the baseline's file, whole or not at all, and waits until it is on disk.
// Cells are in an order of their own, so that of two files of the same cells the figures
// alone differ. A file that is no baseline is not replaced.
func (b Baseline) Write(path string) error {
	b.Cells = slices.SortedFunc(slices.Values(b.Cells), Kept.compare)
	b.Tool, b.Type, b.Schema = toolName, typeBaseline, baselineSchema
	if err := b.validate(); err != nil {
		return fmt.Errorf("write the baseline %s: %w", path, err)
	}
	if _, err := Replaced(path); err != nil {
		return err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(b); err != nil {
		return fmt.Errorf("write the baseline %s: %w", path, err)
	}
	if err := replace(path, out.Bytes()); err != nil {
		return fmt.Errorf("write the baseline %s: %w", path, err)
	}
	return nil
}

// replace has a file be its content, whole and on disk, or be what it was.
func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".baseline-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDirectory(filepath.Dir(path))
}

// compare puts cells in order: by scenario, dimensions and server.
func (k Kept) compare(other Kept) int {
	return cmp.Or(
		cmp.Compare(k.Scenario, other.Scenario),
		cmp.Compare(k.Connections, other.Connections),
		cmp.Compare(k.Active, other.Active),
		cmp.Compare(k.Rounds, other.Rounds),
		cmp.Compare(k.DurationNS, other.DurationNS),
		cmp.Compare(k.Size, other.Size),
		cmp.Compare(k.SocketBuffers, other.SocketBuffers),
		cmp.Compare(k.Subject, other.Subject),
	)
}

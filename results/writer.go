package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	// FileName is the name of the result file in a result directory.
	FileName = "run.jsonl"

	toolName  = "muxbench"
	typeRun   = "run"
	typeTrial = "trial"
	typeLooks = "looks"
)

// Writer appends trials to the result file of one run. It is owned by one
// goroutine.
type Writer struct {
	file *os.File
	path string
	size int64 // of the whole lines written so far
}

// ErrHoldsRun is why a directory is refused.
var ErrHoldsRun = errors.New("holds a run already: choose another directory")

// Create starts the result file of run in the directory dir, which it makes
// if need be, parents included. The run's line is on disk when Create
// returns; Type, Schema and Tool are filled in. A directory that holds a run
// already is refused with ErrHoldsRun.
func Create(dir string, run Run) (*Writer, error) {
	run.Type, run.Schema, run.Tool = typeRun, Schema, toolName
	if err := run.validate(); err != nil {
		return nil, fmt.Errorf("encode the run for %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("make the result directory: %w", err)
	}
	path := filepath.Join(dir, FileName)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s %w", path, ErrHoldsRun)
	}
	if err != nil {
		return nil, fmt.Errorf("create the result file: %w", err)
	}
	w := &Writer{file: file, path: path}
	if err := w.begin(dir, run); err != nil {
		// The file is ours and holds nothing: leave no directory that a
		// second attempt would refuse.
		_ = file.Close()
		_ = os.Remove(path)
		return nil, err
	}
	return w, nil
}

func (w *Writer) begin(dir string, run Run) error {
	var lines bytes.Buffer
	if err := encodeLine(&lines, run); err != nil {
		return fmt.Errorf("encode the run for %s: %w", w.path, err)
	}
	if err := w.write(lines.Bytes()); err != nil {
		return err
	}
	return syncDirectory(dir)
}

// Path is the name of the result file.
func (w *Writer) Path() string { return w.path }

// Append writes trials, one line each, with one write(2) and waits until they
// are on disk; Type is filled in. It writes all of them or none: a trial that
// a reader would refuse is an error, and so is whatever the disk says.
func (w *Writer) Append(trials ...Trial) error {
	if len(trials) == 0 {
		return nil
	}
	var lines bytes.Buffer
	for _, t := range trials {
		t.Type = typeTrial
		err := t.Validate()
		if err == nil {
			err = encodeLine(&lines, t)
		}
		if err != nil {
			return fmt.Errorf("encode block %d of arm %q for %s: %w", t.Block, t.Arm, w.path, err)
		}
	}
	return w.write(lines.Bytes())
}

// AppendLooks writes when a gate looks at cells, as Append writes trials.
func (w *Writer) AppendLooks(looks ...Looks) error {
	var lines bytes.Buffer
	for _, l := range looks {
		l.Type = typeLooks
		err := l.validate()
		if err == nil {
			err = encodeLine(&lines, l)
		}
		if err != nil {
			return fmt.Errorf("encode the looks at %q for %s: %w", l.Subject, w.path, err)
		}
	}
	if lines.Len() == 0 {
		return nil
	}
	return w.write(lines.Bytes())
}

// Close closes the file. What was appended is on disk already.
func (w *Writer) Close() error {
	if err := w.file.Close(); err != nil {
		return fmt.Errorf("close the result file: %w", err)
	}
	return nil
}

func (w *Writer) write(lines []byte) error {
	if _, err := w.file.Write(lines); err != nil {
		// Half a line would swallow the next one that is appended.
		return errors.Join(fmt.Errorf("write results: %w", err), w.file.Truncate(w.size))
	}
	w.size += int64(len(lines))
	if err := w.file.Sync(); err != nil {
		return fmt.Errorf("write results to disk: %w", err)
	}
	return nil
}

// encodeLine appends the line of one record to lines.
func encodeLine(lines *bytes.Buffer, record any) error {
	start := lines.Len()
	enc := json.NewEncoder(lines) // ends every value with a newline
	enc.SetEscapeHTML(false)
	if err := enc.Encode(record); err != nil {
		return err
	}
	if n := lines.Len() - start; n > maxLine {
		return fmt.Errorf("the record takes %d bytes, more than the %d that a reader accepts", n, maxLine)
	}
	return nil
}

// syncDirectory makes the entry of a new file durable: fsync(2) of the file
// alone does not.
func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open the result directory: %w", err)
	}
	err = d.Sync()
	if closeErr := d.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("write the result directory to disk: %w", err)
	}
	return nil
}

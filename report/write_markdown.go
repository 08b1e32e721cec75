package report

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// WriteMarkdown writes the Markdown report to the file path, replacing one of
// that name, whole or not at all.
func WriteMarkdown(path string, s Summary) error {
	var text bytes.Buffer
	if err := Markdown(&text, s); err != nil {
		return fmt.Errorf("write the report %s: %w", path, err)
	}
	return writeWhole(path, text.Bytes())
}

// writeWhole writes a report to the file path, replacing one of that name, whole or not
// at all.
func writeWhole(path string, report []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".report-*")
	if err != nil {
		return fmt.Errorf("write the report %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write the report %s: %w", path, errors.Join(err, os.Remove(f.Name())))
		}
	}()
	if _, err := f.Write(report); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

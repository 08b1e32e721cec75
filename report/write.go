package report

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// WriteCharts draws every chart of the summary as PNG and SVG into the
// directory dir, which it makes if need be, and returns the names of the
// files. A file of the same name is replaced. No file is ever half there, and
// none is replaced before all are drawn and on disk: what is left to fail
// then is renaming, and an error of that comes with the names that it did not
// prevent.
func WriteCharts(dir string, s Summary) (names []string, err error) {
	return writeCharts(dir, Charts(s))
}

// WriteComparisonCharts draws the charts of a comparison, as WriteCharts does
// those of a summary.
func WriteComparisonCharts(dir string, c SideBySide) (names []string, err error) {
	return writeCharts(dir, ComparisonCharts(c))
}

func writeCharts(dir string, charts []Chart) (names []string, err error) {
	if len(charts) == 0 {
		return nil, nil
	}
	drawn := make(map[string][]byte)
	for _, c := range charts {
		for _, format := range []string{"png", "svg"} {
			name := c.Name + "." + format
			if drawn[name], err = c.Render(format); err != nil {
				return nil, err
			}
			names = append(names, name)
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("make the directory for charts: %w", err)
	}
	// Beside the charts, because a file cannot be renamed to another disk.
	temporary, err := os.MkdirTemp(dir, ".charts-*")
	if err != nil {
		return nil, fmt.Errorf("make room for charts: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temporary)) }()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(temporary, name), drawn[name], 0o666); err != nil {
			return nil, fmt.Errorf("write a chart: %w", err)
		}
	}
	var placed []string
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.Rename(filepath.Join(temporary, name), path); err != nil {
			return placed, fmt.Errorf("write a chart: %w", err)
		}
		placed = append(placed, path)
	}
	return placed, nil
}

package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"muxbench/results"
)

// Figure is one number that a service follows from run to run.
type Figure struct {
	Name, Unit string
	Value      float64
	Low, High  float64 // ends of an interval or of a range; both 0 if there is none
	More       bool    // is better
	Extra      string  // in words
}

// WriteFigures writes figures of something (a run, a check, a comparison) for
// github-action-benchmark, which reads one direction at a time, into the directory dir:
// a file for its tool customSmallerIsBetter and one for customBiggerIsBetter, each whole
// or not at all, and if there is a figure for it. It returns their names.
func WriteFigures(dir, of string, figures []Figure) (names []string, err error) {
	type entry struct {
		Name  string  `json:"name"`
		Unit  string  `json:"unit"`
		Value float64 `json:"value"`
		Range string  `json:"range,omitempty"`
		Extra string  `json:"extra,omitempty"`
	}
	for _, file := range []struct {
		name string
		more bool
	}{{of + "-smaller-is-better.json", false}, {of + "-bigger-is-better.json", true}} {
		var entries []entry
		for _, f := range figures {
			if f.More != file.more || math.IsNaN(f.Value) || math.IsInf(f.Value, 0) {
				continue
			}
			e := entry{plainText(f.Name), f.Unit, f.Value, "", plainText(f.Extra)}
			if f.Low != 0 || f.High != 0 {
				e.Range = formatShort(f.Low) + "–" + formatShort(f.High)
			}
			entries = append(entries, e)
		}
		if len(entries) == 0 {
			continue
		}
		encoded, err := json.MarshalIndent(entries, "", "  ")
		if err != nil {
			return names, fmt.Errorf("encode figures: %w", err)
		}
		var out bytes.Buffer
		writePrintable(&out, encoded)
		path := filepath.Join(dir, file.name)
		if err := writeWhole(path, out.Bytes()); err != nil {
			return names, err
		}
		names = append(names, path)
	}
	if len(names) == 0 {
		return nil, errors.New("there is no figure to write: no trial is ok")
	}
	return names, nil
}

// Figures are those of every arm that measured something, but for the control.
func (s Summary) Figures() []Figure {
	var all []Figure
	for _, sc := range s.Scenarios {
		varying, _ := splitDimensions(sc.Cells)
		for _, c := range sc.Cells {
			for _, a := range c.Arms {
				if a.Control {
					continue
				}
				place := strings.Join(append([]string{fullName(sc.Name), fullName(a.Name)}, phrases(varying, c.Cell)...), ", ")
				all = append(all, a.figures(c.Cell, place)...)
			}
		}
	}
	return all
}

func (a Arm) figures(c results.Cell, place string) []Figure {
	var all []Figure
	for _, f := range figureUnits() {
		if e, ok := a.Values[f.metric]; ok && f.follows(c, a.Samples) {
			all = append(all, Figure{place + ": " + f.unit, f.unit, e.Value, e.Low, e.High, f.more, plural(e.Blocks, "block", "blocks")})
		}
	}
	return all
}

// Figures are of a check: what head and base, or the yardstick, took in each cell, and the
// ratio.
func (c Check) Figures() []Figure {
	var all []Figure
	for _, cell := range c.Judgement.Cells {
		if cell.Ratio.Blocks == 0 {
			continue
		}
		place, extra := c.place(cell), c.qualified(string(cell.Verdict)+": "+cell.Why)
		all = append(all,
			Figure{Name: place + ": head", Unit: unitOfMetric(cell.Metric), Value: cell.Head, Extra: extra},
			Figure{Name: place + ": " + c.baseName(), Unit: unitOfMetric(cell.Metric), Value: cell.Base, Extra: extra},
			Figure{Name: place + ": head over base", Unit: "ratio", Value: cell.Ratio.Value, Low: cell.Ratio.Low, High: cell.Ratio.High, Extra: extra})
	}
	return all
}

func unitOfMetric(m results.Metric) string {
	for _, f := range figureUnits() {
		if f.metric == m {
			return f.unit
		}
	}
	return string(m)
}

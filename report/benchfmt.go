package report

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/perf/benchfmt"

	"muxbench/results"
)

// Side is a result file among several, and by what name benchstat is to tell it from
// the others: key "side". Without a name there is no such key.
type Side struct {
	Name string
	File *results.File
}

// Benchfmt writes the Go benchmark format (golang.org/design/14313-benchmark-format), a
// line for each ok trial, never averaged: "benchstat -col /arm" compares the arms of a
// run, and "benchstat -col build" the builds of a check, whose base and head have the
// same name and differ in the key "build"; in a check by a baseline the other server is
// the yardstick, and "build" says so. Each unit says whether more is better.
func Benchfmt(w io.Writer, sides ...Side) error {
	var out bytes.Buffer
	writer := benchfmt.NewWriter(&out)
	write := func(r benchfmt.Record) error {
		if err := writer.Write(r); err != nil {
			return fmt.Errorf("write the benchmark format: %w", err)
		}
		return nil
	}
	for _, f := range figureUnits() {
		better := "lower"
		if f.more {
			better = "higher"
		}
		if err := write(&benchfmt.UnitMetadata{UnitMetadataKey: benchfmt.UnitMetadataKey{Unit: f.unit, Key: "better"}, OrigUnit: f.unit, Value: better}); err != nil {
			return err
		}
	}
	for i, common := range benchConfigs(sides) {
		side, base := sides[i], "base"
		if g := side.File.Run.Gate; g != nil && len(g.Baseline) > 0 {
			base = "yardstick"
		}
		for _, t := range side.File.Trials {
			r := benchResult(t, common, base)
			if t.Status != results.StatusOK || len(r.Values) == 0 {
				continue
			}
			if err := write(r); err != nil {
				return err
			}
		}
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the benchmark format: %w", err)
	}
	return nil
}

// benchConfigs are the configuration lines of each side. What the sides differ in is left
// out, but for their machines and Gos: benchstat compares only what has the same
// configuration, and sides are to be compared, machines that are not alike are not.
func benchConfigs(sides []Side) [][]benchfmt.Config {
	kept := []string{"side", "goos", "goarch", "cpu", "kernel", "go", "unlike-machine"}
	all, values := make([][]benchfmt.Config, len(sides)), map[string]int{}
	for i, side := range sides {
		all[i] = benchConfig(side)
		for _, c := range all[i] {
			values[c.Key+"="+string(c.Value)]++
		}
	}
	for i := range all {
		all[i] = slices.DeleteFunc(all[i], func(c benchfmt.Config) bool {
			return !slices.Contains(kept, c.Key) && values[c.Key+"="+string(c.Value)] < len(sides)
		})
	}
	return all
}

// benchConfig are the configuration lines of a file.
func benchConfig(side Side) []benchfmt.Config {
	run := side.File.Run
	var all []benchfmt.Config
	add := func(key, value string) {
		if value = benchValue(value); value != "" {
			all = append(all, benchfmt.Config{Key: key, Value: []byte(value), File: true})
		}
	}
	add("side", side.Name)
	add("goos", run.Environment.OS)
	add("goarch", run.Environment.Arch)
	add("cpu", run.Environment.CPUModel)
	add("kernel", run.Environment.Kernel)
	add("go", run.Environment.GoVersion)
	add("muxbench", run.Version)
	if run.Gate != nil {
		add("unlike-machine", strings.Join(run.Gate.Unlike, "; "))
	}
	for _, key := range slices.Sorted(maps.Keys(run.Labels)) {
		add("label-"+benchKey(key), run.Labels[key])
	}
	return all
}

func benchResult(t results.Trial, common []benchfmt.Config, base string) *benchfmt.Result {
	r := &benchfmt.Result{Name: []byte(benchName(t)), Config: slices.Clone(common), Iters: 1}
	if t.Subject != "" {
		build := "head"
		switch {
		case t.Control:
			build = "control"
		case t.Reference:
			build = base
		}
		r.Config = append(r.Config, benchfmt.Config{Key: "build", Value: []byte(build), File: true})
	}
	var n int64
	for _, s := range t.Slices {
		n += max(s.Messages, s.Connects, s.Changes)
	}
	r.Iters = int(max(1, n))
	for _, f := range figureUnits() {
		v, ok := t.Values[f.metric]
		if ok && f.follows(t.Cell, samples(t)) && !math.IsNaN(v) && !math.IsInf(v, 0) {
			r.Values = append(r.Values, benchfmt.Value{Value: v, Unit: f.unit})
		}
	}
	return r
}

// benchName has what tells a line from those of other arms and cells. It must not end in
// a dash and a number, as that would be taken for GOMAXPROCS: an arm's name may.
func benchName(t results.Trial) string {
	name := []rune(benchWord(t.Scenario))
	name[0] = unicode.ToUpper(name[0])
	var b strings.Builder
	b.WriteString(string(name))
	if t.Subject != "" {
		b.WriteString("/server=" + benchWord(t.Subject))
	} else {
		b.WriteString("/arm=" + benchWord(t.Arm))
	}
	number := func(key string, n int64) {
		if n != 0 {
			fmt.Fprintf(&b, "/%s=%d", key, n)
		}
	}
	number("connections", int64(t.Connections))
	number("active", int64(t.Active))
	number("rounds", int64(t.Rounds))
	if t.DurationNS != 0 {
		b.WriteString("/window=" + time.Duration(t.DurationNS).String())
	}
	if t.Rate != 0 {
		b.WriteString("/rate=" + strconv.FormatFloat(t.Rate, 'f', -1, 64))
	}
	if t.Load != 0 {
		b.WriteString("/load=" + strconv.FormatFloat(t.Load, 'f', -1, 64))
	}
	if t.SLO != "" {
		fmt.Fprintf(&b, "/slo=%s:%s", benchWord(string(t.SLO)), time.Duration(t.SLONS))
	}
	if t.Schedule != "" {
		b.WriteString("/schedule=" + benchWord(string(t.Schedule)))
	}
	number("buffers", int64(t.SocketBuffers))
	fmt.Fprintf(&b, "/size=%d", t.Size)
	return b.String()
}

// benchWord is a string as a part of a name, which holds neither blanks nor slashes.
func benchWord(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '/':
			return ':'
		case r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._@+:", r):
			return '_'
		}
		return r
	}, fullName(s))
	if s == "" {
		return "_"
	}
	return s
}

// benchKey is a string as a part of a key: lower-case, without blanks and colons.
func benchKey(s string) string {
	return strings.ToLower(strings.ReplaceAll(benchWord(s), ":", "_"))
}

// benchValue is a string as a value, on one line.
func benchValue(s string) string { return strings.TrimSpace(plainText(s)) }

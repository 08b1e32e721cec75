//go:build linux

package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"muxbench/multiplexers/server"
	"muxbench/results"
	"muxbench/scenarios"
)

// list is a flag with values of one kind, separated by commas or given by
// repeating it.
type list[T any] struct {
	values *[]T
	kind   string
	parse  func(string) (T, error)
}

func (l list[T]) Type() string { return l.kind }

func (l list[T]) String() string {
	if l.values == nil || len(*l.values) == 0 {
		return ""
	}
	return strings.Trim(fmt.Sprint(*l.values), "[]")
}

func (l list[T]) Set(s string) error {
	for field := range strings.SplitSeq(s, ",") {
		field = strings.TrimSpace(field)
		if field == "" {
			return errors.New("an item of the list is empty")
		}
		v, err := l.parse(field)
		if err != nil {
			return err
		}
		*l.values = append(*l.values, v)
	}
	return nil
}

// single is a flag with one value.
type single[T any] struct {
	value *T
	kind  string
	parse func(string) (T, error)
}

func (f single[T]) Type() string { return f.kind }

func (f single[T]) String() string {
	if f.value == nil {
		return ""
	}
	return fmt.Sprint(*f.value)
}

func (f single[T]) Set(s string) error {
	v, err := f.parse(s)
	if err == nil {
		*f.value = v
	}
	return err
}

// parseCount reads a whole number, with k for thousands and M for millions.
func parseCount(s string) (int, error) {
	return parseScaled(s, "a whole number such as 500, 10k or 1M", []unit{{"k", 1e3}, {"M", 1e6}})
}

// parseSize reads a number of bytes, with KiB or MiB.
func parseSize(s string) (int, error) {
	return parseScaled(s, "bytes such as 64, 1KiB or 1MiB", []unit{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"B", 1}})
}

type unit struct {
	suffix string
	factor float64
}

func parseScaled(s, want string, units []unit) (int, error) {
	digits, factor := s, 1.0
	for _, u := range units {
		if rest, ok := strings.CutSuffix(s, u.suffix); ok {
			digits, factor = rest, u.factor
			break
		}
	}
	v, err := strconv.ParseFloat(digits, 64)
	v *= factor
	if err != nil || v != math.Trunc(v) {
		return 0, fmt.Errorf("%q is not %s", s, want)
	}
	if math.Abs(v) > math.MaxInt32 {
		return 0, fmt.Errorf("%q is too large", s)
	}
	return int(v), nil
}

// parseShare reads a percentage as a share of 1.
func parseShare(s string) (float64, error) {
	digits, ok := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || !(v > 0 && v < math.MaxInt32) {
		return 0, errors.New("a percentage such as 2% is wanted")
	}
	return v / 100, nil
}

// parseRate reads msgs/s, or a percentage of what an arm can do.
func parseRate(s string) (scenarios.Rate, error) {
	if strings.HasSuffix(s, "%") {
		share, err := parseShare(s)
		return scenarios.Rate{Share: share}, err
	}
	n, err := parseCount(s)
	if err == nil && n < 1 {
		err = errors.New("at least 1 message a second must be offered")
	}
	return scenarios.Rate{PerSecond: float64(n)}, err
}

// parseSLO reads a percentile and its bound, as in p99=1ms.
func parseSLO(s string) (scenarios.SLO, error) {
	name, bound, ok := strings.Cut(s, "=")
	d, err := time.ParseDuration(bound)
	if !ok || err != nil || d <= 0 {
		return scenarios.SLO{}, fmt.Errorf("%q is not a percentile and a latency, such as p99=1ms", s)
	}
	for _, p := range percentiles() {
		if p.name == name {
			return scenarios.SLO{Latency: p.metric, Bound: d}, nil
		}
	}
	return scenarios.SLO{}, fmt.Errorf("%q is no percentile that is measured: use p50, p90, p99 or p99.9", name)
}

// parseSchedule takes a name as it is; the plan knows which are right.
func parseSchedule(s string) (results.Schedule, error) { return results.Schedule(s), nil }

// parseWait takes a name as it is; the plan knows which are right.
func parseWait(s string) (scenarios.Wait, error) { return scenarios.Wait(s), nil }

// parseCPU reads the number of a CPU.
func parseCPU(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%q is not the number of a CPU: list them, such as 0,1", s)
	}
	return int(n), nil
}

// parseAmount reads a count or a percentage.
func parseAmount(s string) (scenarios.Amount, error) {
	percent, ok := strings.CutSuffix(s, "%")
	if !ok {
		n, err := parseCount(s)
		if err == nil && n < 1 {
			err = errors.New("at least 1 connection must be active")
		}
		return scenarios.Amount{Count: n}, err
	}
	v, err := strconv.ParseFloat(percent, 64)
	if err != nil || !(v > 0 && v <= 100) {
		return scenarios.Amount{}, fmt.Errorf("%q is not a percentage above 0 and up to 100", s)
	}
	return scenarios.Amount{Percent: v}, nil
}

// parseWord takes a name as it is; the plan knows which are right.
func parseWord(s string) (string, error) {
	if s == "" {
		return "", errors.New("an empty name")
	}
	return s, nil
}

// parseLabel reads k=v.
func parseLabel(s string) ([2]string, error) {
	k, v, ok := strings.Cut(s, "=")
	if !ok || k == "" {
		return [2]string{}, fmt.Errorf("%q is not of the form key=value", s)
	}
	if len(k) > results.MaxLabel || len(v) > results.MaxLabel {
		return [2]string{}, fmt.Errorf("key and value may have up to %d bytes each", results.MaxLabel)
	}
	return [2]string{k, v}, nil
}

// servers is a flag of the form name=COMMAND. A command may have commas.
type servers struct{ values *[]scenarios.External }

func (s servers) Type() string { return "name=command" }

func (s servers) String() string { return "" }

func (s servers) Set(v string) error {
	name, command, ok := strings.Cut(v, "=")
	if !ok {
		return errors.New("it is not of the form name=COMMAND, as in 'mine=./server --port {port}'")
	}
	*s.values = append(*s.values, scenarios.External{Name: name, Command: strings.TrimSpace(command)})
	return nil
}

// parseLookup and parseInterest take names as they are, likewise.
func parseLookup(s string) (server.StateLookup, error) { return server.StateLookup(s), nil }

func parseInterest(s string) (scenarios.Interest, error) { return scenarios.Interest(s), nil }

func lookupNames() []string {
	return []string{string(server.LookupDescriptor), string(server.LookupIndex), string(server.LookupMap), string(server.LookupScan)}
}

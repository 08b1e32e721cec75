//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// counts are of system calls, by name.
type counts map[string]int64

// counted is what was counted of one server's life.
type counted struct {
	Served   counts `json:"served"` // accepted, reads, writes, waits
	Calls    counts `json:"calls"`  // by strace
	Failures counts `json:"failures"`
}

func counterSteps() []step {
	var all []step
	for _, backend := range []string{"select", "poll", "epoll-lt", "epoll-et"} {
		all = append(all, step{name: backend, needs: strace, measure: func(ctx context.Context, b *bench, _ string) (any, error) {
			return countCalls(ctx, b, backend)
		}})
	}
	return all
}

// countCalls has strace count what one server's event loop does, from before the
// first connection until the last is gone.
func countCalls(ctx context.Context, b *bench, backend string) (c counted, err error) {
	server, err := b.serve(ctx, backend)
	if err != nil {
		return c, err
	}
	c.Calls, c.Failures, err = traced(ctx, b, server)
	said, ended := server.end()
	if err != nil {
		return c, err
	}
	if ended != nil {
		return c, fmt.Errorf("ending muxbench serve: %w: %s", ended, said)
	}
	c.Served, err = parseServed(said)
	return c, err
}

// traced is the part of countCalls while the server lives.
func traced(ctx context.Context, b *bench, server *serving) (calls, failures counts, err error) {
	task, err := server.loopThread()
	if err != nil {
		return nil, nil, err
	}
	var said bytes.Buffer
	tracer := child(ctx, "strace", "-c", "-p", filepath.Base(task))
	tracer.Stderr = &said
	if err := tracer.Start(); err != nil {
		return nil, nil, fmt.Errorf("starting strace: %w", err)
	}
	err = until(ctx, "strace has attached to thread "+filepath.Base(task), func() bool {
		return statusField(task, "TracerPid") != "0"
	})
	if err == nil {
		if out, failed := child(ctx, b.muxbench, "load", server.address, "-c", "50", "-r", "200").CombinedOutput(); failed != nil {
			err = fmt.Errorf("muxbench load: %w: %s", failed, out)
		}
	}
	if err == nil {
		err = until(ctx, "the server has closed all connections", settled(task))
	}
	// strace ends on its own terms, with its summary.
	_ = tracer.Process.Signal(syscall.SIGINT)
	_ = tracer.Wait() // its status is the signal's
	if err != nil {
		return nil, nil, fmt.Errorf("%w; strace said: %s", err, said.String())
	}
	return parseStrace(said.String())
}

// parseStrace reads the summary that strace -c prints.
func parseStrace(summary string) (calls, failures counts, err error) {
	calls, failures = counts{}, counts{}
	for line := range strings.Lines(summary) {
		f := strings.Fields(line)
		// % time, seconds, usecs/call, calls, errors where there are any, syscall
		if len(f) != 5 && len(f) != 6 || f[len(f)-1] == "total" {
			continue
		}
		n, err := strconv.ParseInt(f[3], 10, 64)
		if err != nil {
			continue // the heading
		}
		name := f[len(f)-1]
		calls[name] = n
		if len(f) == 6 {
			if failures[name], err = strconv.ParseInt(f[4], 10, 64); err != nil {
				return nil, nil, fmt.Errorf("strace counts %q failures in %q", f[4], line)
			}
		}
	}
	if len(calls) == 0 {
		return nil, nil, fmt.Errorf("strace has counted nothing, but says %q: may this user trace processes (kernel.yama.ptrace_scope)?", summary)
	}
	return calls, failures, nil
}

var servedCount = regexp.MustCompile(`([0-9][0-9,]*) (connections? accepted|reads|writes|waits)`)

// parseServed reads the line that muxbench serve ends with.
func parseServed(line string) (counts, error) {
	c := counts{}
	for _, m := range servedCount.FindAllStringSubmatch(line, -1) {
		n, err := strconv.ParseInt(strings.ReplaceAll(m[1], ",", ""), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("muxbench serve says %q: %w", m[0], err)
		}
		c[strings.TrimPrefix(strings.TrimPrefix(m[2], "connections "), "connection ")] = n
	}
	if len(c) != 4 {
		return nil, fmt.Errorf("muxbench serve ends with %q, where accepted connections, reads, writes and waits are wanted", line)
	}
	return c, nil
}

// judgeCounters requires equality of reads, writes and connections. Waits may
// differ: the server does not count one that only its control descriptor ends,
// and strace none that was under way when it came or went. What is registered,
// the server does not print.
// judgeCounters has a row for each call of each backend: the sums over all
// repetitions, and whether every single one agreed.
func judgeCounters(done collected) []finding {
	var all []finding
	sums := make(map[string]*tallied)
	var order []string
	for _, steps := range done.repetitions {
		for _, m := range steps {
			var c counted
			if err := json.Unmarshal(m.record.Figures, &c); err != nil {
				all = append(all, finding{what: m.step.name, required: "figures", measured: err.Error()})
				continue
			}
			for _, call := range c.calls() {
				name := m.step.name + ": " + call.name
				sum, known := sums[name]
				if !known {
					sum = &tallied{required: call.required}
					sums[name] = sum
					order = append(order, name)
				}
				sum.server += call.server
				sum.kernel += call.kernel
				sum.n++
				if call.server == call.kernel {
					sum.equal++
				}
			}
		}
	}
	for _, name := range order {
		s := sums[name]
		all = append(all, finding{
			what: name, required: s.required, holds: s.equal == s.n,
			measured: fmt.Sprintf("server %d, strace %d; equal in %d of %d", s.server, s.kernel, s.equal, s.n),
		})
	}
	return all
}

// tallied is how often the two agreed on a call, and what they counted.
type tallied struct {
	required       string
	server, kernel int64
	equal, n       int
}

// call is what both have counted of one.
type call struct {
	name, required string
	server, kernel int64
}

func (c counted) calls() []call {
	var waits int64
	for _, name := range []string{"pselect6", "select", "ppoll", "poll", "epoll_wait", "epoll_pwait", "epoll_pwait2"} {
		waits += c.Calls[name]
	}
	return []call{
		{"reads", "equal", c.Served["reads"], c.Calls["read"]},
		{"writes", "equal", c.Served["writes"], c.Calls["write"]},
		{"accepted", "equal", c.Served["accepted"], c.Calls["accept4"] - c.Failures["accept4"]},
		{"waits (one more or less where strace came or went)", "", c.Served["waits"], waits},
	}
}

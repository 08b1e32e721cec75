//go:build linux

package scenarios

import (
	"fmt"
	"time"

	"muxbench/results"
)

// Preset is another benchmark, measured here: command lines, each of them a
// cell, or sweeps, with what has been published of them.
type Preset struct {
	Name, Summary string
	commands      []command
	connections   int // that the commands name
	parts         []part
	published     []results.Published
	compares      compares
	blocks        int // per cell, unless asked for otherwise
}

// command is one command line: PROGRAM CONNECTIONS [ROUNDS SIZE].
type command struct {
	program      string
	kind         string // of the cell
	rounds, size int
}

func (c command) line(connections int) string {
	if c.rounds == 0 {
		return fmt.Sprintf("%s %d", c.program, connections)
	}
	return fmt.Sprintf("%s %d %d %d", c.program, connections, c.rounds, c.size)
}

// Presets lists them. The caller owns the slice.
func Presets() []Preset {
	return []Preset{{
		Name:        "original",
		Summary:     "The benchmark that this one grew from: conn, performance and performance_2 with 10,000 connections",
		connections: 10_000,
		blocks:      1, // as it was run; this alone takes more than half an hour
		commands: []command{
			{"conn", Connect, 0, 0},
			{"performance", "echo", 100, kib},
			{"performance", "echo", 100, 10 * kib},
			{"performance", "echo", 1000, kib},
			{"performance", "echo", 1000, 10 * kib},
			{"performance_2", "bulk", 100, 100 * kib},
			{"performance_2", "echo", 100, kib},
			{"performance_2", "echo", 500, kib},
			{"performance_2", "echo", 1000, kib},
		},
	}, {
		Name:      "libevent",
		Summary:   "libevent's bench: 25 iterations over 100 to 9,900 socket pairs, beside published figures",
		parts:     chains(100, 1000, 5000, 9900),
		published: publishedChains(),
		blocks:    leastInterval,
	}, {
		Name:     "level-or-edge",
		Summary:  "Level- or edge-triggered epoll, or one-shot: all three over echo, bulk, idle, fanout and rate, with a verdict for each kind of work",
		parts:    triggers(),
		compares: compares{backends: []string{"epoll-lt", "epoll-et", "epoll-oneshot"}, reference: "epoll-lt"},
		blocks:   20, // with as many, an interval of server CPU is within 1 % on a quiet machine
	}}
}

// triggers is every kind of work that level- and edge-triggered readiness may differ
// in: small messages and those that wait to be written, few active of many, and an
// open loop that the server is not busy in, at the same rate for all of them.
func triggers() []part {
	all, none := []Amount{{Percent: 100}}, []int{0}
	window := 200 * time.Millisecond
	return []part{
		{"echo", Sweep{Connections: []int{100}, Active: all, Duration: window, Sizes: []int{64}, SocketBuffers: none}, defaultTurns},
		{"bulk", Sweep{Connections: []int{100}, Active: all, Duration: window, Sizes: []int{100 * kib}, SocketBuffers: []int{0, 16 * kib}}, overviewTurns},
		{"idle", Sweep{Connections: []int{1000}, Active: []Amount{{Count: 10}}, Duration: window, Sizes: []int{64}, SocketBuffers: none}, defaultTurns},
		{Fanout, Sweep{Connections: []int{100}, Active: all, Duration: window, Sizes: []int{64}, SocketBuffers: none}, defaultTurns},
		{Fanout, Sweep{Connections: []int{10}, Active: all, Duration: window, Sizes: []int{256 * kib}, SocketBuffers: []int{4 * kib}}, overviewTurns},
		{Open, Sweep{Connections: []int{100}, Active: all, Duration: minOpen, Sizes: []int{64}, SocketBuffers: none, Rates: []Rate{{PerSecond: 20e3}}}, 0},
	}
}

// preset plans a preset, with the connections asked for in place of its own:
// Plan's Cells, Commands and Published.
func (p *Plan) preset(r Request) error {
	var known []string
	for _, preset := range Presets() {
		known = append(known, preset.Name)
		if preset.Name != r.Preset {
			continue
		}
		p.Scenario = preset.Name
		if r.Blocks == 0 {
			p.Blocks = preset.blocks
		}
		if err := r.fixedByPreset(); err != nil {
			return err
		}
		p.Published = preset.published
		for _, part := range preset.parts {
			cells, err := part.cells(Sweep{Connections: r.Sweep.Connections})
			if err != nil {
				return err
			}
			p.add(cells)
		}
		return p.commands(preset, r.Sweep.Connections)
	}
	return unknown("--preset", r.Preset, known)
}

// commands plans the commands of a preset.
func (p *Plan) commands(preset Preset, connections []int) error {
	if len(connections) == 0 {
		connections = []int{preset.connections}
	}
	if n := len(connections) * len(preset.commands); n > maxCells {
		return &Invalid{Flag: "--connections", Allowed: fmt.Sprintf("with --preset %s they make %d commands, and at most %d are allowed", preset.Name, n, maxCells)}
	}
	for _, n := range connections {
		for _, c := range preset.commands {
			sweep := Sweep{Connections: []int{n}, Active: []Amount{{Percent: 100}}, Sizes: []int{c.size}, SocketBuffers: []int{0}}
			if c.rounds > 0 {
				sweep.Rounds = []int{c.rounds}
			}
			cells, err := part{kind: c.kind, sweep: sweep}.cells(Sweep{})
			if err != nil {
				return err
			}
			p.add(cells)
			p.Commands = append(p.Commands, results.Command{Line: c.line(n), Cell: cells[0]})
		}
	}
	return nil
}

// fixedByPreset refuses to change what a preset's commands say.
func (r Request) fixedByPreset() error {
	s := r.Sweep
	for _, fixed := range []struct {
		flag  string
		given bool
	}{
		{"SCENARIO", len(r.Scenarios) > 0},
		{"--active", len(s.Active) > 0},
		{"--rounds", len(s.Rounds) > 0},
		{"--duration", s.Duration != 0},
		{"--size", len(s.Sizes) > 0},
		{"--socket-buffers", len(s.SocketBuffers) > 0},
		{"--rate", len(s.Rates) > 0},
		{"--slo", len(s.SLOs) > 0},
		{"--schedule", s.Schedule != ""},
	} {
		if fixed.given {
			return &Invalid{Flag: fixed.flag, Allowed: "not together with --preset " + r.Preset + ", which says it itself"}
		}
	}
	return nil
}

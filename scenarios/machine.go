//go:build linux

package scenarios

import (
	"io/fs"
	"os"

	"muxbench/results"
)

// Machine is watched while a block lasts.
type Machine interface {
	// Began starts watching the CPUs that serve and load; -1 is none in
	// particular.
	Began(cpus ...int)
	// Turn is called before each turn and after the last one, while everything
	// is quiescent.
	Turn()
	// Overflows counts how often a connection has found a listener's queue full so
	// far, in this network namespace.
	Overflows() int64
	// Ended says what has happened since Began; nil if nobody has looked.
	Ended() Vitality
}

// Unwatched is a Machine that nobody looks at: no block is void for what
// happened meanwhile. It is for trying things out, not for measuring.
type Unwatched struct{}

func (Unwatched) Began(...int)     {}
func (Unwatched) Turn()            {}
func (Unwatched) Overflows() int64 { return overflows(os.DirFS("/")) }
func (Unwatched) Ended() Vitality  { return nil }

// Vitality is what a machine did beside measuring, as far as it tells:
// results.StealShare, SpeedChange, Throttled, ListenDrops, RetransmittedShare.
type Vitality map[results.Metric]float64

// ThisMachine is the one that this process runs on.
func ThisMachine() Machine { return &thisMachine{root: os.DirFS("/")} }

type thisMachine struct {
	root   fs.FS
	cpus   []int
	speeds speedometer
	before vitals
}

func (m *thisMachine) Began(cpus ...int) {
	m.cpus, m.speeds = cpus, speedometer{}
	m.before = readVitals(m.root, cpus)
	m.measureEnd()
}

// measureEnd takes readings of the CPUs' speed at an end of the block, so that a
// third of them is never a single one, however few turns there are.
func (m *thisMachine) measureEnd() {
	const readings = 3
	for range readings {
		m.Turn()
	}
}

func (m *thisMachine) Turn() {
	for _, cpu := range m.cpus {
		_ = m.speeds.measure(cpu) // a CPU that cannot be measured has no change
	}
}

func (m *thisMachine) Overflows() int64 { return overflows(m.root) }

func (m *thisMachine) Ended() Vitality {
	m.measureEnd()
	v := readVitals(m.root, m.cpus).since(m.before)
	if change, ok := m.speeds.change(); ok {
		v[results.SpeedChange] = change
	}
	return v
}

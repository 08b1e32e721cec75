//go:build linux

package scenarios

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"muxbench/multiplexers"
	"muxbench/results"
)

// protocolVersion of what controller and workers say to each other. Either
// side refuses another one.
const protocolVersion = 2

// longestLine bounds a line of the protocol. The longest is an encoded
// histogram, of some 100 KB.
const longestLine = 4 << 20

// Role says which side of a connection a worker is.
type Role string

const (
	ServerRole Role = "server"
	LoadRole   Role = "load"
	// ChainRole is both sides in one process: scenario chain.
	ChainRole Role = "chain"
	// CtlRole is one process that changes its own set: scenario ctl.
	CtlRole Role = "ctl"
	// GuardRole ends a process group when its own input ends.
	GuardRole Role = "guard"
)

// Spec is what a worker is started with: the first line it reads. Fields of
// the other role are empty.
type Spec struct {
	Protocol      int    `json:"protocol"`
	Role          Role   `json:"role"`
	Entry         string `json:"entry"`
	CPU           int    `json:"cpu"`            // to pin the process to; -1: none
	CPUs          []int  `json:"cpus,omitempty"` // of a server's threads, in turn, where they have several; CPU is the first
	SocketBuffers int    `json:"socket_buffers,omitempty"`

	Backend string `json:"backend,omitempty"`
	// Program is a command line for sh(1), of a server or a chain that is not
	// ours. Launchers of processes run it as it is, instead of a worker.
	Program string `json:"program,omitempty"`
	// Executable is the muxbench that works, for launchers of processes; empty: their
	// own. It is not told the worker.
	Executable string        `json:"-"`
	Writes     int           `json:"writes,omitempty"`  // of a chain's iteration, after the first ones
	Group      int           `json:"group,omitempty"`   // that a guard ends
	Spin       time.Duration `json:"spin_ns,omitempty"` // of a server, that each message costs on top
	Choice                   // of a server
	Room       bool          `json:"room,omitempty"`    // both sides: what one says goes to all
	Backlog    int           `json:"backlog,omitempty"` // of a server's listener; 0 is the longest
	// Listen is where to serve; a port of 127.0.0.1 if it is not valid.
	Listen netip.AddrPort `json:"listen,omitzero"`

	Target      netip.AddrPort `json:"target,omitzero"`
	Allowed     []netip.Prefix `json:"allowed,omitempty"` // beyond loopback, that Target may be in
	Connections int            `json:"connections,omitempty"`
	Active      int            `json:"active,omitempty"`
	Size        int            `json:"size,omitempty"`
	Seed        uint64         `json:"seed,omitempty"`
}

// NewSpec is that of a worker of this build, on no particular CPU.
func NewSpec(role Role, entry multiplexers.Entry) Spec {
	return Spec{Protocol: protocolVersion, Role: role, Entry: entry.String(), CPU: unpinned}
}

// Verb is what a worker is asked to do.
type Verb string

const (
	// DoReport asks either role for its resident memory, and a load worker
	// for its latencies too.
	DoReport Verb = "report"
	// Of a server worker; both are answered with a ServerState.
	DoSnapshot Verb = "snapshot" // and serve on
	DoPark     Verb = "park"     // and sleep until the next snapshot
	// Of a load worker; all are answered with a LoadState.
	DoConnect    Verb = "connect"
	DoExchange   Verb = "exchange"
	DoPace       Verb = "pace"  // an open loop
	DoChurn      Verb = "churn" // connections that come, carry a message and go
	DoBurst      Verb = "burst" // so many more connections, all at once
	DoDisconnect Verb = "disconnect"
	DoAbort      Verb = "abort" // ends what is under way, has no answer of its own
	// Of a chain or ctl worker; answered with a ChainState or a CtlState.
	DoIterate Verb = "iterate"
)

// Command is one line to a worker, after its spec.
type Command struct {
	Do       Verb          `json:"do"`
	Record   bool          `json:"record,omitempty"`
	Rounds   int           `json:"rounds,omitempty"`
	Duration time.Duration `json:"duration_ns,omitempty"`
	Count    int           `json:"count,omitempty"` // of a burst
	Warm     bool          `json:"warm,omitempty"`  // an iteration: with another one, uncounted, right before it

	// Of an open loop: msgs/s, when they begin, and what those times are made of.
	Rate     float64          `json:"rate,omitempty"`
	Schedule results.Schedule `json:"schedule,omitempty"`
	Seed     uint64           `json:"seed,omitempty"`
}

// Reply is one line from a worker: the first one when it is ready, then one
// for each command. Times are on the clock of multiplexers.Monotonic.
type Reply struct {
	Protocol int            `json:"protocol,omitempty"` // of the first line
	Address  netip.AddrPort `json:"address,omitzero"`   // where a server listens, in its first line
	Server   *ServerState   `json:"server,omitempty"`
	Load     *LoadState     `json:"load,omitempty"`
	Chain    *ChainState    `json:"chain,omitempty"`
	Ctl      *CtlState      `json:"ctl,omitempty"`
	RSS      int64          `json:"rss_bytes,omitempty"` // resident memory: of the first line and of a report
	// Shared says why the loop has no descriptors of its own, entering raw, in the
	// first line; empty if it has.
	Shared string `json:"shared,omitempty"`
}

// ServerState is a server's snapshot. An external server does not tell its
// own: only that it lives.
type ServerState struct {
	Counters   results.Counters `json:"counters"`
	CPU        time.Duration    `json:"cpu_ns"`
	User       time.Duration    `json:"user_ns"`     // part of CPU, as the kernel samples it
	Queued     time.Duration    `json:"queued_ns"`   // that the loop's thread was ready and had no CPU, up to At; 0 where there are several
	At         time.Duration    `json:"at_ns"`       // on the clock of multiplexers.Monotonic
	Switches   int64            `json:"switches"`    // involuntary, of the loop's thread
	Sleeps     int64            `json:"sleeps"`      // voluntary: see server.Snapshot
	WorldStops int64            `json:"world_stops"` // by the Go runtime, since the process began
	Open       int              `json:"open"`
	Refused    int64            `json:"refused"`
	LastAccept time.Duration    `json:"last_accept_ns"`
	// Threads has the part of each, where there are several of a fixed number.
	Threads []results.ThreadCounters `json:"threads,omitempty"`
}

// threadsSince is what each thread did after an earlier state.
func (s ServerState) threadsSince(before ServerState) []results.ThreadCounters {
	if len(s.Threads) != len(before.Threads) {
		return nil
	}
	all := make([]results.ThreadCounters, len(s.Threads))
	for i, t := range s.Threads {
		all[i] = results.ThreadCounters{Role: t.Role, CPUNS: t.CPUNS - before.Threads[i].CPUNS, Counters: t.Counters.Minus(before.Threads[i].Counters)}
	}
	return all
}

// LoadState is what a load worker did in its last command, and what has gone
// wrong since it was started.
type LoadState struct {
	Established int              `json:"established,omitempty"`
	First       time.Duration    `json:"first_ns,omitempty"`
	Last        time.Duration    `json:"last_ns,omitempty"`
	Messages    int64            `json:"messages,omitempty"`
	Elapsed     time.Duration    `json:"elapsed_ns,omitempty"`
	CPU         time.Duration    `json:"cpu_ns,omitempty"`
	Switches    int64            `json:"switches,omitempty"`
	WorldStops  int64            `json:"world_stops,omitempty"`
	Counters    results.Counters `json:"counters"`
	Errors      results.Errors   `json:"errors"`
	FirstError  string           `json:"first_error,omitempty"`

	// Of an open loop, and see loadgen.Paced.
	Unsent  int64   `json:"unsent,omitempty"`
	Offered float64 `json:"offered,omitempty"`
	Rise    float64 `json:"rise,omitempty"`

	// Of an open loop its own, and of a report all that were recorded.
	Latency map[results.Metric]float64 `json:"latency,omitempty"`
	Lag     map[results.Metric]float64 `json:"lag,omitempty"`
	// Of a report.
	LatencyHDR string `json:"latency_hdr,omitempty"`
	LagHDR     string `json:"lag_hdr,omitempty"` // empty if there is none
}

// ChainState is what one iteration of a chain did.
type ChainState struct {
	Messages   int64            `json:"messages"` // bytes read
	Elapsed    time.Duration    `json:"elapsed_ns"`
	CPU        time.Duration    `json:"cpu_ns"`
	User       time.Duration    `json:"user_ns"`
	Queued     time.Duration    `json:"queued_ns"`  // during Watched
	Watched    time.Duration    `json:"watched_ns"` // from before the iteration to after it
	Switches   int64            `json:"switches"`
	WorldStops int64            `json:"world_stops"`
	Counters   results.Counters `json:"counters,omitzero"` // of an external program unknown
}

// CtlState is what one iteration of changes to a set did.
type CtlState struct {
	Changes    int64            `json:"changes"` // descriptors that were added, modified and removed
	Add        time.Duration    `json:"add_ns"`  // of all of them, as are the next two
	Modify     time.Duration    `json:"modify_ns"`
	Remove     time.Duration    `json:"remove_ns"`
	EmptyWaits int64            `json:"empty_waits"`
	EmptyWait  time.Duration    `json:"empty_wait_ns"` // of all of them
	Elapsed    time.Duration    `json:"elapsed_ns"`    // Add, Modify and Remove
	CPU        time.Duration    `json:"cpu_ns"`        // waits included
	User       time.Duration    `json:"user_ns"`
	Queued     time.Duration    `json:"queued_ns"`  // during Watched
	Watched    time.Duration    `json:"watched_ns"` // from before the iteration to after it
	Switches   int64            `json:"switches"`
	WorldStops int64            `json:"world_stops"`
	Counters   results.Counters `json:"counters"`
}

// lines reads and writes the protocol: JSON, a line each.
type lines struct {
	in  *bufio.Scanner
	out io.Writer
}

func newLines(in io.Reader, out io.Writer) *lines {
	s := bufio.NewScanner(in)
	s.Buffer(make([]byte, 0, 4096), longestLine)
	return &lines{in: s, out: out}
}

// read fills v from the next line: io.EOF if there is none.
func (l *lines) read(v any) error {
	if !l.in.Scan() {
		if err := l.in.Err(); err != nil {
			return fmt.Errorf("reading a line: %w", err)
		}
		return io.EOF
	}
	if err := json.Unmarshal(l.in.Bytes(), v); err != nil {
		return fmt.Errorf("reading a line: %w", err)
	}
	return nil
}

// write sends v as one line, in one write.
func (l *lines) write(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("writing a line: %w", err)
	}
	if _, err := l.out.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("writing a line: %w", err)
	}
	return nil
}

// serve answers commands until there are no more, or one fails.
func (l *lines) serve(answer func(Command) (Reply, error)) error {
	for {
		var c Command
		if err := l.read(&c); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		reply, err := answer(c)
		if err != nil {
			return err
		}
		if err := l.write(reply); err != nil {
			return err
		}
	}
}

// checkProtocol refuses a peer of another version.
func checkProtocol(version int) error {
	if version != protocolVersion {
		return fmt.Errorf("the other side speaks version %d of the worker protocol, this one %d: use the same build of muxbench for both", version, protocolVersion)
	}
	return nil
}

var errNoCommand = errors.New("not a command of this worker")

package results

// Status says how a trial ended. Any but StatusOK has a reason beside it.
type Status string

const (
	StatusOK          Status = "ok"
	StatusSkipped     Status = "skipped"     // never started: the cell or the host does not allow it
	StatusFailed      Status = "failed"      // errors, lost or wrong messages, a worker that died
	StatusVoided      Status = "voided"      // the block was disturbed from outside, by a rule blind to its outcome
	StatusInterrupted Status = "interrupted" // the user stopped the run
)

// Cell is one point of a sweep: what is asked of every arm alike. Cell is
// comparable, and so a key for grouping trials.
type Cell struct {
	Scenario      string  `json:"scenario"`
	Connections   int     `json:"connections"`
	Active        int     `json:"active"`         // connections that carry messages; in scenario accept those that come at once
	Rounds        int     `json:"rounds"`         // messages per active connection, in scenario chain writes after the first ones; 0 where a duration is asked for
	DurationNS    int64   `json:"duration_ns"`    // window per arm; 0 where rounds are asked for
	Size          int     `json:"size"`           // payload bytes of a message
	Rate          float64 `json:"rate"`           // offered msgs/s over all active connections, of an open loop whose rate is given
	SocketBuffers int     `json:"socket_buffers"` // SO_SNDBUF and SO_RCVBUF asked for; 0 leaves them to the kernel

	// Schedule is when the messages of an open loop are to begin; empty in a
	// closed one. One of Rate, Load and SLO says how many.
	Schedule Schedule `json:"schedule,omitempty"`
	// Load is the offered rate as a share of what the arm itself did in a closed
	// loop, measured in the same block: 0.2 for 20 %.
	Load float64 `json:"load,omitempty"`
	// SLO is the latency that is to be at most SLONS, while the highest rate that
	// keeps to it is searched.
	SLO   Metric `json:"slo,omitempty"`
	SLONS int64  `json:"slo_ns,omitempty"`

	// Subject is the server of which two builds are compared, under the name of its
	// arm; empty where different servers are.
	Subject string `json:"subject,omitempty"`
}

// Open says that messages begin at times fixed beforehand, whether or not
// earlier ones have been answered.
func (c Cell) Open() bool { return c.Schedule != "" }

// Closed says that messages are exchanged and each waits for the one before:
// scenarios that set up connections, or are one process, exchange none.
func (c Cell) Closed() bool { return !c.SetsUp() && !c.OneProcess() && !c.Open() }

// OneProcess says that there is neither server nor load generator, but one
// process with a multiplexer.
func (c Cell) OneProcess() bool {
	return c.Scenario == ScenarioChain || c.Scenario == ScenarioCtl
}

// SetsUp says that slices are of setting up connections alone.
func (c Cell) SetsUp() bool {
	return c.Scenario == ScenarioConnect || c.Scenario == ScenarioAccept
}

// Schedule is a distribution of the times between messages of an open loop.
type Schedule string

const (
	Poisson Schedule = "poisson" // independent of each other, as those of many users are
	Fixed   Schedule = "fixed"   // always the same
)

// Trial is what one arm did in one block. It is one line of a result file.
type Trial struct {
	Type  string `json:"type"` // always "trial"
	Block int    `json:"block"`
	Cell
	Arm       string            `json:"arm"`               // unique in its cell
	Backend   string            `json:"backend"`           // as given on the command line
	Reference bool              `json:"reference"`         // the arm that the others are compared with
	Control   bool              `json:"control,omitempty"` // the reference a second time, in processes of its own
	Options   map[string]string `json:"options"`           // of the arm: "entry": "raw", …
	Build     string            `json:"build"`             // of the binary that served, where it is not this one

	Status    Status `json:"status"`
	Reason    string `json:"reason"`
	Stderr    string `json:"stderr,omitempty"` // tail of the workers' standard error, of failed trials
	StartedAt int    `json:"started_at"`       // place in the order in which the block's arms were started
	ServerCPU int    `json:"server_cpu"`       // pinned to; -1 if not pinned
	LoadCPU   int    `json:"load_cpu"`
	// ServerCPUs are those of all the server's threads, in their order, where
	// there are several; ServerCPU is the first.
	ServerCPUs []int `json:"server_cpus,omitempty"`

	Values   map[Metric]float64 `json:"values,omitempty"`
	Counters *TrialCounters     `json:"counters,omitempty"`
	Slices   []Slice            `json:"slices,omitempty"`
	Probes   []Probe            `json:"probes,omitempty"` // the search for the highest rate that keeps to the SLO, in its order
	Errors   Errors             `json:"errors"`
	// LatencyHDR is the histogram of every message's (in scenario connect:
	// every connection's) latency in ns, as HdrHistogram's V2 encoding.
	LatencyHDR string `json:"latency_hdr"`
	LagHDR     string `json:"lag_hdr"` // of send lag in ns, open loop only
	// Validity has the checks that did not hold, by their names (see Check),
	// and sentences about what no check is of.
	Validity []string `json:"validity,omitempty"`
}

// OptionThreads is the option that says how many threads a server has, where it
// is not one: a number, or ThreadsVary where they come and go with connections.
const (
	OptionThreads = "threads"
	ThreadsVary   = "vary"
)

// OneThread says that the server has one thread, whose waits for a CPU are
// somebody else's doing.
func (t *Trial) OneThread() bool { return t.Options[OptionThreads] == "" }

// Slice is one measured piece of an arm's window, quiescent at both ends. In
// scenario connect a slice is one set-up of all connections: then messages
// is 0 and connects is not. In scenario churn each connection carries a message. In
// scenario chain it is one iteration: its messages are one byte that was read each,
// and there is no load generator. In scenario ctl it is one iteration too, of
// changes to a set.
type Slice struct {
	Turn        int   `json:"turn"`
	Order       int   `json:"order"` // place of the arm within its turn
	Messages    int64 `json:"messages"`
	Connects    int64 `json:"connects,omitempty"`
	ElapsedNS   int64 `json:"elapsed_ns"`
	ServerCPUNS int64 `json:"server_cpu_ns"`
	// SnapshotNS is the CPU time that the wait ended by the closing snapshot
	// took, as measured between two snapshots without a message between them.
	// It is taken off ServerCPUNS already.
	SnapshotNS int64 `json:"snapshot_cpu_ns"`
	LoadCPUNS  int64 `json:"load_cpu_ns"`
	// ServerOwnCPUNS is what the server's thread read of its own clock, where
	// ServerCPUNS was read from outside and of the whole process.
	ServerOwnCPUNS int64 `json:"server_own_cpu_ns,omitempty"`
	// ServerUserNS is the part of the server's thread's own CPU time that the
	// kernel, which samples, takes to be user time.
	ServerUserNS int64 `json:"server_user_cpu_ns,omitempty"`
	// ServerQueuedNS is how long the server's thread was ready to run and had
	// no CPU.
	ServerQueuedNS int64 `json:"server_queued_ns,omitempty"`
	// WatchedNS is the time in which that was counted: the slice, and asking the
	// server at its ends.
	WatchedNS int64 `json:"watched_ns,omitempty"`
	// Involuntary context switches of either side's thread: the kernel gave
	// its CPU to another.
	ServerSwitches int64 `json:"server_switches,omitempty"`
	LoadSwitches   int64 `json:"load_switches,omitempty"`
	// WorldStops is how often the Go runtime stopped the world of either
	// process, for its garbage collector or otherwise.
	WorldStops int64 `json:"world_stops,omitempty"`

	// Of an open loop only, which has one slice: the offered rate in msgs/s, and
	// percentiles of the latency from the time when a message was to begin, as
	// far as as many samples carry them.
	Offered      float64 `json:"offered_msgs_per_s,omitempty"`
	LatencyP50NS int64   `json:"latency_p50_ns,omitempty"`
	LatencyP99NS int64   `json:"latency_p99_ns,omitempty"`

	// Overflows of scenario accept: how often a connection found a listener's queue
	// full, in the network namespace.
	Overflows int64 `json:"listen_overflows,omitempty"`
	// NeverAccepted of scenario accept: connections that their clients had established
	// and the server's kernel has forgotten, as a queue was full.
	NeverAccepted int64 `json:"never_accepted,omitempty"`
	// ServerSleeps of scenario accept: how often threads of the server went to sleep,
	// and so were woken, but for those that a snapshot woke.
	ServerSleeps int64 `json:"server_sleeps,omitempty"`

	// Of scenario ctl only: how many descriptors were added, modified and removed,
	// and how long that took of all of them.
	Changes  int64 `json:"changes,omitempty"`
	AddNS    int64 `json:"add_ns,omitempty"`
	ModifyNS int64 `json:"modify_ns,omitempty"`
	RemoveNS int64 `json:"remove_ns,omitempty"`
	// EmptyWaits found nothing, and took EmptyWaitNS together.
	EmptyWaits  int64 `json:"empty_waits,omitempty"`
	EmptyWaitNS int64 `json:"empty_wait_ns,omitempty"`
}

// Probe is one rate that was tried while the highest that keeps to an SLO was
// searched. It is not counted in anything else.
type Probe struct {
	Offered   float64 `json:"offered_msgs_per_s"`
	LatencyNS int64   `json:"latency_ns"` // the percentile that the SLO is of
	Kept      bool    `json:"kept"`
	Why       string  `json:"why,omitempty"` // what else than the latency was against it
}

// Counters counts what one event loop did within the slices of a window.
// Waits that woke only for the loop's own control descriptor are not among
// them.
type Counters struct {
	Waits      int64 `json:"waits"`
	Events     int64 `json:"events"`
	EmptyWaits int64 `json:"empty_waits"` // waits that returned no event
	// Examined is the descriptors that waits handed to the kernel to look at,
	// wait by wait; 0 where the kernel keeps the set.
	Examined int64 `json:"examined,omitempty"`
	Adds     int64 `json:"adds"` // to the interest set
	Modifies int64 `json:"modifies"`
	Removes  int64 `json:"removes"`
	Accepts  int64 `json:"accepts"` // connections accepted
	Reads    int64 `json:"reads"`   // read calls, those that got EAGAIN included
	Writes   int64 `json:"writes"`
	EAGAIN   int64 `json:"eagain"` // reads, writes and accepts that would have blocked
	BytesIn  int64 `json:"bytes_in"`
	BytesOut int64 `json:"bytes_out"`
	// Futexes is futex(2) calls of a pool of threads: those that sleep until
	// there is something for them, and those who wake them.
	Futexes int64 `json:"futexes,omitempty"`
	// ListenerEvents are those that told of connections to accept, and
	// SpuriousAccepts of them those at which nobody was left: another loop was
	// faster.
	ListenerEvents  int64 `json:"listener_events,omitempty"`
	SpuriousAccepts int64 `json:"spurious_accepts,omitempty"`
	// EmptyAccepts are accept calls that got EAGAIN: after the last connection, or
	// in vain.
	EmptyAccepts int64 `json:"empty_accepts,omitempty"`
}

// TrialCounters are the counters of both sides, summed over the slices. Those
// of an external server are not known, and those of a side that counted
// nothing are left out.
type TrialCounters struct {
	Server Counters `json:"server,omitzero"`
	Load   Counters `json:"load,omitzero"`
	// Threads has the part of each of the server's threads in Server, where there
	// are several of a fixed number.
	Threads []ThreadCounters `json:"threads,omitempty"`
}

// ThreadCounters is what one thread of a server did within the slices of a
// window.
type ThreadCounters struct {
	Role string `json:"role"` // "loop", "boss" or "pool"
	// CPUNS is the thread's own CPU time, of which the waits that snapshots ended
	// are not taken off, as they are in a slice's server_cpu_ns.
	CPUNS int64 `json:"cpu_ns"`
	Counters
}

// AddThreads adds what each thread did in one slice.
func (t *TrialCounters) AddThreads(more []ThreadCounters) {
	if t.Threads == nil {
		t.Threads = more
		return
	}
	for i, m := range more[:min(len(more), len(t.Threads))] {
		t.Threads[i].CPUNS += m.CPUNS
		t.Threads[i].Counters = t.Threads[i].Counters.Plus(m.Counters)
	}
}

// Plus returns the sum of c and d, field by field.
func (c Counters) Plus(d Counters) Counters { return c.combine(d, 1) }

// Minus returns c less d, field by field.
func (c Counters) Minus(d Counters) Counters { return c.combine(d, -1) }

func (c Counters) combine(d Counters, sign int64) Counters {
	c.Waits += sign * d.Waits
	c.Events += sign * d.Events
	c.EmptyWaits += sign * d.EmptyWaits
	c.Examined += sign * d.Examined
	c.Adds += sign * d.Adds
	c.Modifies += sign * d.Modifies
	c.Removes += sign * d.Removes
	c.Accepts += sign * d.Accepts
	c.Reads += sign * d.Reads
	c.Writes += sign * d.Writes
	c.EAGAIN += sign * d.EAGAIN
	c.BytesIn += sign * d.BytesIn
	c.BytesOut += sign * d.BytesOut
	c.Futexes += sign * d.Futexes
	c.ListenerEvents += sign * d.ListenerEvents
	c.SpuriousAccepts += sign * d.SpuriousAccepts
	c.EmptyAccepts += sign * d.EmptyAccepts
	return c
}

// Errors counts failures by class. One is enough to fail a trial.
type Errors struct {
	Connect  int64 `json:"connect"`  // connections that were refused or never established
	Read     int64 `json:"read"`     // reads that failed otherwise
	Write    int64 `json:"write"`    // writes that failed otherwise
	Reset    int64 `json:"reset"`    // connections closed or reset by the peer
	Timeout  int64 `json:"timeout"`  // replies that did not come in time
	Mismatch int64 `json:"mismatch"` // replies with a wrong or superfluous byte
}

// Total is the number of failures of all classes.
func (e Errors) Total() int64 {
	return e.Connect + e.Read + e.Write + e.Reset + e.Timeout + e.Mismatch
}

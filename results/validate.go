package results

import (
	"cmp"
	"fmt"
	"math"
)

// Bounds on what a record may say. They are far beyond any measurement: what
// exceeds them is no result, and would only overflow what is computed from it.
const (
	// MaxLabel is how many bytes a label's key and its value may have each.
	MaxLabel = 1000

	maxName        = 200     // bytes of a scenario's, arm's or backend's name
	maxText        = 1 << 20 // bytes of a reason, a standard error or an encoded histogram
	maxReason      = 1 << 12 // bytes of a validity flag
	maxThreads     = 1 << 12 // of a server
	maxEntries     = 1000    // of a map or list beside the slices
	maxConnections = 1 << 30 // a process cannot have more descriptors
	maxCount       = 1 << 50 // messages, events, bytes: ten years of 10 GbE
	maxLoad        = 1000    // times what a server can do
	maxValue       = 1e18    // of a metric
	yearNS         = 365 * 864 * 1e11
)

func (r Run) validate() error {
	if len(r.Labels) > maxEntries || len(r.Args) > maxEntries {
		return fmt.Errorf("%d labels and %d args, where %d are allowed", len(r.Labels), len(r.Args), maxEntries)
	}
	for key, value := range r.Labels {
		if key == "" || len(key) > MaxLabel || len(value) > MaxLabel {
			return fmt.Errorf("a label's key has %d and its value %d bytes, where up to %d are allowed", len(key), len(value), MaxLabel)
		}
	}
	if len(r.Commands) > maxEntries {
		return fmt.Errorf("%d commands, where %d are allowed", len(r.Commands), maxEntries)
	}
	for _, c := range r.Commands {
		if c.Line == "" || len(c.Line) > maxName {
			return fmt.Errorf("a command's line has %d bytes, where 1 to %d are allowed", len(c.Line), maxName)
		}
		if err := c.Cell.validate(); err != nil {
			return fmt.Errorf("command %q: %w", c.Line, err)
		}
	}
	if len(r.Published) > maxEntries {
		return fmt.Errorf("%d published figures, where %d are allowed", len(r.Published), maxEntries)
	}
	if len(r.Findings) > maxEntries {
		return fmt.Errorf("%d findings, where %d are allowed", len(r.Findings), maxEntries)
	}
	for _, f := range r.Findings {
		if f.Check == "" || max(len(f.Check), len(f.Text), len(f.Fix)) > maxText {
			return fmt.Errorf("a finding of %d bytes by check %q: 1 to %d are allowed", len(f.Text), f.Check, maxText)
		}
	}
	if err := r.Gate.validate(); err != nil {
		return err
	}
	if !(r.Precision >= 0 && r.Precision <= 1) {
		return fmt.Errorf("precision is %g, where 0 to 1 is allowed", r.Precision)
	}
	if err := firstOutside(bounded{"budget_ns", r.BudgetNS, yearNS}); err != nil {
		return err
	}
	for _, p := range r.Published {
		if err := p.validate(); err != nil {
			return fmt.Errorf("published by %q: %w", p.Source, err)
		}
	}
	return nil
}

func (p Published) validate() error {
	if p.Source == "" || max(len(p.Source), len(p.Note)) > maxText || len(p.ElapsedNS) > maxEntries {
		return fmt.Errorf("a source of %d bytes, a note of %d and %d figures, where up to %d bytes and %d figures are allowed, and a source is wanted",
			len(p.Source), len(p.Note), len(p.ElapsedNS), maxText, maxEntries)
	}
	for backend, ns := range p.ElapsedNS {
		if err := firstOutside(bounded{"elapsed_ns." + backend, ns, yearNS}); err != nil {
			return err
		}
	}
	return p.Cell.validate()
}

// Validate says why t cannot be the record of a trial: what a Writer refuses,
// and a reader leaves out.
func (t Trial) Validate() error {
	switch t.Status {
	case StatusOK, StatusSkipped, StatusFailed, StatusVoided, StatusInterrupted:
	default:
		return fmt.Errorf("status %q is none of ok, skipped, failed, voided, interrupted", t.Status)
	}
	names := []struct{ field, value string }{{"scenario", t.Scenario}, {"arm", t.Arm}, {"backend", t.Backend}}
	for _, n := range names {
		if n.value == "" || len(n.value) > maxName {
			return fmt.Errorf("%s has %d bytes, where 1 to %d are allowed", n.field, len(n.value), maxName)
		}
	}
	for _, text := range []struct{ field, value string }{{"reason", t.Reason}, {"stderr", t.Stderr}, {"latency_hdr", t.LatencyHDR}, {"lag_hdr", t.LagHDR}} {
		if len(text.value) > maxText {
			return fmt.Errorf("%s has %d bytes, where %d are allowed", text.field, len(text.value), maxText)
		}
	}
	if n := max(len(t.Values), len(t.Options), len(t.Validity), len(t.Probes)); n > maxEntries {
		return fmt.Errorf("%d values, options, validity flags or probes, where %d are allowed", n, maxEntries)
	}
	for _, text := range t.Validity {
		if len(text) > maxReason {
			return fmt.Errorf("a validity flag has %d bytes, where %d are allowed", len(text), maxReason)
		}
	}
	if err := t.validateThreads(); err != nil {
		return err
	}
	if t.ServerCPU < -1 || t.LoadCPU < -1 {
		return fmt.Errorf("server_cpu %d, load_cpu %d: a CPU is numbered from 0, and -1 is none", t.ServerCPU, t.LoadCPU)
	}
	return cmp.Or(t.Cell.validate(), t.validateCounts(), t.validateValues())
}

func (c Cell) validate() error {
	if !(c.Rate >= 0 && c.Rate <= maxCount) || !(c.Load >= 0 && c.Load <= maxLoad) {
		return fmt.Errorf("rate is %g and load %g, where 0 to %g and 0 to %d are allowed", c.Rate, c.Load, float64(maxCount), maxLoad)
	}
	if max(len(c.Schedule), len(c.SLO), len(c.Subject)) > maxName {
		return fmt.Errorf("schedule has %d bytes, slo %d and subject %d, where %d are allowed", len(c.Schedule), len(c.SLO), len(c.Subject), maxName)
	}
	return firstOutside(
		bounded{"connections", int64(c.Connections), maxConnections},
		bounded{"active", int64(c.Active), maxConnections},
		bounded{"rounds", int64(c.Rounds), maxCount},
		bounded{"duration_ns", c.DurationNS, yearNS},
		bounded{"size", int64(c.Size), maxCount},
		bounded{"socket_buffers", int64(c.SocketBuffers), maxCount},
		bounded{"slo_ns", c.SLONS, yearNS},
	)
}

func (t Trial) validateThreads() error {
	if len(t.ServerCPUs) > maxThreads {
		return fmt.Errorf("%d CPUs of a server, where %d are allowed", len(t.ServerCPUs), maxThreads)
	}
	if t.Counters == nil {
		return nil
	}
	if len(t.Counters.Threads) > maxThreads {
		return fmt.Errorf("%d threads of a server, where %d are allowed", len(t.Counters.Threads), maxThreads)
	}
	for _, thread := range t.Counters.Threads {
		if len(thread.Role) > maxName {
			return fmt.Errorf("the role of a thread has %d bytes, where %d are allowed", len(thread.Role), maxName)
		}
	}
	return nil
}

func (t Trial) validateCounts() error {
	counts := []bounded{
		{"block", int64(t.Block), maxCount},
		{"started_at", int64(t.StartedAt), maxCount},
		{"errors.connect", t.Errors.Connect, maxCount},
		{"errors.read", t.Errors.Read, maxCount},
		{"errors.write", t.Errors.Write, maxCount},
		{"errors.reset", t.Errors.Reset, maxCount},
		{"errors.timeout", t.Errors.Timeout, maxCount},
		{"errors.mismatch", t.Errors.Mismatch, maxCount},
	}
	if t.Counters != nil {
		counts = append(counts, t.Counters.Server.bounds("counters.server.")...)
		counts = append(counts, t.Counters.Load.bounds("counters.load.")...)
		for _, thread := range t.Counters.Threads {
			counts = append(counts, bounded{"counters.threads.cpu_ns", thread.CPUNS, yearNS})
			counts = append(counts, thread.bounds("counters.threads.")...)
		}
	}
	for _, s := range t.Slices {
		err := firstOutside(
			bounded{"slices.turn", int64(s.Turn), maxCount},
			bounded{"slices.order", int64(s.Order), maxCount},
			bounded{"slices.messages", s.Messages, maxCount},
			bounded{"slices.connects", s.Connects, maxCount},
			bounded{"slices.elapsed_ns", s.ElapsedNS, yearNS},
			bounded{"slices.server_cpu_ns", s.ServerCPUNS, yearNS},
			bounded{"slices.load_cpu_ns", s.LoadCPUNS, yearNS},
			bounded{"slices.server_own_cpu_ns", s.ServerOwnCPUNS, yearNS},
			bounded{"slices.server_user_cpu_ns", s.ServerUserNS, yearNS},
			bounded{"slices.server_queued_ns", s.ServerQueuedNS, yearNS},
			bounded{"slices.watched_ns", s.WatchedNS, yearNS},
			bounded{"slices.server_switches", s.ServerSwitches, maxCount},
			bounded{"slices.load_switches", s.LoadSwitches, maxCount},
			bounded{"slices.world_stops", s.WorldStops, maxCount},
			bounded{"slices.latency_p50_ns", s.LatencyP50NS, yearNS},
			bounded{"slices.latency_p99_ns", s.LatencyP99NS, yearNS},
			bounded{"slices.listen_overflows", s.Overflows, maxCount},
			bounded{"slices.never_accepted", s.NeverAccepted, maxCount},
			bounded{"slices.server_sleeps", s.ServerSleeps, maxCount},
			bounded{"slices.changes", s.Changes, maxCount},
			bounded{"slices.add_ns", s.AddNS, yearNS},
			bounded{"slices.modify_ns", s.ModifyNS, yearNS},
			bounded{"slices.remove_ns", s.RemoveNS, yearNS},
			bounded{"slices.empty_waits", s.EmptyWaits, maxCount},
			bounded{"slices.empty_wait_ns", s.EmptyWaitNS, yearNS},
		)
		err = cmp.Or(err, offered(s.Offered))
		if err != nil {
			return err
		}
	}
	for _, p := range t.Probes {
		if err := cmp.Or(offered(p.Offered), firstOutside(bounded{"probes.latency_ns", p.LatencyNS, yearNS})); err != nil {
			return err
		}
		if len(p.Why) > maxReason {
			return fmt.Errorf("the reason of a probe has %d bytes, where %d are allowed", len(p.Why), maxReason)
		}
	}
	return firstOutside(counts...)
}

func offered(rate float64) error {
	if !(rate >= 0 && rate <= maxCount) {
		return fmt.Errorf("offered_msgs_per_s is %g, where 0 to %g are allowed", rate, float64(maxCount))
	}
	return nil
}

func (c Counters) bounds(prefix string) []bounded {
	return []bounded{
		{prefix + "waits", c.Waits, maxCount},
		{prefix + "events", c.Events, maxCount},
		{prefix + "empty_waits", c.EmptyWaits, maxCount},
		{prefix + "examined", c.Examined, maxCount},
		{prefix + "adds", c.Adds, maxCount},
		{prefix + "modifies", c.Modifies, maxCount},
		{prefix + "removes", c.Removes, maxCount},
		{prefix + "accepts", c.Accepts, maxCount},
		{prefix + "reads", c.Reads, maxCount},
		{prefix + "writes", c.Writes, maxCount},
		{prefix + "eagain", c.EAGAIN, maxCount},
		{prefix + "bytes_in", c.BytesIn, maxCount},
		{prefix + "bytes_out", c.BytesOut, maxCount},
		{prefix + "futexes", c.Futexes, maxCount},
		{prefix + "listener_events", c.ListenerEvents, maxCount},
		{prefix + "spurious_accepts", c.SpuriousAccepts, maxCount},
		{prefix + "empty_accepts", c.EmptyAccepts, maxCount},
	}
}

func (t Trial) validateValues() error {
	for metric, v := range t.Values {
		if len(metric) > maxName {
			return fmt.Errorf("the name of a value has %d bytes, where %d are allowed", len(metric), maxName)
		}
		if math.IsNaN(v) || math.Abs(v) > maxValue {
			return fmt.Errorf("value %q is %g, beyond anything measurable", metric, v)
		}
		if v < 0 && !metric.maybeNegative() {
			return fmt.Errorf("value %q is %g, and cannot be negative", metric, v)
		}
	}
	return nil
}

// maybeNegative tells the metrics that are differences: memory may shrink
// while connections are set up, a window end faster than it began. Of a metric
// that this version does not know, anything may be true.
func (m Metric) maybeNegative() bool {
	switch m {
	case Messages, Elapsed, Throughput, ServerCPUPerMessage, LoadCPUPerMessage, ServerSyscallsPerMsg, EventsPerWait,
		ConnectElapsed, ConnectsPerSecond, ServerCPUPerConnection, ServerRSS, LoadRSS,
		ServerReadsPerMsg, ServerWritesPerMsg, ServerWaitsPerMsg, ServerEmptyWaitsPerMsg, ServerRegsPerMsg, ServerFutexesPerMsg, ExaminedPerWait,
		ServerUserCPUPerMsg, ServerSystemCPUPerMsg,
		StealShare, Throttled, ServerQueueShare, ServerBusyShare, LoadBusyShare, ListenDrops, RetransmittedShare, PilotRound,
		ServerOwnCPUPerMessage, ServerSwitches, LoadSwitches, WorldStops,
		ServerEAGAINPerMsg, AddTime, ModifyTime, RemoveTime, RegistrationTime, EmptyWaitTime,
		WakeupsPerAccept, SpuriousPerAccept, Overflows, NeverAccepted, LeastThreadShare, GreatestThreadShare,
		Offered, Capacity, LagP50, LagP99, LagMax, LatencyRise, Unsent, SLORate,
		LatencyP50, LatencyP90, LatencyP99, LatencyP999, LatencyMax:
		return false
	}
	return true
}

// bounded is a field that may be anything from zero to max.
type bounded struct {
	field string
	value int64
	max   int64
}

func firstOutside(fields ...bounded) error {
	for _, f := range fields {
		if f.value < 0 || f.value > f.max {
			return fmt.Errorf("%s is %d, where 0 to %d are allowed", f.field, f.value, f.max)
		}
	}
	return nil
}

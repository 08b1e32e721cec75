package results

// Check is something that has to hold for a figure to be trusted. A trial's
// Validity has those that did not hold for it; a version of muxbench that does
// not know a check shows its name.
type Check string

const (
	CheckSteal          Check = "steal"           // the hypervisor gave the CPUs to others: StealShare
	CheckSpeed          Check = "cpu-speed"       // a fixed piece of work took another time at the end of the block: SpeedChange
	CheckThrottled      Check = "throttled"       // a CPU quota stopped the processes: Throttled
	CheckQueue          Check = "run-queue"       // the server's thread waited for its CPU: ServerQueueShare
	CheckSwitches       Check = "switches"        // involuntary context switches of the server's thread
	CheckClientBound    Check = "client-bound"    // the load generator was busy while the server was not: throughput is not the server's
	CheckListen         Check = "listen"          // connections were dropped before they were accepted: ListenDrops
	CheckRetransmits    Check = "retransmits"     // segments were sent again: RetransmittedShare
	CheckWorldStops     Check = "world-stops"     // the Go runtime stopped the world of a worker within a slice
	CheckSaturated      Check = "saturated"       // open loop: less was achieved than offered, or latency rose through the window
	CheckLag            Check = "send-lag"        // open loop: the load generator was late: LagP99
	CheckSLOUnconfirmed Check = "slo-unconfirmed" // the slice at the rate that was found did not keep to the SLO itself
	CheckSLO            Check = "slo-missed"      // no rate that was tried kept to the SLO
	CheckDrift          Check = "drift"           // the end of the window differs from its beginning: Drift
)

// Bounds of the checks: above the first a trial is flagged, above the second its
// block is void. A block is voided for nothing that its own figures say.
//
// A CPU that changes its speed does so for all arms of a block alike, since they
// take turns: of 173 blocks, identical arms were as close to each other in the 13
// during which it changed by 5 to 10 % as in the others. Beyond that, nobody has
// measured.
const (
	StealFlagged, StealVoid    = 0.01, 0.05 // of the CPUs' time
	SpeedFlagged, SpeedVoid    = 0.05, 0.10 // change over the block
	QueueFlagged, QueueVoid    = 0.01, 0.30 // of the slices' time; void where both sides have CPUs of their own
	SwitchesFlagged            = 50.0       // per second
	BusyFlagged                = 0.95       // of a side's CPU
	RetransmittedFlagged       = 0.01       // of the segments sent
	AchievedFlagged            = 0.99       // of the offered rate
	RiseFlagged                = 1.5        // LatencyRise
	LagFlagged                 = 0.1        // of the 99th percentile of latency, by that of send lag
	DriftFlagged, DriftFlagMAD = 0.02, 3.0  // the greater of a share, and of so many median absolute deviations
)

// Finding is something about the machine that figures have to be read with, and
// what to do about it.
type Finding struct {
	Check  string `json:"check"`
	Text   string `json:"text"`
	Fix    string `json:"fix,omitempty"`
	Severe bool   `json:"severe,omitempty"` // figures are not to be trusted, rather than to be read with it
}

// Saturated says that a server did not keep up with what an open loop offered: it
// achieved less, both in msgs/s, or latency rose through the window.
func Saturated(achieved, offered, rise float64) bool {
	return achieved < AchievedFlagged*offered || rise > RiseFlagged
}

// Late says that of an open loop's latency the load generator's own lag makes up
// for more than is to be neglected. The values have both.
func Late(values map[Metric]float64) bool {
	return values[LagP99] > LagFlagged*values[LatencyP99]
}

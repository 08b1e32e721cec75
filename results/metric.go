package results

// Metric names one value of a trial. The name ends in its unit.
type Metric string

const (
	Messages               Metric = "messages"   // completed and verified round trips
	Elapsed                Metric = "elapsed_ns" // sum over slices, first send to last reply; in scenario chain the median of an iteration
	Throughput             Metric = "throughput_msgs_per_s"
	ServerCPUPerMessage    Metric = "server_cpu_ns_per_msg"     // user and system time of the loop's thread; with option cpu=outside, of the server's processes
	ServerOwnCPUPerMessage Metric = "server_own_cpu_ns_per_msg" // the loop thread's own reading, with option cpu=outside
	LoadCPUPerMessage      Metric = "load_cpu_ns_per_msg"
	ServerSyscallsPerMsg   Metric = "server_syscalls_per_msg"
	ServerReadsPerMsg      Metric = "server_reads_per_msg" // calls, those that got EAGAIN included
	ServerWritesPerMsg     Metric = "server_writes_per_msg"
	ServerWaitsPerMsg      Metric = "server_waits_per_msg"
	ServerEmptyWaitsPerMsg Metric = "server_empty_waits_per_msg"
	ServerRegsPerMsg       Metric = "server_registrations_per_msg" // descriptors added to, changed in and removed from the interest set
	ServerFutexesPerMsg    Metric = "server_futexes_per_msg"       // calls of futex(2) in which threads of a pool sleep and are woken
	ServerEAGAINPerMsg     Metric = "server_eagain_per_msg"        // reads and writes that would have blocked
	EventsPerWait          Metric = "events_per_wait"
	ExaminedPerWait        Metric = "examined_per_wait"          // descriptors that a wait hands to the kernel, which looks at each; 0 where the kernel keeps the set
	ServerUserCPUPerMsg    Metric = "server_user_cpu_ns_per_msg" // as the kernel divides the thread's CPU time, by sampling
	ServerSystemCPUPerMsg  Metric = "server_system_cpu_ns_per_msg"
	ConnectElapsed         Metric = "connect_elapsed_ns" // first connect to last accept, of all connections
	ConnectsPerSecond      Metric = "connects_per_s"
	ServerCPUPerConnection Metric = "server_cpu_ns_per_connect"
	ServerRSS              Metric = "server_rss_bytes"
	LoadRSS                Metric = "load_rss_bytes"
	ServerRSSPerConnection Metric = "server_rss_bytes_per_connect" // growth while connecting, over connections
	LoadRSSPerConnection   Metric = "load_rss_bytes_per_connect"
	LatencyP50             Metric = "latency_p50_ns"
	LatencyP90             Metric = "latency_p90_ns"
	LatencyP99             Metric = "latency_p99_ns"
	LatencyP999            Metric = "latency_p999_ns"
	LatencyMax             Metric = "latency_max_ns"

	// Of servers with several threads: the part of the connections accepted, or
	// where there are messages of the reads, that fell to one of those that serve.
	LeastThreadShare    Metric = "least_thread_share"
	GreatestThreadShare Metric = "greatest_thread_share"

	// Of scenario accept. A wake-up is a thread that slept and was woken, by its
	// voluntary context switches.
	WakeupsPerAccept  Metric = "wakeups_per_accept"
	SpuriousPerAccept Metric = "spurious_wakeups_per_accept" // waits that returned for a listener at which nobody was left to accept
	NeverAccepted     Metric = "never_accepted"              // of a burst, in the mean: connections that the client had established, and the server's kernel forgot
	Overflows         Metric = "listen_overflows"            // of a burst, in the mean: how often a connection found a listener's queue full

	// Of scenario ctl, per descriptor, and per wait that finds nothing.
	AddTime          Metric = "add_ns"
	ModifyTime       Metric = "modify_ns"
	RemoveTime       Metric = "remove_ns"
	RegistrationTime Metric = "registration_ns" // of all three
	EmptyWaitTime    Metric = "empty_wait_ns"

	// Of an open loop. Latency is from the time when a message was to begin.
	Offered     Metric = "offered_msgs_per_s"  // as scheduled; Throughput is what was achieved
	Capacity    Metric = "capacity_msgs_per_s" // what the arm did in a closed loop, in the same block
	LagP50      Metric = "send_lag_p50_ns"     // how much later than it could have been a message was sent: the load generator's doing, not the server's
	LagP99      Metric = "send_lag_p99_ns"
	LagMax      Metric = "send_lag_max_ns"
	LatencyRise Metric = "latency_rise"        // 10th percentile of latency in the last third of messages over that in the first: a stall holds up some, an overloaded server all
	Unsent      Metric = "unsent_messages"     // that the schedule had and no connection was free for until the load generator gave up
	SLORate     Metric = "slo_rate_msgs_per_s" // the highest rate tried that kept to the SLO

	ServerSwitches Metric = "server_involuntary_switches" // of the loop's thread, within slices
	LoadSwitches   Metric = "load_involuntary_switches"
	WorldStops     Metric = "world_stops"       // by the Go runtime of either process, within slices
	BlockOverhead  Metric = "block_overhead_ns" // a block's time beyond connecting, warm-up, slices with their snapshots, and closing, per arm

	// Of the machine and both sides within the trial's block: see Check.
	StealShare         Metric = "steal_share"            // of the CPUs' time, from before the block's processes started until they had ended
	SpeedChange        Metric = "cpu_speed_change"       // of the time that a fixed piece of work takes, end of the block against its beginning, as a ratio less 1
	Throttled          Metric = "throttled_ns"           // by a CPU quota
	ServerQueueShare   Metric = "server_run_queue_share" // of the slices' time and of asking at their ends, that the server's thread was ready and had no CPU
	ServerBusyShare    Metric = "server_busy_share"      // of the slices' time, that it ran
	LoadBusyShare      Metric = "load_busy_share"
	ListenDrops        Metric = "listen_drops" // in the network namespace, SYN cookies included
	RetransmittedShare Metric = "retransmitted_share"
	Drift              Metric = "drift"          // of the primary metric, last third of the window against its first, as a ratio less 1
	PilotRound         Metric = "pilot_round_ns" // how long a message on every active connection took in the pilot, which the length of slices comes from
)

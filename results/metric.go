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
	EventsPerWait          Metric = "events_per_wait"
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
	ServerSwitches         Metric = "server_involuntary_switches" // of the loop's thread, within slices
	LoadSwitches           Metric = "load_involuntary_switches"
	WorldStops             Metric = "world_stops"       // by the Go runtime of either process, within slices
	BlockOverhead          Metric = "block_overhead_ns" // a block's time beyond connecting, warm-up, slices with their snapshots, and closing, per arm
)

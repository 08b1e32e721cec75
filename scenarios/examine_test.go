//go:build linux

package scenarios_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"muxbench/results"
	"muxbench/scenarios"
)

// laterFS shows a file as it was when it is opened first, and as it has become
// from then on.
type laterFS struct {
	before, after fstest.MapFS
	opened        map[string]bool
}

func (l laterFS) Open(name string) (fs.File, error) {
	if l.opened[name] {
		return l.after.Open(name)
	}
	l.opened[name] = true
	return l.before.Open(name)
}

// readings examines a host whose files change meanwhile.
func readings(t *testing.T, before, after map[string]string) map[results.Check]float64 {
	t.Helper()
	e, err := scenarios.Examine(t.Context(), laterFS{hostOf(before), hostOf(after), map[string]bool{}}, scenarios.Placement{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	values := map[results.Check]float64{}
	for _, r := range e.Readings {
		values[r.Check] = r.Value
	}
	return values
}

// ticksOf is a /proc/stat in which each CPU that this process may run on has
// spent those ticks, and others many more.
func ticksOf(t *testing.T, spent string) string {
	t.Helper()
	available, err := scenarios.AvailableCPUs()
	if err != nil {
		t.Fatal(err)
	}
	text := "cpu  9" + strings.ReplaceAll(spent, " ", " 9") + "\n"
	for _, cpu := range available {
		text += fmt.Sprintf("cpu%d %s\n", cpu, spent)
	}
	return text + "cpu9999 9" + strings.ReplaceAll(spent, " ", " 9") + "\nintr 75225170 0 0\nctxt 223210509\n"
}

const (
	netstatNames = "TcpExt: SyncookiesSent SyncookiesRecv ListenOverflows ListenDrops TCPReqQFullDoCookies TCPReqQFullDrop\n"
	ipExt        = "IpExt: InNoRoutes ListenDrops\nIpExt: 5 6\n"
	snmpNames    = "Ip: Forwarding OutSegs\nIp: 1 8\nTcp: RtoAlgorithm MaxConn OutSegs RetransSegs\n"
)

// What happened between two readings of the machine's counters.
const notTold = -1

func TestExamineWatches(t *testing.T) {
	stat := func(spent string) map[string]string { return map[string]string{"proc/stat": ticksOf(t, spent)} }
	netstat := func(counts string) map[string]string {
		return map[string]string{"proc/net/netstat": netstatNames + "TcpExt: " + counts + "\n" + ipExt}
	}
	snmp := func(counts string) map[string]string {
		return map[string]string{"proc/net/snmp": snmpNames + "Tcp: 1 -1 " + counts + "\nUdp: OutSegs\nUdp: 7\n"}
	}
	v2 := func(own, above string) map[string]string {
		return map[string]string{"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/cpu.stat": "usage_usec 5\n" + own, "sys/fs/cgroup/cpu.stat": above}
	}
	v1 := func(own string) map[string]string {
		return map[string]string{"proc/self/cgroup": "1:cpu:/a\n", "sys/fs/cgroup/cpu/a/cpu.stat": own}
	}
	tests := []struct {
		name          string
		before, after map[string]string
		check         results.Check
		want          float64
	}{
		{"nothing is told of steal", nil, nil, results.CheckSteal, notTold},
		{"nothing is told of throttling", nil, nil, results.CheckThrottled, notTold},
		{"nothing is told of listeners", nil, nil, results.CheckListen, notTold},
		{"nothing is told of segments", nil, nil, results.CheckRetransmits, notTold},
		{"steal", stat("100 1 50 1000 2 0 3 40 70 0"), stat("140 1 100 1100 2 0 3 50 90 7"), results.CheckSteal, 10.0 / 200},
		{"no steal", stat("100 1 50 1000 2 0 3 40"), stat("140 1 100 1110 2 0 3 40"), results.CheckSteal, 0},
		{"steal that went backwards", stat("100 1 50 1000 2 0 3 40"), stat("140 1 100 1110 2 0 3 39"), results.CheckSteal, 0},
		{"nothing but steal", stat("1 1 1 1 1 1 1 1"), stat("1 1 1 1 1 1 1 9"), results.CheckSteal, 1},
		{"a kernel that does not count steal", stat("1 2 3 4 5 6 7"), stat("2 2 3 9 5 6 7"), results.CheckSteal, notTold},
		{"numbers that are none", stat("1 2 3 4 5 6 7 8"), map[string]string{"proc/stat": "cpu x\ncpu0 a b c\ncpu1\n\n"}, results.CheckSteal, notTold},
		{"throttled, here and above", v2("nr_throttled 1\nthrottled_usec 500\n", "nr_throttled 0\nthrottled_usec 0\n"),
			v2("nr_throttled 3\nthrottled_usec 700\n", "nr_throttled 1\nthrottled_usec 40\n"), results.CheckThrottled, 240e3},
		{"throttled before", v2("nr_throttled 1\nthrottled_usec 500\n", ""), v2("nr_throttled 1\nthrottled_usec 500\n", ""), results.CheckThrottled, 0},
		{"throttled by version 1", v1("nr_periods 3\nnr_throttled 1\nthrottled_time 500\n"), v1("nr_periods 5\nnr_throttled 2\nthrottled_time 650\n"), results.CheckThrottled, 150},
		{"throttled still", v1("nr_throttled 1\nthrottled_time 500\n"), v1("nr_throttled 2\nthrottled_time 500\n"), results.CheckThrottled, 1},
		{"throttling that is none", v1("nr_throttled x\nthrottled_time\n"), v1("\nnr_throttled\nthrottled_time e9\n"), results.CheckThrottled, notTold},
		{"a queue that overflows counts once", netstat("0 0 5 5 0 0"), netstat("0 0 7 7 0 0"), results.CheckListen, 2},
		{"a SYN that is dropped counts once", netstat("0 0 5 5 0 0"), netstat("0 0 5 9 0 4"), results.CheckListen, 4},
		{"SYN cookies count beside drops", netstat("1 0 5 5 1 0"), netstat("4 2 6 6 4 0"), results.CheckListen, 4},
		{"listeners of before", netstat("3 2 1 4 3 3"), netstat("3 2 1 4 3 3"), results.CheckListen, 0},
		{"a table with fewer numbers than names", netstat("0 0 5 5 0 0"), netstat("0 0"), results.CheckListen, notTold},
		{"a table without numbers", netstat("0 0 5 5 0 0"), map[string]string{"proc/net/netstat": netstatNames}, results.CheckListen, notTold},
		{"segments", snmp("1000 10"), snmp("1990 20"), results.CheckRetransmits, 0.01},
		{"no segments", snmp("1000 10"), snmp("1000 10"), results.CheckRetransmits, 0},
		{"a counter that wrapped", snmp("4294967290 10"), snmp("5 12"), results.CheckRetransmits, 0},
		{"a counter as far as it goes", snmp("-9223372036854775808 0"), snmp("9223372036854775807 0"), results.CheckRetransmits, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, told := readings(t, test.before, test.after)[test.check]
			if told == (test.want == notTold) || told && math.Abs(got-test.want) > 1e-9 {
				t.Errorf("%s is %v, told %v, want %v", test.check, got, told, test.want)
			}
		})
	}
}

// Whatever the files hold, what is read from them is possible.
func FuzzExamine(f *testing.F) {
	f.Add("cpu0 1 2\ncpu1 9223372036854775807 9223372036854775807 1 1 1 1 1 9223372036854775807\n", "Tcp:\nTcp:\n", "0::\n:::\n0::/../..", "0-,-")
	f.Add("cpu\ncpu-1 -1 -1 -1 -1 -1 -1 -1 -1\n", "TcpExt: ListenDrops\nTcpExt: -9223372036854775808\nTcp: OutSegs RetransSegs\nTcp: -1 9\n", "1:cpu:../..\n0::/\x00\n", "-1 -1")
	f.Add("cpu0 \xff\n", "Tcp: \xff\nTcp: \xff", "0::/"+strings.Repeat("a/", 1000), "9223372036854775807 1")
	f.Fuzz(func(t *testing.T, stat, net, groups, limit string) {
		files := func(net string) map[string]string {
			return map[string]string{
				"proc/stat": stat, "proc/net/netstat": net, "proc/net/snmp": net, "proc/self/cgroup": groups, "proc/loadavg": limit, "proc/cpuinfo": stat,
				"sys/fs/cgroup/cpu.max": limit, "sys/fs/cgroup/cpu.stat": net, "sys/devices/system/cpu/cpu0/topology/thread_siblings_list": limit,
			}
		}
		got := readings(t, files(""), files(net))
		for check, value := range got {
			isShare := check == results.CheckSteal || check == results.CheckRetransmits
			if math.IsNaN(value) || value < 0 || isShare && value > 1 {
				t.Errorf("%s is %v", check, value)
			}
		}
	})
}

// This machine is examined, and what was watched for is all told.
func TestExamineThisMachine(t *testing.T) {
	const duration = 200 * time.Millisecond
	e, err := scenarios.Examine(t.Context(), os.DirFS("/"), scenarios.Placement{}, duration)
	if err != nil {
		t.Fatal(err)
	}
	if e.Environment != scenarios.Environment() || time.Duration(e.WatchedNS) < duration-duration/10 {
		t.Errorf("watched for %d ns, in %+v", e.WatchedNS, e.Environment)
	}
	want := []results.Check{results.CheckSteal, results.CheckSpeed, results.CheckThrottled, results.CheckListen, results.CheckRetransmits, scenarios.CheckClock}
	for i, r := range e.Readings {
		if r.Check != want[i] || r.Unit == "" || r.Flagged == nil && r.Void == nil {
			t.Errorf("reading %d is %+v, want one of %s", i, r, want[i])
		}
		if r.Check == results.CheckSpeed && r.Value == 0 {
			t.Error("no CPU's speed was measured")
		}
	}
	if len(e.Readings) != len(want) {
		t.Errorf("%d readings, want %d", len(e.Readings), len(want))
	}
}

// Measuring a CPU's speed leaves a thread where it may run.
func TestExamineLeavesAffinity(t *testing.T) {
	runtime.LockOSThread() // which is asked below
	defer runtime.UnlockOSThread()
	before, err := scenarios.AvailableCPUs()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := scenarios.Examine(t.Context(), hostOf(nil), scenarios.Placement{}, 0); err != nil {
		t.Fatal(err)
	}
	if after, err := scenarios.AvailableCPUs(); err != nil || !slices.Equal(before, after) {
		t.Errorf("its thread may run on %v afterwards (%v), and on %v before", after, err, before)
	}
}

func TestExamineStops(t *testing.T) {
	reason := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	if _, err := scenarios.Examine(ctx, hostOf(nil), scenarios.Placement{}, time.Hour); !errors.Is(err, reason) {
		t.Errorf("Examine = %v, want %v", err, reason)
	}
	if _, err := scenarios.Examine(t.Context(), hostOf(nil), scenarios.Placement{ServerCPUs: []int{1 << 20}}, 0); err == nil {
		t.Error("a CPU that does not exist was watched")
	}
}

// At a bound a reading is still within it.
func TestReadingBounds(t *testing.T) {
	tests := []struct {
		value         float64
		flagged, void *float64
		isFlagged     bool
		isVoid        bool
	}{
		{1, nil, nil, false, false},
		{1, new(1.0), new(2.0), false, false},
		{2, new(1.0), new(2.0), true, false},
		{3, new(1.0), new(2.0), true, true},
		{3, nil, new(2.0), true, true},
		{0, new(0.0), nil, false, false},
	}
	for _, test := range tests {
		r := scenarios.Reading{Check: "some", Value: test.value, Flagged: test.flagged, Void: test.void}
		if r.IsFlagged() != test.isFlagged || r.IsVoid() != test.isVoid {
			t.Errorf("%v: flagged %t, void %t", test, r.IsFlagged(), r.IsVoid())
		}
		e := scenarios.Examination{Findings: []results.Finding{{Check: "a"}, {Check: "b", Severe: true}}, Readings: []scenarios.Reading{r}}
		want := []string{"b"}
		if test.isVoid {
			want = append(want, "some")
		}
		if got := e.Severe(); !slices.Equal(got, want) {
			t.Errorf("%v: severe are %v, want %v", test, got, want)
		}
	}
}

func TestSpeedChange(t *testing.T) {
	tests := []struct {
		readings []float64
		want     float64
	}{
		{nil, 0},
		{[]float64{5}, 0},
		{[]float64{100, 103}, 0.03},
		{[]float64{100, 900, 90}, 0.10},
		{[]float64{100, 1, 1, 1, 110}, 0.10},
		{[]float64{100, 120, 90, 500, 1, 500, 103, 90, 200}, 0.03}, // medians, of thirds
		{[]float64{0, 0}, 0},
		{[]float64{0, 1}, 0},
	}
	for _, test := range tests {
		if got := scenarios.SpeedChange(test.readings); math.Abs(got-test.want) > 1e-12 {
			t.Errorf("SpeedChange(%v) = %v, want %v", test.readings, got, test.want)
		}
	}
}

// However the readings lie, a single one that is off changes nothing once there
// are enough of them, and a lasting change shows.
func TestSpeedChangeOfOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(9, 100).Draw(t, "readings")
		speed := rapid.Float64Range(1e3, 1e9).Draw(t, "speed")
		all := slices.Repeat([]float64{speed}, n)
		all[rapid.IntRange(0, n-1).Draw(t, "which")] *= rapid.Float64Range(0.1, 10).Draw(t, "off")
		if got := scenarios.SpeedChange(all); got != 0 {
			t.Fatalf("one of %d readings makes a change of %v", n, got)
		}
		slower := rapid.Float64Range(1.01, 10).Draw(t, "slower")
		for i := n / 2; i < n; i++ {
			all[i] = speed * slower
		}
		if got := scenarios.SpeedChange(all); math.Abs(got-(slower-1)) > 1e-9 {
			t.Fatalf("a change of %v shows as %v", slower-1, got)
		}
	})
}

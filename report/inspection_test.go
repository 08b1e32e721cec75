package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"muxbench/report"
)

func tcpConnection(fd int) report.Watched {
	return report.Watched{
		FD: fd, Kind: "tcp_connection", State: "ESTABLISHED", Local: "127.0.0.1:8080", Peer: fmt.Sprintf("127.0.0.1:%d", 40000+fd),
		Conditions: []string{"IN", "RDHUP", "ERR", "HUP"}, Events: 0x80002019, EdgeTriggered: true,
	}
}

// inspected is made up: a server that watches something of each sort.
func inspected() report.Inspection {
	open := 21
	leaked, reused := tcpConnection(9), tcpConnection(10)
	leaked.Closed, leaked.OpenAs = true, &open
	reused.Replaced = true
	return report.Inspection{
		PID: 4242, Command: "nginx", Watches: 9, MaxUserWatches: 5491489,
		Instances: []report.WatchedInstance{
			{FD: 4, SameAs: 4, Watched: []report.Watched{
				{FD: 5, Kind: "tcp_listener", State: "LISTEN", Local: "0.0.0.0:8080", Conditions: []string{"IN", "ERR", "HUP"}, Events: 0x10000019, Exclusive: true},
				{FD: 6, Kind: "eventfd", Conditions: []string{"IN", "ERR", "HUP"}, Events: 0x80000019, EdgeTriggered: true},
				{FD: 7, Kind: "unix_listener", Local: "/run/a rather long name of a directory/nginx.sock", Conditions: []string{"IN", "ERR", "HUP"}, Events: 0x20000019, Wakeup: true},
				{FD: 8, Kind: "udp_socket", State: "UNCONNECTED", Local: "[::]:53", Conditions: []string{"ERR", "HUP"}, Events: 0x18},
				leaked, reused, tcpConnection(11),
				{FD: 12, Kind: "tcp_connection", State: "CLOSE_WAIT", Local: "[2001:db8::1]:443", Peer: "[2001:db8::2]:51234", Events: 0x40000000, OneShot: true, Disarmed: true},
			}},
			{FD: 13, SameAs: 13},
			{FD: 14, SameAs: 4, Watched: []report.Watched{tcpConnection(5)}},
			{FD: 15, SameAs: 15, Watched: []report.Watched{{FD: 16, Kind: "timerfd", Conditions: []string{"IN", "ERR", "HUP"}, Events: 0x40000019, OneShot: true}}},
		},
	}
}

// crowded is made up: one that watches very many, and leaks some.
func crowded() report.Inspection {
	in := report.Inspection{PID: 4242, Command: "leaky", Apart: []int{4243, 4244}, MayCountTwice: true, Uncompared: 4100, MaxUserWatches: 100000}
	set := []report.Watched{{FD: 5, Kind: "tcp_listener", State: "LISTEN", Local: "127.0.0.1:8080", Conditions: []string{"IN"}, Events: 1}}
	for fd := 6; fd < 12000; fd++ {
		w := tcpConnection(fd)
		if fd%500 == 0 {
			w.Closed = true
		}
		set = append(set, w)
	}
	in.Instances = append(in.Instances, report.WatchedInstance{FD: 4, SameAs: 4, Watched: set})
	for fd := 20000; fd < 20025; fd++ {
		w := tcpConnection(fd + 100)
		w.Replaced = fd == 20024
		in.Instances = append(in.Instances, report.WatchedInstance{FD: fd, SameAs: fd, Watched: []report.Watched{w}})
	}
	for _, e := range in.Instances {
		in.Watches += len(e.Watched)
	}
	return in
}

func inspectionText(t *testing.T, in report.Inspection, width int, all bool) string {
	t.Helper()
	var out bytes.Buffer
	if err := report.InspectionText(&out, in, width, all); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func inspectionJSON(t *testing.T, in report.Inspection) string {
	t.Helper()
	var out bytes.Buffer
	if err := report.InspectionJSON(&out, in); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestInspectionGolden(t *testing.T) {
	nothing := report.Inspection{PID: 7, Command: "sleep", MaxUserWatches: 5491489}
	for file, got := range map[string]string{
		"inspection-wide.txt":     inspectionText(t, inspected(), 0, false),
		"inspection-80.txt":       inspectionText(t, inspected(), 80, false),
		"inspection-60.txt":       inspectionText(t, inspected(), 60, false),
		"inspection.json":         inspectionJSON(t, inspected()),
		"inspection-many.txt":     inspectionText(t, crowded(), 100, false),
		"inspection-nothing.txt":  inspectionText(t, nothing, 80, false),
		"inspection-nothing.json": inspectionJSON(t, nothing),
	} {
		golden(t, file, []byte(got))
	}
}

func TestInspectionOfAll(t *testing.T) {
	in := crowded()
	out := inspectionText(t, in, 0, true)
	rows := 0
	for line := range strings.Lines(out) {
		if strings.Contains(line, "TCP ") {
			rows++
		}
	}
	if rows != in.Watches {
		t.Errorf("%d rows, want one for each of %d", rows, in.Watches)
	}
	for _, closed := range []string{"11500", "20124"} {
		if !strings.Contains(out, closed+"\n") && !strings.Contains(out, ", "+closed) {
			t.Errorf("%s is not pointed out", closed)
		}
	}
	if strings.Contains(out, "--all") {
		t.Error("it names --all, which was given")
	}
}

func TestInspectionFitsTheTerminal(t *testing.T) {
	for _, in := range []report.Inspection{inspected(), crowded(), {PID: 1, Command: strings.Repeat("x", 99)}} {
		for _, width := range []int{56, 60, 80, 120} {
			for line := range strings.Lines(inspectionText(t, in, width, false)) {
				if n := twwidth.Width(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%d columns of %d: %s", n, width, line)
				}
			}
		}
	}
}

// A process names its sockets and itself as it likes.
func TestHostileInspection(t *testing.T) {
	for _, s := range nasty() {
		t.Run(fmt.Sprintf("%.20q", s), func(t *testing.T) {
			in := report.Inspection{PID: 1, Command: s, Watches: 1, Instances: []report.WatchedInstance{
				{FD: 3, SameAs: 3, Watched: []report.Watched{{FD: 4, Kind: s, State: s, Local: s, Peer: s, Conditions: []string{s}}}},
			}}
			encoded := inspectionJSON(t, in)
			if !json.Valid([]byte(encoded)) {
				t.Error("the JSON is none")
			}
			for _, out := range []string{encoded, inspectionText(t, in, 80, false), inspectionText(t, in, 0, true)} {
				for i, r := range out {
					if r != '\n' && !unicode.IsPrint(r) {
						t.Fatalf("%q at byte %d: %.60q", r, i, out[max(0, i-20):])
					}
				}
			}
		})
	}
}

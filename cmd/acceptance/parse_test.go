//go:build linux

package main

import (
	"reflect"
	"testing"
)

const summary = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 68.00    0.088593           8     10050           write
 28.48    0.037108           3     10098        48 read
  0.25    0.000329           6        51         1 accept4
------ ----------- ----------- --------- --------- ----------------
100.00    0.130286           6     20199        49 total
`

func TestParseStrace(t *testing.T) {
	calls, failures, err := parseStrace("strace: Process 7 attached\n" + summary)
	if err != nil {
		t.Fatal(err)
	}
	if want := (counts{"write": 10050, "read": 10098, "accept4": 51}); !reflect.DeepEqual(calls, want) {
		t.Errorf("calls are %v, want %v", calls, want)
	}
	if want := (counts{"read": 48, "accept4": 1}); !reflect.DeepEqual(failures, want) {
		t.Errorf("failures are %v, want %v", failures, want)
	}
	for _, refused := range []string{"", "strace: attach: ptrace(PTRACE_SEIZE, 7): Operation not permitted\n"} {
		if _, _, err := parseStrace(refused); err == nil {
			t.Errorf("%q is taken for counts", refused)
		}
	}
}

func TestParseServed(t *testing.T) {
	got, err := parseServed("served poll on 127.0.0.1:7: 1 connection accepted, 643,200 bytes in, 643,200 bytes out, 10,100 reads, 10,050 writes, 1,000,204 waits, 204.057ms of server CPU time\n")
	want := counts{"accepted": 1, "reads": 10100, "writes": 10050, "waits": 1000204}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("it reads %v, %v; want %v", got, err, want)
	}
	if _, err := parseServed("muxbench: serving poll: bind: address already in use"); err == nil {
		t.Error("an error is taken for counts")
	}
}

func TestParseClients(t *testing.T) {
	got, err := parseInC("200 messages, 2.000000 s, 100.0 msgs/s, mean 500.500 us, p50 400.000 us, p99 900.000 us\n")
	if want := (exchanged{Throughput: 100, Mean: 500500, P50: 400000, P99: 900000}); err != nil || got != want {
		t.Errorf("it reads %+v, %v; want %+v", got, err, want)
	}
	if _, err := parseInC("load: connecting: refused\n"); err == nil {
		t.Error("an error is taken for figures")
	}
	got, err = parseOurs([]byte(`{"values":{"throughput_msgs_per_s":5,"latency_p50_ns":6,"latency_p99_ns":7}}`))
	if want := (exchanged{Throughput: 5, P50: 6, P99: 7}); err != nil || got != want {
		t.Errorf("it reads %+v, %v; want %+v", got, err, want)
	}
}

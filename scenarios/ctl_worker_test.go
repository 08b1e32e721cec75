//go:build linux

package scenarios_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/multiplexers"
	"muxbench/multiplexers/ctl"
	"muxbench/results"
	"muxbench/scenarios"
)

func ctlSpec(backend string, entry multiplexers.Entry, watched int) scenarios.Spec {
	spec := scenarios.NewSpec(scenarios.CtlRole, entry)
	spec.Backend, spec.Connections = backend, watched
	return spec
}

// A ctl worker answers each iteration with what it did, a warm one with that of
// the second only, and is left as it was.
func TestACtlWorker(t *testing.T) {
	const watched = 33
	for _, entry := range []multiplexers.Entry{multiplexers.Raw, multiplexers.Runtime} {
		for _, m := range multiplexers.Mechanisms() {
			t.Run(fmt.Sprintf("%s/%s", m.Name, entry), func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				w, ready, err := processes(t).Launch(ctx, ctlSpec(m.Name, entry, watched))
				if err != nil {
					t.Fatal(err)
				}
				defer w.Stop(ctx)
				if ready.RSS <= 0 {
					t.Errorf("ready with %d bytes of memory", ready.RSS)
				}
				want := results.Counters{Waits: ctl.Waits, EmptyWaits: ctl.Waits, Adds: ctl.Changes, Modifies: ctl.Changes, Removes: ctl.Changes}
				if !m.Capabilities.KernelSet {
					want.Examined = ctl.Waits * watched
				}
				for _, command := range []scenarios.Command{
					{Do: scenarios.DoIterate}, {Do: scenarios.DoIterate, Record: true}, {Do: scenarios.DoIterate, Warm: true}, {Do: scenarios.DoIterate},
				} {
					reply, err := w.Do(ctx, command)
					if err != nil || reply.Ctl == nil {
						t.Fatalf("%+v: %+v, %v: want an iteration", command, reply, err)
					}
					did := reply.Ctl
					if diff := cmp.Diff(want, did.Counters); diff != "" {
						t.Errorf("%+v: counters (-want +got):\n%s", command, diff)
					}
					if did.Changes != ctl.Changes || did.EmptyWaits != ctl.Waits {
						t.Errorf("%+v: %d changes and %d empty waits, want %d and %d", command, did.Changes, did.EmptyWaits, ctl.Changes, ctl.Waits)
					}
					if min(did.Add, did.Modify, did.Remove, did.EmptyWait, did.CPU) <= 0 || did.Elapsed != did.Add+did.Modify+did.Remove {
						t.Errorf("%+v: %+v: want all times above 0, and the changes' to add up", command, did)
					}
					if did.Watched < did.Elapsed+did.EmptyWait {
						t.Errorf("%+v: watched for %s, while it changed for %s and waited for %s", command, did.Watched, did.Elapsed, did.EmptyWait)
					}
				}
				if reply, err := w.Do(ctx, scenarios.Command{Do: scenarios.DoReport}); err != nil || reply.RSS <= 0 || reply.Ctl != nil {
					t.Errorf("report: %+v, %v: want its memory and nothing else", reply, err)
				}
				if _, err := w.Do(ctx, scenarios.Command{Do: scenarios.DoSnapshot}); err == nil {
					t.Error("it has answered a command for servers")
				}
			})
		}
	}
}

func TestACtlWorkerThatCannotStartSaysWhy(t *testing.T) {
	tests := []struct {
		name string
		edit func(*scenarios.Spec)
		want string
	}{
		{"nothing watched", func(s *scenarios.Spec) { s.Connections = 0 }, "0 descriptors watched: want at least 1"},
		{"more than an fd_set has", func(s *scenarios.Spec) { s.Backend, s.Connections = "select-1024", 1000 }, "FD_SETSIZE"},
		{"an unknown backend", func(s *scenarios.Spec) { s.Backend = "kqueue" }, "kqueue"},
		{"a CPU that is not there", func(s *scenarios.Spec) { s.CPU = 1000 }, "CPU 1000"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			spec := ctlSpec("poll", multiplexers.Raw, 10)
			test.edit(&spec)
			if _, err := launch(t, spec); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "ctl worker") {
				t.Errorf("Launch = %v, want an error of a ctl worker that says %q", err, test.want)
			}
		})
	}
}

//go:build linux

package scenarios_test

import (
	"context"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"muxbench/scenarios"
)

// asScript starts a shell script as a worker that is ready at once.
func asScript(t *testing.T, script string) (context.Context, scenarios.Worker) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	ready := `read spec; echo '{"protocol":2}'; `
	w, _, err := scenarios.Processes{Program: "/bin/sh", Args: []string{"sh", "-c", ready + script}}.Launch(ctx, serverSpec)
	if err != nil {
		t.Fatal(err)
	}
	return ctx, w
}

// A worker that ends in the middle of a command says how.
func TestHowAWorkerEndedIsTold(t *testing.T) {
	for script, want := range map[string]string{
		"read command; exit 3":                 "exit status 3",
		"read command; kill -9 $$":             "signal: killed",
		"read command; exec >&-; read further": "closed its standard output",
	} {
		ctx, w := asScript(t, script)
		if _, err := w.Do(ctx, scenarios.Command{Do: scenarios.DoSnapshot}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: Do = %v, want an error that says %q", script, err, want)
		}
		w.Stop(ctx)
	}
}

// So does one that had ended before anybody asked.
func TestAWorkerThatEndsUnasked(t *testing.T) {
	ctx, w := asScript(t, "echo cause >&2; exit 3")
	for len(children(t)) > 0 && ctx.Err() == nil {
	}
	if _, err := w.Do(ctx, scenarios.Command{Do: scenarios.DoSnapshot}); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("Do = %v, want an error that says exit status 3", err)
	}
	if said := w.Stop(ctx); !strings.Contains(said, "it ended by itself (exit status 3)") || !strings.Contains(said, "cause") {
		t.Errorf("Stop = %q, want how it ended and what it said", said)
	}
}

// One that ends when it is told to has nothing to explain.
func TestAWorkerThatEndsAsTold(t *testing.T) {
	ctx, w := asScript(t, "read command")
	if said := w.Stop(ctx); said != "it ended by itself (exit status 1)" { // what read returns at the end
		t.Errorf("Stop = %q", said)
	}
	ctx, w = asScript(t, "read command; exit 0")
	if said := w.Stop(ctx); said != "" {
		t.Errorf("Stop = %q, want nothing", said)
	}
}

// What a worker has started may outlive it, and keep its output open: stopping
// does not wait for that.
func TestStopDoesNotWaitForAWorkersChildren(t *testing.T) {
	ctx, w := asScript(t, "setsid sleep 300 & echo $! >&2; read command; echo '{}'; wait")
	if _, err := w.Do(ctx, scenarios.Command{Do: scenarios.DoSnapshot}); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan string, 1)
	go func() {
		killed, cancel := context.WithCancel(ctx)
		cancel()
		stopped <- w.Stop(killed)
	}()
	select {
	case said := <-stopped:
		pid, err := strconv.Atoi(said)
		if err != nil {
			t.Fatalf("the script said %q, want a pid", said)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Errorf("killing %d, which was to be alive: %v", pid, err)
		}
	case <-time.After(patience):
		t.Error("Stop waits for a process that the worker has left behind")
	}
}

// A crash is known by its first lines and by its last ones.
func TestBothEndsOfStandardErrorAreKept(t *testing.T) {
	ctx, w := asScript(t, "echo cause >&2; i=0; while [ $i -lt 2000 ]; do echo trace $i >&2; i=$((i+1)); done; exit 2")
	_, _ = w.Do(ctx, scenarios.Command{Do: scenarios.DoSnapshot})
	said := w.Stop(ctx)
	if !strings.Contains(said, "cause\ntrace 0\n") || !strings.Contains(said, "[…]") || !strings.HasSuffix(said, "trace 1999") || len(said) > 5000 {
		t.Errorf("%d bytes are kept: %q", len(said), said)
	}
}

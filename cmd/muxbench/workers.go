//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"muxbench/scenarios"
)

// workerPatience is how long a worker may take to start, to answer, or to end.
const workerPatience = 20 * time.Second

// startWorker starts a worker of this program, whose name is program.
func startWorker(ctx context.Context, program string, spec scenarios.Spec) (scenarios.Worker, scenarios.Reply, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, scenarios.Reply{}, fmt.Errorf("finding this program, to start a worker of it: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, workerPatience, fmt.Errorf("it was not ready within %s", workerPatience))
	defer cancel()
	return scenarios.Processes{Program: executable, Args: []string{program, "worker"}}.Launch(ctx, spec)
}

// stopWorker ends a worker, and adds to why that was necessary, if it was,
// what the worker said.
func stopWorker(w scenarios.Worker, failure error, doing string) error {
	ctx, cancel := context.WithTimeout(context.Background(), workerPatience)
	defer cancel()
	if failure != nil {
		cancel() // it may not listen any more
	}
	said := w.Stop(ctx)
	if failure == nil {
		return nil
	}
	failure = fmt.Errorf("%s: %w", doing, failure)
	if said != "" {
		failure = fmt.Errorf("%w; it said: %s", failure, said)
	}
	return failure
}

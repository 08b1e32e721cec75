//go:build linux

package scenarios

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"strings"
	"time"

	"muxbench/loadgen"
	"muxbench/multiplexers"
	"muxbench/results"
)

// armRun is an arm within a block: its two workers, and the trial that comes of
// them.
type armRun struct {
	arm          Arm
	block        *block
	seed         uint64
	server, load Worker
	address      netip.AddrPort
	idleRSS      [2]int64 // of server and load, before connecting
	pilot        pilot
	capacities   []float64 // msgs/s in a closed loop, of each turn that measured it
	search       *search   // of a service level
	trial        results.Trial
}

func newArmRun(arm Arm, b *block, place int, seed uint64) *armRun {
	a := &armRun{arm: arm, block: b, seed: seed, trial: results.Trial{
		Block:     b.number,
		Cell:      b.cell,
		Arm:       arm.Name,
		Backend:   arm.Backend,
		Reference: arm.Reference,
		Control:   arm.Control,
		Options:   arm.options(),
		Build:     arm.executable(b.standing).Name,
		StartedAt: place,
		ServerCPU: b.cpus.server,
		LoadCPU:   b.cpus.load,
		Values:    map[results.Metric]float64{},
		Counters:  &results.TrialCounters{},
	}}
	if n := a.arm.backend().Threads(arm.Loops, arm.PoolThreads); n > 1 && !b.cell.OneProcess() {
		a.trial.ServerCPUs = b.cpus.forThreads(n)
	}
	if b.outside {
		a.trial.Options["cpu"] = "outside"
	}
	if b.apart != "" {
		a.trial.Validity = append(a.trial.Validity, b.apart)
	}
	if b.cell.OneProcess() {
		a.trial.LoadCPU = unpinned // there is nobody to load
	}
	reason := arm.unfit(b.cell)
	if reason == "" && b.outside && arm.Spinning {
		reason = "beside an external server CPU time is read from outside, when a server sleeps, and one whose waits spin never does"
	}
	if reason != "" {
		a.trial.Status, a.trial.Reason = results.StatusSkipped, reason
	}
	return a
}

// failed says that the arm takes no more part in the block, or never did.
func (a *armRun) failed() bool { return a.trial.Status != "" }

// attempt does a step unless the arm has failed or the run is interrupted, and
// stops the arm if the step fails.
func (a *armRun) attempt(ctx context.Context, step func(*armRun, context.Context) error) {
	if a.failed() || ctx.Err() != nil {
		return
	}
	if err := step(a, ctx); err != nil && ctx.Err() == nil {
		a.trial.Status = results.StatusFailed
		a.trial.Reason = cut(err.Error())
		a.stop(ctx)
	}
}

// What bounds the start of a worker. An external program may have to be
// compiled first.
const (
	startingLimit         = 10 * time.Second
	startingLimitExternal = 60 * time.Second
)

func (a *armRun) startServer(ctx context.Context) error {
	var err error
	var ready Reply
	a.server, ready, err = a.start(ctx, a.serverSpec(ServerRole))
	a.address, a.idleRSS[0] = ready.Address, ready.RSS
	return err
}

// serverSpec is what the arm says of the process under test.
func (a *armRun) serverSpec(role Role) Spec {
	return Spec{
		Protocol: protocolVersion, Role: role, Entry: a.arm.Entry.String(), CPU: a.block.cpus.server,
		SocketBuffers: a.block.cell.SocketBuffers, Backend: a.arm.Backend, Program: a.arm.Program, Spin: a.arm.Spin,
		Choice: a.arm.Choice, CPUs: a.trial.ServerCPUs, Executable: a.arm.executable(a.block.standing).Path,
		Room: a.block.cell.Scenario == Fanout, Backlog: backlogOf(a.block.cell),
	}
}

// backlogOf is how long the queue of a server's listener is; 0 is the longest.
func backlogOf(c results.Cell) int {
	if c.Scenario == Accept {
		return acceptBacklog
	}
	return 0
}

// startLoad starts the load generator, which is the same for every arm.
func (a *armRun) startLoad(ctx context.Context) error {
	c := a.block.cell
	spec := Spec{
		Protocol: protocolVersion, Role: LoadRole, Entry: multiplexers.Raw.String(), CPU: a.block.cpus.load,
		SocketBuffers: c.SocketBuffers, Target: a.address, Connections: c.Connections, Active: c.Active,
		Size: max(1, c.Size), Seed: a.seed, Room: c.Scenario == Fanout,
	}
	var err error
	var ready Reply
	a.load, ready, err = a.start(ctx, spec)
	a.idleRSS[1] = ready.RSS
	return err
}

func (a *armRun) start(ctx context.Context, spec Spec) (Worker, Reply, error) {
	limit := startingLimit
	if spec.Program != "" {
		limit = startingLimitExternal
	}
	ctx, cancel := bounded(ctx, limit, "starting a worker")
	defer cancel()
	w, ready, err := a.block.launcher.Launch(ctx, spec)
	if ready.Shared != "" {
		a.trial.Validity = append(a.trial.Validity, fmt.Sprintf("the threads of a %s share their descriptors, which costs select and poll most: %s", spec.Role, cut(ready.Shared)))
	}
	return w, ready, err
}

// askServer sends a command to the server.
func (a *armRun) askServer(ctx context.Context, do Verb) (ServerState, error) {
	ctx, cancel := bounded(ctx, a.block.limit(0), string(do)+" of the server")
	defer cancel()
	reply, err := a.server.Do(ctx, Command{Do: do})
	switch {
	case err != nil:
		return ServerState{}, fmt.Errorf("server: %s: %w", do, err)
	case reply.Server == nil:
		return ServerState{}, fmt.Errorf("server: %s: no answer in the reply", do)
	}
	return *reply.Server, nil
}

// askLoad sends a command to the load generator, and takes note of what went
// wrong there: any failure of a message fails the trial.
func (a *armRun) askLoad(ctx context.Context, c Command) (LoadState, error) {
	messages := int64(max(1, c.Rounds)) * int64(a.block.cell.Active) // by duration, those in hand at its end
	ctx, cancel := bounded(ctx, a.block.limit(messages)+loadgen.LongestPace(c.Duration), string(c.Do)+" of the load generator")
	defer cancel()
	reply, err := a.load.Do(ctx, c)
	switch {
	case err != nil:
		return LoadState{}, fmt.Errorf("load generator: %s: %w", c.Do, err)
	case reply.Load == nil:
		return LoadState{}, fmt.Errorf("load generator: %s: no answer in the reply", c.Do)
	}
	a.trial.Errors = reply.Load.Errors
	if n := a.trial.Errors.Total(); n > 0 {
		return LoadState{}, fmt.Errorf("load generator: %s: %d failed, the first %s", c.Do, n, reply.Load.FirstError)
	}
	return *reply.Load, nil
}

// stop ends both workers: the load generator first, whose resets leave nothing
// for the server to linger on. After a failure, or an interruption, they are
// killed.
func (a *armRun) stop(ctx context.Context) {
	if a.failed() || ctx.Err() != nil {
		killed, cancel := context.WithCancel(context.Background())
		cancel()
		ctx = killed
	}
	var said []string
	for _, side := range []struct {
		role   Role
		worker *Worker
	}{{LoadRole, &a.load}, {ServerRole, &a.server}} {
		if *side.worker == nil {
			continue
		}
		ctx, cancel := bounded(ctx, a.block.limit(0), "stopping")
		if tail := (*side.worker).Stop(ctx); tail != "" {
			said = append(said, string(side.role)+": "+tail)
		}
		cancel()
		*side.worker = nil
	}
	if a.failed() && len(said) > 0 {
		a.trial.Stderr = strings.Join(said, "\n")
	}
}

// collect asks both workers for what they kept for the end.
func (a *armRun) collect(ctx context.Context) error {
	if a.load == nil {
		return nil // one process is all there is
	}
	state, loadRSS, err := a.report(ctx, a.load)
	if err != nil {
		return fmt.Errorf("load generator: %w", err)
	}
	if state == nil {
		return errors.New("load generator: report: no answer in the reply")
	}
	maps.Copy(a.trial.Values, state.Latency)
	maps.Copy(a.trial.Values, state.Lag)
	a.trial.LatencyHDR, a.trial.LagHDR = state.LatencyHDR, state.LagHDR
	_, serverRSS, err := a.report(ctx, a.server)
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	a.trial.Values[results.ServerRSS] = float64(serverRSS)
	a.trial.Values[results.LoadRSS] = float64(loadRSS)
	return nil
}

func (a *armRun) report(ctx context.Context, w Worker) (*LoadState, int64, error) {
	ctx, cancel := bounded(ctx, a.block.limit(0), "a report")
	defer cancel()
	reply, err := w.Do(ctx, Command{Do: DoReport})
	if err != nil {
		return nil, 0, fmt.Errorf("report: %w", err)
	}
	return reply.Load, reply.RSS, nil
}

// finished is the trial of an arm whose workers have stopped; interrupted is
// why the run was, or nil, and vitality what the machine did meanwhile, as far as that is known.
func (a *armRun) finished(interrupted error, overhead time.Duration, vitality Vitality) results.Trial {
	switch {
	case a.failed():
	case interrupted != nil:
		a.trial.Status = results.StatusInterrupted
		a.trial.Reason = interrupted.Error()
	default:
		a.trial.Status = results.StatusOK
		a.trial.Values[results.BlockOverhead] = float64(overhead)
	}
	summarise(&a.trial)
	check(&a.trial, vitality)
	if err := a.trial.Validate(); err != nil {
		a.disbelieve(err)
	}
	return a.trial
}

// disbelieve fails a trial because what its workers said of it cannot be, and
// keeps nothing of what they said.
func (a *armRun) disbelieve(err error) {
	t := &a.trial
	t.Status, t.Reason, t.Stderr = results.StatusFailed, "a worker's answers make no sense: "+cut(err.Error()), ""
	t.Values, t.Counters, t.Slices, t.Probes, t.Errors, t.LatencyHDR, t.LagHDR = nil, nil, nil, nil, results.Errors{}, "", ""
}

// cut bounds what a worker says.
func cut(said string) string {
	const most = 4 << 10
	if len(said) > most {
		return strings.ToValidUTF8(said[:most], "") + "…"
	}
	return said
}

//go:build linux

package scenarios

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// externalChain is a Worker around a program of the user's that runs chains: it
// prints "ready" when its pairs are registered, and then for each line that it
// reads does an iteration and prints its time and CPU time in ns and the number
// of bytes that it read.
type externalChain struct {
	external
	in    io.WriteCloser
	out   io.Closer
	lines chan string // of its standard output; closed at its end
}

func (p Processes) launchExternalChain(ctx context.Context, spec Spec) (Worker, Reply, error) {
	cmd := shell(spec.Program, map[string]string{
		"connections": strconv.Itoa(spec.Connections),
		"active":      strconv.Itoa(spec.Active),
		"writes":      strconv.Itoa(spec.Writes),
	})
	w := &externalChain{external: external{child: newChild(cmd)}, lines: make(chan string)}
	var err error
	if w.in, err = cmd.StdinPipe(); err != nil {
		return nil, Reply{}, err
	}
	// Not cmd.StdoutPipe: waiting for the program must not wait for whoever else
	// has its output open.
	out, write, err := os.Pipe()
	if err != nil {
		return nil, Reply{}, err
	}
	cmd.Stdout, w.out = write, out
	err = startOn(cmd, spec.CPU)
	_ = write.Close()
	if err != nil {
		return nil, Reply{}, errors.Join(err, out.Close())
	}
	go w.await()
	go w.readLines(out)
	err = w.beGuarded(ctx, p)
	if err == nil {
		err = w.untilReady(ctx)
	}
	if err != nil {
		return nil, Reply{}, w.failed(fmt.Errorf("scenario %s wants a program that runs chains, no echo server: %w", Chain, err), w.Stop)
	}
	return w, Reply{Protocol: protocolVersion, RSS: familyBytes(cmd.Process.Pid)}, nil
}

func (w *externalChain) untilReady(ctx context.Context) error {
	line, err := w.line(ctx)
	if err == nil && line != "ready" {
		return fmt.Errorf("it said %q where \"ready\" is wanted", cut(line))
	}
	return err
}

// readLines passes lines on until there are no more.
func (w *externalChain) readLines(out io.Reader) {
	defer close(w.lines)
	s := bufio.NewScanner(out)
	for s.Scan() {
		w.lines <- s.Text()
	}
	_, _ = io.Copy(io.Discard, out) // beyond a line that is too long: it is not to block
}

func (w *externalChain) line(ctx context.Context) (string, error) {
	select {
	case line, ok := <-w.lines:
		if !ok {
			return "", w.farewell()
		}
		return line, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

func (w *externalChain) Do(ctx context.Context, c Command) (Reply, error) {
	if c.Do != DoIterate {
		return w.external.Do(ctx, c)
	}
	select {
	case line, ok := <-w.lines:
		if ok {
			return Reply{}, fmt.Errorf("it said %q before it was asked", cut(line))
		}
	default:
	}
	asked := time.Now()
	ask := "\n"
	if c.Warm {
		ask += ask
	}
	// Where it takes no more, the reason is to be read.
	_, _ = io.WriteString(w.in, ask)
	var did ChainState
	for range len(ask) {
		line, err := w.line(ctx)
		if err != nil {
			return Reply{}, err
		}
		if did, err = parseIteration(line); err != nil {
			return Reply{}, err
		}
	}
	if took := time.Since(asked); did.Elapsed > took {
		return Reply{}, fmt.Errorf("it said that an iteration took %s, and has answered after %s", did.Elapsed, took)
	}
	return Reply{Chain: &did}, nil
}

// parseIteration reads what a program says of an iteration.
func parseIteration(line string) (ChainState, error) {
	fields := strings.Fields(line)
	var numbers [3]int64
	ok := len(fields) == len(numbers)
	for i := 0; ok && i < len(numbers); i++ {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		numbers[i], ok = n, err == nil && n >= 0
	}
	did := ChainState{Elapsed: time.Duration(numbers[0]), CPU: time.Duration(numbers[1]), Messages: numbers[2]}
	if !ok || did.Elapsed == 0 || max(did.Elapsed, did.CPU) > time.Hour {
		return ChainState{}, fmt.Errorf("it said %q, which is not the time, the CPU time (both in ns) and the bytes read of an iteration", cut(line))
	}
	return did, nil
}

// Stop ends the program's input, and gives it time to end by that.
func (w *externalChain) Stop(ctx context.Context) string {
	_ = w.in.Close()
	go func() { // lines that nobody waits for any more
		for range w.lines {
		}
	}()
	patient, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	w.endsBy(patient)
	said := w.external.Stop(ctx)
	_ = w.out.Close() // somebody else may have the other end
	return said
}

//go:build linux

package scenarios_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"muxbench/multiplexers"
	"muxbench/scenarios"
)

// echoAsStranger serves at a port until it is killed, in the manner asked for.
func echoAsStranger(manner, port string) error {
	if manner == "stubborn" {
		signal.Ignore(syscall.SIGTERM)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:"+port)
	if err != nil {
		return err
	}
	var reads atomic.Int64
	var stall sync.RWMutex // held by one that stalls them all
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			b := make([]byte, 64<<10)
			for {
				n, err := c.Read(b)
				if err != nil {
					return
				}
				switch {
				case manner == "wrong":
					b[n-1] ^= 1
				case manner == "mortal" && reads.Add(1) == 50:
					fmt.Fprintln(os.Stderr, "fifty is enough")
					os.Exit(3)
				case manner == "stalling" && reads.Add(1)%stallEvery == 0:
					stall.Lock()
					time.Sleep(stallFor)
					stall.Unlock()
				case manner == "slow":
					time.Sleep(slowness)
				}
				stall.RLock()
				_, err = c.Write(b[:n])
				stall.RUnlock()
				if err != nil {
					return
				}
			}
		}()
	}
}

// A stalling stranger answers nobody for a time, once in so many messages. A slow
// one answers everybody as late.
const (
	stallEvery = 1500
	stallFor   = 200 * time.Millisecond
	slowness   = 100 * time.Millisecond
)

// stranger is a command line of such a server.
func stranger(t *testing.T, manner, port string) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("'%s' %s %s %s", program, asEcho, manner, port)
}

// launchExternal starts a program as a server, and stops it with the test.
func launchExternal(t *testing.T, ctx context.Context, spec scenarios.Spec) scenarios.Worker {
	t.Helper()
	w, _, err := processes(t).Launch(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Stop(context.Background()) })
	return w
}

func programSpec(program string) scenarios.Spec {
	return scenarios.Spec{Protocol: 2, Role: scenarios.ServerRole, CPU: -1, Program: program}
}

// program is the pid of this process's only child that is no worker of ours: an
// external server has a guard beside it.
func program(t *testing.T) int {
	t.Helper()
	var found []int
	for _, pid := range children(t) {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && !strings.Contains(string(line), asWorker) {
			found = append(found, pid)
		}
	}
	if len(found) != 1 {
		t.Fatalf("programs %v, want one", found)
	}
	return found[0]
}

// members are the processes of a group, but for those that wait to be reaped.
func members(t *testing.T, group int) []int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil && fields[0] != "Z" && fields[2] == strconv.Itoa(group) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Whatever a program does about being stopped, nothing of its process group is
// left, and Stop says what it had to say.
func TestNothingOfAnExternalServerIsLeft(t *testing.T) {
	good := stranger(t, "good", "{port}")
	tests := []struct {
		name, program string
		processes     int    // in its group
		said          string // when it was told to end
	}{
		{"one that obeys", "exec " + good, 1, ""},
		{"one that ignores SIGTERM", "exec " + stranger(t, "stubborn", "{port}"), 1, ""},
		{"one behind a shell", good + " & wait", 2, ""},
		{"one with a child", "sleep 1000 & exec " + good, 2, ""},
		{"one with a child that ignores SIGTERM", "(trap '' TERM; exec sleep 1000) & exec " + good, 2, ""},
		{"one that says goodbye behind a shell", "trap : TERM; (trap 'echo bye >&2; exit' TERM; " + good + " & wait) & wait; wait", 3, "\nbye"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			w := launchExternal(t, ctx, programSpec("echo words >&2; "+test.program))
			group := program(t)
			for len(members(t, group)) != test.processes && ctx.Err() == nil {
			}
			if got := members(t, group); len(got) != test.processes {
				t.Errorf("its group has the processes %v, want %d", got, test.processes)
			}
			if said := w.Stop(ctx); said != "words"+test.said {
				t.Errorf("Stop = %q, want what it said", said)
			}
			for len(members(t, group)) > 0 && ctx.Err() == nil {
			}
			if left := members(t, group); len(left) > 0 {
				t.Errorf("processes %v are left", left)
			}
			if left := children(t); len(left) > 0 {
				t.Errorf("children %v are left", left)
			}
		})
	}
}

// So it is where the program has ended before, and left a child.
func TestNothingIsLeftOfAProgramThatHasEnded(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, _, err := processes(t).Launch(ctx, programSpec("sleep 1000 & echo group $$ >&2; exit 3"))
	if err == nil {
		t.Fatal("taken for a server")
	}
	_, number, found := strings.Cut(err.Error(), "group ")
	group, bad := strconv.Atoi(strings.TrimSpace(number))
	if !found || bad != nil {
		t.Fatalf("%v does not say what it said", err)
	}
	for len(members(t, group)) > 0 && ctx.Err() == nil {
	}
	if left := members(t, group); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
}

// A guard ends a process group when the controller, which holds its input, is no
// more: a shell's children do not hear of that.
func TestAGuardEndsItsGroup(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	sh := exec.Command("/bin/sh", "-c", "sleep 1000 & sleep 1000 & wait")
	sh.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := sh.Start(); err != nil {
		t.Fatal(err)
	}
	for len(members(t, sh.Process.Pid)) != 3 && ctx.Err() == nil {
	}
	spec := scenarios.NewSpec(scenarios.GuardRole, multiplexers.Runtime)
	spec.CPU, spec.Group = -1, sh.Process.Pid
	guard, _, err := processes(t).Launch(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	if got := members(t, sh.Process.Pid); len(got) != 3 {
		t.Errorf("while it is guarded, the group has the processes %v, want 3", got)
	}
	if said := guard.Stop(ctx); said != "" { // which closes its input first
		t.Errorf("the guard said %q", said)
	}
	if err := sh.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("the group's leader ended with %v, want it killed", err)
	}
	for len(members(t, sh.Process.Pid)) > 0 && ctx.Err() == nil {
	}
	if left := members(t, sh.Process.Pid); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
}

// One that ends unasked says how.
func TestAnExternalServerThatEndsUnasked(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	w := launchExternal(t, ctx, programSpec("exec "+stranger(t, "good", "{port}")))
	if err := syscall.Kill(program(t), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	var err error
	for err == nil && ctx.Err() == nil {
		_, err = w.Do(ctx, scenarios.Command{Do: scenarios.DoSnapshot})
	}
	if err == nil || !strings.Contains(err.Error(), "it ended by itself (signal: killed)") {
		t.Errorf("Do = %v, want an error that says how it ended", err)
	}
	if said := w.Stop(ctx); said != "it ended by itself (signal: killed)" {
		t.Errorf("Stop = %q, want how it ended", said)
	}
}

// A server that does not come up is given up with the reason, and stopped.
func TestAnExternalServerThatDoesNotListen(t *testing.T) {
	for name, test := range map[string]struct {
		program string
		want    []string
	}{
		"ends at once":        {"echo no licence >&2; exit 3", []string{"before it listened on 127.0.0.1:", "exit status 3", "no licence"}},
		"is not there":        {"/nonexistent/server {port}", []string{"exit status 127", "/nonexistent/server"}},
		"does not listen":     {"echo thinking; exec sleep 1000", []string{"does not listen on 127.0.0.1:", "PORT", "{port}", "it said: thinking"}},
		"listens at another":  {"exec " + stranger(t, "good", "0"), []string{"does not listen on 127.0.0.1:"}},
		"is killed meanwhile": {"kill -9 $$", []string{"signal: killed"}},
	} {
		t.Run(name, func(t *testing.T) {
			limit := patience
			if strings.Contains(test.want[0], "does not listen") {
				limit = 300 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			_, _, err := processes(t).Launch(ctx, programSpec(test.program))
			if err == nil {
				t.Fatal("taken for a server")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Launch = %v, want an error that says %q", err, want)
				}
			}
			if left := children(t); len(left) > 0 {
				t.Errorf("children %v are left", left)
			}
		})
	}
}

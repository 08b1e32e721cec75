//go:build linux

package muxtest

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// Rival has the calling thread share one CPU with another that spins, until end
// is called, and returns when the kernel has switched between them once. It
// locks the calling goroutine to its thread for good: neither thread outlives its
// goroutine, and their affinity goes with them. End is to be called once, from any
// goroutine; err tells that there is no rival.
func Rival() (end func(), err error) {
	procs := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(max(4, procs)) // with one P they would take turns without the kernel
	runtime.LockOSThread()
	var over atomic.Bool
	ready, ended := make(chan error, 1), make(chan struct{})
	end = func() {
		over.Store(true)
		<-ended
		runtime.GOMAXPROCS(procs)
	}
	one, err := firstCPU()
	if err != nil {
		runtime.GOMAXPROCS(procs)
		return nil, err
	}
	go func() {
		defer close(ended)
		runtime.LockOSThread()
		ready <- unix.SchedSetaffinity(0, &one)
		for !over.Load() {
		}
	}()
	if err = <-ready; err == nil {
		err = unix.SchedSetaffinity(0, &one)
	}
	if err != nil {
		end()
		return nil, os.NewSyscallError("sched_setaffinity", err)
	}
	for deadline := time.Now().Add(watchdog); multiplexers.ThreadUsage().Switches == 0; {
		if time.Now().After(deadline) {
			end()
			return nil, fmt.Errorf("a thread that shares its CPU with another keeps it for %s", watchdog)
		}
	}
	return end, nil
}

// firstCPU is the first one that the calling thread may run on.
func firstCPU() (one unix.CPUSet, err error) {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return one, os.NewSyscallError("sched_getaffinity", err)
	}
	cpu := 0
	for !allowed.IsSet(cpu) {
		cpu++
	}
	one.Set(cpu)
	return one, nil
}

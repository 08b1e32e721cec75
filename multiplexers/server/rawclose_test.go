//go:build linux

package server_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
)

// rawBackend is the environment variable that makes the test binary serve raw,
// stop, and say what is left.
const rawBackend = "MUXBENCH_TEST_RAW_BACKEND"

// TestRawCloseGivesEverythingBack: threads that have tables of their own leave
// copies of what they serve with in the one that the others share. A listener that
// stayed there would take connections which nobody answers.
func TestRawCloseGivesEverythingBack(t *testing.T) {
	eachOf(t, func(b server.Backend) bool { return b.Enters(multiplexers.Raw) }, func(t *testing.T, b server.Backend) {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		child := exec.Command(self)
		child.Env = append(os.Environ(), rawBackend+"="+b.Name, "GOMAXPROCS=8", "GODEBUG=asyncpreemptoff=1", "GORACE=atexit_sleep_ms=0")
		if out, err := child.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
}

// serveRaw serves a client and stops, and returns what is not given back.
func serveRaw(backend string) error {
	debug.SetGCPercent(-1) // before the first raw wait (multiplexers.Entry)
	b, err := server.Lookup(backend)
	if err != nil {
		return err
	}
	if c, err := net.Dial("tcp4", "127.0.0.1:1"); err == nil { // has package net open what it keeps
		return errors.Join(errors.New("somebody listens on port 1"), c.Close())
	}
	before, err := openFiles()
	if err != nil {
		return err
	}
	cfg := config(b)
	cfg.Entry = multiplexers.Raw
	for range 3 {
		s, err := server.New(cfg)
		if err != nil {
			return err
		}
		served := make(chan error, 1)
		go func() { served <- s.Serve() }()
		err = exchangeRaw(s.Address().String())
		s.Close()
		if err := errors.Join(err, <-served); err != nil {
			return err
		}
		// A thread that has said its last takes its table along a moment later.
		for deadline := time.Now().Add(patience); ; {
			c, err := net.Dial("tcp4", s.Address().String())
			if err != nil {
				break
			}
			if err := c.Close(); err != nil || time.Now().After(deadline) {
				return errors.Join(fmt.Errorf("somebody listens on %s when the server is closed", s.Address()), err)
			}
		}
		cfg.Address = s.Address() // free again
	}
	if after, err := openFiles(); err != nil || after != before {
		return fmt.Errorf("descriptors left open, %v\nbefore:\n%safter:\n%s", err, before, after)
	}
	return nil
}

func exchangeRaw(address string) error {
	c, err := net.Dial("tcp4", address)
	if err != nil {
		return err
	}
	m, got := message(1000), make([]byte, 1000)
	err = c.SetDeadline(time.Now().Add(patience))
	if err == nil {
		_, err = c.Write(m)
	}
	if err == nil {
		_, err = io.ReadFull(c, got)
	}
	if err == nil && !bytes.Equal(got, m) {
		err = errors.New("the reply is not what was sent")
	}
	return errors.Join(err, c.Close())
}

// openFiles lists what is open in this process, but for the list itself.
func openFiles() (string, error) {
	const list = "/proc/self/fd"
	entries, err := os.ReadDir(list)
	var all strings.Builder
	for _, e := range entries {
		if file, err := os.Readlink(list + "/" + e.Name()); err == nil {
			all.WriteString(e.Name() + " " + file + "\n")
		}
	}
	return all.String(), err
}

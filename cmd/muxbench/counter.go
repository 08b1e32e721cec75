//go:build linux

package main

import (
	"io"

	"github.com/schollz/progressbar/v3"
)

// counter shows on a terminal how many of a number of things are done, and elsewhere
// nothing.
type counter struct{ bar *progressbar.ProgressBar }

func newCounter(w io.Writer, total int) counter {
	if terminalWidth(w) == 0 {
		return counter{}
	}
	return counter{progressbar.NewOptions(total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionShowCount(),
		progressbar.OptionClearOnFinish(),
	)}
}

// step tells that one more is done, and its name. An unwritable terminal is no reason
// to stop.
func (c counter) step(name string) {
	if c.bar != nil {
		c.bar.Describe(name)
		_ = c.bar.Add(1)
	}
}

func (c counter) end() {
	if c.bar != nil {
		_ = c.bar.Finish()
	}
}

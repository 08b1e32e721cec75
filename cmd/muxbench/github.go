//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"muxbench/report"
)

// mostSummary is how many bytes the summary of a step may have, of all its commands
// together: GitHub shows none of a longer one.
const mostSummary = 1 << 20

// tellGitHub writes annotations and the step's summary where the variables are set by
// which a workflow asks for them. Annotations go to standard error: GitHub reads both,
// and standard output is for the format that was asked for.
func (d document) tellGitHub(s streams) error {
	if os.Getenv("GITHUB_ACTIONS") == "true" {
		if _, err := io.WriteString(s.err, report.Annotations(d.annotations)); err != nil {
			return fmt.Errorf("writing annotations: %w", err)
		}
	}
	path := os.Getenv("GITHUB_STEP_SUMMARY")
	if path == "" {
		return nil
	}
	var text bytes.Buffer
	if err := d.markdown(&text); err != nil {
		return err
	}
	if err := appendSummary(path, text.Bytes()); err != nil {
		return fmt.Errorf("writing the step's summary that GITHUB_STEP_SUMMARY asks for: %w", err)
	}
	return nil
}

// appendSummary adds text to a summary, as far as there is room for whole lines.
func appendSummary(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer f.Close() // for errors: what is closed below is closed once
	info, err := f.Stat()
	if err != nil {
		return err
	}
	const cut = "\n\nThe rest did not fit into this summary.\n"
	if room := mostSummary - info.Size(); int64(len(text)) > room {
		kept := text[:max(0, room-int64(len(cut)))]
		kept = kept[:bytes.LastIndexByte(kept, '\n')+1]
		if text = append(kept[:len(kept):len(kept)], cut...); int64(len(text)) > room {
			return nil // it is full, and says so
		}
	}
	if _, err := f.Write(text); err != nil {
		return err
	}
	return f.Close()
}

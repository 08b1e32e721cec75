//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"muxbench/report"
	"muxbench/results"
	"muxbench/scenarios"
)

// watched is how long doctor watches the machine: steal time is counted in
// hundredths of a second, and its bounds are in hundredths.
const watched = 2 * time.Second

func doctorCommand(s streams, args []string) *cobra.Command {
	formats := []string{"text", "json"}
	format := formats[0]
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say whether this machine can give figures to trust, and what would help",
		Long: `Doctor looks at what figures of this machine have to be read with, and names
what to do about each. Then it watches for two seconds what takes time from the
CPUs that "muxbench run" would use, and compares it with the bounds that blocks
of a run are held to: beyond the first a figure is flagged, beyond the second
its block is not used. At last it measures a server beside itself for some seconds:
by as much as those two differ, any two may.

Its exit status is 4 if figures are not to be trusted. It refuses to run while
another muxbench measures.`,
		Example: `  muxbench doctor
  muxbench doctor --format json`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.Contains(formats, format) {
				return &scenarios.Invalid{Flag: "--format", Value: format, Allowed: "choose among " + strings.Join(formats, ", "), Known: formats}
			}
			return doctor(cmd.Context(), s, args[0], format)
		},
	}
	c.Flags().StringVar(&format, "format", format, strings.Join(formats, ", "))
	// It fails for flags that do not exist only.
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// diagnosis is what doctor has to say.
type diagnosis struct {
	scenarios.Examination
	// Identical is how far apart identical arms lay; empty if too many of their
	// blocks were void.
	Identical map[results.Metric]report.Noise `json:"identical"`
	// Restless says why the measurement of identical arms cannot be trusted.
	Restless []string `json:"restless,omitempty"`
	Trusted  bool     `json:"trusted"`
}

// reasons say why figures of this machine cannot be trusted.
func (d diagnosis) reasons() []string { return append(d.Severe(), d.Restless...) }

func doctor(ctx context.Context, s streams, program, format string) error {
	ctx, cancel := untilInterrupted(ctx)
	defer cancel()
	release, err := scenarios.Lock()
	if err != nil {
		return err
	}
	defer release()
	examined, err := scenarios.Examine(ctx, os.DirFS("/"), scenarios.Placement{}, watched)
	var same report.Summary
	if err == nil {
		same, err = identical(ctx, program)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w: nothing is kept", errInterrupted)
	}
	if err != nil {
		return err
	}
	d := diagnosis{Examination: examined, Identical: same.Scenarios[0].Cells[0].Noise, Restless: same.Distrust()}
	d.Trusted = len(d.reasons()) == 0
	write := diagnosisText
	if format == "json" {
		write = diagnosisJSON
	}
	if err := write(s.out, d); err != nil {
		return err
	}
	if !d.Trusted {
		return fmt.Errorf("%w on this machine now: %s", errUntrusted, strings.Join(d.reasons(), ", "))
	}
	return nil
}

func diagnosisJSON(w io.Writer, d diagnosis) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(d)
}

// diagnosisText is the machine, what is to be said about it, what happened while
// it was watched, and what identical arms differed by.
func diagnosisText(w io.Writer, e diagnosis) error {
	var out bytes.Buffer
	const width, named = 92, 72 // of a line, and of what stands beside a name
	for _, line := range wrapped(machineLine(e.Environment), width) {
		fmt.Fprintln(&out, line)
	}
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	if len(e.Findings) > 0 {
		fmt.Fprintln(table, "\nFINDING\tWHAT IT IS, AND WHAT HELPS")
	}
	for _, f := range e.Findings {
		name := f.Check
		if f.Severe {
			name += " (severe)"
		}
		lines := wrapped(f.Text, named)
		if f.Fix != "" {
			lines = append(lines, wrapped("Fix: "+f.Fix, named)...)
		}
		for i, line := range lines {
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(table, "%s\t%s\n", name, line)
		}
	}
	fmt.Fprintf(table, "\n%s\tHERE\tFLAGGED ABOVE\tNOT TRUSTED ABOVE\tVERDICT\n", strings.ToUpper(fmt.Sprintf("watched for %.1f s", float64(e.WatchedNS)/1e9)))
	for _, r := range e.Readings {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.Check, quantityOf(r.Unit, &r.Value), quantityOf(r.Unit, r.Flagged), quantityOf(r.Unit, r.Void), verdict(r))
	}
	for _, check := range e.NotTold {
		fmt.Fprintf(table, "%s\tnot told\n", check)
	}
	fmt.Fprintln(table, "\nIDENTICAL ARMS\tDIFFERED BY UP TO\tSMALLEST DIFFERENCE TO BE SEEN")
	for _, m := range []struct {
		metric results.Metric
		name   string
	}{{results.ServerCPUPerMessage, "server CPU"}, {results.Throughput, "throughput"}} {
		floor, visible := "not known", "not known"
		if n, ok := e.Identical[m.metric]; ok {
			floor, visible = quantityOf(scenarios.Share, &n.Floor), quantityOf(scenarios.Share, &n.Visible)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", m.name, floor, visible)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if e.Trusted {
		text := "Figures of this machine can be trusted, as far as this tells."
		if n, ok := e.Identical[results.ServerCPUPerMessage]; ok {
			text += " Differences in server CPU below " + quantityOf(scenarios.Share, &n.Floor) + " are noise."
		}
		fmt.Fprintln(&out, "\n"+text)
	}
	_, err := w.Write(out.Bytes())
	return err
}

// machineLine is the machine in one sentence.
func machineLine(e results.Environment) string {
	parts := []string{strings.TrimSpace("Linux " + e.Kernel + " " + e.Arch), e.CPUModel, fmt.Sprintf("%d CPUs", e.CPUs), e.Hypervisor, e.GoVersion}
	if e.CPUs == 1 {
		parts[2] = "1 CPU"
	}
	if e.ClockSource != "" {
		parts = append(parts, "clock "+e.ClockSource)
	}
	return printable(strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", "))
}

func verdict(r scenarios.Reading) string {
	switch {
	case r.IsVoid():
		return "not to be trusted"
	case r.IsFlagged():
		return "flagged"
	}
	return "ok"
}

// quantityOf shows a reading's value or bound; "-" is no bound.
func quantityOf(unit scenarios.Unit, v *float64) string {
	switch {
	case v == nil:
		return "-"
	case unit == scenarios.Share:
		return fmt.Sprintf("%.1f %%", 100**v)
	case unit == scenarios.Nanoseconds:
		return time.Duration(*v).String()
	}
	return fmt.Sprintf("%.0f", *v)
}

// wrapped are the lines of a text, none wider than width unless a word is.
func wrapped(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(printable(text)) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}

package report

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// What InspectionText shows in full without being asked for all.
const (
	maxListed   = 40 // descriptors of an instance; of more, groups
	maxSets     = 8  // instances
	maxExamples = 3  // descriptors of a group
	maxNamed    = 10 // descriptors in a sentence
)

// InspectionText writes an inspection for a terminal that is width columns
// wide; width 0 is unlimited. An instance that watches few descriptors has a
// row for each, and one that watches many has a row for each sort, unless all
// is set.
func InspectionText(w io.Writer, in Inspection, width int, all bool) error {
	var out bytes.Buffer
	writeWrapped(&out, in.heading(), "  ", width)
	for _, line := range in.limits() {
		writeWrapped(&out, line, "  ", width)
	}
	sets := in.distinct()
	var rest []WatchedInstance
	if !all && len(sets) > maxSets {
		sets, rest = sets[:maxSets], sets[maxSets:]
	}
	for _, set := range sets {
		if err := newWatchTable(set, all).text(&out, width, "json"); err != nil {
			return fmt.Errorf("lay out what epoll instance %d watches: %w", set.FD, err)
		}
	}
	trailing := in.others(rest, all)
	if len(trailing) > 0 {
		out.WriteByte('\n')
	}
	for _, line := range trailing {
		writeWrapped(&out, line, "  ", width)
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the inspection: %w", err)
	}
	return nil
}

// heading says whose descriptors these are, and how many.
func (in Inspection) heading() string {
	who := fmt.Sprintf("%s (process %d)", plainName(in.Command), in.PID)
	if len(in.Instances) == 0 {
		return who + " watches nothing with epoll: it has no epoll instance. What it waits for with select, poll or io_uring leaves no trace in /proc. A Go program has an epoll instance from its first connection or timer on."
	}
	instances := 0
	for _, e := range in.Instances {
		if e.SameAs == e.FD {
			instances++
		}
	}
	return fmt.Sprintf("%s: %s, %s", who, many(instances, "epoll instance"), many(in.Watches, "watched descriptor"))
}

// limits hold the number of watched descriptors against what is allowed.
func (in Inspection) limits() []string {
	var lines []string
	if len(in.Instances) > 0 && in.MaxUserWatches > 0 {
		lines = append(lines, fmt.Sprintf("All processes of a user together can watch %s (fs.epoll.max_user_watches). These are %s %% of that; what others of the user watch comes on top.",
			formatInt(int64(in.MaxUserWatches)), percent(float64(in.Watches)/float64(in.MaxUserWatches))))
	}
	if len(in.Apart) > 0 {
		var threads []string
		for _, id := range in.Apart {
			threads = append(threads, strconv.Itoa(id))
		}
		lines = append(lines, "! Some threads have descriptors of their own, which are not among these: give the number of one to see them: "+named(threads, false))
	}
	if in.MayCountTwice {
		lines = append(lines, "! Some of these may be one instance that has several descriptors, and count twice: the kernel did not tell (kcmp).")
	}
	if in.Uncompared > 0 {
		lines = append(lines, fmt.Sprintf("! Of %s it is not known whether the number is reused for another file: pipes, eventfds and others share inodes, and the kernel did not tell (kcmp), or was not asked, as in sets of more than 4,096.",
			many(in.Uncompared, "watched descriptor")))
	}
	return lines
}

// others is what there is to say below the tables, rest being the instances
// that have none.
func (in Inspection) others(rest []WatchedInstance, all bool) []string {
	var lines []string
	if len(rest) > 0 {
		watched, gone := 0, 0
		for _, e := range rest {
			watched += len(e.Watched)
			gone += countGone(e.Watched)
		}
		line := fmt.Sprintf("Another %s with %s", many(len(rest), "epoll instance"), many(watched, "watched descriptor"))
		if gone > 0 {
			line += fmt.Sprintf(", of which %s closed in the process,", formatInt(int64(gone)))
		}
		lines = append(lines, line+" not shown: --all shows each.")
	}
	var duplicates, empty []string
	gone := 0
	for _, e := range in.Instances {
		gone += countGone(e.Watched)
		switch {
		case e.SameAs != e.FD:
			duplicates = append(duplicates, fmt.Sprintf("%d of %d", e.FD, e.SameAs))
		case len(e.Watched) == 0:
			empty = append(empty, strconv.Itoa(e.FD))
		}
	}
	if len(duplicates) > 0 {
		lines = append(lines, "Duplicates, other descriptors of the same epoll instance: "+named(duplicates, all)+".")
	}
	if len(empty) > 0 {
		lines = append(lines, "Epoll instances that watch nothing: "+named(empty, all)+".")
	}
	if gone > 0 {
		lines = append(lines, "A descriptor that is closed is watched on while another one of the same open file is open, here or in another process: its events go on, and epoll_ctl cannot remove it by its number. Remove before closing (epoll(7), Questions and answers, 6).")
	}
	return lines
}

func countGone(set []Watched) int {
	n := 0
	for _, w := range set {
		if w.gone() {
			n++
		}
	}
	return n
}

// named lists names, of many the first ones.
func named(names []string, all bool) string {
	if all || len(names) <= maxNamed {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %s more", strings.Join(names[:maxNamed], ", "), formatInt(int64(len(names)-maxNamed)))
}

// many counts in words.
func many(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return formatInt(int64(n)) + " " + noun + "s"
}

// goneNotes point out what is closed in the process.
func goneNotes(set []Watched, all bool) []string {
	var closed, replaced []string
	for _, w := range set {
		name := strconv.Itoa(w.FD)
		if w.OpenAs != nil {
			name += fmt.Sprintf(" (open as %d)", *w.OpenAs)
		}
		switch {
		case w.Replaced:
			replaced = append(replaced, name)
		case w.Closed:
			closed = append(closed, name)
		}
	}
	var notes []string
	if len(closed) > 0 {
		notes = append(notes, "closed in the process, and watched still through a duplicate or another process: "+named(closed, all))
	}
	if len(replaced) > 0 {
		notes = append(notes, "closed in the process, and watched still, while the number is reused for another file: "+named(replaced, all))
	}
	return notes
}

package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// newWatchTable has a row for each descriptor, or for each sort of many. What
// all have in common is in its heading.
func newWatchTable(set WatchedInstance, all bool) table {
	t := table{
		heading: fmt.Sprintf("epoll instance %d: %s watched", set.FD, formatInt(int64(len(set.Watched)))),
		notes:   goneNotes(set.Watched, all),
	}
	groups := watchGroups(set.Watched)
	first := groups[0].sort
	sameEvents := !slices.ContainsFunc(groups, func(g watchGroup) bool { return g.events != first.events })
	sameTrigger := !slices.ContainsFunc(groups, func(g watchGroup) bool { return g.trigger != first.trigger })
	if sameEvents {
		t.heading += ", for " + first.events
	}
	if sameTrigger {
		trigger, how, _ := strings.Cut(first.trigger, ",")
		t.heading += ", " + trigger + "-triggered"
		if how != "" {
			t.heading += "," + how
		}
	}
	if all || len(set.Watched) <= maxListed {
		t.columns = watchColumns(set.Watched)
	} else {
		if len(groups) > maxListed {
			t.remarks = append(t.remarks, fmt.Sprintf("Another %s of descriptors not shown.", many(len(groups)-maxListed, "sort")))
			groups = groups[:maxListed]
		}
		t.columns = groupColumns(groups)
		t.remarks = append(t.remarks, "--all lists each.")
	}
	t.columns = slices.DeleteFunc(t.columns, func(c column) bool {
		return c.empty() || sameEvents && c.header == eventsHeader || sameTrigger && c.header == triggerHeader
	})
	return t
}

const (
	eventsHeader  = "events"
	triggerHeader = "triggered"
)

func words[R any](header string, rank int, rows []R, of func(R) string) column {
	c := column{header: header, rank: rank, left: true}
	for _, r := range rows {
		c.cells = append(c.cells, of(r))
	}
	return c
}

func watchColumns(set []Watched) []column {
	fd := words("fd", 0, set, func(w Watched) string { return strconv.Itoa(w.FD) })
	fd.left = false
	address := words("address ↔ peer,\nor path", 1, set, func(w Watched) string {
		if w.Peer == "" {
			return plainText(w.Local)
		}
		return plainText(w.Local + " ↔ " + w.Peer)
	})
	address.breaks, address.yields = true, true
	sorts := make([]sort, len(set))
	for i, w := range set {
		sorts[i] = w.sort()
	}
	return []column{
		fd,
		words("kind", 0, sorts, func(s sort) string { return s.kind }),
		words(eventsHeader, 0, sorts, func(s sort) string { return s.events }),
		triggers(sorts),
		words("number\nnow", 0, sorts, func(s sort) string { return s.now }),
		words("state", 2, sorts, func(s sort) string { return s.state }),
		address,
	}
}

func triggers(sorts []sort) column {
	c := words(triggerHeader, 0, sorts, func(s sort) string { return s.trigger })
	c.breaks, c.yields = true, true
	return c
}

// sort is what makes watched descriptors alike, in words.
type sort struct{ kind, state, events, trigger, now string }

func (w Watched) sort() sort {
	s := sort{kind: kindName(w.Kind), state: plainName(w.State), events: conditions(w), trigger: "level"}
	if w.EdgeTriggered {
		s.trigger = "edge"
	}
	for _, flag := range []struct {
		set  bool
		name string
	}{{w.OneShot && !w.Disarmed, "one-shot"}, {w.Disarmed, "one-shot, fired"}, {w.Exclusive, "exclusive"}, {w.Wakeup, "wakeup"}} {
		if flag.set {
			s.trigger += ", " + flag.name
		}
	}
	switch {
	case w.Replaced:
		s.now = "reused"
	case w.Closed:
		s.now = "closed"
	}
	return s
}

// conditions leaves ERR and HUP out, which the kernel adds to all others.
func conditions(w Watched) string {
	asked := slices.DeleteFunc(slices.Clone(w.Conditions), func(c string) bool { return c == "ERR" || c == "HUP" })
	if len(asked) == 0 {
		asked = w.Conditions
	}
	if len(asked) == 0 {
		return "none"
	}
	return plainText(strings.Join(asked, "|"))
}

func kindName(kind string) string {
	name := strings.ReplaceAll(plainName(kind), "_", " ")
	for _, protocol := range []string{"tcp", "udp"} {
		if rest, ok := strings.CutPrefix(name, protocol+" "); ok {
			return strings.ToUpper(protocol) + " " + rest
		}
	}
	return name
}

// watchGroup is a number of watched descriptors of a sort.
type watchGroup struct {
	sort
	count    int
	examples []string
}

// watchGroups are in order of their size.
func watchGroups(set []Watched) []watchGroup {
	place := make(map[sort]int)
	var groups []watchGroup
	for _, w := range set {
		s := w.sort()
		i, known := place[s]
		if !known {
			i = len(groups)
			place[s] = i
			groups = append(groups, watchGroup{sort: s})
		}
		g := &groups[i]
		g.count++
		if len(g.examples) < maxExamples {
			g.examples = append(g.examples, strconv.Itoa(w.FD))
		}
	}
	slices.SortStableFunc(groups, func(a, b watchGroup) int { return cmp.Compare(b.count, a.count) })
	return groups
}

func groupColumns(groups []watchGroup) []column {
	count := words("watched", 0, groups, func(g watchGroup) string { return formatInt(int64(g.count)) })
	count.left = false
	sorts := make([]sort, len(groups))
	for i, g := range groups {
		sorts[i] = g.sort
	}
	return []column{
		count,
		words("kind", 0, groups, func(g watchGroup) string { return g.kind }),
		words(eventsHeader, 0, groups, func(g watchGroup) string { return g.events }),
		triggers(sorts),
		words("number\nnow", 0, groups, func(g watchGroup) string { return g.now }),
		words("state", 2, groups, func(g watchGroup) string { return g.state }),
		words("descriptors", 1, groups, func(g watchGroup) string {
			list := strings.Join(g.examples, ", ")
			if g.count > len(g.examples) {
				list += ", …"
			}
			return list
		}),
	}
}

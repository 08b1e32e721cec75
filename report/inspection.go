package report

import (
	"io"
	"slices"
)

// inspectionSchema is the version of what InspectionJSON writes.
const inspectionSchema = 1

// Inspection is what a process watches with epoll(7), as package
// multiplexers/inspect finds it: this package, which only words and lays out, knows
// nothing of procfs. Strings may hold anything.
type Inspection struct {
	PID     int    `json:"pid"`
	Command string `json:"command"`
	// Watches is of all instances; where MayCountTwice, of those too that may be the same.
	Watches       int  `json:"watches"`
	MayCountTwice bool `json:"may_count_twice"`
	// Uncompared is of how many it is not known whether the number is another file's now.
	Uncompared     int               `json:"uncompared"`
	MaxUserWatches int               `json:"max_user_watches"` // of all processes of a user; 0 if not known
	Apart          []int             `json:"threads_apart"`    // that have descriptors of their own
	Instances      []WatchedInstance `json:"instances"`
}

// WatchedInstance is a descriptor of an epoll instance, and its interest set.
type WatchedInstance struct {
	FD int `json:"fd"`
	// SameAs is the lowest descriptor of the instance: FD, but for duplicates.
	SameAs  int       `json:"same_as"`
	Watched []Watched `json:"watched"`
}

// Watched is a descriptor in an interest set.
type Watched struct {
	FD    int    `json:"fd"`
	Kind  string `json:"kind"` // words joined by low lines, as in tcp_listener
	State string `json:"state"`
	Local string `json:"local"` // an address or a path
	Peer  string `json:"peer"`
	// Conditions are those watched for, as in IN and RDHUP; Events are the bits.
	Conditions    []string `json:"conditions"`
	Events        uint32   `json:"events"`
	EdgeTriggered bool     `json:"edge_triggered"`
	OneShot       bool     `json:"one_shot"`
	Disarmed      bool     `json:"disarmed"` // one-shot, and has fired
	Exclusive     bool     `json:"exclusive"`
	Wakeup        bool     `json:"wakeup"`
	Closed        bool     `json:"closed"`   // in the process, and watched still
	Replaced      bool     `json:"replaced"` // the number is another file's, and the former one is watched still
	OpenAs        *int     `json:"open_as"`  // another descriptor of what is closed or replaced; nil if none is known
}

// gone tells what the process has closed.
func (w Watched) gone() bool { return w.Closed || w.Replaced }

// InspectionJSON writes an inspection as one indented JSON object, each watched
// descriptor in it.
func InspectionJSON(w io.Writer, in Inspection) error {
	in.Apart = append([]int{}, in.Apart...)
	in.Instances = append([]WatchedInstance{}, in.Instances...)
	for i := range in.Instances {
		set := append([]Watched{}, in.Instances[i].Watched...)
		for j := range set {
			if set[j].Conditions == nil {
				set[j].Conditions = []string{}
			}
		}
		in.Instances[i].Watched = set
	}
	return writeJSON(w, struct {
		Schema int `json:"schema"`
		Inspection
	}{inspectionSchema, in})
}

// distinct are the instances that watch something, each once.
func (in Inspection) distinct() []WatchedInstance {
	return slices.DeleteFunc(slices.Clone(in.Instances), func(e WatchedInstance) bool {
		return e.SameAs != e.FD || len(e.Watched) == 0
	})
}

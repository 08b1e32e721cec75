//go:build linux

package muxtest

// mannerCases are about the manner in which a descriptor is watched being changed while
// it is.
func mannerCases() []Case {
	return []Case{
		{ID: "C-097", Title: "EPOLL_CTL_MOD makes what is watched one-shot, and it no longer", Source: "gVisor epoll Oneshot; polling edge_oneshot", run: madeOneShot},
	}
}

// madeOneShot begins with either manner. Data is there all the time.
func madeOneShot(r *rig) {
	for _, flags := range ways() {
		here, there := r.Pair()
		ep := r.Epoll()
		r.watch(ep, here, pollIn|flags)
		r.Write(there, 1)
		r.reports(way(flags), ep, found{here, pollIn})
		for range 2 {
			r.rewatch(ep, here, pollIn|flags|once)
			r.reports(way(flags)+", made one-shot", ep, found{here, pollIn})
			r.reports(way(flags)+", fired", ep)
			r.Write(there, 1) // an edge, where it is not disabled
			r.reports(way(flags)+", fired and written to", ep)
		}
		r.rewatch(ep, here, pollIn)
		for range 2 {
			r.reports("made level-triggered", ep, found{here, pollIn})
		}
		r.rewatch(ep, here, pollIn|edge)
		r.reports("made edge-triggered", ep, found{here, pollIn})
		r.reports("made edge-triggered, again", ep)
	}
}

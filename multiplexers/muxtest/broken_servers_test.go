//go:build linux

package muxtest_test

import (
	"slices"
	"testing"

	"muxbench/multiplexers"
	"muxbench/multiplexers/muxtest"
	"muxbench/multiplexers/server"
)

// brokenServer is a server with a flaw, and the cases that tell.
type brokenServer struct {
	subject  muxtest.Subject
	caughtBy []string
}

// littleOn is a little server with a flaw, in the place of one with a backend.
func littleOn(backend string, f flaw) muxtest.Subject {
	b := mustBackend(backend)
	b.Name = string(f) + ", for " + backend
	return muxtest.OfServer(b, func(cfg server.Config) (muxtest.Server, error) {
		l, err := startLittle(cfg, f)
		if err != nil {
			return nil, err // not one that is nil
		}
		return l, nil
	})
}

// mustBackend is one that is there.
func mustBackend(name string) server.Backend {
	b, err := server.Lookup(name)
	if err != nil {
		panic(err)
	}
	return b
}

func brokenServers() []brokenServer {
	one := func(f flaw, caughtBy ...string) brokenServer { return brokenServer{littleOn("epoll-et", f), caughtBy} }
	return slices.Concat([]brokenServer{
		one(ignoresFirstEvent, "C-022"),
		one(acceptsOnce, "C-180", "C-180/one-event", "C-185"),
		one(joinsOthers, "C-184"),
		one(namesNoAddress, "C-184"),
		one(readsOnce, "C-081/server"),
		one(polls, "C-170/server"),
		one(swaps, "C-150/server", "C-081/server", "C-082/server", "C-171", "S-004"),
		{littleOn("epoll-pool", swaps), []string{"C-100"}},
		one(sharesBuffer, "S-002"),
		one(dropsUnread, "C-151"),
		one(dropsReply, "C-151/unread"),
		one(endsWithAClient, "C-145/server", "C-152", "C-152/gone"),
		one(forgetsToClose, "S-003"),
		one(losesByte, "C-166/server", "C-169"),
		one(repeatsByte, "C-166/server", "C-169"),
		one(keepsReading, "C-166/server", "C-169"),
		one(blocks, "C-169"),
		one(triesAgain, "C-169"),
		one(countsTheGone, "S-001"),
		one(countsTooEarly, "C-169"),
		one(keepsConnections, "C-133/server"),
		one(keepsListener, "C-133/server", "C-183"),
		one(resetsAtClose, "C-134/server"),
		one(waitsForClients, "C-183"),
		one(stopsAcceptingWhenFull, "C-182"),
		one(spinsWhenFull, "C-182"),
	}, realOnes())
}

// realOnes are of package server: over a broken multiplexer, or with something in
// between.
func realOnes() []brokenServer {
	over := func(backend, name string, breaks func(mux) mux) muxtest.Subject {
		b := mustBackend(backend)
		b.Name = "its multiplexer " + name + ", for " + backend
		b.Mechanism = breaking(b.Mechanism, breaks)
		return muxtest.OfBackend(b)
	}
	levelPool := mustBackend("epoll-pool")
	levelPool.Name = "a pool that is not one-shot"
	levelPool.Mechanism.New = multiplexers.LevelTriggeredEpoll().New
	shares := mustBackend("epoll-shared")
	shares.Name = "a loop is left out"
	return []brokenServer{
		{muxtest.OfBackend(levelPool), []string{"C-100"}},
		{muxtest.OfServer(shares, func(cfg server.Config) (muxtest.Server, error) {
			inner, err := server.New(cfg)
			if err != nil {
				return nil, err
			}
			return leavesOutALoop{inner}, nil
		}), []string{"C-121"}},
		{over("epoll-lt", "reports once what persists", func(m mux) mux { return &reportsOnce{mux: m} }), []string{"C-081/server"}},
		{over("epoll-et", "loses an edge", func(m mux) mux { return &losesEdge{m, make(map[int]bool)} }), []string{"C-082/server"}},
		{over("epoll-oneshot", "is not re-armed by the same", func(m mux) mux { return &doesNotRearm{m, make(map[int]multiplexers.Interest)} }), []string{"C-171"}},
		{over("epoll-et", "keeps its descriptor open", func(m mux) mux { return keepsOpen{m} }), []string{"C-022", "C-133/server"}},
	}
}

// leavesOutALoop tells of all loops but one.
type leavesOutALoop struct{ muxtest.Server }

func (s leavesOutALoop) Snapshot() (server.Snapshot, error) {
	snap, err := s.Server.Snapshot()
	snap.Threads = snap.Threads[:len(snap.Threads)-1]
	return snap, err
}

// TestLittleServerPasses shows that what is caught in it is its flaw.
func TestLittleServerPasses(t *testing.T) {
	long(t)
	for _, s := range soundSubjects() {
		for _, c := range muxtest.Cases() {
			if !c.Applies(s) {
				continue
			}
			t.Run(s.Name+"/"+c.ID, func(t *testing.T) {
				if result := c.Try(t.Context(), s, reexec(t)); result.Verdict != muxtest.Pass {
					t.Errorf("%s: %s %q", c, result.Verdict, result.Reasons)
				}
			})
		}
	}
}

// soundSubjects have no flaw, and are each in the place of one that is in a table.
func soundSubjects() []muxtest.Subject {
	return []muxtest.Subject{littleOn("epoll-et", sound), littleOn("epoll-pool", sound)}
}

// TestSuiteCatchesBrokenServers shows that the cases of servers can fail.
func TestSuiteCatchesBrokenServers(t *testing.T) {
	long(t)
	for _, b := range brokenServers() {
		t.Run(b.subject.Name, func(t *testing.T) { caughtOn(t, b.subject, b.caughtBy) })
	}
}

// TestEveryServerCaseCatchesOne: one that never failed tells nothing.
func TestEveryServerCaseCatchesOne(t *testing.T) {
	for _, c := range muxtest.Cases() {
		if c.Tier == muxtest.Whole && !slices.ContainsFunc(brokenServers(), func(b brokenServer) bool { return slices.Contains(b.caughtBy, c.ID) }) {
			t.Errorf("%s catches no broken server", c)
		}
	}
}

// brokenSubjects are those that cases try in a process of their own.
func brokenSubjects() []muxtest.Subject {
	all := soundSubjects()
	for _, b := range brokenServers() {
		all = append(all, b.subject.Impatient(impatience))
	}
	return all
}

//go:build linux

package server

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// defaultPoolThreads are as few as share anything.
const defaultPoolThreads = 2

// mostPooled bounds the table of a pool's connections, which is as long as the
// limit of descriptors where that is less.
const mostPooled = 1 << 20

// pooled has one thread wait, the boss, and a pool of threads read and write.
// Ready connections go from the one to the others through a queue. They are
// watched one-shot, so that none is handed on again before the thread that has it
// is done with it: its bytes stay in order, and no lock is needed around it.
func pooled() Backend {
	m := multiplexers.OneShotEpoll()
	return Backend{
		Name:        "epoll-pool",
		Summary:     "a boss on epoll(7), one-shot, hands ready connections to a pool of threads through a queue",
		Mechanism:   m,
		Entries:     looping(),
		EntryWhy:    rawPool,
		PoolThreads: defaultPoolThreads,
		Probe:       m.Probe,
		build:       buildPool,
	}
}

// pool is what a boss and its threads share.
type pool struct {
	queue *queue
	conns []pooledConn // by descriptor
	gone  atomic.Int64 // connections that its threads have closed
	told  atomic.Bool  // the boss has stopped accepting, and is to be told of those
	boss  *post
}

// pooledConn is a connection's state, and who has it.
type pooledConn struct {
	conn
	// taken while a thread has it. That it is handed from one to the next by
	// way of the kernel is seen by neither the memory model nor the race
	// detector; this is. It also tells a breach of one-shot, which nobody
	// could do without.
	taken atomic.Bool
}

func buildPool(j job) (engine, error) {
	e := &crew{settle: j.settle}
	fail := func(err error) (engine, error) { return nil, errors.Join(err, e.discard()) }
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fail(os.NewSyscallError("getrlimit", err))
	}
	numbers := int(min(limit.Cur, mostPooled))
	listener, at, err := listen(j.Address, j.Backlog, j.SocketBuffers, never)
	if err != nil {
		return fail(fmt.Errorf("listening on %s: %w", j.Address, err))
	}
	e.at = at
	p, err := newPost()
	if err != nil {
		return fail(errors.Join(err, unix.Close(listener)))
	}
	boss, err := newLoop(j, listener, p)
	if err != nil {
		return fail(errors.Join(err, unix.Close(listener), p.close()))
	}
	boss.pool = &pool{queue: newQueue(j.Entry, numbers), conns: make([]pooledConn, numbers), boss: p}
	e.crewmen = append(e.crewmen, crewman{thread: boss, post: p, role: "boss"})
	if err := boss.begin(); err != nil {
		return fail(err)
	}
	for range j.PoolThreads {
		w, err := newPoolThread(j, boss)
		if err != nil {
			return fail(err)
		}
		e.crewmen = append(e.crewmen, crewman{thread: w, post: w.post, role: "pool"})
	}
	return e, nil
}

// closeAll closes the connections that are left when nobody serves any more.
func (p *pool) closeAll() {
	for fd := range p.conns {
		if p.conns[fd].open {
			unix.Close(fd)
		}
	}
	p.conns = nil
}

// addToPool has the boss take in an accepted connection.
func (l *loop) addToPool(fd int) {
	l.counters.Adds++
	if fd >= len(l.pool.conns) {
		l.turnAway(fd)
		return
	}
	c := &l.pool.conns[fd]
	c.taken.Load() // follows what the thread did that closed the last one of this number
	c.open = true
	l.open++
	if err := l.mux.Add(fd, l.initial()); err != nil {
		c.open = false
		l.open--
		l.turnAway(fd)
	}
}

// poolThread serves the connections that it takes from the queue.
type poolThread struct {
	handler
	post   *post
	pool   *pool
	called atomic.Bool // by the post
	roused int64       // sleeps that somebody's being called has ended
}

func newPoolThread(j job, boss *loop) (*poolThread, error) {
	p, err := newPost()
	if err != nil {
		return nil, err
	}
	t := &poolThread{handler: newHandler(j, boss.mux), post: p, pool: boss.pool}
	t.keeps = true // and whoever has its number next
	p.call = func() error {
		t.called.Store(true)
		t.pool.queue.interrupt()
		return nil
	}
	return t, nil
}

func (t *poolThread) run() error { return held(t.entry, t.serveAll) }

func (t *poolThread) serveAll() error {
	for {
		fd, slept, roused, ok := t.pool.queue.take(&t.called)
		t.counters.Futexes += slept
		t.roused += roused
		if !ok {
			t.called.Store(false)
			if t.post.obey(t.entry, t) {
				return nil
			}
			continue
		}
		c := &t.pool.conns[fd]
		if !c.taken.CompareAndSwap(false, true) {
			return fmt.Errorf("descriptor %d: %w", fd, errTwice)
		}
		if o := t.serve(fd, &c.conn, multiplexers.Readable); o == ended {
			t.end(fd, c)
			continue
		}
		wants := c.wants()
		c.taken.Store(false) // from here on it is whoever's the set reports it to
		t.rearm(fd, wants)
	}
}

// end removes and closes a connection. No event of it is under way, so that its
// number can be used again at once.
func (t *poolThread) end(fd int, c *pooledConn) {
	t.recycle(&c.conn)
	c.open = false
	t.counters.Removes++
	_ = t.mux.Remove(fd) // it is watched, so removal has no way to fail
	c.taken.Store(false)
	t.entry.Close(fd)
	t.pool.gone.Add(1)
	if t.pool.told.Load() {
		t.pool.boss.ringBy(t.entry)
	}
}

// state is the thread's, for a snapshot.
func (t *poolThread) state() Snapshot { return Snapshot{Counters: t.counters, Sleeps: -t.roused} }

// close has nothing to give back: the connections are the boss's.
func (t *poolThread) close() error { return nil }

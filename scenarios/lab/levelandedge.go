//go:build linux

package lab

import (
	"time"

	"golang.org/x/sys/unix"
)

func levelAndEdge() Demo {
	return Demo{
		Name:  "lt-vs-et",
		Title: "a pipe gets 2 KiB, of which 1 KiB is read: who reports the rest?",
		Why: `Level-triggered, a wait reports what is ready when it looks. Edge-triggered, it reports what has
happened since the last one: data that was there before is no news, and only another write, or EPOLL_CTL_MOD,
makes another event.`,
		Advice: `Edge-triggered, read until read(2) says EAGAIN before you wait again, or remember that you have not. Of a
stream, a read that returns less than was asked for says the same, unless a hang-up was reported with it.`,
		Source: `epoll(7), "Level-triggered and edge-triggered", whose example this is`,
		show:   showLevelAndEdge,
	}
}

func showLevelAndEdge(s *stage) {
	for _, trigger := range [...]struct {
		name  string
		flag  uint32
		again string
	}{
		{"level-triggered", 0, "1 event: EPOLLIN"},
		{"edge-triggered", unix.EPOLLET, "no event"},
	} {
		reader, writer := s.Pipe()
		epoll := s.Epoll()
		s.watch(epoll, reader, unix.EPOLLIN|trigger.flag)
		s.Write(writer, 2<<10)
		s.expect(trigger.name+": a wait after 2 KiB were written", "1 event: EPOLLIN", wordsOf(s.fired(epoll, time.Second)))
		s.Read(reader, 1<<10)
		again := trigger.name + ": a wait when 1 KiB of it was read"
		if trigger.flag == 0 {
			s.expect(again, trigger.again, wordsOf(s.fired(epoll, time.Second)))
			continue
		}
		// A wait without a timeout would last for ever: this one gives up.
		s.expect(again+", for 50 ms", trigger.again, wordsOf(s.fired(epoll, 50*time.Millisecond)))
		s.expect(trigger.name+": meanwhile in the pipe", "1024 bytes", inPipe(s, reader))
		s.modify(epoll, reader, unix.EPOLLIN|trigger.flag)
		s.expect(trigger.name+": a wait after EPOLL_CTL_MOD", "1 event: EPOLLIN", wordsOf(s.fired(epoll, time.Second)))
		s.Write(writer, 1)
		s.expect(trigger.name+": a wait after 1 more byte was written", "1 event: EPOLLIN", wordsOf(s.fired(epoll, time.Second)))
		s.expect(trigger.name+": read until EAGAIN", "1025 bytes", bytesOf(s.Drain(reader)))
	}
}

//go:build linux

package lab

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// arrivals is how many clients connect at once.
const arrivals = 3

func acceptEdge() Demo {
	return Demo{
		Name:  "accept-et",
		Title: "3 clients connect at once to a loop that accepts once per event: who is served?",
		Why: `Connections that come before the loop waits are one event, as all that happens to a descriptor
between two waits is. Edge-triggered, those that it does not accept then stay in the queue, and the next
client to come brings out only the first of them.`,
		Advice: `Watch listeners level-triggered, or accept until EAGAIN. Either way make them non-blocking: the
client may be gone, or another loop may have taken it.`,
		Source: `epoll(7), "Questions and answers" on events that are combined; accept(2), NOTES`,
		show:   showAcceptEdge,
	}
}

func showAcceptEdge(s *stage) {
	s.lets(accepting{name: "EPOLLET, an accept per event", flag: unix.EPOLLET}, 1)
	s.lets(accepting{name: "EPOLLET, accept until EAGAIN", flag: unix.EPOLLET, drains: true}, arrivals)
	s.lets(accepting{name: "level-triggered, an accept per event"}, arrivals)
}

// accepting is a loop that accepts connections.
type accepting struct {
	name   string
	flag   uint32 // EPOLLET, or 0 for level-triggered
	drains bool   // accepts until EAGAIN, and not once per event
}

// lets shows how many of those who come at once are let in, and whether a further one
// changes that.
func (s *stage) lets(loop accepting, expected int) {
	listener, at := s.Listen()
	epoll := s.Epoll()
	s.watch(epoll, listener, unix.EPOLLIN|loop.flag)
	for range arrivals {
		s.comes(at)
	}
	accepted := s.admitted(loop, epoll, listener)
	s.expect(loop.name+": accepted", ofClients(expected, arrivals), ofClients(accepted, arrivals))
	left := s.queued(listener)
	s.expect(loop.name+": left in the queue (TCP_INFO)", clients(arrivals-expected), clients(left))

	s.comes(at)
	accepted += s.admitted(loop, epoll, listener)
	s.expect(loop.name+": another comes: accepted", ofClients(expected+1, arrivals+1), ofClients(accepted, arrivals+1))
}

// admitted has the loop turn until it sleeps, and says how many it has accepted.
func (s *stage) admitted(loop accepting, epoll, listener int) int {
	accepted := 0
	for len(s.fired(epoll, lull)) > 0 {
		for {
			fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
			if err == unix.EAGAIN && loop.drains {
				break
			}
			s.Own("accept4", fd, err)
			accepted++
			if !loop.drains {
				break
			}
		}
	}
	return accepted
}

// queued is how many connections a listener holds that are not accepted yet, which it
// tells where others tell what is not acknowledged (tcp_get_info in net/ipv4/tcp.c).
func (s *stage) queued(listener int) int {
	info, err := unix.GetsockoptTCPInfo(listener, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		s.Fatalf("getsockopt TCP_INFO: %v", err)
	}
	return int(info.Unacked)
}

// comes has a client connect, and returns when the listener has been told of it: that
// goes before the server's kernel acknowledges the byte that the client sends then.
func (s *stage) comes(at unix.Sockaddr) (client int) {
	client = s.Connect(at)
	s.Settle(client, unix.POLLOUT, unix.POLLOUT)
	s.Write(client, 1)
	left, err := 0, error(nil)
	if !s.Until(func() bool {
		left, err = unix.IoctlGetInt(client, unix.TIOCOUTQ)
		return err != nil || left == 0
	}) || err != nil {
		s.Fatalf("a client's byte is not acknowledged: ioctl SIOCOUTQ: %d, %v", left, err)
	}
	return client
}

func clients(n int) string { return fmt.Sprintf("%d %s", n, plural(n, "client")) }

func ofClients(n, all int) string { return fmt.Sprintf("%d of %d", n, all) }

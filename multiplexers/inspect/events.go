//go:build linux

package inspect

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Events is what a descriptor is watched for, as epoll_ctl(2) takes it. The
// kernel adds EPOLLERR and EPOLLHUP to whatever is asked for.
type Events uint32

// private are the bits that say how to watch, and not what for. They are
// what a one-shot registration that has fired is left with (EP_PRIVATE_BITS in
// fs/eventpoll.c).
const private = unix.EPOLLWAKEUP | unix.EPOLLONESHOT | unix.EPOLLET | unix.EPOLLEXCLUSIVE

// Conditions names what is watched for in epoll_ctl(2)'s words, without EPOLL
// before them: IN, OUT, RDHUP and so on. A bit without a name is a hexadecimal
// number.
func (e Events) Conditions() []string {
	words := []string{}
	rest := uint32(e) &^ uint32(private)
	for _, c := range [...]struct {
		bit  uint32
		name string
	}{
		{unix.EPOLLIN, "IN"}, {unix.EPOLLPRI, "PRI"}, {unix.EPOLLOUT, "OUT"},
		{unix.EPOLLRDNORM, "RDNORM"}, {unix.EPOLLRDBAND, "RDBAND"}, {unix.EPOLLWRNORM, "WRNORM"}, {unix.EPOLLWRBAND, "WRBAND"},
		{unix.EPOLLMSG, "MSG"}, {unix.EPOLLRDHUP, "RDHUP"}, {unix.EPOLLERR, "ERR"}, {unix.EPOLLHUP, "HUP"},
	} {
		if rest&c.bit != 0 {
			words = append(words, c.name)
			rest &^= c.bit
		}
	}
	if rest != 0 {
		words = append(words, fmt.Sprintf("%#x", rest))
	}
	return words
}

// EdgeTriggered tells EPOLLET; what lacks it is level-triggered.
func (e Events) EdgeTriggered() bool { return e&unix.EPOLLET != 0 }

// OneShot tells EPOLLONESHOT.
func (e Events) OneShot() bool { return e&unix.EPOLLONESHOT != 0 }

// Disarmed tells a one-shot registration that has fired: it reports nothing
// until it is modified.
func (e Events) Disarmed() bool { return e.OneShot() && uint32(e)&^uint32(private) == 0 }

// Exclusive tells EPOLLEXCLUSIVE: an event wakes one or more of the instances
// that watch the file so, and not all.
func (e Events) Exclusive() bool { return e&unix.EPOLLEXCLUSIVE != 0 }

// Wakeup tells EPOLLWAKEUP: the system does not suspend while an event is
// pending or processed.
func (e Events) Wakeup() bool { return e&unix.EPOLLWAKEUP != 0 }

/*
 * echo MODE PORT [ADDRESS]: a single-threaded TCP echo server in C, with one of
 * select, poll, epoll-lt, epoll-et and epoll-oneshot. It does what muxbench's own server does
 * for a message: one read and one write per readable connection, no read just
 * to see EAGAIN, and no reading from a peer that does not take its replies.
 *
 * The descriptor is the key to everything: arrays by descriptor hold the state,
 * and grow as descriptors do.
 */
#define _GNU_SOURCE /* accept4, POLLRDHUP */
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	BUFFER_SIZE = 64 << 10, /* what one read takes at most */
	READS_PER_TURN = 4,     /* bounds how long others wait for one connection */
	EVENTS_PER_WAIT = 1024, /* of epoll; what does not fit comes with the next wait */
	BACKLOG = 65536,        /* the kernel cuts it to net.core.somaxconn */
	RETRY_ACCEPTING = 100,  /* ms, when no connection of ours can end the want */
};

/* Interest and readiness are spoken of in epoll's bits, which are poll's too. */
_Static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLERR == POLLERR &&
	EPOLLHUP == POLLHUP && EPOLLRDHUP == POLLRDHUP, "poll and epoll differ");

/* A way to wait. Each wait calls serve for every descriptor it found ready. */
struct mode {
	const char *name;
	bool edge, once;
	void (*init)(void);
	bool (*add)(int fd, uint32_t interest);
	void (*modify)(int fd, uint32_t interest);
	void (*remove)(int fd);
	void (*wait)(int milliseconds); /* -1: for ever */
};

/* The part of a reply that did not fit into the socket, or a spare one. */
struct output {
	struct output *next; /* spare */
	uint32_t sent, length;
	char bytes[BUFFER_SIZE];
};

struct conn {
	struct output *pending; /* while there is any, nothing is read */
	bool open;
	bool queued; /* its turn ended with input left: it is served after the next batch */
};

/* A list of descriptors. */
struct list {
	int *fd;
	size_t length, room;
};

static const struct mode *mode;
static int listener;
static bool paused; /* in accepting */
static struct conn *conns; /* by descriptor */
static size_t conns_room, conns_open;
static struct list requeued; /* edge-triggered connections with input left */
static struct list again;    /* the requeued of the batch before, in hand */
static struct list closing;  /* to be closed after the batch */
static struct output *spare;
static char buffer[BUFFER_SIZE];

static void serve(int fd, uint32_t ready);

/* Says what failed, and why if errno tells, and exits. */
static _Noreturn __attribute__((format(printf, 1, 2))) void die(const char *format, ...)
{
	int error = errno;
	va_list args;
	va_start(args, format);
	fputs("echo: ", stderr);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, error ? ": %s\n" : "\n", strerror(error));
	exit(1);
}

/* Grows an array to hold at least need items, and more, so that growing by one
 * costs little each time. What is new is zero. */
static void *grow(void *array, size_t *room, size_t need, size_t size)
{
	if (need <= *room)
		return array;
	size_t more = *room ? *room : 64;
	while (more < need)
		more *= 2;
	array = realloc(array, more * size);
	if (!array)
		die("growing a table to %zu entries of %zu bytes", more, size);
	memset((char *)array + *room * size, 0, (more - *room) * size);
	*room = more;
	return array;
}

static void append(struct list *l, int fd)
{
	l->fd = grow(l->fd, &l->room, l->length + 1, sizeof *l->fd);
	l->fd[l->length++] = fd;
}

/*
 * select: bitmaps as long as the highest descriptor, not libc's fd_set, whose
 * 1,024 bits are no limit of the kernel's. Neither FD_SET, which a fortified
 * libc aborts on beyond them, nor libc's select, which is declared for them.
 *
 * All that is found is served in one scan, without a limit per wait: a wait
 * costs a pass over all descriptors, and should yield as much as it can.
 */
#define WORD_BITS (sizeof(unsigned long) * CHAR_BIT)

struct bitmap {
	unsigned long *wanted, *found; /* the kernel overwrites what it is given */
	size_t wanted_room, found_room;
	size_t count; /* of bits in wanted */
};

static struct bitmap in, out;
static size_t top; /* highest descriptor that was added and not removed, plus one */

static void bitmap_set(struct bitmap *b, int fd, bool on)
{
	size_t word = (size_t)fd / WORD_BITS;
	unsigned long bit = 1UL << (size_t)fd % WORD_BITS;
	b->wanted = grow(b->wanted, &b->wanted_room, word + 1, sizeof *b->wanted);
	b->found = grow(b->found, &b->found_room, word + 1, sizeof *b->found);
	if (on == !(b->wanted[word] & bit)) {
		b->wanted[word] ^= bit;
		b->count = on ? b->count + 1 : b->count - 1;
	}
}

static void select_modify(int fd, uint32_t interest)
{
	bitmap_set(&in, fd, interest & EPOLLIN);
	bitmap_set(&out, fd, interest & EPOLLOUT);
}

static bool select_add(int fd, uint32_t interest)
{
	select_modify(fd, interest);
	if ((size_t)fd >= top)
		top = (size_t)fd + 1;
	return true;
}

static void select_remove(int fd)
{
	select_modify(fd, 0);
	/* The highest that is left: an open connection, or the listener. Those to
	 * be closed after this one are no longer open, and not wanted either. */
	while (top > (size_t)listener + 1 && !conns[top - 1].open)
		top--;
}

static void select_wait(int milliseconds)
{
	size_t words = (top + WORD_BITS - 1) / WORD_BITS;
	bool writing = out.count > 0; /* seldom; a bitmap that is not passed costs nothing */
	memcpy(in.found, in.wanted, words * sizeof *in.found);
	if (writing)
		memcpy(out.found, out.wanted, words * sizeof *out.found);
	struct timespec timeout = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
	long left = syscall(SYS_pselect6, (int)top, in.found, writing ? out.found : NULL, NULL,
		milliseconds < 0 ? NULL : &timeout, NULL);
	if (left < 0 && errno != EINTR)
		die("waiting with select for descriptors below %zu", top);
	for (size_t i = 0; i < words && left > 0; i++) {
		unsigned long readable = in.found[i], writable = writing ? out.found[i] : 0;
		for (unsigned long any = readable | writable; any; any &= any - 1) {
			int bit = __builtin_ctzl(any);
			unsigned r = readable >> bit & 1, w = writable >> bit & 1;
			left -= r + w; /* the kernel counts bits, not descriptors */
			serve((int)(i * WORD_BITS) + bit, (r ? EPOLLIN : 0) | (w ? EPOLLOUT : 0));
		}
	}
}

/*
 * poll: a dense array, with each descriptor's place in it. As with select, all
 * that is found is served in one scan. Removal comes after the batch, so
 * nothing moves meanwhile; what is accepted during the scan goes to the end,
 * with nothing found.
 */
static struct pollfd *set;
static size_t set_length, set_room;
static size_t *place; /* by descriptor */
static size_t place_room;

static bool poll_add(int fd, uint32_t interest)
{
	set = grow(set, &set_room, set_length + 1, sizeof *set);
	place = grow(place, &place_room, (size_t)fd + 1, sizeof *place);
	place[fd] = set_length;
	set[set_length++] = (struct pollfd){.fd = fd, .events = (short)interest};
	return true;
}

static void poll_modify(int fd, uint32_t interest)
{
	set[place[fd]].events = (short)interest;
}

static void poll_remove(int fd)
{
	struct pollfd last = set[--set_length];
	set[place[fd]] = last;
	place[last.fd] = place[fd];
}

static void poll_wait(int milliseconds)
{
	int left = poll(set, set_length, milliseconds);
	if (left < 0 && errno != EINTR)
		die("waiting with poll for %zu descriptors", set_length);
	for (size_t i = 0, n = set_length; left > 0 && i < n; i++) {
		/* Nearly all have nothing: one test for eight of them. */
		for (const struct pollfd *p = set + i; i + 8 <= n; i += 8, p += 8)
			if (p[0].revents | p[1].revents | p[2].revents | p[3].revents |
				p[4].revents | p[5].revents | p[6].revents | p[7].revents)
				break;
		while (i < n && !set[i].revents)
			i++;
		if (i < n) {
			left--;
			serve(set[i].fd, (uint32_t)set[i].revents);
		}
	}
}

/* epoll, level- and edge-triggered, and one-shot. */
static int epoll;
static struct epoll_event events[EVENTS_PER_WAIT];

static void epoll_init(void)
{
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		die("creating an epoll instance");
}

static bool epoll_control(int operation, int fd, uint32_t interest)
{
	struct epoll_event e = {
		.events = interest | (mode->edge ? EPOLLET : 0) | (mode->once ? EPOLLONESHOT : 0),
		.data.fd = fd,
	};
	return epoll_ctl(epoll, operation, fd, &e) == 0;
}

static bool epoll_add(int fd, uint32_t interest)
{
	return epoll_control(EPOLL_CTL_ADD, fd, interest);
}

static void epoll_modify(int fd, uint32_t interest)
{
	if (!epoll_control(EPOLL_CTL_MOD, fd, interest))
		die("changing the interest in descriptor %d to %#x", fd, interest);
}

/* Nothing: nobody has a duplicate of our descriptors, so close removes them. */
static void epoll_remove(int fd)
{
	(void)fd;
}

static void epoll_serve(int milliseconds)
{
	int n = epoll_wait(epoll, events, EVENTS_PER_WAIT, milliseconds);
	if (n < 0 && errno != EINTR)
		die("waiting with epoll");
	for (int i = 0; i < n; i++)
		serve(events[i].data.fd, events[i].events);
}

static void nothing(void)
{
}

static const struct mode modes[] = {
	{"select", false, false, nothing, select_add, select_modify, select_remove, select_wait},
	{"poll", false, false, nothing, poll_add, poll_modify, poll_remove, poll_wait},
	{"epoll-lt", false, false, epoll_init, epoll_add, epoll_modify, epoll_remove, epoll_serve},
	{"epoll-et", true, false, epoll_init, epoll_add, epoll_modify, epoll_remove, epoll_serve},
	{"epoll-oneshot", false, true, epoll_init, epoll_add, epoll_modify, epoll_remove, epoll_serve},
};

/* What a connection is watched for. Edge-triggered it is registered once and
 * never modified; EPOLLRDHUP tells a short read that an end of file follows. */
static uint32_t initial_interest(void)
{
	return mode->edge ? EPOLLIN | EPOLLOUT | EPOLLRDHUP : EPOLLIN;
}

/* Changes a level-triggered connection's interest. A one-shot one is modified
 * after its turn in any case. */
static void want(int fd, uint32_t interest)
{
	if (!mode->edge && !mode->once)
		mode->modify(fd, interest);
}

static void recycle(struct conn *c)
{
	if (c->pending) {
		c->pending->next = spare;
		spare = c->pending;
		c->pending = NULL;
	}
}

/* Ends a connection. It is closed after the batch: until then its number may
 * not be met again, so no event can be taken for another connection's. */
static void end(int fd)
{
	recycle(&conns[fd]);
	conns[fd].open = false;
	conns_open--;
	append(&closing, fd);
}

/* One write. Returns how much was taken, 0 if nothing fits, or -1 if the
 * connection failed and was ended. */
static ssize_t send_some(int fd, const char *bytes, size_t length)
{
	ssize_t n;
	do
		n = write(fd, bytes, length);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0)
		end(fd);
	return n;
}

/* Sends what is pending, and returns whether that is all of it. */
static bool flush(int fd, struct conn *c)
{
	struct output *o = c->pending;
	ssize_t n = send_some(fd, o->bytes + o->sent, o->length - o->sent);
	if (n < 0 || (o->sent += (uint32_t)n) < o->length)
		return false;
	recycle(c);
	want(fd, EPOLLIN);
	return true;
}

/* Sends what is in buffer. Returns false if the connection may not be read
 * further: it is gone, or a part of the reply is pending. */
static bool reply(int fd, struct conn *c, size_t length)
{
	ssize_t n = send_some(fd, buffer, length);
	if (n < 0 || (size_t)n == length)
		return n >= 0;
	struct output *o = spare;
	if (o)
		spare = o->next;
	else if (!(o = malloc(sizeof *o)))
		die("keeping %zu bytes of a reply", length - (size_t)n);
	o->sent = 0;
	o->length = (uint32_t)(length - (size_t)n);
	memcpy(o->bytes, buffer + n, o->length);
	c->pending = o;
	want(fd, EPOLLOUT);
	return false;
}

/* Serves one connection: the rest of its reply first, then what it sent. */
static void serve_conn(int fd, uint32_t ready)
{
	struct conn *c = &conns[fd];
	if (!c->open || c->queued)
		return; /* ended in this batch, or to be served after it */
	if (c->pending) {
		if (!flush(fd, c) || !mode->edge)
			return; /* a level-triggered set reports unread input by itself */
	} else if (!(ready & ~(uint32_t)EPOLLOUT)) {
		return; /* the first edge of a new connection */
	}
	for (int i = 0; i < READS_PER_TURN; i++) {
		ssize_t n;
		do
			n = read(fd, buffer, sizeof buffer);
		while (n < 0 && errno == EINTR);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			end(fd);
			return;
		}
		if (!reply(fd, c, (size_t)n))
			return;
		/* A short read has emptied the queue (epoll(7), Q9), unless an end of
		 * file is behind it. A level-triggered set will report that; an
		 * edge-triggered one has, or it will be another edge. */
		bool ended = mode->edge && ready & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
		if ((size_t)n < sizeof buffer && !ended)
			return;
	}
	if (mode->edge) {
		c->queued = true;
		append(&requeued, fd);
	}
}

/* Accepts until nobody is left in the queue, as an edge-triggered listener
 * demands and every other gains by. */
static void accept_all(void)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			conns = grow(conns, &conns_room, (size_t)fd + 1, sizeof *conns);
			if (!mode->add(fd, initial_interest())) {
				close(fd); /* epoll's own limits: max_user_watches, memory */
				continue;
			}
			conns[fd].open = true;
			conns_open++;
			continue;
		}
		switch (errno) {
		case EAGAIN:
			return;
		case EMFILE: case ENFILE: case ENOBUFS: case ENOMEM:
			/* The queue keeps the listener ready. Asking again before a
			 * connection has ended would spin. */
			mode->modify(listener, 0);
			paused = true;
			return;
		case EBADF: case EFAULT: case EINVAL: case ENOTSOCK:
			die("accepting on descriptor %d", listener);
		}
		/* Else an error of that connection, or EINTR: the next may be well. */
	}
}

static void serve(int fd, uint32_t ready)
{
	if (fd == listener) {
		accept_all();
		if (mode->once && !paused)
			mode->modify(listener, EPOLLIN);
		return;
	}
	serve_conn(fd, ready);
	if (mode->once && conns[fd].open)
		mode->modify(fd, conns[fd].pending ? EPOLLOUT : EPOLLIN);
}

static _Noreturn void run(void)
{
	for (;;) {
		int timeout = requeued.length ? 0 : paused && !conns_open ? RETRY_ACCEPTING : -1;
		struct list served = again;
		again = requeued;
		requeued = served;
		requeued.length = 0;

		mode->wait(timeout);
		for (size_t i = 0; i < again.length; i++) {
			int fd = again.fd[i];
			conns[fd].queued = false;
			serve_conn(fd, initial_interest());
		}
		bool resume = closing.length || timeout == RETRY_ACCEPTING;
		for (size_t i = 0; i < closing.length; i++) {
			mode->remove(closing.fd[i]);
			close(closing.fd[i]);
		}
		closing.length = 0;
		if (paused && resume) {
			mode->modify(listener, EPOLLIN);
			paused = false;
		}
	}
}

static int listen_on(const char *address, const char *port)
{
	struct addrinfo *a, hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	int error = getaddrinfo(address, port, &hints, &a);
	if (error) {
		errno = 0;
		die("address %s, port %s: %s", address, port, gai_strerror(error));
	}
	const int on = 1;
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("making a socket for %s", address);
	/* Connections inherit TCP_NODELAY, which saves a call for each. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on))
		die("setting SO_REUSEADDR and TCP_NODELAY");
	if (bind(fd, a->ai_addr, a->ai_addrlen))
		die("binding to %s, port %s", address, port);
	if (listen(fd, BACKLOG))
		die("listening on %s, port %s", address, port);
	freeaddrinfo(a);
	return fd;
}

static _Noreturn void usage(void)
{
	fputs("usage: echo select|poll|epoll-lt|epoll-et|epoll-oneshot PORT [ADDRESS]\n"
		"PORT is from 1 to 65535, ADDRESS is numeric and 127.0.0.1 if left out.\n", stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	if (argc < 3 || argc > 4)
		usage();
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (!strcmp(argv[1], modes[i].name))
			mode = &modes[i];
	char *rest;
	long port = strtol(argv[2], &rest, 10);
	if (!mode || *rest || port < 1 || port > 65535)
		usage();

	signal(SIGPIPE, SIG_IGN); /* a write tells by EPIPE */
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		die("asking for the limit of descriptors");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("raising the limit of descriptors to %ju", (uintmax_t)limit.rlim_max);

	listener = listen_on(argc > 3 ? argv[3] : "127.0.0.1", argv[2]);
	mode->init();
	if (!mode->add(listener, EPOLLIN))
		die("watching the listener, descriptor %d", listener);
	run();
}

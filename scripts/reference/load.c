/*
 * load PORT CONNECTIONS SIZE SECONDS [CPU]: a closed-loop client of an echo
 * server on 127.0.0.1, as independent of muxbench's own as can be: one thread,
 * epoll level-triggered. Each connection sends SIZE bytes, and sends again when
 * the whole echo has come. One message per connection goes beforehand, uncounted.
 *
 * It prints a line: messages, seconds, messages per second, and mean, median and
 * 99th percentile of the round trips in microseconds. Every round trip is kept
 * and sorted, so the percentiles are exact.
 */
#define _GNU_SOURCE /* sched_setaffinity */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
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
#include <time.h>
#include <unistd.h>

enum {
	MOST_CONNECTIONS = 20000, /* from one source address there are no more ports */
	MOST_BYTES = 64 << 10,    /* so that a message fits into the socket at once */
	MOST_SECONDS = 3600,
	EVENTS_PER_WAIT = 1024,
	PATIENCE = 10000, /* ms without any reply */
};

struct conn {
	int fd;
	uint32_t received; /* bytes of the echo */
	int64_t sent;      /* when, in ns */
};

static struct conn *conns;
static int epoll;
static size_t size;
static char *message, *reply;

static uint32_t *trips; /* in ns; a round trip over 4.2 s counts as that */
static size_t trips_length, trips_room;

/* Says what failed, and why if errno tells, and exits. */
static _Noreturn __attribute__((format(printf, 1, 2))) void die(const char *format, ...)
{
	int error = errno;
	va_list args;
	va_start(args, format);
	fputs("load: ", stderr);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, error ? ": %s\n" : "\n", strerror(error));
	exit(1);
}

static int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void keep(int64_t trip)
{
	if (trips_length == trips_room) {
		trips_room = trips_room ? 2 * trips_room : 1 << 20;
		trips = realloc(trips, trips_room * sizeof *trips);
		if (!trips)
			die("keeping %zu round trips", trips_room);
	}
	trips[trips_length++] = trip > UINT32_MAX ? UINT32_MAX : (uint32_t)trip;
}

static void begin(struct conn *c, int64_t at)
{
	c->received = 0;
	c->sent = at;
	ssize_t n = write(c->fd, message, size);
	if (n == (ssize_t)size)
		return;
	if (n >= 0)
		errno = 0;
	die("sending %zu bytes, of which %zd were taken", size, n);
}

/* Takes what has come, and returns whether the echo is whole. */
static bool take(struct conn *c)
{
	/* One byte more than there is to come, to see one too many. */
	ssize_t n = read(c->fd, reply, size - c->received + 1);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < 0)
		die("reading a reply");
	errno = 0;
	if (n == 0)
		die("the server has closed a connection in the middle of a message");
	if (c->received + (size_t)n > size)
		die("a reply is longer than the %zu bytes that were sent: is it an echo server?", size);
	if (memcmp(reply, message + c->received, (size_t)n))
		die("a reply of %zu bytes is not what was sent: is it an echo server?", size);
	c->received += (uint32_t)n;
	return c->received == size;
}

/* Exchanges messages until the clock says end, and takes the replies that are
 * still to come: at least one of each connection. Returns when the last came. */
static int64_t exchange(size_t connections, int64_t end, bool record)
{
	struct epoll_event events[EVENTS_PER_WAIT];
	size_t waiting = connections;
	int64_t last = 0;
	for (size_t i = 0; i < connections; i++)
		begin(&conns[i], now());
	while (waiting) {
		int n = epoll_wait(epoll, events, EVENTS_PER_WAIT, PATIENCE);
		if (n < 0 && errno != EINTR)
			die("waiting for replies");
		errno = 0;
		if (n == 0)
			die("%zu of %zu replies have not come within %d s: does the server echo?", waiting, connections, PATIENCE / 1000);
		for (int i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;
			if (!take(c))
				continue;
			last = now();
			if (record)
				keep(last - c->sent);
			if (last < end)
				begin(c, last);
			else
				waiting--;
		}
	}
	return last;
}

static void connect_all(size_t connections, uint16_t port)
{
	const int on = 1;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	for (size_t i = 0; i < connections; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			die("making socket %zu of %zu: raise \"ulimit -Hn\" if there are too many", i + 1, connections);
		if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on))
			die("setting TCP_NODELAY");
		/* Nothing is congested on loopback, and BBR's pacing would cost time.
		 * Where Reno may not be had, the host's choice it is. */
		(void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", strlen("reno"));
		if (connect(fd, (struct sockaddr *)&to, sizeof to))
			die("connecting to 127.0.0.1, port %u, connection %zu of %zu", port, i + 1, connections);
		struct epoll_event e = {.events = EPOLLIN, .data.ptr = &conns[i]};
		conns[i].fd = fd;
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e))
			die("watching connection %zu of %zu", i + 1, connections);
	}
}

/* Resets all connections, so that none is left in TIME_WAIT for the next client. */
static void reset_all(size_t connections)
{
	const struct linger at_once = {.l_onoff = 1};
	for (size_t i = 0; i < connections; i++) {
		(void)setsockopt(conns[i].fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
		close(conns[i].fd);
	}
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static void report(double seconds)
{
	double sum = 0;
	for (size_t i = 0; i < trips_length; i++)
		sum += trips[i];
	qsort(trips, trips_length, sizeof *trips, ascending);
	printf("%zu messages, %.6f s, %.1f msgs/s, mean %.3f us, p50 %.3f us, p99 %.3f us\n",
		trips_length, seconds, (double)trips_length / seconds, sum / (double)trips_length / 1e3,
		trips[(trips_length - 1) / 2] / 1e3, trips[(trips_length - 1) * 99 / 100] / 1e3);
}

static _Noreturn void usage(void)
{
	fprintf(stderr, "usage: load PORT CONNECTIONS SIZE SECONDS [CPU]\n"
		"PORT is from 1 to 65535, CONNECTIONS to %d, SIZE to %d bytes, SECONDS to %d;\n"
		"with CPU, from 0 to %d, it runs on that one only.\n",
		MOST_CONNECTIONS, MOST_BYTES, MOST_SECONDS, CPU_SETSIZE - 1);
	exit(2);
}

static size_t number(const char *text, long least, long most)
{
	char *rest;
	long n = strtol(text, &rest, 10);
	if (rest == text || *rest || n < least || n > most)
		usage();
	return (size_t)n;
}

int main(int argc, char **argv)
{
	if (argc < 5 || argc > 6)
		usage();
	uint16_t port = (uint16_t)number(argv[1], 1, 65535);
	size_t connections = number(argv[2], 1, MOST_CONNECTIONS);
	size = number(argv[3], 1, MOST_BYTES);
	size_t seconds = number(argv[4], 1, MOST_SECONDS);
	if (argc > 5) {
		cpu_set_t set;
		CPU_ZERO(&set);
		CPU_SET(number(argv[5], 0, CPU_SETSIZE - 1), &set);
		if (sched_setaffinity(0, sizeof set, &set))
			die("moving to CPU %s", argv[5]);
	}

	signal(SIGPIPE, SIG_IGN); /* a write tells by EPIPE */
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		die("asking for the limit of descriptors");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("raising the limit of descriptors to %ju", (uintmax_t)limit.rlim_max);
	conns = calloc(connections, sizeof *conns);
	message = malloc(size);
	reply = malloc(size + 1);
	if (!conns || !message || !reply)
		die("making room for %zu connections and messages of %zu bytes", connections, size);
	for (size_t i = 0; i < size; i++)
		message[i] = (char)(i * 131 >> 3); /* no two stretches of it alike */
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		die("creating an epoll instance");

	connect_all(connections, port);
	exchange(connections, 0, false);
	int64_t began = now();
	int64_t ended = exchange(connections, began + (int64_t)seconds * 1000000000, true);
	report((double)(ended - began) / 1e9);
	reset_all(connections);
}

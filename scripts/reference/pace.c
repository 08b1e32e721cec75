/*
 * pace HOST PORT CONNECTIONS SIZE RATE SECONDS poisson|fixed SEED [CPU]: an
 * open-loop client of an echo server, as independent of muxbench's own as can
 * be: one thread, epoll level-triggered, that spins and never sleeps. One message
 * of SIZE bytes goes over each connection beforehand, uncounted. Then RATE ×
 * SECONDS messages are to begin at times fixed beforehand: as many sorted uniform
 * times, which SEED gives (poisson), or evenly spaced ones (fixed). Each takes the
 * connection that has been free for longest and, if none is, waits for one.
 *
 * It prints a line of JSON. Latency is from the time when a message was to begin;
 * send lag from then, or from when a connection became free if that was later.
 * Each of them is kept and sorted, so the percentiles are exact. 2 × SECONDS + 1
 * seconds from the beginning it gives up: errors are the messages that had not
 * been answered. With any, and where anything else fails, its status is 1.
 */
#define _GNU_SOURCE /* sched_setaffinity */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
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
	MOST_RATE = 10000000,
	MOST_SECONDS = 3600,
	MOST_MESSAGES = 50000000, /* 24 bytes each */
	EVENTS_PER_WAIT = 64,
	VARIETY = 1024, /* different messages, so that one echo hardly passes for another */
	PATIENCE = 10, /* s for the first replies */
};

struct conn {
	int fd;
	uint32_t received; /* bytes of the echo */
	const char *sent;  /* the message */
	int64_t intended;  /* when it was to begin, in ns of the clock */
	int64_t freed;     /* when the echo was whole */
};

static struct conn *conns;
static size_t connections, size;
static char *stock, *reply; /* what messages are taken from, and what comes back */
static int epoll;

/* The connections that are free, in a ring, the one that became so first. */
static struct conn **spare;
static size_t spare_first, spare_length;

static size_t messages, begun, answered;
static int64_t *times, *lags, *latencies; /* in ns; times from the beginning on */

/* Says what failed, and why if errno tells, and exits. */
static _Noreturn __attribute__((format(printf, 1, 2))) void die(const char *format, ...)
{
	int error = errno;
	va_list args;
	va_start(args, format);
	fputs("pace: ", stderr);
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

static uint64_t seed;

/* SplitMix64, by Steele, Lea and Flood. */
static uint64_t chance(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static int ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static void schedule(double seconds, bool poisson)
{
	for (size_t i = 0; i < messages; i++) {
		double share = poisson ? (double)(chance() >> 11) / (1LL << 53) : (double)i / (double)messages;
		times[i] = (int64_t)(share * seconds * 1e9);
	}
	qsort(times, messages, sizeof *times, ascending);
}

static void release(struct conn *c, int64_t at)
{
	c->freed = at;
	spare[(spare_first + spare_length++) % connections] = c;
}

/* Sends a message over the connection that has been free for longest. */
static void begin(int64_t intended)
{
	struct conn *c = spare[spare_first];
	spare_first = (spare_first + 1) % connections;
	spare_length--;
	c->received = 0;
	c->sent = stock + chance() % VARIETY;
	c->intended = intended;
	ssize_t n = write(c->fd, c->sent, size);
	if (n == (ssize_t)size)
		return;
	if (n >= 0)
		errno = 0;
	die("sending %zu bytes, of which %zd were taken", size, n);
}

/* Begins what is to have begun at a time, as far as connections are free. */
static void begin_due(int64_t start, int64_t at)
{
	while (spare_length && begun < messages && start + times[begun] <= at) {
		int64_t intended = start + times[begun], freed = spare[spare_first]->freed;
		at = now();
		lags[begun] = at - (intended > freed ? intended : freed);
		begun++;
		begin(intended);
	}
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
		die("the server has closed a connection");
	if (c->received + (size_t)n > size)
		die("a reply is longer than the %zu bytes that were sent: is it an echo server?", size);
	if (memcmp(reply, c->sent + c->received, (size_t)n))
		die("a reply of %zu bytes is not what was sent: is it an echo server?", size);
	c->received += (uint32_t)n;
	return c->received == size;
}

static int look(struct epoll_event *events)
{
	int n = epoll_wait(epoll, events, EVENTS_PER_WAIT, 0);
	if (n >= 0)
		return n;
	if (errno != EINTR)
		die("waiting for replies");
	return 0;
}

/* Exchanges one message over each connection. */
static void warm_up(void)
{
	struct epoll_event events[EVENTS_PER_WAIT];
	int64_t limit = now() + PATIENCE * 1000000000LL;
	for (size_t i = 0; i < connections; i++)
		release(&conns[i], 0);
	for (size_t i = 0; i < connections; i++)
		begin(0);
	while (spare_length < connections) {
		int n = look(events);
		for (int i = 0; i < n; i++)
			if (take(events[i].data.ptr))
				release(events[i].data.ptr, now());
		errno = 0;
		if (now() > limit)
			die("%zu of %zu first replies have not come within %d s: does the server echo?", connections - spare_length, connections, PATIENCE);
	}
}

/* Goes through the schedule from start on. Returns when the last reply came. */
static int64_t pace(int64_t start, int64_t limit)
{
	struct epoll_event events[EVENTS_PER_WAIT];
	int64_t at, last = start;
	while (answered < messages && (at = now()) < limit) {
		begin_due(start, at);
		int n = look(events);
		for (int i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;
			if (!take(c))
				continue;
			last = now();
			latencies[answered++] = last - c->intended;
			release(c, last);
			begin_due(start, last); /* not to be late by the rest of the batch */
		}
	}
	return last;
}

static void connect_all(struct sockaddr_in to, const char *host)
{
	const int on = 1;
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
			die("connecting to %s, port %u, connection %zu of %zu", host, ntohs(to.sin_port), i + 1, connections);
		if (fcntl(fd, F_SETFL, O_NONBLOCK))
			die("making connection %zu of %zu non-blocking", i + 1, connections);
		struct epoll_event e = {.events = EPOLLIN, .data.ptr = &conns[i]};
		conns[i].fd = fd;
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e))
			die("watching connection %zu of %zu", i + 1, connections);
	}
}

/* Resets all connections, so that none is left in TIME_WAIT for the next client. */
static void reset_all(void)
{
	const struct linger at_once = {.l_onoff = 1};
	for (size_t i = 0; i < connections; i++) {
		(void)setsockopt(conns[i].fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
		close(conns[i].fd);
	}
}

/* The least of sorted values that so many thousandths of all do not exceed. */
static int64_t percentile(const int64_t *sorted, size_t length, size_t thousandths)
{
	return sorted[(length * thousandths + 999) / 1000 - 1];
}

static void report(double seconds, int64_t elapsed)
{
	qsort(latencies, answered, sizeof *latencies, ascending);
	qsort(lags, begun, sizeof *lags, ascending);
	printf("{\"messages\":%zu,\"offered_msgs_per_s\":%.1f,\"throughput_msgs_per_s\":%.1f", answered, (double)messages / seconds, (double)answered / ((double)elapsed / 1e9));
	printf(",\"latency_p50_ns\":%jd,\"latency_p90_ns\":%jd,\"latency_p99_ns\":%jd,\"latency_p999_ns\":%jd,\"latency_max_ns\":%jd",
		(intmax_t)percentile(latencies, answered, 500), (intmax_t)percentile(latencies, answered, 900), (intmax_t)percentile(latencies, answered, 990),
		(intmax_t)percentile(latencies, answered, 999), (intmax_t)latencies[answered - 1]);
	printf(",\"send_lag_p50_ns\":%jd,\"send_lag_p99_ns\":%jd,\"send_lag_max_ns\":%jd",
		(intmax_t)percentile(lags, begun, 500), (intmax_t)percentile(lags, begun, 990), (intmax_t)lags[begun - 1]);
	printf(",\"errors\":%zu}\n", messages - answered);
	if (fflush(stdout))
		die("printing the figures");
}

static _Noreturn void usage(void)
{
	fprintf(stderr, "usage: pace HOST PORT CONNECTIONS SIZE RATE SECONDS poisson|fixed SEED [CPU]\n"
		"HOST is an address of 127.0.0.0/8, PORT from 1 to 65535, CONNECTIONS to %d, SIZE to\n"
		"%d bytes, RATE to %d messages/s, SECONDS to %d, and in all %d messages;\n"
		"SEED is from 0 on; with CPU, from 0 to %d, it runs on that one only.\n",
		MOST_CONNECTIONS, MOST_BYTES, MOST_RATE, MOST_SECONDS, MOST_MESSAGES, CPU_SETSIZE - 1);
	exit(2);
}

static size_t number(const char *text, long least, long most)
{
	char *rest;
	errno = 0;
	long n = strtol(text, &rest, 10);
	if (rest == text || *rest || errno || n < least || n > most)
		usage();
	return (size_t)n;
}

/* Room whose pages are there, so that no fault makes a message late. */
static void *room(size_t length)
{
	void *memory = malloc(length);
	if (!memory)
		die("making room for %zu connections and %zu messages of %zu bytes", connections, messages, size);
	return memset(memory, 0xff, length);
}

int main(int argc, char **argv)
{
	if (argc < 9 || argc > 10)
		usage();
	struct sockaddr_in to = {.sin_family = AF_INET};
	if (inet_pton(AF_INET, argv[1], &to.sin_addr) != 1 || ntohl(to.sin_addr.s_addr) >> 24 != IN_LOOPBACKNET)
		usage();
	to.sin_port = htons((uint16_t)number(argv[2], 1, 65535));
	connections = number(argv[3], 1, MOST_CONNECTIONS);
	size = number(argv[4], 1, MOST_BYTES);
	size_t rate = number(argv[5], 1, MOST_RATE);
	size_t seconds = number(argv[6], 1, MOST_SECONDS);
	messages = rate * seconds;
	bool poisson = !strcmp(argv[7], "poisson");
	if (messages > MOST_MESSAGES || (!poisson && strcmp(argv[7], "fixed")))
		usage();
	seed = number(argv[8], 0, INT64_MAX);
	if (argc > 9) {
		cpu_set_t set;
		CPU_ZERO(&set);
		CPU_SET(number(argv[9], 0, CPU_SETSIZE - 1), &set);
		if (sched_setaffinity(0, sizeof set, &set))
			die("moving to CPU %s", argv[9]);
	}

	signal(SIGPIPE, SIG_IGN); /* a write tells by EPIPE */
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		die("asking for the limit of descriptors");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("raising the limit of descriptors to %ju", (uintmax_t)limit.rlim_max);
	conns = calloc(connections, sizeof *conns);
	if (!conns)
		die("making room for %zu connections", connections);
	spare = room(connections * sizeof *spare);
	stock = room(size + VARIETY);
	reply = room(size + 1);
	times = room(messages * sizeof *times);
	lags = room(messages * sizeof *lags);
	latencies = room(messages * sizeof *latencies);
	schedule((double)seconds, poisson);
	for (size_t i = 0; i < size + VARIETY; i++)
		stock[i] = (char)chance();
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		die("creating an epoll instance");

	connect_all(to, argv[1]);
	warm_up();
	int64_t start = now(), whole = (int64_t)seconds * 1000000000;
	int64_t elapsed = pace(start, start + 2 * whole + 1000000000) - start;
	errno = 0;
	if (!answered)
		die("none of %zu messages was answered within %zu s: does the server echo?", messages, 2 * seconds + 1);
	report((double)seconds, elapsed > whole ? elapsed : whole);
	if (answered < messages)
		die("%zu of %zu messages were not answered within %zu s: ask for a lower rate", messages - answered, messages, 2 * seconds + 1);
	reset_all();
}

/*
 * chain METHOD CONNECTIONS ACTIVE WRITES: the chain benchmark that event loops
 * have been compared by since libevent's own, over libevent's public API.
 *
 * Of CONNECTIONS socket pairs, ACTIVE get a byte. Whoever receives one sends
 * one to its neighbour, until WRITES have been sent on; timed is the event loop
 * from when the first ACTIVE are sent until all are received. It is spoken to by lines:
 * it says `ready` when all is registered, then for every line on standard input
 * does one iteration and answers `ELAPSED_NS CPU_NS READS`.
 *
 * With select, libevent uses FD_SET beyond FD_SETSIZE (1,024) descriptors, in
 * sets of its own that are large enough. Where it was built fortified, as many
 * distributions do, libc aborts it there. That is libevent's limit; nothing
 * here works around it.
 */
#define _GNU_SOURCE /* SOCK_NONBLOCK */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

struct pair {
	int reads, writes; /* its two ends */
	struct pair *next; /* the neighbour that it sends to */
	struct event *event;
};

/* Of the iteration in hand: bytes sent, bytes received, and how many of those
 * received are still to be sent on. */
static long fired, count, writes_left;

/* Says what failed, and why if errno tells, and exits. */
static _Noreturn __attribute__((format(printf, 1, 2))) void die(const char *format, ...)
{
	int error = errno;
	va_list args;
	va_start(args, format);
	fputs("chain: ", stderr);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, error ? ": %s\n" : "\n", strerror(error));
	exit(1);
}

static void send_byte(const struct pair *p)
{
	if (send(p->writes, "e", 1, 0) != 1)
		die("sending a byte on descriptor %d", p->writes);
	fired++;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	const struct pair *p = arg;
	char ch;
	(void)what;
	errno = 0; /* an end of file sets none */
	ssize_t n = recv(fd, &ch, 1, 0);
	if (n != 1)
		die("receiving a byte on descriptor %d", (int)fd);
	count += n;
	if (writes_left > 0) {
		writes_left--;
		send_byte(p->next);
	}
}

/* One pass over what is ready now. */
static void turn(struct event_base *base)
{
	errno = 0;
	if (event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK) != 0)
		die("running the event loop of %s", event_base_get_method(base));
}

static int64_t nanoseconds(clockid_t clock)
{
	struct timespec t;
	if (clock_gettime(clock, &t))
		die("reading clock %d", (int)clock);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void iterate(struct event_base *base, const struct pair *pairs, long connections,
	long active, long writes)
{
	turn(base);
	fired = count = writes_left = 0;
	for (long i = 0; i < active; i++)
		send_byte(&pairs[i * (connections / active)]);
	writes_left = writes;

	int64_t cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
	int64_t start = nanoseconds(CLOCK_MONOTONIC);
	while (count != fired)
		turn(base);
	int64_t elapsed = nanoseconds(CLOCK_MONOTONIC) - start;
	cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;

	if (printf("%jd %jd %ld\n", (intmax_t)elapsed, (intmax_t)cpu, count) < 0 || fflush(stdout))
		die("writing the answer");
}

/* An event base that uses this method: libevent takes the best one that it is
 * not told to avoid. */
static struct event_base *base_of(const char *method)
{
	struct event_config *config = event_config_new();
	errno = 0;
	if (!config)
		die("configuring libevent");
	/* The environment may not avoid it for us (EVENT_NOEPOLL and such). */
	event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
	int found = 0;
	for (const char **m = event_get_supported_methods(); *m; m++) {
		if (!strcmp(*m, method))
			found = 1;
		else if (event_config_avoid_method(config, *m))
			die("keeping libevent from method %s", *m);
	}
	if (!found)
		die("libevent %s has no method %s", event_get_version(), method);
	struct event_base *base = event_base_new_with_config(config);
	if (!base)
		die("making an event base of method %s", method);
	event_config_free(config);
	errno = 0;
	if (strcmp(event_base_get_method(base), method))
		die("asked libevent for method %s, got %s", method, event_base_get_method(base));
	return base;
}

static struct pair *make_pairs(struct event_base *base, long connections)
{
	struct pair *pairs = calloc((size_t)connections, sizeof *pairs);
	if (!pairs)
		die("making a table of %ld pairs", connections);
	for (long i = 0; i < connections; i++) {
		struct pair *p = &pairs[i];
		int ends[2];
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends))
			die("making socket pair %ld of %ld", i + 1, connections);
		p->reads = ends[0];
		p->writes = ends[1];
		p->next = &pairs[(i + 1) % connections];
		p->event = event_new(base, p->reads, EV_READ | EV_PERSIST, on_readable, p);
		if (!p->event || event_add(p->event, NULL))
			die("watching descriptor %d of pair %ld", p->reads, i + 1);
	}
	return pairs;
}

static _Noreturn void usage(void)
{
	fputs("usage: chain select|poll|epoll CONNECTIONS ACTIVE WRITES\n"
		"ACTIVE is from 1 to CONNECTIONS, WRITES is 0 or more.\n", stderr);
	exit(2);
}

/* The number in s, from least to most. */
static long number(const char *s, long least, long most)
{
	char *rest;
	errno = 0;
	long n = strtol(s, &rest, 10);
	if (rest == s || *rest || errno || n < least || n > most)
		usage();
	return n;
}

int main(int argc, char **argv)
{
	if (argc != 5)
		usage();
	const char *method = argv[1];
	if (strcmp(method, "select") && strcmp(method, "poll") && strcmp(method, "epoll"))
		usage();
	long connections = number(argv[2], 1, 1L << 30);
	long active = number(argv[3], 1, connections);
	long writes = number(argv[4], 0, 1L << 30);

	signal(SIGPIPE, SIG_IGN); /* a write tells by EPIPE */
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		die("asking for the limit of descriptors");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("raising the limit of descriptors to %ju", (uintmax_t)limit.rlim_max);

	struct event_base *base = base_of(method);
	struct pair *pairs = make_pairs(base, connections);
	if (puts("ready") < 0 || fflush(stdout))
		die("writing that all is ready");

	char *line = NULL;
	size_t room = 0;
	while (getline(&line, &room, stdin) >= 0)
		iterate(base, pairs, connections, active, writes);
	if (ferror(stdin))
		die("reading standard input");
	free(line);
	for (long i = 0; i < connections; i++)
		event_free(pairs[i].event);
	event_base_free(base);
	free(pairs);
	return 0;
}

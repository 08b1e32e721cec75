/*
 * threads PORT [ADDRESS]: a TCP echo server in C with a thread for each
 * connection, which blocks in read and write: what muxbench's thread-per-conn
 * does, without the Go runtime around it.
 */
#define _GNU_SOURCE /* accept4 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BUFFER_SIZE = 64 << 10, /* what one read takes at most */
	STACK_SIZE = 64 << 10,
	BACKLOG = 65536,        /* the kernel cuts it to net.core.somaxconn */
	RETRY_ACCEPTING = 100,  /* ms, when there is no descriptor */
};

static _Noreturn void die(const char *doing)
{
	fprintf(stderr, "threads: %s: %s\n", doing, strerror(errno));
	exit(1);
}

static void *serve(void *connection)
{
	int fd = (int)(intptr_t)connection;
	char *buffer = malloc(BUFFER_SIZE);
	if (!buffer)
		die("allocating a buffer");
	for (;;) {
		ssize_t n = read(fd, buffer, BUFFER_SIZE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		for (ssize_t sent = 0; sent < n;) {
			ssize_t m = write(fd, buffer + sent, (size_t)(n - sent));
			if (m < 0 && errno != EINTR)
				goto gone;
			sent += m > 0 ? m : 0;
		}
	}
gone:
	close(fd);
	free(buffer);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	char *rest = "";
	long port = argc > 1 ? strtol(argv[1], &rest, 10) : 0;
	if (argc < 2 || argc > 3 || *rest || port < 1 || port > 65535 ||
		inet_pton(AF_INET, argc > 2 ? argv[2] : "127.0.0.1", &at.sin_addr) != 1) {
		fputs("usage: threads PORT [ADDRESS]\n"
			"PORT is from 1 to 65535, ADDRESS is numeric and 127.0.0.1 if left out.\n", stderr);
		return 2;
	}
	at.sin_port = htons((uint16_t)port);

	signal(SIGPIPE, SIG_IGN); /* a write tells by EPIPE */
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		die("asking for the limit of descriptors");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("raising the limit of descriptors");

	const int on = 1;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0)
		die("making a socket");
	/* Connections inherit TCP_NODELAY, which saves a call for each. */
	if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
		setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on))
		die("setting SO_REUSEADDR and TCP_NODELAY");
	if (bind(listener, (struct sockaddr *)&at, sizeof at))
		die("binding");
	if (listen(listener, BACKLOG))
		die("listening");

	pthread_attr_t attributes;
	if ((errno = pthread_attr_init(&attributes)) ||
		(errno = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED)) ||
		(errno = pthread_attr_setstacksize(&attributes, STACK_SIZE)))
		die("describing threads");
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				usleep(RETRY_ACCEPTING * 1000);
			continue; /* else an error of that connection, or EINTR */
		}
		pthread_t thread;
		if (pthread_create(&thread, &attributes, serve, (void *)(intptr_t)fd))
			close(fd); /* no more threads */
	}
}

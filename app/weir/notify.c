/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * What a service manager is told, where there is one: a datagram to the socket that NOTIFY_SOCKET names, as
 * systemd's sd_notify(3) sends it. That is all that libsystemd would be needed for.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <rte_lcore.h>

#include "app.h"

/* Of the time that the manager waits for a sign of life, it comes thrice. */
#define SIGNS 3

static struct {
	struct sockaddr_un address;
	socklen_t size;  /* of that; 0: there is no manager */
	double period_s; /* between two signs of life; 0: none are waited for */
	double sent;     /* when the last was */
	bool waits;      /* to hear that all is ready */
	uint64_t passes[RTE_MAX_LCORE];
} manager;

/* Whether it may be heard, or another time would be no better: false while the manager has no room. */
static bool
send_text(const char *text)
{
	int fd = manager.size != 0 ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
	bool sent;

	if (fd < 0)
		return true;
	/* Who is not heard is ended by the manager: there is nobody else to tell. */
	sent = sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
		       (const struct sockaddr *)&manager.address, manager.size) >= 0 ||
		errno != EAGAIN;
	close(fd);
	return sent;
}

static void
find_period(void)
{
	const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (us != NULL && (pid == NULL || strtol(pid, NULL, 10) == (long)getpid()))
		manager.period_s = (double)strtoull(us, NULL, 10) / 1e6 / SIGNS;
}

void
notify_open(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t n = path != NULL ? strlen(path) : 0;

	if (n < 2 || n >= sizeof(manager.address.sun_path))
		return;
	manager.address.sun_family = AF_UNIX;
	memcpy(manager.address.sun_path, path, n);
	/* An abstract one. */
	if (path[0] == '@')
		manager.address.sun_path[0] = '\0';
	manager.size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	find_period();
}

void
notify_ready(void)
{
	manager.waits = !send_text("READY=1");
}

void
notify_stopping(void)
{
	send_text("STOPPING=1");
}

/* Whether every lcore that weir runs has made a pass since the last sign of life. */
static bool
all_pass(const struct weir_engine *engine)
{
	struct weir_lcore_figures lcore = WEIR_LCORE_FIGURES_INIT;
	bool all = true;

	for (unsigned int i = 0;
		weir_figures_read(engine, WEIR_NOUN_LCORE, i, &lcore) == 0 && i < RTE_MAX_LCORE;
		i++)
		all &= !lcore.launched || lcore.passes != manager.passes[i];
	return all;
}

static void
keep_passes(const struct weir_engine *engine)
{
	struct weir_lcore_figures lcore = WEIR_LCORE_FIGURES_INIT;

	for (unsigned int i = 0;
		weir_figures_read(engine, WEIR_NOUN_LCORE, i, &lcore) == 0 && i < RTE_MAX_LCORE;
		i++)
		manager.passes[i] = lcore.passes;
}

void
notify_alive(const struct weir_engine *engine, bool draining)
{
	double now;

	if (manager.waits)
		notify_ready();
	if (manager.period_s <= 0)
		return;
	now = clock_s();
	/* Lcores that are done pass no more; how long a drain may last is bounded elsewhere. */
	if (now - manager.sent < manager.period_s || (!draining && !all_pass(engine)))
		return;
	keep_passes(engine);
	manager.sent = now;
	send_text("WATCHDOG=1");
}

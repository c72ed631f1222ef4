/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/*
 * The link of a port. Some drivers say that it is up from start to stop (net_af_packet, net_pcap,
 * net_af_xdp): where an interface of the kernel is under the port, that is looked at, too.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_log.h>

#include "engine_private.h"
#include "source/source.h"

RTE_LOG_REGISTER(logtype_port_link, lib.weir.engine.link, NOTICE);
#define LINK_LOG(level, ...) rte_log(RTE_LOG_##level, (uint32_t)logtype_port_link, __VA_ARGS__)

/* How often is looked while a start waits for a link. */
#define LOOK_MS 10

/* Where the kernel says what each open file is. */
#define FILES "/proc/self/fdinfo"

/* Whether a line of a file is `iff:` and the name of an interface: the file is the end of a tun. */
static bool
file_is_tun(const char *file, const char *interface)
{
	char path[sizeof(FILES) + 32], line[128], name[IFNAMSIZ] = "";
	bool is = false;
	FILE *f;

	snprintf(path, sizeof(path), FILES "/%.20s", file);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	while (!is && fgets(line, sizeof(line), f) != NULL)
		is = sscanf(line, "iff: %15s", name) == 1 && strcmp(name, interface) == 0;
	fclose(f);
	return is;
}

/*
 * Whether this process is still at the other end of an interface (net_tap): one that is not found
 * any more was then moved to another network namespace, and carries on.
 */
static bool
interface_held(const char *interface)
{
	DIR *files = opendir(FILES);
	struct dirent *file;
	bool held = false;

	if (files == NULL)
		return false;
	while (!held && (file = readdir(files)) != NULL)
		held = file_is_tun(file->d_name, interface);
	closedir(files);
	return held;
}

/* What the kernel says of an interface, IFF_*; -errno where that cannot be asked. */
static int
interface_flags(const char *interface)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return -errno;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	rc = ioctl(fd, SIOCGIFFLAGS, &request) == 0 ? 0 : -errno;
	close(fd);
	return rc != 0 ? rc : request.ifr_flags & (IFF_UP | IFF_RUNNING);
}

/* Some drivers (net_pcap) open no interface that is down. */
bool
port_interface_back(const struct port_state *port)
{
	int flags;

	if (port->link.state != LINK_GONE || strcmp(port->bus, "vdev") != 0)
		return false;
	flags = interface_flags(port->link.interface);
	return flags > 0 && (flags & IFF_UP);
}

/* What the kernel says of the interface under a port; up where there is none. */
static enum link_state
interface_state(struct port_link *link)
{
	char name[IFNAMSIZ];
	int flags;

	if (link->index == 0)
		return LINK_UP;
	if (if_indextoname(link->index, name) == NULL) {
		if (errno != ENXIO && errno != ENODEV)
			return link->state;
		return interface_held(link->interface) ? LINK_UNKNOWN : LINK_GONE;
	}
	memcpy(link->interface, name, sizeof(name));
	flags = interface_flags(name);
	if (flags < 0)
		return link->state;
	return flags == (IFF_UP | IFF_RUNNING) ? LINK_UP : LINK_DOWN;
}

static void
link_look(uint16_t id, struct port_link *link)
{
	enum link_state state = interface_state(link);
	struct rte_eth_link eth = { 0 };

	link->speed = 0;
	if (state == LINK_UP) {
		if (rte_eth_link_get_nowait(id, &eth) != 0)
			state = LINK_UNKNOWN;
		else if (eth.link_status == RTE_ETH_LINK_DOWN)
			state = LINK_DOWN;
		else if (eth.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN)
			link->speed = eth.link_speed;
		link->half_duplex = eth.link_duplex == RTE_ETH_LINK_HALF_DUPLEX;
		link->autoneg = eth.link_autoneg == RTE_ETH_LINK_AUTONEG;
	}
	link->state = state;
}

/*
 * net_pcap tells its interface only where it has one for both directions by `iface`. Of several that it
 * receives from, no one is that of the port.
 */
static unsigned int
pcap_interface(const struct rte_eth_dev_info *info)
{
	static const char *const names[] = { "rx_iface", "rx_iface_in" };
	char interface[IFNAMSIZ], none[IFNAMSIZ];
	unsigned int index = 0, count = 0;

	for (unsigned int i = 0; i < RTE_DIM(names); i++) {
		if (port_arg(info, names[i], 0, interface, sizeof(interface))) {
			index = if_nametoindex(interface);
			count += port_arg(info, names[i], 1, none, sizeof(none)) ? 2 : 1;
		}
	}
	return count == 1 ? index : 0;
}

/* The interface of the kernel under a port; 0: there is none, or it is not known. */
static unsigned int
port_interface(const struct port_state *port)
{
	struct rte_eth_dev_info info;

	if (rte_eth_dev_info_get(port->id, &info) != 0)
		return 0;
	if (info.if_index == 0 && strcmp(port->plan->driver, "net_pcap") == 0)
		return pcap_interface(&info);
	return info.if_index;
}

void
port_link_init(struct port_state *port)
{
	struct port_link *link = &port->link;

	/* One that came back may have another. */
	link->index = port_interface(port);
	if (link->index != 0 && if_indextoname(link->index, link->interface) == NULL)
		link->index = 0;
	link_look(port->id, link);
	port_frames_look(port);
}

void
port_link_tell(const struct port_state *port)
{
	char text[PORT_LINK_TEXT_SIZE];

	if (port->link.state == LINK_UP)
		LINK_LOG(INFO, "port %s: its link is up%s\n", port->plan->name,
			engine_port_link_text(&port->link, text));
}

/* Look again; whether it is still down. The port may go away meanwhile: then it is not waited for. */
static bool
link_stays_down(struct port_state *port)
{
	bool down;

	rte_spinlock_lock(&port->lock);
	down = !port->gone && !port->stopped;
	if (down)
		link_look(port->id, &port->link);
	down = down && port->link.state == LINK_DOWN;
	rte_spinlock_unlock(&port->lock);
	return down;
}

/* Timer cycles that a start waits at most for the link of a port that is down; 0: it does not. */
static uint64_t
link_patience(const struct port_state *port)
{
	const struct ethdev_conf *keys = port->plan->keys;
	uint64_t ns = keys != NULL && port->link.state == LINK_DOWN ? keys->link_wait : 0;

	return (uint64_t)((double)ns / NS_PER_S * (double)rte_get_timer_hz());
}

static bool
stop_asked(const struct weir_engine *engine)
{
	return __atomic_load_n(&engine->stop_asked, __ATOMIC_RELAXED);
}

/* Some NICs take seconds; that it is down is told later, too, by who watches. */
static void
port_link_wait(struct port_state *port, uint64_t start, uint64_t wait)
{
	bool down = true;
	struct slow slow;

	slow_begin(&slow, port->engine);
	slow_at(&slow, "the wait for the link of port %s", port->plan->name);
	while (down && rte_get_timer_cycles() - start < wait && !stop_asked(port->engine)) {
		usleep(LOOK_MS * 1000);
		down = link_stays_down(port);
	}
	slow_end(&slow);
	if (!down)
		port_link_tell(port);
	else if (!stop_asked(port->engine))
		LINK_LOG(NOTICE, "port %s: its link is not up within link_wait\n",
			port->plan->name);
}

void
engine_links_wait(struct weir_engine *engine)
{
	uint64_t start = rte_get_timer_cycles();

	for (unsigned int i = 0; i < engine->port_count; i++) {
		uint64_t wait = link_patience(&engine->ports[i]);

		if (wait != 0)
			port_link_wait(&engine->ports[i], start, wait);
	}
}

const char *
engine_port_link_text(const struct port_link *link, char text[PORT_LINK_TEXT_SIZE])
{
	text[0] = '\0';
	if (link->speed != 0)
		snprintf(text, PORT_LINK_TEXT_SIZE, ": %u Mbit/s, %s duplex, %s", link->speed,
			link->half_duplex ? "half" : "full",
			link->autoneg ? "negotiated" : "fixed");
	return text;
}

void
engine_port_look(struct port_state *port, struct port_link *link)
{
	bool was_up;

	rte_spinlock_lock(&port->lock);
	was_up = port->link.state == LINK_UP || !port->link.looked;
	if (port->started && !port->stopped && !port->gone && port->link.state != LINK_GONE) {
		link_look(port->id, &port->link);
		port_frames_look(port);
		port->link.looked = true;
		port->link.downs += was_up && port->link.state >= LINK_DOWN;
	}
	*link = port->link;
	rte_spinlock_unlock(&port->lock);
}

void
engine_port_link(struct port_state *port, struct port_link *link)
{
	rte_spinlock_lock(&port->lock);
	*link = port->link;
	rte_spinlock_unlock(&port->lock);
}

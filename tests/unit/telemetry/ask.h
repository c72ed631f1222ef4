/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The weir authors
 */

/* Asking over the socket that operators' tools use. */
#ifndef WEIR_TELEMETRY_ASK_H
#define WEIR_TELEMETRY_ASK_H

#include <sys/socket.h>
#include <sys/un.h>

#include <jansson.h>

/* Longest reply of DPDK's telemetry, and what it may be wrapped in. */
#define REPLY_MAX 16384
#define REPLY_ROOM (2 * REPLY_MAX)

/* Bytes of the last reply. */
static size_t reply_size;

static inline int
telemetry_connect(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = 20 };
	char greeting[1024];
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	assert_true(fd >= 0);
	assert_true(snprintf(address.sun_path, sizeof(address.sun_path), "%s/dpdk_telemetry.v2",
			    rte_eal_get_runtime_dir()) < (int)sizeof(address.sun_path));
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_true(recv(fd, greeting, sizeof(greeting), 0) > 0);
	return fd;
}

static inline json_t *
ask_on(int fd, const char *command)
{
	static char reply[REPLY_ROOM];
	const char *comma = strchr(command, ',');
	json_t *answer, *value;
	json_error_t error;
	char name[64];
	ssize_t n;

	assert_int_equal(send(fd, command, strlen(command), 0), strlen(command));
	n = recv(fd, reply, sizeof(reply) - 1, 0);
	assert_true(n > 0);
	assert_true(n <= REPLY_MAX);
	reply_size = (size_t)n;
	reply[n] = '\0';
	answer = json_loads(reply, JSON_REJECT_DUPLICATES, &error);
	if (answer == NULL)
		fail_msg("%s: %s", error.text, reply);
	snprintf(name, sizeof(name), "%.*s",
		comma != NULL ? (int)(comma - command) : (int)strlen(command), command);
	value = json_incref(json_object_get(answer, name));
	assert_non_null(value);
	assert_int_equal(json_object_size(answer), 1);
	json_decref(answer);
	return value;
}

/* What a command answers. */
static inline json_t *
ask(const char *command)
{
	int fd = telemetry_connect();
	json_t *value = ask_on(fd, command);

	close(fd);
	return value;
}

static inline void
answers_null(const char *command)
{
	json_t *value = ask(command);

	if (!json_is_null(value))
		fail_msg("%s is answered", command);
	json_decref(value);
}

static inline uint64_t
number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		fail_msg("no number %s", key);
	return (uint64_t)json_integer_value(value);
}

static inline void
text_is(const json_t *object, const char *key, const char *text)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_string(value))
		fail_msg("no text %s", key);
	assert_string_equal(json_string_value(value), text);
}

#endif /* WEIR_TELEMETRY_ASK_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's log, from a chosen moment on. */
#ifndef _TASKHOLD_TESTS_KMSG_H
#define _TASKHOLD_TESTS_KMSG_H

#include "lib/guest.h"

/* Opens the log at its end. */
static inline int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || lseek(fd, 0, SEEK_END) < 0)
		die("open /dev/kmsg");
	return fd;
}

/* Lines since the last call that have two texts; reads all there are. */
static inline int kmsg_count_both(int fd, const char *begin, const char *text)
{
	char buf[2048];
	ssize_t n;
	int count = 0;

	for (;;) {
		n = read(fd, buf, sizeof(buf) - 1);
		if (n < 0 && errno == EPIPE)
			continue;	/* overwritten before it was read */
		if (n <= 0)
			return count;
		buf[n] = '\0';
		count += strstr(buf, begin) && strstr(buf, text);
	}
}

/* Those that have a text. */
static inline int kmsg_count_text(int fd, const char *text)
{
	return kmsg_count_both(fd, text, "");
}

/* Those that begin with a word and have a text. */
static inline int kmsg_count_of(int fd, const char *who, const char *text)
{
	char begin[64];

	snprintf(begin, sizeof(begin), ";%s: ", who);
	return kmsg_count_both(fd, begin, text);
}

/* The same of the module's own. */
static inline int kmsg_count(int fd, const char *text)
{
	return kmsg_count_of(fd, "taskhold", text);
}

#endif /* _TASKHOLD_TESTS_KMSG_H */

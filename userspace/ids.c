// SPDX-License-Identifier: GPL-2.0-only
#include "ids.h"

#include <errno.h>
#include <unistd.h>

int ids_each(int (*next)(__u32 id, __u32 *next_id), int (*get_fd)(__u32 id),
	     int (*fn)(void *ctx, __u32 id, int fd), void *ctx)
{
	__u32 id = 0;
	int fd, ret;

	for (;;) {
		ret = next(id, &id);
		if (ret)
			return ret == -ENOENT ? 0 : ret;
		fd = get_fd(id);
		/* -EAGAIN: a link between bpf_link_prime() and bpf_link_settle() */
		if (fd == -ENOENT || fd == -EAGAIN)
			continue;
		if (fd < 0)
			return fd;
		ret = fn(ctx, id, fd);
		close(fd);
		if (ret)
			return ret;
	}
}

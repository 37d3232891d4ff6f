// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing and reading a recording, see recording.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <isa-l/crc.h>

#include "recording.h"

#define ITEM_ALIGN	8u
#define ITEM_SIZE(len)	(((size_t)(len) + ITEM_ALIGN - 1) & ~(size_t)(ITEM_ALIGN - 1))

/* Block and payload are one write(): the buffer begins with the header. */
struct recording_writer {
	int fd;
	bool close_fd;
	bool regular;		/* what failed half-way can be cut off again */
	int error;		/* -errno of the write that failed, or 0 */
	size_t used;		/* bytes of payload */
	__u64 seq;
	__u64 start;		/* offset of the recording in the file */
	__u64 bytes;		/* of whole blocks written */
	__u64 finished;
	char *name;
	unsigned char *buf;
	struct recording_why why;
};

struct recording_reader {
	int fd;
	bool close_fd;
	char *name;
	unsigned char *buf;	/* header and payload of the current block */
	size_t payload;		/* bytes of payload in buf */
	size_t pos;		/* in the payload: the next item */
	size_t item;		/* in the payload: the item returned last */
	__u64 block;		/* offset of the current block */
	__u64 next_seq;
	__u64 read;		/* bytes read in all */
	struct recording_state state;
};

int recording_say(struct recording_why *why, int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return error;
}

static __u32 block_crc(const struct taskhold_block *block, const void *payload)
{
	struct taskhold_block head = *block;
	unsigned int crc = ~0u;

	head.crc = 0;
	crc = crc32_iscsi((unsigned char *)&head, sizeof(head), crc);
	/* The length is at most TASKHOLD_BLOCK_MAX, so it fits an int. */
	if (block->len)
		crc = crc32_iscsi((unsigned char *)payload, (int)block->len, crc);
	return ~crc;
}

static __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (__u64)ts.tv_sec * 1000000000u + (__u64)ts.tv_nsec;
}

static void no_action(int sig)
{
	(void)sig;
}

static void survive(int sig)
{
	struct sigaction old;

	if (sigaction(sig, NULL, &old) == 0 && !(old.sa_flags & SA_SIGINFO) &&
	    old.sa_handler == SIG_DFL) {
		struct sigaction act = { .sa_handler = no_action, .sa_flags = SA_RESTART };

		sigemptyset(&act.sa_mask);
		sigaction(sig, &act, NULL);
	}
}

/*
 * Is this, opened for reading, something whose loss nobody will mind, or that
 * a rename keeps?  Returns 1 for a recording, 0 for an empty file, -EEXIST for
 * anything else.
 */
static int probe(int fd)
{
	struct taskhold_block head;
	ssize_t n = pread(fd, &head, sizeof(head), 0);

	if (n == 0)
		return 0;
	/* A first block that was cut is still the user's recording. */
	if (n >= (ssize_t)sizeof(head.magic) && head.magic == TASKHOLD_BLOCK_MAGIC)
		return 1;
	return n < 0 ? -errno : -EEXIST;
}

/* Renames the recording at @path to "@path.old". */
static int keep_old(const char *path, struct recording_why *why)
{
	char old[PATH_MAX];
	struct stat st;
	int fd, err;

	if (snprintf(old, sizeof(old), "%s.old", path) >= (int)sizeof(old))
		return recording_say(why, -ENAMETOOLONG,
				     "cannot keep the earlier recording %s: the name with .old is too long",
				     path);
	if (lstat(old, &st) == 0) {
		err = -EEXIST;
		fd = S_ISREG(st.st_mode) ? open(old, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
		if (fd >= 0) {
			err = probe(fd);
			close(fd);
		}
		if (err < 0)
			return recording_say(why, -EEXIST,
					     "cannot keep the earlier recording %s: %s is in the way and no recording; move one of them",
					     path, old);
	}
	if (rename(path, old) != 0) {
		err = -errno;
		return recording_say(why, err, "cannot rename the earlier recording %s to %s: %s",
				     path, old, strerror(-err));
	}
	return 0;
}

static int open_output(const char *path, struct recording_why *why)
{
	int fd, err, flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY;
	struct stat st;

	fd = open(path, flags, 0600);
	if (fd >= 0)
		return fd;
	if (errno != EEXIST)
		goto failed;

	if (stat(path, &st) != 0)
		goto failed;
	if (!S_ISREG(st.st_mode)) {
		fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			goto failed;
		return fd;
	}
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		goto failed;
	err = probe(fd);
	if (err == 0)
		return fd;
	close(fd);
	if (err < 0)
		return recording_say(why, err,
				     "%s exists and is no recording; name another file, or remove it",
				     path);
	err = keep_old(path, why);
	if (err)
		return err;
	fd = open(path, flags, 0600);
	if (fd >= 0)
		return fd;
failed:
	err = -errno;
	return recording_say(why, err, "cannot write %s: %s", path, strerror(-err));
}

int recording_create_fd(struct recording_writer **writer, int fd,
			const char *name, struct recording_why *why)
{
	struct recording_writer *w;
	struct stat st;
	off_t start = 0;
	int flags;

	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fstat(fd, &st) != 0) {
		int err = -errno;

		return recording_say(why, err, "cannot write %s: %s", name, strerror(-err));
	}
	if (isatty(fd))
		return recording_say(why, -EINVAL,
				     "will not write a recording to a terminal; give a file, or a pipe");
	if (S_ISREG(st.st_mode))
		start = flags & O_APPEND ? st.st_size : lseek(fd, 0, SEEK_CUR);
	w = calloc(1, sizeof(*w));
	if (!w)
		goto nomem;
	w->fd = fd;
	w->regular = S_ISREG(st.st_mode) && start >= 0;
	w->start = w->regular ? (__u64)start : 0;
	w->name = strdup(name);
	w->buf = malloc(sizeof(struct taskhold_block) + TASKHOLD_BLOCK_MAX);
	if (!w->name || !w->buf)
		goto nomem;
	survive(SIGPIPE);
	survive(SIGXFSZ);
	*writer = w;
	return 0;
nomem:
	if (w) {
		free(w->name);
		free(w->buf);
		free(w);
	}
	return recording_say(why, -ENOMEM, "no memory for the buffer of %s", name);
}

int recording_create(struct recording_writer **writer, const char *path,
		     struct recording_why *why)
{
	int fd, err;

	if (!strcmp(path, "-"))
		return recording_create_fd(writer, STDOUT_FILENO, "standard output", why);
	fd = open_output(path, why);
	if (fd < 0)
		return fd;
	err = recording_create_fd(writer, fd, path, why);
	if (err) {
		close(fd);
		return err;
	}
	(*writer)->close_fd = true;
	return 0;
}

static int write_all(int fd, const unsigned char *buf, size_t len)
{
	while (len) {
		ssize_t n = write(fd, buf, len);

		if (n > 0) {
			buf += n;
			len -= (size_t)n;
			continue;
		}
		if (n == 0)
			return -EIO;
		if (errno == EAGAIN) {
			/* A pipe that whoever made it set to O_NONBLOCK. */
			struct pollfd pfd = { .fd = fd, .events = POLLOUT };

			if (poll(&pfd, 1, -1) >= 0 || errno == EINTR)
				continue;
		}
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

/* The block did not get out whole: leave the file ending with the one before. */
static int write_failed(struct recording_writer *w, int err)
{
	__u64 end = w->start + w->bytes;
	const char *cut = "";

	if (w->regular && (ftruncate(w->fd, (off_t)end) != 0 ||
			   lseek(w->fd, (off_t)end, SEEK_SET) < 0))
		cut = ", and the part of the block that was written cannot be cut off";
	w->error = err;
	recording_say(&w->why, err, "cannot write %s after %llu bytes: %s%s; the %llu blocks before can be read",
		      w->name, (unsigned long long)w->bytes, strerror(-err), cut,
		      (unsigned long long)w->seq);
	return err;
}

int recording_flush(struct recording_writer *w, __u64 time_ns)
{
	struct taskhold_block *head = (struct taskhold_block *)w->buf;
	size_t len = sizeof(*head) + w->used;
	int err;

	if (w->error)
		return w->error;
	if (!w->used)
		return 0;
	*head = (struct taskhold_block) {
		.magic = TASKHOLD_BLOCK_MAGIC,
		.len = (__u32)w->used,
		.seq = w->seq,
		.time_ns = time_ns ? time_ns : now_ns(),
	};
	head->crc = block_crc(head, w->buf + sizeof(*head));
	err = write_all(w->fd, w->buf, len);
	if (err)
		return write_failed(w, err);
	w->used = 0;
	w->seq++;
	w->bytes += len;
	return 0;
}

/* Room for an item of @len bytes, header included, its padding zeroed; or NULL. */
static void *reserve(struct recording_writer *w, size_t len, int *err)
{
	size_t size = ITEM_SIZE(len);
	unsigned char *at;

	*err = w->error;
	if (*err)
		return NULL;
	if (len > TASKHOLD_BLOCK_MAX) {
		*err = -EMSGSIZE;
		return NULL;
	}
	if (w->used && w->used + size > RECORDING_WRITE_AT) {
		*err = recording_flush(w, 0);
		if (*err)
			return NULL;
	}
	at = w->buf + sizeof(struct taskhold_block) + w->used;
	w->used += size;
	if (size != len)
		memset(at + size - ITEM_ALIGN, 0, ITEM_ALIGN);
	return at;
}

static int put_two(struct recording_writer *w, __u32 kind, const void *head,
		   size_t head_len, const void *body, size_t len)
{
	struct taskhold_item *item;
	unsigned char *at;
	int err;

	if (len > TASKHOLD_BLOCK_MAX)
		return -EMSGSIZE;
	item = reserve(w, sizeof(*item) + head_len + len, &err);
	if (!item)
		return err;
	item->len = (__u32)(sizeof(*item) + head_len + len);
	item->kind = kind;
	at = (unsigned char *)(item + 1);
	if (head_len)
		memcpy(at, head, head_len);
	if (len)
		memcpy(at + head_len, body, len);
	if (kind == TASKHOLD_ITEM_FINISHED)
		w->finished++;
	return 0;
}

int recording_put(struct recording_writer *w, __u32 kind, const void *body,
		  size_t len)
{
	return put_two(w, kind, NULL, 0, body, len);
}

int recording_put_name(struct recording_writer *w, __u32 what, __u64 id,
		       const char *text)
{
	size_t len = strlen(text);
	struct taskhold_name name = { .id = id, .what = what, .len = (__u32)len };

	if (len == 0 || len >= TASKHOLD_PATH_MAX)
		return -EINVAL;
	return put_two(w, TASKHOLD_ITEM_NAME, &name, sizeof(name), text, len);
}

int recording_put_meta(struct recording_writer *w, const char *key,
		       const char *value)
{
	static const char dots[] = "...";
	size_t len = strlen(value);
	char head[64], *cut;
	int err, n = snprintf(head, sizeof(head), "%s=", key);

	if (n < 2 || n >= (int)sizeof(head) || strchr(key, '='))
		return -EINVAL;
	if (len <= RECORDING_META_MAX)
		return put_two(w, TASKHOLD_ITEM_META, head, (size_t)n, value, len);
	cut = strndup(value, RECORDING_META_MAX);
	if (!cut)
		return -ENOMEM;
	memcpy(cut + RECORDING_META_MAX - strlen(dots), dots, strlen(dots));
	err = put_two(w, TASKHOLD_ITEM_META, head, (size_t)n, cut, RECORDING_META_MAX);
	free(cut);
	return err;
}

int recording_put_raw(struct recording_writer *w, const void *items, size_t len)
{
	const unsigned char *from = items;

	while (len) {
		struct taskhold_item item;
		void *at;
		int err;

		if (len < sizeof(item))
			return -EINVAL;
		memcpy(&item, from, sizeof(item));
		if (item.len < sizeof(item) || item.len > len)
			return -EINVAL;
		at = reserve(w, item.len, &err);
		if (!at)
			return err;
		memcpy(at, from, item.len);
		if (item.kind == TASKHOLD_ITEM_FINISHED)
			w->finished++;
		if (len <= ITEM_SIZE(item.len))
			break;
		from += ITEM_SIZE(item.len);
		len -= ITEM_SIZE(item.len);
	}
	return 0;
}

int recording_close(struct recording_writer *w, struct recording_why *why)
{
	int err = recording_flush(w, 0);

	/* A network file system tells of a full disk only here. */
	if (w->close_fd && close(w->fd) != 0 && !err) {
		err = -errno;
		recording_say(&w->why, err, "cannot write %s to its end: %s", w->name,
			      strerror(-err));
	}
	if (err && why)
		*why = w->why;
	free(w->name);
	free(w->buf);
	free(w);
	return err;
}

const char *recording_error(const struct recording_writer *w)
{
	return w->error ? w->why.text : NULL;
}

__u64 recording_finished(const struct recording_writer *w)
{
	return w->finished;
}

__u64 recording_bytes(const struct recording_writer *w)
{
	return w->bytes;
}

int recording_open(struct recording_reader **reader, const char *path,
		   struct recording_why *why)
{
	bool in = !strcmp(path, "-");
	struct recording_reader *r;
	struct stat st = {};
	int fd, err;

	fd = in ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
		err = S_ISDIR(st.st_mode) ? -EISDIR : -errno;
		if (fd >= 0 && !in)
			close(fd);
		return recording_say(why, err, "cannot read %s: %s", in ? "standard input" : path,
				     strerror(-err));
	}
	r = calloc(1, sizeof(*r));
	if (!r)
		goto nomem;
	r->fd = fd;
	r->close_fd = !in;
	r->name = strdup(in ? "standard input" : path);
	r->buf = malloc(sizeof(struct taskhold_block) + TASKHOLD_BLOCK_MAX);
	if (!r->name || !r->buf)
		goto nomem;
	*reader = r;
	return 0;
nomem:
	if (r) {
		free(r->name);
		free(r->buf);
		free(r);
	}
	if (!in)
		close(fd);
	return recording_say(why, -ENOMEM, "no memory to read %s", path);
}

/* Reads up to @len bytes, fewer only at the end of the file. */
static ssize_t read_all(struct recording_reader *r, void *buf, size_t len,
			struct recording_why *why)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(r->fd, (unsigned char *)buf + got, len - got);
		int err = -errno;

		if (n == 0)
			break;
		if (n > 0) {
			got += (size_t)n;
			continue;
		}
		if (err == -EAGAIN) {
			struct pollfd pfd = { .fd = r->fd, .events = POLLIN };

			if (poll(&pfd, 1, -1) >= 0 || errno == EINTR)
				continue;
		}
		if (err != -EINTR)
			return recording_say(why, err, "cannot read %s at byte %llu: %s", r->name,
					     (unsigned long long)(r->read + got), strerror(-err));
	}
	r->read += got;
	return (ssize_t)got;
}

static void stop_at(struct recording_reader *r, enum recording_stop stop, __u64 offset)
{
	struct stat st;
	off_t at;

	r->state.stop = stop;
	r->state.offset = offset;
	r->state.left = r->read - offset;
	r->state.left_known = stop == RECORDING_WHOLE || stop == RECORDING_CUT;
	r->payload = 0;
	r->pos = 0;
	/* Where the file began for us is not 0 if stdin had been read from before. */
	if (!r->state.left_known && fstat(r->fd, &st) == 0 && S_ISREG(st.st_mode)) {
		at = lseek(r->fd, 0, SEEK_CUR);
		if (at >= 0) {
			r->state.left_known = true;
			if (st.st_size > at)
				r->state.left += (__u64)(st.st_size - at);
		}
	}
}

/* Reads a block.  Returns 1, 0 where reading stops, or -errno. */
static int next_block(struct recording_reader *r, struct recording_why *why)
{
	struct taskhold_block head;
	__u64 begin = r->read;
	ssize_t n;

	n = read_all(r, r->buf, sizeof(head), why);
	if (n < 0)
		return (int)n;
	memcpy(&head, r->buf, sizeof(head));
	if (n == 0) {
		stop_at(r, RECORDING_WHOLE, begin);
		return 0;
	}
	/* A text file that is short is no cut recording. */
	if ((size_t)n >= sizeof(head.magic) && head.magic != TASKHOLD_BLOCK_MAGIC) {
		stop_at(r, RECORDING_MAGIC, begin);
		return 0;
	}
	if ((size_t)n < sizeof(head)) {
		stop_at(r, RECORDING_CUT, begin);
		return 0;
	}
	if (head.len > TASKHOLD_BLOCK_MAX || head.len % ITEM_ALIGN) {
		stop_at(r, RECORDING_LENGTH, begin);
		return 0;
	}
	n = read_all(r, r->buf + sizeof(head), head.len, why);
	if (n < 0)
		return (int)n;
	if ((size_t)n < head.len) {
		stop_at(r, RECORDING_CUT, begin);
		return 0;
	}
	if (block_crc(&head, r->buf + sizeof(head)) != head.crc) {
		stop_at(r, RECORDING_CHECKSUM, begin);
		return 0;
	}
	if (head.seq != r->next_seq) {
		stop_at(r, RECORDING_SEQUENCE, begin);
		return 0;
	}
	r->next_seq++;
	r->block = begin;
	r->payload = head.len;
	r->pos = 0;
	r->state.blocks++;
	r->state.last_ns = head.time_ns;
	return 1;
}

long recording_next(struct recording_reader *r, const void **body, size_t *len,
		    struct recording_why *why)
{
	struct taskhold_item item;
	int err;

	if (r->state.stop != RECORDING_GOES_ON)
		return 0;
	while (r->pos == r->payload) {
		err = next_block(r, why);
		if (err <= 0)
			return err;
	}
	/* The payload's length and every item's size are multiples of 8. */
	r->item = r->pos;
	memcpy(&item, r->buf + sizeof(struct taskhold_block) + r->pos, sizeof(item));
	if (item.len < sizeof(item) || item.len > r->payload - r->pos ||
	    item.kind == 0 || item.kind > INT_MAX) {
		recording_reject(r);
		return 0;
	}
	*body = r->buf + sizeof(struct taskhold_block) + r->pos + sizeof(item);
	*len = item.len - sizeof(item);
	r->pos += ITEM_SIZE(item.len);
	return (long)item.kind;
}

void recording_reject(struct recording_reader *r)
{
	stop_at(r, RECORDING_ITEM, r->block + sizeof(struct taskhold_block) + r->item);
}

void recording_stopped(const struct recording_reader *r,
		       struct recording_state *state)
{
	*state = r->state;
}

const char *recording_stop_name(enum recording_stop stop)
{
	static const char *const names[] = {
		[RECORDING_GOES_ON]	= "reading",
		[RECORDING_WHOLE]	= "whole",
		[RECORDING_CUT]		= "cut",
		[RECORDING_MAGIC]	= "magic",
		[RECORDING_LENGTH]	= "length",
		[RECORDING_CHECKSUM]	= "checksum",
		[RECORDING_SEQUENCE]	= "sequence",
		[RECORDING_ITEM]	= "item",
	};

	return names[stop];
}

void recording_free(struct recording_reader *r)
{
	if (!r)
		return;
	if (r->close_fd)
		close(r->fd);
	free(r->name);
	free(r->buf);
	free(r);
}

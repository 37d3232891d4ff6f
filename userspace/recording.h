/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writing and reading a recording: blocks and items, not what they mean.  The
 * format stands in <taskhold/recording.h>.
 *
 * Nothing here prints: what went wrong is returned as -errno, with a sentence
 * in struct recording_why for the caller to show.
 */
#ifndef _RECORDING_H
#define _RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <taskhold/recording.h>

struct recording_why {
	char text[640];		/* what failed, on what, what to do; no newline */
};

/* Fills in @why and returns @error, so: return recording_say(...). */
int recording_say(struct recording_why *why, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

struct recording_writer;

/*
 * Bytes of payload at which a block is written, though one may be larger: with
 * 1 MiB the kernel touches each page of the buffer over and over (it looks, for
 * every page of the file, whether all that is left can be read), and the buffer
 * itself costs more page faults than short recordings have blocks.
 */
#define RECORDING_WRITE_AT	65536u

/*
 * recording_create - begin a recording in the file @path, or on stdout for "-"
 *
 * A new file has mode 0600, as it tells what everybody ran.  What @path names
 * already is treated so that nothing is lost by mistake:
 *   - an earlier recording is renamed to "@path.old", as perf does; an
 *     "@path.old" that is a recording or empty is replaced, any other refused
 *   - an empty file is written to
 *   - another regular file is refused
 *   - anything else (a FIFO, a device) is written to as a stream
 *
 * Gives SIGPIPE and SIGXFSZ a handler that does nothing, where they have the
 * default action, so that a reader that went away or a file size limit is an
 * error of write() and not the end of the process.  (A handler and not SIG_IGN,
 * which a recorded command would inherit.)
 *
 * Returns 0 and a writer to be ended by recording_close(), or -errno and @why.
 */
int recording_create(struct recording_writer **writer, const char *path,
		     struct recording_why *why);

/*
 * recording_create_fd - begin a recording at the current position of @fd
 *
 * The writer does not close @fd.  @name is what errors call it.
 */
int recording_create_fd(struct recording_writer **writer, int fd,
			const char *name, struct recording_why *why);

/*
 * These add items to the block that is being filled, and write it out first
 * where they do not fit in.  They return 0 or -errno: -EINVAL for what is not
 * an item (nothing is added then, and the writer goes on), -EMSGSIZE for an
 * item over TASKHOLD_BLOCK_MAX, else the error of a write, which is final:
 * from then on every call returns it and does nothing, and recording_error()
 * tells the story.
 */
int recording_put(struct recording_writer *w, __u32 kind, const void *body,
		  size_t len);
int recording_put_name(struct recording_writer *w, __u32 what, __u64 id,
		       const char *text);

/* A value over RECORDING_META_MAX bytes is cut there and ends in "...". */
#define RECORDING_META_MAX	65536u
int recording_put_meta(struct recording_writer *w, const char *key,
		       const char *value);

/*
 * recording_put_raw - add whole items as they came from the ring buffer
 * @items: struct taskhold_item and body, each padded to 8 bytes; of the last
 *	   one the padding may be missing, or be there and hold anything
 */
int recording_put_raw(struct recording_writer *w, const void *items, size_t len);

/*
 * recording_flush - write out what has been put
 * @time_ns: CLOCK_BOOTTIME for the block, 0: now
 *
 * A reader of the file sees all that was put before.
 */
int recording_flush(struct recording_writer *w, __u64 time_ns);

/* Flushes, closes, frees.  Returns the first error there was, told in @why. */
int recording_close(struct recording_writer *w, struct recording_why *why);

/* NULL, or what has gone wrong, in a sentence; valid until recording_close(). */
const char *recording_error(const struct recording_writer *w);

/* FINISHED items put so far, for struct taskhold_end. */
__u64 recording_finished(const struct recording_writer *w);

/* Bytes written so far, whole blocks. */
__u64 recording_bytes(const struct recording_writer *w);

/* Why reading stopped. */
enum recording_stop {
	RECORDING_GOES_ON	= 0,
	RECORDING_WHOLE,	/* the file ends where a block ends */
	RECORDING_CUT,		/* the file ends inside a block */
	RECORDING_MAGIC,	/* no block begins here */
	RECORDING_LENGTH,	/* a block's length is impossible */
	RECORDING_CHECKSUM,	/* a block's bytes are not those written */
	RECORDING_SEQUENCE,	/* a block is missing, or comes twice */
	RECORDING_ITEM,		/* a block is whole, but an item in it is malformed */
};

struct recording_reader;

/*
 * recording_open - read the file @path, or stdin for "-"
 *
 * Reads block by block, so a pipe will do, and a file that is being written or
 * cut short meanwhile does no harm.
 */
int recording_open(struct recording_reader **reader, const char *path,
		   struct recording_why *why);

/*
 * recording_next - the next item
 * @body: its body, aligned to 8 bytes, valid until the next call
 * @len:  of the body
 *
 * Returns the kind (> 0), 0 at the end of what can be read (recording_stopped()
 * says why), or -errno of a failed read, told in @why.
 */
long recording_next(struct recording_reader *r, const void **body, size_t *len,
		    struct recording_why *why);

/* The caller found the item that it got last malformed: reading stops at it. */
void recording_reject(struct recording_reader *r);

struct recording_state {
	enum recording_stop stop;
	__u64 offset;		/* the byte at which it stopped */
	__u64 left;		/* bytes from there to the end of the file */
	bool left_known;	/* false: not a regular file, more may come */
	__u64 blocks;		/* whole blocks read */
	__u64 last_ns;		/* CLOCK_BOOTTIME of the last of them */
};

void recording_stopped(const struct recording_reader *r,
		       struct recording_state *state);

/* "whole", "cut", "magic", ... */
const char *recording_stop_name(enum recording_stop stop);

void recording_free(struct recording_reader *r);

#endif /* _RECORDING_H */

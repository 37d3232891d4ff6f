// SPDX-License-Identifier: GPL-2.0-only
// module: none
// timeout: 120
/*
 * The recording file: its bytes, checked with a framing and a CRC32C of the
 * test's own; what a reader makes of a file that was cut at any byte or
 * changed; and what a writer does when it cannot write.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/make_recording.h"
#include "model.h"

#include "lib/harness.h"

/* CRC32C (Castagnoli), bit by bit: reflected polynomial 0x82f63b78. */
static __u32 crc32c(__u32 crc, const void *data, size_t len)
{
	const unsigned char *p = data;
	int bit;

	while (len--) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
	}
	return crc;
}

/* Makes the block at @at valid again after a change. */
static void seal(unsigned char *at)
{
	struct taskhold_block head;

	memcpy(&head, at, sizeof(head));
	head.crc = 0;
	head.crc = ~crc32c(crc32c(~0u, &head, sizeof(head)), at + sizeof(head), head.len);
	memcpy(at, &head, sizeof(head));
}

FIXTURE(file)
{
	char dir[64];
	char path[128];
	unsigned char *data;	/* of the file, after load() */
	size_t len;
};

FIXTURE_SETUP(file)
{
	snprintf(self->dir, sizeof(self->dir), "/tmp/recording_test.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->path, sizeof(self->path), "%s/recording", self->dir);
	self->data = NULL;
}

FIXTURE_TEARDOWN(file)
{
	char old[160];

	snprintf(old, sizeof(old), "%s.old", self->path);
	unlink(old);
	unlink(self->path);
	EXPECT_EQ(0, rmdir(self->dir));
	free(self->data);
}

static void load(FIXTURE_DATA(file) *self)
{
	FILE *f = fopen(self->path, "r");

	must(f);
	free(self->data);
	self->data = malloc(4 << 20);
	must(self->data);
	self->len = fread(self->data, 1, 4 << 20, f);
	must(self->len < 4 << 20 && !ferror(f));
	fclose(f);
}

static void store(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	close(fd);
}

/* Reads to the end: how many items, and why there it ended. */
static long count_items(const char *path, struct recording_state *state)
{
	struct recording_reader *r;
	struct recording_why why;
	const void *body;
	size_t len;
	long n = 0, kind;

	must(recording_open(&r, path, &why) == 0);
	while ((kind = recording_next(r, &body, &len, &why)) > 0)
		n++;
	must(kind == 0);
	recording_stopped(r, state);
	recording_free(r);
	return n;
}

/* The check value that every description of this CRC gives. */
TEST(crc_of_the_test)
{
	EXPECT_EQ(0xe3069283u, ~crc32c(~0u, "123456789", 9));
}

/* Every byte of a file with one block, against the format as it is written down. */
TEST_F(file, bytes)
{
	static const char text[] = "abc";
	unsigned char expect[] = {
		/* block: magic "THB1", length 48, sequence 0, time, 0, checksum */
		'T', 'H', 'B', '1', 48, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0, 0, 0, 0, 0, 0, 0, 0,
		/* item: 8 + 3 bytes of kind 77, 5 bytes of padding */
		11, 0, 0, 0, 77, 0, 0, 0, 'a', 'b', 'c', 0, 0, 0, 0, 0,
		/* item: 8 + 8 bytes of kind 2: "key=text" */
		16, 0, 0, 0, 2, 0, 0, 0, 'k', 'e', 'y', '=', 't', 'e', 'x', 't',
		/* item: 8 + 1 bytes of kind 78, given raw with dirt for padding */
		9, 0, 0, 0, 78, 0, 0, 0, 'z', 0, 0, 0, 0, 0, 0, 0,
	};
	unsigned char raw[] = { 9, 0, 0, 0, 78, 0, 0, 0, 'z', 1, 2, 3, 4, 5, 6, 7 };
	struct recording_writer *w = make_open(self->path);
	struct stat st;
	size_t i;

	ASSERT_EQ(0, recording_put(w, 77, text, 3));
	ASSERT_EQ(0, recording_put_meta(w, "key", "text"));
	ASSERT_EQ(0, recording_put_raw(w, raw, sizeof(raw)));
	ASSERT_EQ(0, recording_flush(w, 0x1122334455667788ull));
	EXPECT_EQ(sizeof(expect), recording_bytes(w));
	make_close(w);
	seal(expect);
	load(self);
	ASSERT_EQ(sizeof(expect), self->len);
	for (i = 0; i < sizeof(expect); i++)
		EXPECT_EQ(expect[i], self->data[i]) {
			TH_LOG("at byte %zu", i);
		}
	ASSERT_EQ(0, stat(self->path, &st));
	EXPECT_EQ(0600, st.st_mode & 07777);
}

/* Nothing of an earlier block shows in the padding. */
TEST_F(file, padding_is_zero)
{
	static const unsigned char zero[7];
	struct recording_writer *w = make_open(self->path);
	unsigned char dirt[64];

	memset(dirt, 0xff, sizeof(dirt));
	ASSERT_EQ(0, recording_put(w, 60, dirt, sizeof(dirt)));
	ASSERT_EQ(0, recording_flush(w, 1));
	ASSERT_EQ(0, recording_put(w, 60, "z", 1));
	make_close(w);
	load(self);
	ASSERT_EQ(32 + 8 + 64 + 32 + 8 + 8, self->len);
	EXPECT_EQ(0, memcmp(self->data + self->len - 7, zero, 7));
}

TEST_F(file, raw_items_are_framed)
{
	struct {
		struct taskhold_item item;
		char body[16];
	} two[2] = {
		{ { 8 + 10, 21 }, "0123456789abcde" },
		{ { 8 + 9, 22 }, "012345678xxxxxx" },
	};
	struct recording_writer *w = make_open(self->path);
	struct recording_reader *r;
	struct recording_why why;
	const void *body;
	size_t len;

	/* The last item's padding may be missing: 8 + 9 of 24 bytes. */
	ASSERT_EQ(0, recording_put_raw(w, two, sizeof(two[0]) + 17));
	/* No room for a header; an item that is longer than what there is, or too short. */
	EXPECT_EQ(-EINVAL, recording_put_raw(w, two, 7));
	EXPECT_EQ(-EINVAL, recording_put_raw(w, two, 17));
	two[0].item.len = 7;
	EXPECT_EQ(-EINVAL, recording_put_raw(w, two, 8));
	EXPECT_EQ(NULL, recording_error(w));
	/* Or a part of it. */
	EXPECT_EQ(0, recording_put_raw(w, &two[1], 20));
	make_close(w);

	ASSERT_EQ(0, recording_open(&r, self->path, &why));
	EXPECT_EQ(21, recording_next(r, &body, &len, &why));
	EXPECT_EQ(10, len);
	EXPECT_EQ(0, memcmp(body, "0123456789", 10));
	EXPECT_EQ(22, recording_next(r, &body, &len, &why));
	EXPECT_EQ(9, len);
	EXPECT_EQ(0, memcmp(body, "012345678", 9));
	EXPECT_EQ(22, recording_next(r, &body, &len, &why));
	EXPECT_EQ(9, len);
	EXPECT_EQ(0, recording_next(r, &body, &len, &why));
	recording_free(r);
}

TEST_F(file, blocks_fill_up)
{
	struct recording_writer *w = make_open(self->path);
	static char big[TASKHOLD_BLOCK_MAX];
	struct recording_state state;
	struct taskhold_block head;
	int i;

	EXPECT_EQ(-EMSGSIZE, recording_put(w, 50, big, TASKHOLD_BLOCK_MAX - 7));
	EXPECT_EQ(-EMSGSIZE, recording_put(w, 50, big, TASKHOLD_BLOCK_MAX));
	/* One that is a block of its own, as long as one may be. */
	ASSERT_EQ(0, recording_put(w, 50, big, TASKHOLD_BLOCK_MAX - 8));
	EXPECT_EQ(0, recording_bytes(w));
	/* Two that fill a block to the last byte that one is written at, and one more. */
	ASSERT_EQ(0, recording_put(w, 50, big, RECORDING_WRITE_AT - 8 - 16));
	EXPECT_EQ(32 + TASKHOLD_BLOCK_MAX, recording_bytes(w));
	ASSERT_EQ(0, recording_put(w, 50, big, 8));
	EXPECT_EQ(32 + TASKHOLD_BLOCK_MAX, recording_bytes(w));
	ASSERT_EQ(0, recording_put(w, 50, big, 8));
	EXPECT_EQ(2 * 32 + TASKHOLD_BLOCK_MAX + RECORDING_WRITE_AT, recording_bytes(w));
	ASSERT_EQ(0, recording_flush(w, 1));
	/* Some of which a few fit: WRITE_AT / 3 is no multiple of 8, so 2 and not 3. */
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, recording_put(w, 50, big, RECORDING_WRITE_AT / 3 - 8 + 1));
	EXPECT_EQ(4 * 32 + TASKHOLD_BLOCK_MAX + RECORDING_WRITE_AT + 16 +
			  2 * ((RECORDING_WRITE_AT / 3 + 8) & ~7u),
		  recording_bytes(w));
	make_close(w);
	EXPECT_EQ(7, count_items(self->path, &state));
	EXPECT_EQ(RECORDING_WHOLE, state.stop);
	load(self);
	memcpy(&head, self->data, sizeof(head));
	EXPECT_EQ(TASKHOLD_BLOCK_MAX, head.len);
	memcpy(&head, self->data + 32 + TASKHOLD_BLOCK_MAX, sizeof(head));
	EXPECT_EQ(1, head.seq);
}

TEST_F(file, long_values_are_cut)
{
	struct recording_writer *w = make_open(self->path);
	struct recording_reader *r;
	struct recording_why why;
	const void *body;
	char *text;
	size_t len;

	text = malloc(3u << 20);
	ASSERT_NE(NULL, text);
	memset(text, 'x', 3u << 20);
	text[(3u << 20) - 1] = 0;
	ASSERT_EQ(0, recording_put_meta(w, "command", text));
	/* One that just fits stays as it is. */
	text[RECORDING_META_MAX] = 0;
	ASSERT_EQ(0, recording_put_meta(w, "command", text));
	EXPECT_EQ(-EINVAL, recording_put_meta(w, "a=b", "c"));
	EXPECT_EQ(-EINVAL, recording_put_meta(w, "", "c"));
	EXPECT_EQ(-EINVAL, recording_put_name(w, TASKHOLD_NAME_EXE, 1, ""));
	text[TASKHOLD_PATH_MAX] = 0;
	EXPECT_EQ(-EINVAL, recording_put_name(w, TASKHOLD_NAME_EXE, 1, text));
	text[TASKHOLD_PATH_MAX - 1] = 0;
	EXPECT_EQ(0, recording_put_name(w, TASKHOLD_NAME_EXE, 1, text));
	free(text);
	make_close(w);
	ASSERT_EQ(0, recording_open(&r, self->path, &why));
	ASSERT_EQ(TASKHOLD_ITEM_META, recording_next(r, &body, &len, &why));
	EXPECT_EQ(8 + RECORDING_META_MAX, len);
	EXPECT_EQ(0, memcmp((const char *)body + len - 5, "xx...", 5));
	ASSERT_EQ(TASKHOLD_ITEM_META, recording_next(r, &body, &len, &why));
	EXPECT_EQ(8 + RECORDING_META_MAX, len);
	EXPECT_EQ(0, memcmp((const char *)body + len - 5, "xxxxx", 5));
	recording_free(r);
}

/* Where the blocks of self->data end. */
static int block_ends(FIXTURE_DATA(file) *self, size_t *ends, int max)
{
	size_t at = 0;
	__u32 len;
	int n = 0;

	while (at < self->len) {
		memcpy(&len, self->data + at + 4, sizeof(len));
		at += 32 + len;
		must(n < max && at <= self->len);
		ends[n++] = at;
	}
	return n;
}

/* Cut at every byte: what is read is the whole blocks, and the rest is told. */
TEST_F(file, cut_anywhere)
{
	struct recording_state state;
	size_t ends[8], at, cut, whole;
	struct recording_why why;
	struct model m;
	int n, i;

	make_whole(self->path);
	load(self);
	n = block_ends(self, ends, 8);
	ASSERT_EQ(3, n);
	for (cut = 0; cut <= self->len; cut++) {
		store(self->path, self->data, cut);
		whole = 0;
		for (i = 0, at = 0; i < n; i++)
			if (ends[i] <= cut) {
				at = ends[i];
				whole++;
			}
		count_items(self->path, &state);
		ASSERT_EQ(whole, state.blocks);
		ASSERT_EQ(cut == at ? RECORDING_WHOLE : RECORDING_CUT, state.stop) {
			TH_LOG("cut at %zu", cut);
		}
		ASSERT_EQ(at, state.offset);
		ASSERT_EQ(true, state.left_known);
		ASSERT_EQ(cut - at, state.left);

		/* The report reads it from the first whole block on. */
		if (!whole) {
			ASSERT_EQ(-EBADMSG, model_load(&m, self->path, &why));
			continue;
		}
		ASSERT_EQ(0, model_load(&m, self->path, &why));
		ASSERT_EQ(cut == self->len, m.complete);
		/* Block by block: one seen alive; four finished; two more alive. */
		ASSERT_EQ(whole == 1 ? 1 : whole == 2 ? 4 : 6, m.totals.tasks);
		model_free(&m);
	}
}

/* Any one bit that is wrong in a block: reading stops before that block. */
TEST_F(file, no_bit_may_change)
{
	struct recording_state state;
	size_t ends[8], at;
	int bit;

	make_whole(self->path);
	load(self);
	ASSERT_EQ(3, block_ends(self, ends, 8));
	for (at = ends[0]; at < ends[1]; at++) {
		bit = (int)(at % 8);
		self->data[at] ^= (unsigned char)(1 << bit);
		store(self->path, self->data, self->len);
		self->data[at] ^= (unsigned char)(1 << bit);
		count_items(self->path, &state);
		ASSERT_EQ(1, state.blocks);
		ASSERT_EQ(ends[0], state.offset);
		ASSERT_EQ(self->len - ends[0], state.left);
		/* In a length it may look like a cut as well. */
		ASSERT_NE(RECORDING_WHOLE, state.stop);
		if (at < ends[0] + 4)
			ASSERT_EQ(RECORDING_MAGIC, state.stop);
		if (at >= ends[0] + 8)
			ASSERT_EQ(RECORDING_CHECKSUM, state.stop);
	}
}

TEST_F(file, blocks_out_of_order)
{
	struct recording_state state;
	unsigned char *shuffled;
	size_t ends[8], len;

	make_whole(self->path);
	load(self);
	ASSERT_EQ(3, block_ends(self, ends, 8));
	shuffled = malloc(2 * self->len);
	ASSERT_NE(NULL, shuffled);

	/* The second is missing. */
	memcpy(shuffled, self->data, ends[0]);
	memcpy(shuffled + ends[0], self->data + ends[1], ends[2] - ends[1]);
	store(self->path, shuffled, ends[0] + ends[2] - ends[1]);
	count_items(self->path, &state);
	EXPECT_EQ(RECORDING_SEQUENCE, state.stop);
	EXPECT_EQ(ends[0], state.offset);
	EXPECT_EQ(ends[2] - ends[1], state.left);

	/* A recording behind a recording. */
	memcpy(shuffled, self->data, self->len);
	memcpy(shuffled + self->len, self->data, self->len);
	store(self->path, shuffled, 2 * self->len);
	count_items(self->path, &state);
	EXPECT_EQ(RECORDING_SEQUENCE, state.stop);
	EXPECT_EQ(3, state.blocks);
	EXPECT_EQ(self->len, state.left);

	/* Zeroes behind it, as after a power cut. */
	len = self->len + 4096;
	memset(shuffled + self->len, 0, self->len);
	store(self->path, shuffled, len < 2 * self->len ? len : 2 * self->len);
	count_items(self->path, &state);
	EXPECT_EQ(RECORDING_MAGIC, state.stop);
	EXPECT_EQ(self->len, state.offset);
	free(shuffled);
}

/* Checksums right, and yet nothing in the block can be trusted. */
TEST_F(file, malformed_items)
{
	static const struct {
		const char *what;
		__u32 at, value;	/* of the first item of the block */
	} cases[] = {
		{ "shorter than its header", 0, 7 },
		{ "nothing", 0, 0 },
		{ "longer than the block", 0, 1 << 20 },
		{ "longer than 32 bits", 0, ~0u },
		{ "kind 0", 4, 0 },
		{ "kind over 31 bits", 4, 1u << 31 },
	};
	struct recording_state state;
	unsigned char *copy;
	size_t ends[8], i;

	make_whole(self->path);
	load(self);
	ASSERT_EQ(3, block_ends(self, ends, 8));
	copy = malloc(self->len);
	ASSERT_NE(NULL, copy);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memcpy(copy, self->data, self->len);
		memcpy(copy + ends[0] + 32 + cases[i].at, &cases[i].value, 4);
		seal(copy + ends[0]);
		store(self->path, copy, self->len);
		count_items(self->path, &state);
		EXPECT_EQ(RECORDING_ITEM, state.stop) {
			TH_LOG("%s", cases[i].what);
		}
		EXPECT_EQ(ends[0] + 32, state.offset);
		EXPECT_EQ(self->len - ends[0] - 32, state.left);
	}
	/* A length that no block has. */
	memcpy(copy, self->data, self->len);
	copy[ends[0] + 4] |= 4;
	store(self->path, copy, self->len);
	count_items(self->path, &state);
	EXPECT_EQ(RECORDING_LENGTH, state.stop);
	free(copy);
}

/* Items that nobody knows yet are passed over, longer ones read as far as known. */
TEST_F(file, newer_items)
{
	struct {
		struct taskhold_info info;
		char more[24];
	} longer = { .info = make_info(5, 55, "x", 3, 7) };
	struct recording_writer *w = make_open(self->path);
	struct recording_why why;
	struct model m;

	make_begin(w, TASKHOLD_SCOPE_ALL);
	make_item(w, 1000, "what?", 5);
	make_item(w, TASKHOLD_ITEM_FINISHED, &longer, sizeof(longer));
	make_policy(w, NULL);
	make_end(w, 0, 0);
	make_close(w);
	ASSERT_EQ(0, model_load(&m, self->path, &why));
	EXPECT_EQ(true, m.complete);
	ASSERT_EQ(1, m.nr_tasks);
	EXPECT_EQ(55, m.tasks[0].info.tgid);
	EXPECT_EQ(7, m.totals.use.cpu_ns);
	model_free(&m);
}

/* A body that is a byte short, or a name that is longer than its item. */
TEST_F(file, shorter_items_are_refused)
{
	static const struct {
		__u32 kind;
		size_t len;
	} cases[] = {
		{ TASKHOLD_ITEM_META, 0 },
		{ TASKHOLD_ITEM_NAME, sizeof(struct taskhold_name) - 1 },
		/* its text has 11 bytes */
		{ TASKHOLD_ITEM_NAME, sizeof(struct taskhold_name) + 10 },
		{ TASKHOLD_ITEM_FINISHED, sizeof(struct taskhold_info) - 1 },
		{ TASKHOLD_ITEM_LIVE, sizeof(struct taskhold_info) - 1 },
		{ TASKHOLD_ITEM_CGROUP, sizeof(struct taskhold_cgroup_stat) - 1 },
		{ TASKHOLD_ITEM_TOTALS, sizeof(struct taskhold_totals) - 1 },
		{ TASKHOLD_ITEM_POLICY, sizeof(struct taskhold_policy_stats) - 1 },
		{ TASKHOLD_ITEM_END, sizeof(struct taskhold_end) - 1 },
	};
	struct {
		struct taskhold_name name;
		char text[sizeof(struct taskhold_info)];
	} body = { .name = { .id = 1, .what = TASKHOLD_NAME_CGROUP, .len = 11 } };
	struct recording_why why;
	struct model m;
	size_t i;

	memset(body.text, 'x', sizeof(body.text));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct recording_writer *w;

		unlink(self->path);
		w = make_open(self->path);
		make_begin(w, TASKHOLD_SCOPE_ALL);
		make_finished(w, make_info(5, 55, "x", 3, 7));
		make_item(w, cases[i].kind, &body, cases[i].len);
		make_finished(w, make_info(6, 56, "y", 3, 7));
		make_close(w);
		ASSERT_EQ(0, model_load(&m, self->path, &why));
		EXPECT_EQ(RECORDING_ITEM, m.state.stop) {
			TH_LOG("kind %u, %zu bytes", cases[i].kind, cases[i].len);
		}
		EXPECT_EQ(1, m.nr_tasks);
		EXPECT_EQ(false, m.complete);
		model_free(&m);
	}
}

TEST_F(file, foreign_files)
{
	static const struct {
		const char *data;
		size_t len;
	} files[] = {
		{ "", 0 },
		{ "x", 1 },
		{ "a text, and a longer one than a block's header is", 49 },
		{ "THB1", 4 },
	};
	struct recording_writer *w;
	struct recording_why why;
	struct taskhold_begin begin = { .version = TASKHOLD_FILE_VERSION + 1 };
	struct model m;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		store(self->path, files[i].data, files[i].len);
		EXPECT_EQ(-EBADMSG, model_load(&m, self->path, &why));
	}
	EXPECT_EQ(-EISDIR, model_load(&m, self->dir, &why));
	ASSERT_EQ(0, unlink(self->path));
	EXPECT_EQ(-ENOENT, model_load(&m, self->path, &why));

	w = make_open(self->path);
	make_item(w, TASKHOLD_ITEM_BEGIN, &begin, sizeof(begin));
	make_close(w);
	EXPECT_EQ(-EPROTO, model_load(&m, self->path, &why));
	EXPECT_NE(NULL, strstr(why.text, "format 2"));

	ASSERT_EQ(0, unlink(self->path));
	w = make_open(self->path);
	make_finished(w, make_info(1, 1, "x", 1, 1));
	make_close(w);
	EXPECT_EQ(-EBADMSG, model_load(&m, self->path, &why));
}

TEST_F(file, earlier_files_are_kept)
{
	struct recording_writer *w;
	struct recording_why why;
	char old[160];
	struct stat st;

	snprintf(old, sizeof(old), "%s.old", self->path);
	make_whole(self->path);
	load(self);
	make_close(make_open(self->path));
	ASSERT_EQ(0, stat(self->path, &st));
	EXPECT_EQ(0, st.st_size);
	ASSERT_EQ(0, stat(old, &st));
	EXPECT_EQ(self->len, st.st_size);

	/* An empty file is written to, and no third name is taken. */
	make_whole(self->path);
	/* Once more: the .old before goes. */
	make_close(make_open(self->path));

	/* Not ours: not touched, not as the file and not as its .old. */
	store(self->path, "precious", 8);
	EXPECT_EQ(-EEXIST, recording_create(&w, self->path, &why));
	EXPECT_NE(NULL, strstr(why.text, "is no recording"));
	ASSERT_EQ(0, unlink(self->path));
	make_whole(self->path);
	store(old, "precious", 8);
	EXPECT_EQ(-EEXIST, recording_create(&w, self->path, &why));
	EXPECT_NE(NULL, strstr(why.text, old));
	ASSERT_EQ(0, stat(self->path, &st));
	EXPECT_EQ(self->len, st.st_size);
	ASSERT_EQ(0, stat(old, &st));
	EXPECT_EQ(8, st.st_size);

	EXPECT_EQ(-ENOENT, recording_create(&w, "/nonexistent/x", &why));
	EXPECT_EQ(0, strncmp(why.text, "cannot write /nonexistent/x: ", 29));
}

/*
 * A file size limit in the middle of the third block: the error is told, once
 * and for good, and two whole blocks are left.
 */
TEST_F(file, no_space)
{
	struct rlimit limit = { 3000, RLIM_INFINITY };
	struct recording_writer *w;
	struct recording_state state;
	struct recording_why why;
	static char body[1192];
	int i;

	w = make_open(self->path);
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &limit));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, recording_put(w, 60, body, sizeof(body)));
		ASSERT_EQ(0, recording_flush(w, 1));
	}
	EXPECT_EQ(2 * 1232, recording_bytes(w));
	ASSERT_EQ(0, recording_put(w, 60, body, sizeof(body)));
	EXPECT_EQ(NULL, recording_error(w));
	EXPECT_EQ(-EFBIG, recording_flush(w, 1));
	ASSERT_NE(NULL, recording_error(w));
	EXPECT_NE(NULL, strstr(recording_error(w), self->path));
	EXPECT_EQ(-EFBIG, recording_put(w, 60, body, sizeof(body)));
	EXPECT_EQ(-EFBIG, recording_flush(w, 1));
	EXPECT_EQ(-EFBIG, recording_close(w, &why));
	EXPECT_NE(NULL, strstr(why.text, "after 2464 bytes"));
	EXPECT_EQ(2, count_items(self->path, &state));
	EXPECT_EQ(RECORDING_WHOLE, state.stop);
	EXPECT_EQ(2464, state.offset);
}

/* The kernel's own full disk. */
TEST_F(file, full_device)
{
	struct recording_writer *w = make_open("/dev/full");
	struct recording_why why;

	ASSERT_EQ(0, recording_put(w, 60, "x", 1));
	EXPECT_EQ(-ENOSPC, recording_flush(w, 1));
	EXPECT_EQ(-ENOSPC, recording_close(w, &why));
}

/* A pipe takes it in pieces, and a reader that goes away is an error, not a signal. */
TEST_F(file, through_a_pipe)
{
	struct recording_writer *w;
	struct recording_why why;
	struct recording_state state;
	static char body[65536];
	int fds[2], i, status;
	char name[32];
	pid_t pid;

	ASSERT_EQ(0, pipe(fds));
	ASSERT_LE(0, fcntl(fds[1], F_SETFL, O_NONBLOCK));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		close(fds[0]);
		must(recording_create_fd(&w, fds[1], "the pipe", &why) == 0);
		for (i = 0; i < 40; i++)
			must(recording_put(w, 60, body, sizeof(body)) == 0);
		must(recording_close(w, NULL) == 0);
		_exit(0);
	}
	close(fds[1]);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fds[0]);
	EXPECT_EQ(40, count_items(name, &state));
	EXPECT_EQ(RECORDING_WHOLE, state.stop);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	close(fds[0]);

	ASSERT_EQ(0, pipe(fds));
	ASSERT_EQ(0, recording_create_fd(&w, fds[1], "the pipe", &why));
	close(fds[0]);
	ASSERT_EQ(0, recording_put(w, 60, "x", 1));
	EXPECT_EQ(-EPIPE, recording_close(w, &why));
	EXPECT_NE(NULL, strstr(why.text, "the pipe"));
	close(fds[1]);
}

/* A recorded command gets the signals as they were. */
TEST_F(file, signals_of_children)
{
	int status;
	pid_t pid;

	make_close(make_open(self->path));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		execl("/bin/sh", "sh", "-c", "kill -PIPE $$; exit 9", NULL);
		_exit(8);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(true, WIFSIGNALED(status));
	EXPECT_EQ(SIGPIPE, WTERMSIG(status));
}

TEST_HARNESS_MAIN

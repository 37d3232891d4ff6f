// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments of the kfuncs that the verifier cannot judge: sizes, flags, slots
 * and cursors. What is wrong is refused with the documented error and nothing
 * is written; no cursor leads astray.
 */
#include "lib/policy.h"
#include "arguments.skel.h"

#include "lib/harness.h"

#define UNTOUCHED	0x5a

FIXTURE(arguments)
{
	struct reader *r;
	struct policy *p;
	struct arguments *a;
	int slot;
};

FIXTURE_SETUP(arguments)
{
	self->r = reader_open();
	self->p = policy_open("arguments");
	self->p->bss->hold_root = true;
	policy_load(self->p);
	self->slot = policy_attach(self->p, self->r);
	self->a = arguments__open_and_load();
	ASSERT_NE(NULL, self->a);
	self->a->bss->slot = self->slot;
	memset(self->a->bss->buffer, UNTOUCHED, ARGUMENTS_BUFFER);
}

FIXTURE_TEARDOWN(arguments)
{
	arguments__destroy(self->a);
	policy__destroy(self->p);
	reader__destroy(self->r);
}

static int call(struct arguments *a, struct bpf_program *prog, __u32 size)
{
	a->bss->size = size;
	reader_run(prog);
	return a->bss->ret;
}

/* Bytes at the start of the buffer that have been written to. */
static size_t written(struct arguments *a)
{
	size_t n = ARGUMENTS_BUFFER;

	while (n && a->bss->buffer[n - 1] == UNTOUCHED)
		n--;
	return n;
}

/* Every size but one is refused, and nothing is written. */
static void expect_exact(struct __test_metadata *_metadata, struct arguments *a,
			 struct bpf_program *prog, __u32 right)
{
	const __u32 wrong[] = { 0, 1, 8, right - 8, right - 1, right + 1, right + 8, 2 * right,
				ARGUMENTS_BUFFER };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-EINVAL, call(a, prog, wrong[i])) {
			TH_LOG("%s with size %u", bpf_program__name(prog), wrong[i]);
		}
	}
	EXPECT_EQ(0, written(a));
	EXPECT_EQ(0, call(a, prog, right));
	EXPECT_EQ(right, written(a));
}

/* There are sums, of the cgroup that the test is in. */
static void fold_a_child(FIXTURE_DATA(arguments) *self)
{
	pid_t pid;

	self->p->bss->verdict = TASKHOLD_FOLD;
	pid = fork();
	if (pid == 0)
		_exit(0);
	reap(pid);
	reader_finish(self->r, 1);
}

TEST_F(arguments, size_of_a_snapshot)
{
	expect_exact(_metadata, self->a, self->a->progs.snapshot, sizeof(struct taskhold_info));
	EXPECT_EQ(getpid(), (pid_t)((struct taskhold_info *)self->a->bss->buffer)->tgid);
}

TEST_F(arguments, size_of_counters)
{
	expect_exact(_metadata, self->a, self->a->progs.stats_read, sizeof(struct taskhold_stats));
}

TEST_F(arguments, size_of_counters_of_a_policy)
{
	expect_exact(_metadata, self->a, self->a->progs.policy_stats_read,
		     sizeof(struct taskhold_policy_stats));
}

TEST_F(arguments, size_of_totals)
{
	fold_a_child(self);
	expect_exact(_metadata, self->a, self->a->progs.totals_next,
		     sizeof(struct taskhold_totals));
}

TEST_F(arguments, flags_of_a_snapshot)
{
	int bit;

	for (bit = 0; bit < 64; bit++) {
		self->a->bss->flags = 1ULL << bit;
		EXPECT_EQ(-EINVAL, call(self->a, self->a->progs.snapshot,
					sizeof(struct taskhold_info)));
	}
	EXPECT_EQ(0, written(self->a));
}

TEST_F(arguments, flags_of_a_walk)
{
	int bit;

	for (bit = 0; bit < 32; bit++) {
		self->a->bss->flags = 1ULL << bit;
		EXPECT_EQ(-EINVAL, call(self->a, self->a->progs.walk, 0));
		EXPECT_EQ(0, self->a->bss->steps);
	}
	self->a->bss->flags = 0;
	EXPECT_EQ(0, call(self->a, self->a->progs.walk, 0));
	EXPECT_EQ(1, self->a->bss->steps);
}

TEST_F(arguments, slots_without_a_policy)
{
	const __u32 slots[] = { 1, TASKHOLD_MAX_POLICIES - 1, TASKHOLD_MAX_POLICIES, 64, 1 << 16,
				1U << 31, ~0U };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(slots); i++) {
		self->a->bss->slot = slots[i];
		EXPECT_EQ(-ENOENT, call(self->a, self->a->progs.policy_stats_read,
					sizeof(struct taskhold_policy_stats)));
		EXPECT_EQ(-ENOENT, call(self->a, self->a->progs.totals_next,
					sizeof(struct taskhold_totals)));
		EXPECT_EQ(-ENOENT, call(self->a, self->a->progs.totals_path, 64));
		EXPECT_EQ(-ENOENT, call(self->a, self->a->progs.walk, 0));
		EXPECT_EQ(0, self->a->bss->steps);
	}
}

/* A path into buffers of every size around its length. */
static void expect_path(struct __test_metadata *_metadata, struct arguments *a,
			struct bpf_program *prog, const char *path)
{
	const char *buffer = a->bss->buffer;
	int len = strlen(path), size;

	EXPECT_EQ(-EINVAL, call(a, prog, 0));
	EXPECT_EQ(0, written(a));
	for (size = 1; size <= len; size++) {
		memset(a->bss->buffer, UNTOUCHED, ARGUMENTS_BUFFER);
		EXPECT_EQ(-ENAMETOOLONG, call(a, prog, size));
		/* cut, ended, and nothing behind */
		EXPECT_EQ(size, (int)written(a));
		EXPECT_EQ(size - 1, (int)strnlen(buffer, size));
		EXPECT_EQ(0, strncmp(path, buffer, size - 1));
	}
	for (; size <= ARGUMENTS_BUFFER; size = size < len + 3 ? size + 1 : 2 * size) {
		memset(a->bss->buffer, UNTOUCHED, ARGUMENTS_BUFFER);
		EXPECT_EQ(len, call(a, prog, size));
		EXPECT_STREQ(path, buffer);
		EXPECT_GE(size, (int)written(a));
	}
}

TEST_F(arguments, room_for_a_path)
{
	char exe[4096], cgroup[4096], *path;
	ssize_t n;

	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	ASSERT_LT(0, n);
	exe[n] = '\0';
	ASSERT_LT(0, read_file("/proc/self/cgroup", cgroup, sizeof(cgroup)));
	path = strstr(cgroup, "0::");
	ASSERT_NE(NULL, path);
	path += 3;
	path[strcspn(path, "\n")] = '\0';

	expect_path(_metadata, self->a, self->a->progs.exe_path, exe);
	memset(self->a->bss->buffer, UNTOUCHED, ARGUMENTS_BUFFER);
	expect_path(_metadata, self->a, self->a->progs.cgroup_path, path);
}

TEST_F(arguments, path_of_totals)
{
	fold_a_child(self);
	ASSERT_EQ(1, reader_totals(self->r, self->slot));
	self->a->bss->id = self->r->bss->totals[0].cgroup_id;
	EXPECT_LT(0, call(self->a, self->a->progs.totals_path, 4096));
	EXPECT_EQ('/', self->a->bss->buffer[0]);
	EXPECT_EQ(-EINVAL, call(self->a, self->a->progs.totals_path, 0));
	EXPECT_EQ(-ENAMETOOLONG, call(self->a, self->a->progs.totals_path, 1));
	EXPECT_EQ('\0', self->a->bss->buffer[0]);
	self->a->bss->id = ~0ULL;
	EXPECT_EQ(-ENOENT, call(self->a, self->a->progs.totals_path, 4096));
}

/* Whatever the cursor is, a walk from it ends, and sees nothing that is not there. */
TEST_F(arguments, cursors)
{
	const __u64 first[] = { 0, 1, 1ULL << 31, 1ULL << 32, 1ULL << 33, 1023ULL << 32,
				1024ULL << 32, 1025ULL << 32, 1ULL << 63, ~0ULL, ~0U,
				(1024ULL << 32) - 1, 0xfedcba9876543210 };
	__u64 random = 88172645463325252ULL, seen;
	int i, steps;

	fold_a_child(self);

	for (i = 0; i < 500; i++) {
		if (i < (int)ARRAY_SIZE(first)) {
			self->a->bss->cursor = first[i];
		} else {
			/* xorshift, always the same numbers */
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			self->a->bss->cursor = i % 2 ? random : random >> (i % 64);
		}
		seen = self->a->bss->cursor;
		for (steps = 0; steps < 3; steps++) {
			if (call(self->a, self->a->progs.totals_next,
				 sizeof(struct taskhold_totals)))
				break;
			EXPECT_EQ(1, ((struct taskhold_totals *)self->a->bss->buffer)->tasks);
		}
		EXPECT_GE(1, steps) {
			TH_LOG("cursor %#llx", seen);
		}
		EXPECT_EQ(-ENOENT, self->a->bss->ret);
	}
	self->a->bss->cursor = 0;
	EXPECT_EQ(0, call(self->a, self->a->progs.totals_next, sizeof(struct taskhold_totals)));
}

TEST_F(arguments, task_of_a_record)
{
	EXPECT_EQ(getpid(), call(self->a, self->a->progs.rec_task, 0));
}

TEST_F(arguments, cgroups_of_a_task)
{
	__u64 root = cgroup_id_of("");

	self->a->bss->id = root;
	EXPECT_EQ(1, call(self->a, self->a->progs.in_cgroup, 0));
	cgroup_make("taskhold-arguments");
	self->a->bss->id = cgroup_id_of("taskhold-arguments");
	EXPECT_EQ(0, call(self->a, self->a->progs.in_cgroup, 0));
	cgroup_remove("taskhold-arguments");
	self->a->bss->id = 0;
	EXPECT_EQ(0, call(self->a, self->a->progs.in_cgroup, 0));
	self->a->bss->id = ~0ULL;
	EXPECT_EQ(0, call(self->a, self->a->progs.in_cgroup, 0));
}

TEST_HARNESS_MAIN

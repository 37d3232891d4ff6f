// SPDX-License-Identifier: GPL-2.0-only
// timeout: 1500
// module: none
// kernel: patched
// rows: B2, C1, D3
/*
 * kptr_get against exchanges, deletion and destruction, on two processors: records,
 * tasks, pids and files are put into a map value and taken out, the value is
 * deleted, or overwritten by user space, and references are got meanwhile. In the
 * end each reference has been dropped once, and each object is gone.
 *
 * TASKHOLD_RACE_SECONDS says how long each of them goes on.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#include "lib/cpus.h"
#include "lib/policy.h"
#include "lib/race.h"
#include "kptr_race.skel.h"
#include "race_ends.skel.h"

#include "lib/harness.h"

#define COMM		"race-child"
#define MAX_PIPES	100000
#define DECOYS		64
#define MAX_DECOYS	400000

/* No object is left out of the race for want of room for its number. */
static_assert(MAX_PIPES + MAX_DECOYS < RACE_NUMBERS, "the map of numbers is too small");

FIXTURE(race)
{
	struct kptr_race *m;
	struct race_ends *ends;
	struct bpf_program *dtor;	/* the one of @ends that counts them */
	struct reader *r;
	struct policy *p;
	struct bpf_map *map;
	struct gate gate;
	pid_t old;		/* a process that is there all the time */
	int file[2];		/* a pipe that is; [1] is what is put */
	int *pipes;		/* the ends to read of those that come and go */
	unsigned long nr_new;	/* objects that came and went */
	int decoys[DECOYS];	/* files that are never put, 0: none */
	unsigned int nr_decoys;	/* that there were */
	atomic_bool stop;
};

FIXTURE_VARIANT(race)
{
	enum race_kind kind;
	enum race_map which;
	bool by_insn;
};

#define VARIANT(name, what, where, insn)					\
	FIXTURE_VARIANT_ADD(race, name) { .kind = what, .which = where, .by_insn = insn }

VARIANT(records_in_hash, RACE_REC, RACE_HASH, false);
VARIANT(records_in_array_by_instruction, RACE_REC, RACE_ARRAY, true);
VARIANT(records_in_lazy_hash_by_instruction, RACE_REC, RACE_HASH_LAZY, true);
VARIANT(tasks_in_hash, RACE_TASK, RACE_HASH, false);
VARIANT(tasks_in_array_by_instruction, RACE_TASK, RACE_ARRAY, true);
VARIANT(tasks_in_lazy_hash_by_instruction, RACE_TASK, RACE_HASH_LAZY, true);
VARIANT(pids_in_hash, RACE_PID, RACE_HASH, false);
VARIANT(pids_in_array_by_instruction, RACE_PID, RACE_ARRAY, true);
VARIANT(pids_in_lazy_hash_by_instruction, RACE_PID, RACE_HASH_LAZY, true);
VARIANT(files_in_hash, RACE_FILE, RACE_HASH, false);
VARIANT(files_in_array_by_instruction, RACE_FILE, RACE_ARRAY, true);
VARIANT(files_in_lazy_hash_by_instruction, RACE_FILE, RACE_HASH_LAZY, true);

static void set_up_ends(struct __test_metadata *_metadata, FIXTURE_DATA(race) *self,
			enum race_kind kind)
{
	self->ends = race_ends__open();
	ASSERT_NE(NULL, self->ends);
	switch (kind) {
	case RACE_REC:
		self->dtor = self->ends->progs.on_rec;
		break;
	case RACE_TASK:
		self->dtor = self->ends->progs.on_task;
		break;
	case RACE_PID:
		self->dtor = self->ends->progs.on_pid;
		break;
	case RACE_FILE:
		self->dtor = self->ends->progs.on_file;
		break;
	}
	bpf_program__set_autoload(self->dtor, true);
	ASSERT_EQ(0, race_ends__load(self->ends));
	strcpy(self->ends->bss->comm, COMM);
	ASSERT_EQ(0, race_ends__attach(self->ends));
}

/* An element with nothing in it. */
static int update(struct bpf_map *map)
{
	__u64 value[5] = {};
	__u32 key = 0;

	return bpf_map__update_elem(map, &key, sizeof(key), value, sizeof(value), BPF_ANY);
}

static struct race_refs read_refs(struct race_ends *ends)
{
	reader_run(ends->progs.read_refs);
	return ends->bss->refs;
}

FIXTURE_SETUP(race)
{
	if (!module_loaded())
		module_load();
	self->r = reader_open();
	if (variant->kind == RACE_REC) {
		self->p = policy_open("race");
		self->p->bss->verdict = TASKHOLD_DROP;
		policy_load(self->p);
		policy_attach(self->p, self->r);
	}
	set_up_ends(_metadata, self, variant->kind);
	self->m = kptr_race__open_and_load();
	ASSERT_NE(NULL, self->m);
	switch (variant->which) {
	case RACE_ARRAY:
		self->map = self->m->maps.array;
		break;
	case RACE_HASH:
		self->map = self->m->maps.hash;
		break;
	case RACE_HASH_LAZY:
		self->map = self->m->maps.hash_lazy;
		break;
	}
	self->m->bss->kind = variant->kind;
	self->m->bss->which = variant->which;
	self->m->bss->by_insn = variant->by_insn;
	self->m->bss->new_waits = variant->kind == RACE_REC || variant->kind == RACE_PID;
	self->m->bss->gets = 1000;
	self->m->bss->exchanges = 16;

	self->pipes = calloc(MAX_PIPES, sizeof(*self->pipes));
	ASSERT_NE(NULL, self->pipes);
	ASSERT_EQ(0, pipe2(self->file, O_CLOEXEC));
	gate_make(&self->gate);
	self->old = fork();
	if (self->old == 0) {
		gate_wait(&self->gate);
		_exit(0);
	}
	self->m->bss->pids[RACE_OLD] = self->old;
	self->ends->bss->pid = self->old;
	self->m->bss->fds[RACE_OLD] = self->file[1];
}

static void close_decoys(FIXTURE_DATA(race) *self)
{
	unsigned int i;

	for (i = 0; i < DECOYS; i++) {
		if (self->decoys[i])
			close(self->decoys[i]);
	}
}

FIXTURE_TEARDOWN(race)
{
	if (self->old) {
		gate_open(&self->gate);
		reap(self->old);
	}
	kptr_race__destroy(self->m);
	race_ends__destroy(self->ends);
	policy__destroy(self->p);
	reader__destroy(self->r);
	gate_close(&self->gate);
	close_decoys(self);
	free(self->pipes);
	EXPECT_TRUE(until(10, module_refs() == 0));
}

/* ---- who races ---- */

/* A file that the map alone has once it is closed here. */
static void make_file(FIXTURE_DATA(race) *self)
{
	int fd[2];

	if (self->nr_new == MAX_PIPES)
		return;
	if (pipe2(fd, O_CLOEXEC))
		die("pipe2");
	self->m->bss->fds[RACE_NEW] = fd[1];
	reader_run(self->m->progs.put_new);
	close(fd[1]);
	self->pipes[self->nr_new++] = fd[0];
}

/*
 * Files that no map has, in the memory of those that a map had a moment ago. The
 * last reference to these is the descriptor's, so that they are gone when it is
 * closed, and not later. Who gets one of the others has not looked a second time
 * where it was.
 */
static void make_decoys(FIXTURE_DATA(race) *self)
{
	int i, fd[2], *decoy;

	if (self->nr_decoys >= MAX_DECOYS)
		return;
	for (i = 0; i < 4; i++) {
		decoy = &self->decoys[self->nr_decoys++ % DECOYS];
		if (*decoy)
			close(*decoy);
		if (pipe2(fd, O_CLOEXEC))
			die("pipe2");
		self->m->bss->fds[RACE_NEW] = fd[1];
		reader_run(self->m->progs.put_new);
		reader_run(self->m->progs.exchange_many);
		close(fd[1]);
		*decoy = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (*decoy < 0)
			die("open /dev/null");
		close(fd[0]);
	}
}

/* A process whose task the map alone has once it is reaped; record and pid have to wait. */
static void make_process(FIXTURE_DATA(race) *self)
{
	pid_t pid = vfork();	/* fork() takes five times as long */

	if (pid < 0)
		die("vfork");
	if (pid == 0) {
		prctl(PR_SET_NAME, COMM);
		_exit(0);
	}
	self->m->bss->pids[RACE_NEW] = pid;
	reader_run(self->m->progs.put_new);
	reap(pid);
	self->nr_new++;
}

/*
 * Gets, and every now and then deletes the element from user space. Where that
 * cannot be, its value is overwritten.
 */
static void *get_and_delete(void *arg)
{
	FIXTURE_DATA(race) *self = arg;
	__u32 key = 0;
	int i;

	run_on(0);
	for (i = 1; !self->stop; i++) {
		reader_run(self->m->progs.get_many);
		if (i % 32)
			continue;
		bpf_map__delete_elem(self->map, &key, sizeof(key), 0);
		update(self->map);
	}
	return NULL;
}

/*
 * Exchanges an object that others hold, in short turns. Between them it is an
 * object that goes with the next exchange or deletion, perhaps while it is got:
 * beside who gets it, and in turn on the same processor, where that one has been
 * interrupted and the memory is reused at once.
 */
static void *exchange_and_make(void *arg)
{
	FIXTURE_DATA(race) *self = arg;
	unsigned int turn;
	int i;

	for (turn = 0; !self->stop; turn++) {
		run_on(turn / 16 % 2);
		reader_run(self->m->progs.exchange_many);
		if (self->m->bss->kind == RACE_FILE)
			make_decoys(self);
		for (i = 0; i < 4; i++) {
			if (self->m->bss->kind == RACE_FILE)
				make_file(self);
			else
				make_process(self);
		}
	}
	return NULL;
}

/* ---- what is left in the end ---- */

/* Calls of the destructor; a program that is interrupted by itself is not run. */
static __u64 dtor_calls(FIXTURE_DATA(race) *self)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (bpf_prog_get_info_by_fd(bpf_program__fd(self->dtor), &info, &len))
		die("bpf_prog_get_info_by_fd");
	return self->ends->bss->dtors + info.recursion_misses;
}

static __u64 tasks_freed(FIXTURE_DATA(race) *self)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (bpf_prog_get_info_by_fd(bpf_program__fd(self->ends->progs.on_free), &info, &len))
		die("bpf_prog_get_info_by_fd");
	return self->ends->bss->tasks + info.recursion_misses;
}

static unsigned long pipes_hung_up(FIXTURE_DATA(race) *self)
{
	unsigned long i, n = 0;

	for (i = 0; i < self->nr_new; i++)
		n += hung_up(self->pipes[i]);
	return n;
}

static void expect_old_as_before(struct __test_metadata *_metadata, FIXTURE_DATA(race) *self,
				 struct race_refs before)
{
	struct race_refs after;

	/* references to pids are dropped after a grace period */
	EXPECT_TRUE(until(10, (after = read_refs(self->ends),
			       after.task == before.task && after.pid == before.pid))) {
		TH_LOG("task %ld, was %ld; pid %ld, was %ld", after.task, before.task, after.pid,
		       before.pid);
	}
}

static void expect_new_gone(struct __test_metadata *_metadata, FIXTURE_DATA(race) *self,
			    enum race_kind kind)
{
	unsigned long i;

	if (kind != RACE_FILE) {
		EXPECT_TRUE(until(20, tasks_freed(self) == self->nr_new)) {
			TH_LOG("%llu tasks of %lu freed", tasks_freed(self), self->nr_new);
		}
		return;
	}
	EXPECT_TRUE(until(20, pipes_hung_up(self) == self->nr_new)) {
		TH_LOG("%lu files of %lu closed", pipes_hung_up(self), self->nr_new);
	}
	for (i = 0; i < self->nr_new; i++)
		close(self->pipes[i]);
	close(self->file[1]);
	EXPECT_TRUE(until(10, hung_up(self->file[0])));
}

static bool all_have_been_at_it(const struct race_counts *counts)
{
	return counts->got && counts->missed && counts->taken;
}

TEST_F(race, all_is_dropped_once)
{
	void *(*const roles[])(void *) = { get_and_delete, exchange_and_make };
	pthread_t threads[ARRAY_SIZE(roles)];
	struct race_counts counts;
	struct race_refs before;
	unsigned long met, dtors;
	unsigned int i;

	/* nobody has anything of the old one's beside the process itself */
	update(self->map);
	before = read_refs(self->ends);
	/* on a slow kernel they would do nothing else than wait until the end */
	for (i = 0; self->m->bss->new_waits && i < RACE_WAITING; i++)
		make_process(self);

	for (i = 0; i < ARRAY_SIZE(roles); i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, roles[i], self));
	go_on_for(race_seconds(2));
	/* a machine that is busy with something else has them meet less often */
	EXPECT_TRUE(until(30, self->m->bss->met && all_have_been_at_it(&self->m->bss->counts)));
	self->stop = true;
	for (i = 0; i < ARRAY_SIZE(roles); i++)
		pthread_join(threads[i], NULL);

	/* the last one goes with the map */
	if (variant->kind == RACE_FILE)
		make_file(self);
	else
		make_process(self);
	counts = self->m->bss->counts;
	met = self->m->bss->met;
	dtors = dtor_calls(self);
	kptr_race__destroy(self->m);
	self->m = NULL;

	/*
	 * Not before: who has found an element may put something into it when it
	 * has been deleted already, and that stays until its memory is used again.
	 */
	expect_old_as_before(_metadata, self, before);
	TH_LOG("%lu put, %lu taken, %lu got, %lu times nothing was there, %lu new", counts.put,
	       counts.taken, counts.got, counts.missed, self->nr_new);
	TH_LOG("%lu times something was exchanged meanwhile, %lu times there was nothing to put,"
	       " %lu times no element", met, counts.lacking, counts.absent);
	EXPECT_TRUE(until(20, counts.put == counts.taken + dtor_calls(self))) {
		TH_LOG("%lu put, %lu taken and %llu destroyed", counts.put, counts.taken,
		       dtor_calls(self));
	}
	EXPECT_EQ(counts.acquired, counts.released + dtor_calls(self));
	EXPECT_EQ(0, counts.wrong);
	EXPECT_EQ(0, counts.lacking);
	EXPECT_LT(counts.absent, counts.put);
	EXPECT_LT(0, dtors);
	EXPECT_LT(1, self->nr_new);
	expect_new_gone(_metadata, self, variant->kind);
	if (variant->kind == RACE_REC) {
		/* the one that lives has a record as well */
		gate_open(&self->gate);
		reap(self->old);
		self->old = 0;
		reader_finish(self->r, 0);
		EXPECT_TRUE(until(10, reader_stats(self->r)->records == 0));
		EXPECT_TRUE(until(10, slab_records() == 0));
	}
}

TEST_HARNESS_MAIN

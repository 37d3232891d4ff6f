// SPDX-License-Identifier: GPL-2.0-only
// timeout: 600
// module: none
// rows: A5, A9, A10, A11, B2, B3, C1, D1, D4
/*
 * Destructors of the module's for types of vmlinux: a file and a pid in a map
 * value go with the value, however that goes, and no sooner; the map holds the
 * module. That a file has gone is seen at the other end of a pipe.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#include "lib/cpus.h"
#include "lib/expect.h"
#include "lib/held_maps.h"
#include "lib/race.h"
#include "lib/reader.h"
#include "file_kptrs.skel.h"
#include "race_ends.skel.h"

#include "lib/harness.h"

FIXTURE(kptr)
{
	struct file_kptrs *m;
	struct bpf_map *map;
	int fd[2];	/* a pipe; the end to write to is -1 once only a map has it */
	__u64 inode;
	struct race_ends *ends;		/* of a test that counts how they go */
	struct gate gate;
	pid_t pid;			/* a child that waits at the gate, whose pid is held */
	int refs;			/* to that which are not of this test */
	struct bpf_newest before;	/* BPF objects that are not of this test */
};

FIXTURE_VARIANT(kptr)
{
	__u32 which;
	bool is_array;	/* elements cannot be deleted */
	bool is_lru;
	bool is_percpu;
	bool by_insn;
};

#define VARIANT(name, number, array, lru, percpu, insn)				\
	FIXTURE_VARIANT_ADD(kptr, name)						\
	{									\
		.which = number, .is_array = array, .is_lru = lru,		\
		.is_percpu = percpu, .by_insn = insn,				\
	}

VARIANT(array, HELD_ARRAY, true, false, false, false);
VARIANT(array_by_instruction, HELD_ARRAY, true, false, false, true);
VARIANT(hash, HELD_HASH, false, false, false, false);
VARIANT(hash_by_instruction, HELD_HASH, false, false, false, true);
VARIANT(hash_without_preallocation, HELD_HASH_LAZY, false, false, false, false);
VARIANT(lru_hash, HELD_LRU, false, true, false, false);
VARIANT(percpu_array, HELD_CPU_ARRAY, true, false, true, false);
VARIANT(percpu_hash, HELD_CPU_HASH, false, false, true, false);
VARIANT(lru_percpu_hash, HELD_CPU_LRU, false, true, true, false);
VARIANT(map_in_map, HELD_INNER, false, false, false, false);

#define VALUE_SIZE 32

/* An element with nothing in it; sets every CPU's value of a per-CPU map. */
static int update(struct bpf_map *map, __u32 key)
{
	char value[VALUE_SIZE * 64] = {};
	bool percpu = strstr(bpf_map__name(map), "cpu");

	return bpf_map__update_elem(map, &key, sizeof(key), value,
				    percpu ? VALUE_SIZE * libbpf_num_possible_cpus() : VALUE_SIZE,
				    BPF_ANY);
}

static int run_prog(struct bpf_program *prog, struct file_kptrs *m)
{
	reader_run(prog);
	return m->bss->ret;
}

static __u64 inode_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		die("fstat");
	return st.st_ino;
}

static struct file_kptrs *file_kptrs_of(__u32 which)
{
	struct file_kptrs *m = file_kptrs__open();

	if (!m)
		die("open file_kptrs.bpf.o");
	held_choose(m->obj, &m->rodata->which, which);
	if (file_kptrs__load(m))
		die("load file_kptrs.bpf.o");
	return m;
}

FIXTURE_SETUP(kptr)
{
	/* a per-CPU value is the one of the CPU that the program runs on */
	run_on(0);
	if (!module_loaded())
		module_load();
	if (!expect_kernel_patched())
		SKIP(return, "the kernel lacks the patches of kernel/patches");
	self->before = bpf_newest();
	self->m = file_kptrs_of(variant->which);
	self->map = held_map_of(self->m->obj, variant->which);
	self->m->bss->by_insn = variant->by_insn;
	if (!variant->is_array)
		ASSERT_EQ(0, update(self->map, 0));

	ASSERT_EQ(0, pipe2(self->fd, O_CLOEXEC));
	self->inode = inode_of(self->fd[1]);
	self->m->bss->fd = self->fd[1];
	ASSERT_EQ(0, run_prog(self->m->progs.put_file, self->m));
	close(self->fd[1]);
	self->fd[1] = -1;
	ASSERT_FALSE(hung_up(self->fd[0]));
}

static int pid_refs(const FIXTURE_DATA(kptr) *self)
{
	reader_run(self->ends->progs.read_refs);
	return self->ends->bss->refs.pid;
}

/* From now on destructors are counted, and there is a pid beside the file. */
static void watch_ends(struct __test_metadata *_metadata, FIXTURE_DATA(kptr) *self)
{
	self->ends = race_ends__open();
	ASSERT_NE(NULL, self->ends);
	bpf_program__set_autoload(self->ends->progs.on_pid, true);
	bpf_program__set_autoload(self->ends->progs.on_file, true);
	ASSERT_EQ(0, race_ends__load(self->ends));
	ASSERT_EQ(0, race_ends__attach(self->ends));

	gate_make(&self->gate);
	self->pid = fork();
	if (self->pid == 0) {
		gate_wait(&self->gate);
		_exit(0);
	}
	self->ends->bss->pid = self->pid;
	self->m->bss->pid = self->pid;
	self->refs = pid_refs(self);
	ASSERT_LT(0, self->refs);
	ASSERT_EQ(0, run_prog(self->m->progs.put_pid, self->m));
	ASSERT_EQ(self->refs + 1, pid_refs(self));
}

static void end_child(FIXTURE_DATA(kptr) *self)
{
	race_ends__destroy(self->ends);
	self->ends = NULL;
	gate_open(&self->gate);
	reap(self->pid);
	gate_close(&self->gate);
	self->pid = 0;
}

static void expect_kept(struct __test_metadata *_metadata, FIXTURE_DATA(kptr) *self)
{
	EXPECT_FALSE(hung_up(self->fd[0]));
	EXPECT_EQ(self->refs + 1, pid_refs(self));
	EXPECT_EQ(0, self->ends->bss->dtors);
}

/* Both, by one call of the destructor for each. */
static void expect_gone(struct __test_metadata *_metadata, FIXTURE_DATA(kptr) *self)
{
	EXPECT_TRUE(until(10, hung_up(self->fd[0])));
	EXPECT_TRUE(until(10, pid_refs(self) == self->refs));
	EXPECT_EQ(2, self->ends->bss->dtors);
}

FIXTURE_TEARDOWN(kptr)
{
	if (self->pid)
		end_child(self);
	file_kptrs__destroy(self->m);
	if (self->fd[0]) {
		EXPECT_TRUE(until(10, hung_up(self->fd[0])));
		close(self->fd[0]);
	}
	EXPECT_TRUE(until(10, module_refs() == 0));
}

TEST_F(kptr, is_got_and_stays)
{
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, run_prog(self->m->progs.get_file, self->m));
		EXPECT_EQ(self->inode, self->m->bss->number);
	}
	EXPECT_FALSE(hung_up(self->fd[0]));
}

TEST_F(kptr, is_taken_out)
{
	ASSERT_EQ(0, run_prog(self->m->progs.drop_file, self->m));
	EXPECT_TRUE(until(5, hung_up(self->fd[0])));
	EXPECT_EQ(-2, run_prog(self->m->progs.get_file, self->m));
	EXPECT_EQ(-2, run_prog(self->m->progs.drop_file, self->m));
}

TEST_F(kptr, is_replaced_by_another)
{
	int fd[2];

	ASSERT_EQ(0, pipe2(fd, O_CLOEXEC));
	self->m->bss->fd = fd[1];
	ASSERT_EQ(0, run_prog(self->m->progs.put_file, self->m));
	EXPECT_TRUE(until(5, hung_up(self->fd[0])));
	ASSERT_EQ(0, run_prog(self->m->progs.get_file, self->m));
	EXPECT_EQ(inode_of(fd[1]), self->m->bss->number);
	close(fd[1]);
	EXPECT_FALSE(hung_up(fd[0]));
	ASSERT_EQ(0, run_prog(self->m->progs.drop_file, self->m));
	EXPECT_TRUE(until(5, hung_up(fd[0])));
	close(fd[0]);
}

TEST_F(kptr, user_space_sees_nothing_of_it)
{
	__u64 value[VALUE_SIZE / sizeof(__u64) * 64] = {};
	__u32 key = 0;

	ASSERT_EQ(0, bpf_map__lookup_elem(self->map, &key, sizeof(key), value,
					  variant->is_percpu ?
					  VALUE_SIZE * libbpf_num_possible_cpus() : VALUE_SIZE,
					  0));
	EXPECT_EQ(0, value[0]);
	EXPECT_EQ(0, value[1]);
}

TEST_F(kptr, goes_with_its_element)
{
	__u32 key = 0;

	watch_ends(_metadata, self);
	if (variant->is_array) {
		EXPECT_NE(0, bpf_map__delete_elem(self->map, &key, sizeof(key), 0));
		expect_kept(_metadata, self);
	} else {
		ASSERT_EQ(0, bpf_map__delete_elem(self->map, &key, sizeof(key), 0));
		expect_gone(_metadata, self);
		EXPECT_EQ(-1, run_prog(self->m->progs.get_file, self->m));
	}
}

/* What user space writes replaces the value, and lets go of both. */
TEST_F(kptr, goes_with_an_update)
{
	watch_ends(_metadata, self);
	ASSERT_EQ(0, update(self->map, 0));
	expect_gone(_metadata, self);
	EXPECT_EQ(-2, run_prog(self->m->progs.get_file, self->m));
	EXPECT_EQ(-2, run_prog(self->m->progs.get_pid, self->m));
	/* nothing is there to be released a second time */
	ASSERT_EQ(0, update(self->map, 0));
	expect_gone(_metadata, self);
}

TEST_F(kptr, goes_when_it_is_evicted_and_not_otherwise)
{
	int err = 0;
	__u32 key;

	watch_ends(_metadata, self);
	for (key = 1; !err && key < 100 * KPTR_ENTRIES && !hung_up(self->fd[0]); key++) {
		err = update(self->map, key);
		/* what no program has looked at would be evicted before the file */
		self->m->bss->key = key;
		run_prog(self->m->progs.get_file, self->m);
	}
	self->m->bss->key = 0;
	if (variant->is_lru) {
		EXPECT_EQ(0, err);
		expect_gone(_metadata, self);
	} else {
		EXPECT_EQ(-E2BIG, err);
		expect_kept(_metadata, self);
		EXPECT_EQ(0, run_prog(self->m->progs.get_file, self->m));
	}
}

TEST_F(kptr, goes_with_the_map)
{
	watch_ends(_metadata, self);
	file_kptrs__destroy(self->m);
	self->m = NULL;
	expect_gone(_metadata, self);
}

TEST_F(kptr, map_holds_the_module)
{
	int fd = dup(bpf_map__fd(self->map));

	ASSERT_LE(0, fd);
	file_kptrs__destroy(self->m);
	self->m = NULL;
	ASSERT_TRUE(until(10, bpf_made_since(self->before) == 1)) {
		TH_LOG("%d BPF objects of this test", bpf_made_since(self->before));
	}
	EXPECT_FALSE(hung_up(self->fd[0]));
	EXPECT_LT(0, module_refs());
	EXPECT_EQ(-EWOULDBLOCK, module_unload());

	close(fd);
	EXPECT_TRUE(until(10, hung_up(self->fd[0])));
	EXPECT_EQ(0, module_unload_soon());
	module_load();
}

TEST_F(kptr, pid_outlives_its_process)
{
	pid_t pid;

	watch_ends(_metadata, self);
	pid = self->pid;
	end_child(self);
	ASSERT_EQ(0, run_prog(self->m->progs.get_pid, self->m));
	EXPECT_EQ(pid, (pid_t)self->m->bss->number);
	ASSERT_EQ(0, run_prog(self->m->progs.get_pid, self->m));
	EXPECT_EQ(pid, (pid_t)self->m->bss->number);
}

/* ---- as files are closed ---- */

FIXTURE(going)
{
	struct file_kptrs *m;
	int fd[2];
};

FIXTURE_SETUP(going)
{
	if (!module_loaded())
		module_load();
	if (!expect_kernel_patched())
		SKIP(return, "the kernel lacks the patches of kernel/patches");
	self->m = file_kptrs_of(HELD_ARRAY);
	ASSERT_EQ(0, pipe2(self->fd, O_CLOEXEC));
	self->m->bss->inode = inode_of(self->fd[1]);
	self->m->bss->fd = self->fd[1];
	self->m->links.on_release = bpf_program__attach(self->m->progs.on_release);
	ASSERT_NE(NULL, self->m->links.on_release);
}

FIXTURE_TEARDOWN(going)
{
	file_kptrs__destroy(self->m);
	if (self->fd[0])
		close(self->fd[0]);
	EXPECT_TRUE(until(10, module_refs() == 0));
}

static bool closed_once(struct file_kptrs *m)
{
	return __atomic_load_n(&m->bss->closed, __ATOMIC_RELAXED) == 1;
}

TEST_F(going, no_reference_to_one_that_is_closed)
{
	close(self->fd[1]);
	EXPECT_TRUE(until(10, closed_once(self->m)));
	EXPECT_EQ(0, self->m->bss->risen);
	EXPECT_TRUE(until(10, hung_up(self->fd[0])));
}

TEST_F(going, nor_to_one_that_a_map_lets_go_of)
{
	ASSERT_EQ(0, run_prog(self->m->progs.put_file, self->m));
	close(self->fd[1]);
	EXPECT_FALSE(closed_once(self->m));
	ASSERT_EQ(0, run_prog(self->m->progs.drop_file, self->m));
	EXPECT_TRUE(until(10, closed_once(self->m)));
	EXPECT_EQ(0, self->m->bss->risen);
	EXPECT_TRUE(until(10, hung_up(self->fd[0])));
}

/* ---- files that may refer to the map ---- */

#define PIN	"/sys/fs/bpf/taskhold-file-kptrs"

static int put_fd(struct file_kptrs *m, int fd)
{
	m->bss->fd = fd;
	return run_prog(m->progs.put_file, m);
}

/* As the map would keep itself, and the module, for ever. */
TEST_F(going, none_of_bpf)
{
	struct file_kptrs *m = self->m;
	int fd;

	EXPECT_EQ(-1, put_fd(m, bpf_map__fd(m->maps.array)));
	EXPECT_EQ(-1, put_fd(m, bpf_program__fd(m->progs.put_file)));
	EXPECT_EQ(-1, put_fd(m, bpf_link__fd(m->links.on_release)));

	/* what is pinned has a file of its own besides its descriptor */
	ASSERT_EQ(0, bpf_map__pin(m->maps.array, PIN));
	fd = open(PIN, O_RDONLY | O_CLOEXEC);
	EXPECT_LE(0, fd);
	EXPECT_EQ(-1, put_fd(m, fd));
	close(fd);
	bpf_map__unpin(m->maps.array, PIN);

	/* another anonymous inode is as good as any file */
	fd = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, put_fd(m, fd));
	close(fd);
	EXPECT_EQ(0, run_prog(m->progs.drop_file, m));
}

/* ---- on two processors at once ---- */

struct worker {
	pthread_t thread;
	int cpu;
	struct bpf_program *prog;	/* NULL: delete and make the element anew */
	struct bpf_map *map;
	bool is_array;
	atomic_bool *stop;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	__u32 key = 0;

	run_on(w->cpu);
	while (!*w->stop) {
		if (w->prog) {
			reader_run(w->prog);
			continue;
		}
		if (!w->is_array)
			bpf_map__delete_elem(w->map, &key, sizeof(key), 0);
		update(w->map, 0);
	}
	return NULL;
}

TEST_F(kptr, is_got_while_it_is_exchanged_and_deleted)
{
	atomic_bool stop = false;
	struct worker workers[3] = {
		{ .cpu = 0, .prog = self->m->progs.get_many },
		{ .cpu = 1, .prog = self->m->progs.put_many },
		{ .cpu = 0 },
	};
	int fd[2], i;

	if (variant->is_percpu)
		SKIP(return, "each processor has a value of its own");

	ASSERT_EQ(0, pipe2(fd, O_CLOEXEC));
	self->m->bss->fd = fd[1];
	self->m->bss->rounds = 200;
	for (i = 0; i < 3; i++) {
		workers[i].stop = &stop;
		workers[i].map = self->map;
		workers[i].is_array = variant->is_array;
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL, work, &workers[i]));
	}
	/* nothing is to come that could be waited for: time is what is tested */
	go_on_for(race_seconds(3));
	EXPECT_TRUE(until(30, self->m->bss->met));
	stop = true;
	for (i = 0; i < 3; i++)
		pthread_join(workers[i].thread, NULL);
	TH_LOG("%llu put, %llu got, %llu times nothing was there", self->m->bss->put,
	       self->m->bss->got, self->m->bss->missed);
	TH_LOG("%llu times something was exchanged meanwhile", self->m->bss->met);
	EXPECT_LT(0, self->m->bss->put);
	EXPECT_LT(0, self->m->bss->got);
	EXPECT_LT(0, self->m->bss->missed);

	/* all references are dropped once the element and the caller's are gone */
	update(self->map, 0);
	close(fd[1]);
	EXPECT_TRUE(until(10, hung_up(fd[0])));
	close(fd[0]);
}

TEST_HARNESS_MAIN

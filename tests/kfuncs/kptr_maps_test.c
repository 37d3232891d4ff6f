// SPDX-License-Identifier: GPL-2.0-only
// timeout: 300
// module: none
// rows: A5, A10, B3, D1, D3, D4
/*
 * A record in a map value: it outlives its process with the numbers right, and
 * goes with the value, however that goes: by one call of the destructor for
 * each reference. The module stays while such a map is there and can be
 * unloaded once it is not.
 */

#include "lib/cpus.h"
#include "lib/held_maps.h"
#include "lib/reader.h"
#include "dtor.skel.h"
#include "kptr_maps.skel.h"

#include "lib/harness.h"

FIXTURE(kptr)
{
	struct reader *r;
	struct kptr_maps *m;
	struct dtor *dtor;
	struct bpf_map *map;
	struct gate gate;
	pid_t pid;	/* a held child that waits at the gate, 0: it has ended */
	struct bpf_newest before;	/* BPF objects that are not of this test */
};

FIXTURE_VARIANT(kptr)
{
	__u32 which;
	bool is_array;	/* elements cannot be deleted */
	bool is_lru;
	bool is_percpu;
};

#define VARIANT(name, number, array, lru, percpu)				\
	FIXTURE_VARIANT_ADD(kptr, name)						\
	{									\
		.which = number, .is_array = array, .is_lru = lru,		\
		.is_percpu = percpu,						\
	}

VARIANT(array, HELD_ARRAY, true, false, false);
VARIANT(hash, HELD_HASH, false, false, false);
VARIANT(hash_without_preallocation, HELD_HASH_LAZY, false, false, false);
VARIANT(lru_hash, HELD_LRU, false, true, false);
VARIANT(percpu_array, HELD_CPU_ARRAY, true, false, true);
VARIANT(percpu_hash, HELD_CPU_HASH, false, false, true);
VARIANT(lru_percpu_hash, HELD_CPU_LRU, false, true, true);

/* An element with no record; sets every CPU's value of a per-CPU map. */
static int update(struct bpf_map *map, __u32 key)
{
	char value[16 * 64] = {};

	return bpf_map__update_elem(map, &key, sizeof(key), value,
				    strstr(bpf_map__name(map), "cpu") ?
				    16 * libbpf_num_possible_cpus() : 16, BPF_ANY);
}

static struct dtor *dtor_open(void)
{
	struct dtor *dtor = dtor__open_and_load();

	if (!dtor || dtor__attach(dtor))
		die("attach dtor.bpf.o");
	return dtor;
}

/* With those maps and programs alone that are needed: HELD_NONE has those of storage. */
static struct kptr_maps *kptr_maps_of(__u32 which)
{
	struct kptr_maps *m = kptr_maps__open();
	bool stores = which == HELD_NONE;
	struct bpf_program *prog;

	if (!m)
		die("open kptr_maps.bpf.o");
	held_choose(m->obj, &m->rodata->which, which);
	bpf_map__set_autocreate(m->maps.storage, stores);
	bpf_map__set_autocreate(m->maps.cgroup_storage, stores);
	bpf_object__for_each_program(prog, m->obj) {
		const char *name = bpf_program__name(prog);

		if (strstr(name, "storage") || strstr(name, "cgroup"))
			bpf_program__set_autoload(prog, stores);
	}
	if (kptr_maps__load(m))
		die("load kptr_maps.bpf.o");
	return m;
}

FIXTURE_SETUP(kptr)
{
	run_on(0);
	if (!module_loaded())
		module_load();
	self->before = bpf_newest();
	self->r = reader_open();
	self->dtor = dtor_open();
	self->m = kptr_maps_of(variant->which);
	self->map = held_map_of(self->m->obj, variant->which);
	self->m->bss->root_pid = getpid();
	self->m->links.ops = bpf_map__attach_struct_ops(self->m->maps.ops);
	ASSERT_NE(NULL, self->m->links.ops);
	if (!variant->is_array)
		ASSERT_EQ(0, update(self->map, 0));

	gate_make(&self->gate);
	self->pid = fork();
	if (self->pid == 0) {
		gate_wait(&self->gate);
		burn_ms(20);
		_exit(42);
	}
}

FIXTURE_TEARDOWN(kptr)
{
	if (self->pid) {
		gate_open(&self->gate);
		reap(self->pid);
	}
	kptr_maps__destroy(self->m);
	dtor__destroy(self->dtor);
	reader__destroy(self->r);
	gate_close(&self->gate);
	EXPECT_TRUE(until(10, module_refs() == 0));
}

static int put(struct kptr_maps *m, pid_t pid)
{
	m->bss->pid = pid;
	reader_run(m->progs.put);
	return m->bss->ret;
}

static int get(struct kptr_maps *m)
{
	reader_run(m->progs.get);
	return m->bss->ret;
}

/* Values that an element has: each of them can hold a reference. */
static int values(const FIXTURE_VARIANT(kptr) *variant)
{
	return variant->is_percpu ? (int)sysconf(_SC_NPROCESSORS_ONLN) : 1;
}

/* The record of the child into every value of the element. */
static void fill(struct __test_metadata *_metadata, FIXTURE_DATA(kptr) *self,
		 const FIXTURE_VARIANT(kptr) *variant)
{
	int cpu;

	for (cpu = 0; cpu < values(variant); cpu++) {
		run_on(cpu);
		ASSERT_EQ(0, put(self->m, self->pid));
	}
	run_on(0);
}

/* The child has been held, has ended, and only the map has its record. */
static void end_child(struct __test_metadata *_metadata, FIXTURE_DATA(kptr) *self)
{
	gate_open(&self->gate);
	ASSERT_EQ(42, WEXITSTATUS(reap(self->pid)));
	self->pid = 0;
	reader_finish(self->r, 0);
	ASSERT_EQ(0, reader_stats(self->r)->live);
	/* other records are freed a grace period after they were let go of */
	ASSERT_TRUE(until(5, reader_stats(self->r)->records == 1));
	ASSERT_TRUE(until(5, slab_records() == 1));
}

/* The record has gone, by this many calls of the destructor and no more. */
static void expect_freed(struct __test_metadata *_metadata, FIXTURE_DATA(kptr) *self, __u64 calls)
{
	EXPECT_TRUE(until(5, reader_stats(self->r)->records == 0));
	EXPECT_TRUE(until(5, slab_records() == 0));
	EXPECT_EQ(0, reader_stats(self->r)->paths);
	EXPECT_EQ(calls, self->dtor->bss->calls);
}

static void expect_kept(struct __test_metadata *_metadata, FIXTURE_DATA(kptr) *self)
{
	EXPECT_EQ(1, reader_stats(self->r)->records);
	EXPECT_EQ(1, slab_records());
	EXPECT_EQ(0, self->dtor->bss->calls);
}

TEST_F(kptr, outlives_its_process)
{
	const struct taskhold_info *info = &self->m->bss->info;

	pid_t pid = self->pid;

	ASSERT_EQ(0, put(self->m, pid));
	end_child(_metadata, self);

	ASSERT_EQ(0, get(self->m));
	EXPECT_EQ(pid, (pid_t)info->tgid);
	EXPECT_EQ(getpid(), (pid_t)info->ppid);
	EXPECT_EQ(42 << 8, info->exit_code);
	EXPECT_STREQ("kptr_maps_test", info->comm);
	EXPECT_LE(20000000, info->use.cpu_ns);
	EXPECT_TRUE(info->flags & TASKHOLD_INFO_FINISHED);
	/* it was put back */
	EXPECT_EQ(0, get(self->m));
	expect_kept(_metadata, self);
}

TEST_F(kptr, stored_when_it_finished)
{
	int cpu, ret, found = 0;
	pid_t pid = self->pid;

	self->m->bss->store_finished = true;
	self->m->bss->ret = -1;
	end_child(_metadata, self);
	EXPECT_EQ(0, self->m->bss->ret);

	/* where the callback ran decides which CPU's value has it */
	for (cpu = 0; cpu < values(variant); cpu++) {
		run_on(cpu);
		ret = get(self->m);
		if (ret) {
			EXPECT_EQ(-3, ret);
			continue;
		}
		found++;
		EXPECT_EQ(pid, (pid_t)self->m->bss->info.tgid);
		EXPECT_EQ(42 << 8, self->m->bss->info.exit_code);
		EXPECT_LE(20000000, self->m->bss->info.use.cpu_ns);
	}
	run_on(0);
	EXPECT_EQ(1, found);
	expect_kept(_metadata, self);

	kptr_maps__destroy(self->m);
	self->m = NULL;
	expect_freed(_metadata, self, 1);
}

TEST_F(kptr, goes_with_the_map)
{
	fill(_metadata, self, variant);
	end_child(_metadata, self);
	expect_kept(_metadata, self);

	kptr_maps__destroy(self->m);
	self->m = NULL;
	expect_freed(_metadata, self, values(variant));
}

TEST_F(kptr, goes_with_its_element)
{
	__u32 key = 0;

	fill(_metadata, self, variant);
	end_child(_metadata, self);
	if (variant->is_array) {
		EXPECT_EQ(-EINVAL, bpf_map__delete_elem(self->map, &key, sizeof(key), 0));
		EXPECT_EQ(0, get(self->m));
		expect_kept(_metadata, self);
	} else {
		ASSERT_EQ(0, bpf_map__delete_elem(self->map, &key, sizeof(key), 0));
		EXPECT_EQ(-2, get(self->m));
		expect_freed(_metadata, self, values(variant));
	}
}

/* What user space writes replaces the value, and lets go of the record. */
TEST_F(kptr, goes_with_an_update)
{
	fill(_metadata, self, variant);
	end_child(_metadata, self);
	ASSERT_EQ(0, update(self->map, 0));
	EXPECT_EQ(-3, get(self->m));
	expect_freed(_metadata, self, values(variant));
	/* at once, in the call of who updates */
	EXPECT_FALSE(self->dtor->bss->blind);
	EXPECT_EQ(0, self->dtor->bss->in_bh);
}

/* One call drops one reference: who has another keeps the record. */
TEST_F(kptr, leaves_others_their_references)
{
	/* while the process runs there is one besides the map's */
	ASSERT_EQ(0, put(self->m, self->pid));
	ASSERT_EQ(0, update(self->map, 0));
	EXPECT_EQ(1, self->dtor->bss->calls);
	/* a record without references is not found, whenever it is freed */
	ASSERT_EQ(0, put(self->m, self->pid));

	end_child(_metadata, self);
	ASSERT_EQ(0, update(self->map, 0));
	expect_freed(_metadata, self, 2);
}

TEST_F(kptr, is_replaced_by_another)
{
	struct gate gate;
	pid_t other;

	gate_make(&gate);
	other = fork();
	if (other == 0) {
		gate_wait(&gate);
		_exit(7);
	}
	ASSERT_EQ(0, put(self->m, self->pid));
	ASSERT_EQ(0, put(self->m, other));
	gate_open(&gate);
	EXPECT_EQ(7, WEXITSTATUS(reap(other)));
	end_child(_metadata, self);
	ASSERT_EQ(0, get(self->m));
	EXPECT_EQ(other, (pid_t)self->m->bss->info.tgid);
	/* the program that took the first one out has released it */
	expect_kept(_metadata, self);
	gate_close(&gate);
}

TEST_F(kptr, goes_when_it_is_evicted_and_not_otherwise)
{
	int err = 0;
	__u32 key;

	fill(_metadata, self, variant);
	end_child(_metadata, self);
	for (key = 1; !err && key < 100 * KPTR_ENTRIES && reader_stats(self->r)->records; key++) {
		err = update(self->map, key);
		/* what no program has looked at would be evicted before the record */
		self->m->bss->key = key;
		get(self->m);
	}
	self->m->bss->key = 0;
	if (variant->is_lru) {
		EXPECT_EQ(0, err);
		EXPECT_EQ(-2, get(self->m));
		expect_freed(_metadata, self, values(variant));
	} else {
		EXPECT_EQ(-E2BIG, err);
		EXPECT_EQ(0, get(self->m));
		expect_kept(_metadata, self);
	}
}

TEST_F(kptr, holds_the_module)
{
	char copy[64];
	int fd;

	ASSERT_EQ(0, put(self->m, self->pid));
	end_child(_metadata, self);

	/* nothing but the map is left */
	fd = dup(bpf_map__fd(self->map));
	ASSERT_LE(0, fd);
	reader__destroy(self->r);
	self->r = NULL;
	dtor__destroy(self->dtor);
	self->dtor = NULL;
	kptr_maps__destroy(self->m);
	self->m = NULL;

	ASSERT_TRUE(until(10, bpf_made_since(self->before) == 1)) {
		TH_LOG("%d BPF objects of this test", bpf_made_since(self->before));
	}
	EXPECT_LT(0, module_refs());
	EXPECT_TRUE(until(5, slab_records() == 1));
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	EXPECT_LT(0, read_file(MODULE_DIR "/initstate", copy, sizeof(copy)));
	EXPECT_STREQ("live\n", copy);

	close(fd);
	EXPECT_TRUE(until(10, slab_records() == 0));
	EXPECT_EQ(0, module_unload_soon());
	module_load();
}

/* ---- storage of a task and of a cgroup ---- */

#define CGROUP "kptr-storage"

FIXTURE(storage)
{
	struct reader *r;
	struct kptr_maps *m;
	struct dtor *dtor;
	struct bpf_program *get, *delete;
	struct gate gate[2];
	pid_t pid[2];	/* two held children, each at its gate; the second owns the storage */
	bool has_cgroup;	/* or this does */
};

FIXTURE_VARIANT(storage)
{
	bool is_cgroup;
};

FIXTURE_VARIANT_ADD(storage, of_a_task)
{
};

FIXTURE_VARIANT_ADD(storage, of_a_cgroup)
{
	.is_cgroup = true,
};

FIXTURE_SETUP(storage)
{
	struct bpf_program *fill;
	int i;

	if (!module_loaded())
		module_load();
	self->r = reader_open();
	self->dtor = dtor_open();
	self->m = kptr_maps_of(HELD_NONE);
	self->m->bss->root_pid = getpid();
	self->m->links.ops = bpf_map__attach_struct_ops(self->m->maps.ops);
	ASSERT_NE(NULL, self->m->links.ops);
	for (i = 0; i < 2; i++) {
		gate_make(&self->gate[i]);
		self->pid[i] = fork();
		if (self->pid[i] == 0) {
			gate_wait(&self->gate[i]);
			_exit(i + 1);
		}
	}
	/* the owner holds, in its storage, the record of the first */
	self->m->bss->pid = self->pid[0];
	self->m->bss->owner = self->pid[1];
	if (variant->is_cgroup) {
		cgroup_make(CGROUP);
		self->has_cgroup = true;
		self->m->bss->cgroup_id = cgroup_id_of(CGROUP);
		fill = self->m->progs.put_into_cgroup;
		self->get = self->m->progs.get_from_cgroup;
		self->delete = self->m->progs.delete_from_cgroup;
	} else {
		fill = self->m->progs.put_into_storage;
		self->get = self->m->progs.get_from_storage;
		self->delete = self->m->progs.delete_from_storage;
	}
	reader_run(fill);
	ASSERT_EQ(0, self->m->bss->ret);
	gate_open(&self->gate[0]);
	ASSERT_EQ(1, WEXITSTATUS(reap(self->pid[0])));
	reader_finish(self->r, 1);
	ASSERT_TRUE(until(5, reader_stats(self->r)->records == 2));
}

/* The second child ends; its own record is in no map. */
static void end_second(struct __test_metadata *_metadata, FIXTURE_DATA(storage) *self)
{
	gate_open(&self->gate[1]);
	EXPECT_EQ(2, WEXITSTATUS(reap(self->pid[1])));
	self->pid[1] = 0;
	reader_finish(self->r, 0);
}

FIXTURE_TEARDOWN(storage)
{
	if (self->pid[1]) {
		gate_open(&self->gate[1]);
		EXPECT_EQ(2, WEXITSTATUS(reap(self->pid[1])));
	}
	kptr_maps__destroy(self->m);
	dtor__destroy(self->dtor);
	reader__destroy(self->r);
	gate_close(&self->gate[0]);
	gate_close(&self->gate[1]);
	if (self->has_cgroup)
		cgroup_remove(CGROUP);
	EXPECT_TRUE(until(10, module_refs() == 0));
}

static void expect_let_go(struct __test_metadata *_metadata, FIXTURE_DATA(storage) *self)
{
	EXPECT_TRUE(until(5, reader_stats(self->r)->records == 0));
	EXPECT_TRUE(until(5, slab_records() == 0));
	EXPECT_EQ(1, self->dtor->bss->calls);
}

TEST_F(storage, outlives_its_process)
{
	reader_run(self->get);
	ASSERT_EQ(0, self->m->bss->ret);
	EXPECT_EQ(self->pid[0], (pid_t)self->m->bss->info.tgid);
	EXPECT_EQ(1 << 8, self->m->bss->info.exit_code);
	EXPECT_LT(0, self->m->bss->info.use.cpu_ns);
	EXPECT_EQ(0, self->dtor->bss->calls);
}

TEST_F(storage, goes_when_it_is_deleted)
{
	reader_run(self->delete);
	ASSERT_EQ(0, self->m->bss->ret);
	EXPECT_TRUE(until(5, reader_stats(self->r)->records == 1));
	end_second(_metadata, self);
	expect_let_go(_metadata, self);
}

TEST_F(storage, goes_with_its_owner)
{
	end_second(_metadata, self);
	if (variant->is_cgroup) {
		/* the cgroup stays, and so does what it holds */
		EXPECT_TRUE(until(5, reader_stats(self->r)->records == 1));
		EXPECT_EQ(0, self->dtor->bss->calls);
		cgroup_remove(CGROUP);
		self->has_cgroup = false;
	}
	expect_let_go(_metadata, self);
	EXPECT_FALSE(self->dtor->bss->blind);
	if (variant->is_cgroup) {
		EXPECT_EQ(0, self->dtor->bss->in_bh);
	} else if (!self->dtor->bss->in_bh) {
		/*
		 * A task goes in a callback of RCU, which the destructor has to stand,
		 * unless one of the threads of RCU for tasks has looked at it while it
		 * ran (get_task_struct() in kernel/rcu/tasks.h): programs of the tests
		 * before may just have been let go.
		 */
		EXPECT_EQ(0, strncmp(self->dtor->bss->outside_bh, "rcu_tasks_", 10))
			TH_LOG("called by %s", self->dtor->bss->outside_bh);
	}
}

/* The owner is still there; its own record goes with the policy. */
TEST_F(storage, goes_with_the_map)
{
	kptr_maps__destroy(self->m);
	self->m = NULL;
	expect_let_go(_metadata, self);
}

TEST_HARNESS_MAIN

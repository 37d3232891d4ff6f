// SPDX-License-Identifier: GPL-2.0-only
// timeout: 400
// module: none
// rows: A9, A10, B1, B2, B3, B4, B6, G1
/*
 * What becomes of kptrs at run time, of all kinds that stock kernels have: user
 * space neither sees nor writes them, the data between them is copied, and each
 * is released once, when its value goes. References are counted where they are,
 * in the task that is referred to. A kernel that can exchange them by an instruction
 * does the same with what came in by that.
 */
#include <sys/socket.h>
#include <netinet/in.h>

#include <bpf/bpf.h>

#include "lib/cpus.h"
#include "lib/expect.h"
#include "lib/held_maps.h"
#include "lib/kptr_values.h"
#include "kptr_values.skel.h"

#include "lib/harness.h"

#define BY_USER	0x4141414141414141ULL

/* ---- programs ---- */

static int run_fd(int fd)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int err = bpf_prog_test_run_opts(fd, &opts);

	if (err)
		die("run a program: %d", err);
	return opts.retval;
}

static int run_prog(struct bpf_program *prog)
{
	return run_fd(bpf_program__fd(prog));
}

/* What an instance of the programs is for. */
enum purpose { WATCH, MAPS, STORAGE };

/* With those programs and maps alone that are needed; @which is for MAPS. */
static struct kptr_values *values_open(enum purpose purpose, __u32 which, bool by_insn)
{
	struct kptr_values *m = kptr_values__open();
	struct bpf_program *prog;

	if (!m)
		die("open kptr_values.bpf.o");
	m->rodata->by_insn = by_insn;
	held_choose(m->obj, &m->rodata->which, which);
	bpf_map__set_autocreate(m->maps.sk_storage, purpose == STORAGE);
	bpf_map__set_autocreate(m->maps.inode_storage, purpose == STORAGE);
	bpf_object__for_each_program(prog, m->obj) {
		bool watches = prog == m->progs.count || prog == m->progs.on_release ||
			       prog == m->progs.on_drop;
		bool stores = prog == m->progs.fill_socket || prog == m->progs.fill_inode;

		bpf_program__set_autoload(prog, (watches ? WATCH : stores ? STORAGE : MAPS) ==
					  purpose);
	}
	if (kptr_values__load(m))
		die("load kptr_values.bpf.o");
	return m;
}

/*
 * An instance of its own, which is there when the maps are gone. All tests have
 * the same one, each in its turn: it takes longest to load.
 */
static struct kptr_values *w;

static void watch_open(void)
{
	w = values_open(WATCH, HELD_NONE, false);
	w->links.on_release = bpf_program__attach(w->progs.on_release);
	w->links.on_drop = bpf_program__attach(w->progs.on_drop);
	if (!w->links.on_release || !w->links.on_drop)
		die("attach to what releases kptrs");
}

/* References to a task that is there. */
static int refs(pid_t pid)
{
	w->bss->pid = pid;
	return run_prog(w->progs.count);
}

/* ---- values ---- */

#define NR_WORDS	(sizeof(struct values_seen) / 8)

/* Room for the values of all CPUs. */
struct buffer {
	struct values_seen v[64];
};

static size_t buffer_size(bool percpu)
{
	return sizeof(struct values_seen) * (percpu ? libbpf_num_possible_cpus() : 1);
}

/* As someone would write it who does not know what is in there. */
static void buffer_fill(struct buffer *b)
{
	for (unsigned int i = 0; i < sizeof(*b) / 8; i++)
		((__u64 *)b)[i] = BY_USER;
}

/* The data is so, and where the kptrs are is nothing. */
static bool is_data_alone(const struct values_seen *v, __u64 data)
{
	return v->head == data && v->mark == data && v->nested[0].mark == data &&
	       v->nested[1].mark == data && v->tail == data && !v->task && !v->unref &&
	       !v->more[0] && !v->more[1] && !v->more[2] && !v->nested[0].task &&
	       !v->nested[1].task && !v->local && !v->percpu;
}

FIXTURE(values)
{
	struct kptr_values *m;
	struct bpf_map *map;
	struct gate gate;
	pid_t pid;	/* a child that waits at the gate */
	int before;	/* references to it that are not of this test */
};

FIXTURE_VARIANT(values)
{
	__u32 which;
	bool is_array;	/* elements cannot be deleted */
	bool is_lru;
	bool is_percpu;
	bool by_insn;
};

#define VARIANT(name, number, array, lru, percpu, insn)				\
	FIXTURE_VARIANT_ADD(values, name)					\
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

static pid_t child_at(struct gate *gate)
{
	pid_t pid;

	gate_make(gate);
	pid = fork();
	if (pid == 0) {
		gate_wait(gate);
		_exit(0);
	}
	return pid;
}

/* An element with data alone, in each CPU's value of a per-CPU map. */
static int update(FIXTURE_DATA(values) *self, const FIXTURE_VARIANT(values) *variant, __u32 key)
{
	static struct buffer b;

	buffer_fill(&b);
	return bpf_map__update_elem(self->map, &key, sizeof(key), &b,
				    buffer_size(variant->is_percpu), BPF_ANY);
}

/* What user space sees in the value of CPU 0. */
static const struct values_seen *lookup(FIXTURE_DATA(values) *self,
					const FIXTURE_VARIANT(values) *variant, __u32 key)
{
	static struct buffer b;

	/* what is not written shows */
	memset(&b, 0x55, sizeof(b));
	return bpf_map__lookup_elem(self->map, &key, sizeof(key), &b,
				    buffer_size(variant->is_percpu), 0) ? NULL : &b.v[0];
}

static int look(FIXTURE_DATA(values) *self)
{
	return run_prog(self->m->progs.look);
}

static void set_up(struct __test_metadata *_metadata, FIXTURE_DATA(values) *self,
		   const FIXTURE_VARIANT(values) *variant)
{
	run_on(0);
	self->pid = child_at(&self->gate);
	w->bss->released = 0;
	self->before = refs(self->pid);
	ASSERT_LT(0, self->before);

	self->m = values_open(MAPS, variant->which, variant->by_insn);
	self->map = held_map_of(self->m->obj, variant->which);
	self->m->bss->pid = self->pid;
	ASSERT_EQ(0, update(self, variant, 0));
	/* what was written where the kptrs are has not got there */
	ASSERT_EQ(VALUES_NONE, look(self));
	run_prog(self->m->progs.fill);
	ASSERT_EQ(0, self->m->bss->ret);
	ASSERT_EQ(VALUES_ALL, look(self));
	ASSERT_EQ(self->before + VALUES_REFS, refs(self->pid));
	ASSERT_EQ(0, w->bss->released);
	w->bss->dropped = 0;
}

static void tear_down(struct __test_metadata *_metadata, FIXTURE_DATA(values) *self)
{
	kptr_values__destroy(self->m);
	EXPECT_TRUE(until(10, refs(self->pid) == self->before));
	gate_open(&self->gate);
	reap(self->pid);
	gate_close(&self->gate);
}

FIXTURE_SETUP(values)
{
	if (variant->by_insn && !expect_kernel_patched())
		SKIP(return, "the kernel lacks the patches of kernel/patches");
	set_up(_metadata, self, variant);
}

FIXTURE_TEARDOWN(values)
{
	tear_down(_metadata, self);
}

static void expect_released(struct __test_metadata *_metadata, FIXTURE_DATA(values) *self)
{
	EXPECT_TRUE(until(10, refs(self->pid) == self->before));
	EXPECT_TRUE(until(10, w->bss->dropped >= VALUES_OBJECTS));
	EXPECT_EQ(self->before, refs(self->pid));
	EXPECT_EQ(VALUES_REFS, w->bss->released);
	EXPECT_EQ(VALUES_OBJECTS, w->bss->dropped);
}

static void expect_kept(struct __test_metadata *_metadata, FIXTURE_DATA(values) *self)
{
	EXPECT_EQ(self->before + VALUES_REFS, refs(self->pid));
	EXPECT_EQ(0, w->bss->released);
	EXPECT_EQ(0, w->bss->dropped);
}

/* What user space is shown of the element, and of all elements at once. */
static void expect_data_alone(struct __test_metadata *_metadata, FIXTURE_DATA(values) *self,
			      const FIXTURE_VARIANT(values) *variant)
{
	const struct values_seen *seen = lookup(self, variant, 0);
	__u32 keys[KPTR_ENTRIES], batch, count = KPTR_ENTRIES;
	size_t size = buffer_size(variant->is_percpu);
	static struct buffer b[KPTR_ENTRIES];
	int err;

	ASSERT_NE(NULL, seen);
	EXPECT_TRUE(is_data_alone(seen, BY_USER));

	memset(b, 0x55, sizeof(b));
	err = bpf_map_lookup_batch(bpf_map__fd(self->map), NULL, &batch, keys, b, &count, NULL);
	/* all there are: no more is to come */
	ASSERT_TRUE(!err || err == -ENOENT);
	ASSERT_EQ(variant->is_array ? KPTR_ENTRIES : 1, count);
	for (__u32 i = 0; i < count; i++) {
		seen = (void *)b + size * i;
		EXPECT_TRUE(is_data_alone(seen, keys[i] ? 0 : BY_USER));
	}
}

/* An update that fails releases nothing. */
static void expect_no_update(struct __test_metadata *_metadata, FIXTURE_DATA(values) *self,
			     const FIXTURE_VARIANT(values) *variant)
{
	size_t size = buffer_size(variant->is_percpu);
	static struct buffer b;
	__u32 key = 0;

	buffer_fill(&b);
	EXPECT_EQ(-EEXIST, bpf_map__update_elem(self->map, &key, sizeof(key), &b, size,
						BPF_NOEXIST));
	key = 100 * KPTR_ENTRIES;
	EXPECT_NE(0, bpf_map__update_elem(self->map, &key, sizeof(key), &b, size, BPF_EXIST));
}

/* A number for each processor in one object, or an object in the value of each. */
static void expect_percpu(struct __test_metadata *_metadata, FIXTURE_DATA(values) *self,
			  const FIXTURE_VARIANT(values) *variant)
{
	if (variant->is_percpu) {
		run_on(1);
		EXPECT_EQ(VALUES_NONE, look(self));
		run_on(0);
		return;
	}
	self->m->bss->number = 1;
	run_prog(self->m->progs.count_percpu);
	ASSERT_EQ(0, self->m->bss->ret);
	run_on(1);
	self->m->bss->number = 10;
	run_prog(self->m->progs.count_percpu);
	run_prog(self->m->progs.count_percpu);
	run_on(0);
	EXPECT_EQ(0, self->m->bss->ret);
	EXPECT_EQ(1, self->m->bss->numbers[0]);
	EXPECT_EQ(20, self->m->bss->numbers[1]);
}

TEST_F(values, are_what_was_put_in_and_nobody_else_sees_them)
{
	expect_data_alone(_metadata, self, variant);
	expect_no_update(_metadata, self, variant);
	expect_percpu(_metadata, self, variant);
	EXPECT_EQ(VALUES_ALL, look(self));
	expect_kept(_metadata, self);

	run_prog(self->m->progs.follow_ref);
	EXPECT_EQ(0, self->m->bss->ret);
	EXPECT_EQ(self->pid, self->m->bss->seen_pid);
	self->m->bss->seen_pid = 0;
	run_prog(self->m->progs.follow_unref);
	EXPECT_EQ(0, self->m->bss->ret);
	EXPECT_EQ(self->pid, self->m->bss->seen_pid);

	self->m->bss->number = 4711;
	run_prog(self->m->progs.fill);
	ASSERT_EQ(0, self->m->bss->ret);
	run_prog(self->m->progs.follow_local);
	EXPECT_EQ(0, self->m->bss->ret);
	EXPECT_EQ(4711, self->m->bss->numbers[0]);
	/* what was there before came out and was released by the program */
	EXPECT_EQ(self->before + VALUES_REFS, refs(self->pid));
	EXPECT_EQ(0, w->bss->released);
}

TEST_F(values, go_with_what_user_space_takes_out)
{
	struct buffer b;
	__u32 key = 0;
	int err;

	memset(&b, 0x55, sizeof(b));
	err = bpf_map__lookup_and_delete_elem(self->map, &key, sizeof(key), &b,
					      buffer_size(variant->is_percpu), 0);
	if (variant->is_array) {
		EXPECT_NE(0, err);
		expect_kept(_metadata, self);
		return;
	}
	ASSERT_EQ(0, err);
	EXPECT_TRUE(is_data_alone(&b.v[0], BY_USER));
	EXPECT_EQ(VALUES_MISSING, look(self));
	expect_released(_metadata, self);
}

TEST_F(values, go_with_an_update)
{
	const struct values_seen *seen;

	ASSERT_EQ(0, update(self, variant, 0));
	EXPECT_EQ(VALUES_NONE, look(self));
	seen = lookup(self, variant, 0);
	ASSERT_NE(NULL, seen);
	EXPECT_TRUE(is_data_alone(seen, BY_USER));
	expect_released(_metadata, self);
	/* nothing is there to be released a second time */
	ASSERT_EQ(0, update(self, variant, 0));
	expect_released(_metadata, self);
}

TEST_F(values, go_with_an_update_of_a_program)
{
	const struct values_seen *seen;

	run_prog(self->m->progs.update);
	ASSERT_EQ(0, self->m->bss->ret);
	EXPECT_EQ(VALUES_NONE, look(self));
	seen = lookup(self, variant, 0);
	ASSERT_NE(NULL, seen);
	EXPECT_TRUE(is_data_alone(seen, VALUES_BY_PROGRAM));
	expect_released(_metadata, self);
}

TEST_F(values, go_with_their_element)
{
	__u32 key = 0;

	if (variant->is_array) {
		EXPECT_EQ(-EINVAL, bpf_map__delete_elem(self->map, &key, sizeof(key), 0));
		EXPECT_EQ(VALUES_ALL, look(self));
		expect_kept(_metadata, self);
		return;
	}
	ASSERT_EQ(0, bpf_map__delete_elem(self->map, &key, sizeof(key), 0));
	EXPECT_EQ(VALUES_MISSING, look(self));
	expect_released(_metadata, self);

	/* memory that is used again has none of them, the unreferenced one either */
	for (key = 0; key < KPTR_ENTRIES; key++) {
		ASSERT_EQ(0, update(self, variant, key));
		self->m->bss->key = key;
		EXPECT_EQ(VALUES_NONE, look(self));
	}
	EXPECT_EQ(VALUES_REFS, w->bss->released);
}

TEST_F(values, go_when_they_are_evicted_and_not_otherwise)
{
	int err = 0;
	__u32 key;

	for (key = 1; !err && key < 100 * KPTR_ENTRIES && !w->bss->released; key++) {
		err = update(self, variant, key);
		/* what no program has looked at would be evicted before */
		self->m->bss->key = key;
		look(self);
	}
	self->m->bss->key = 0;
	if (variant->is_lru) {
		EXPECT_EQ(0, err);
		EXPECT_EQ(VALUES_MISSING, look(self));
		expect_released(_metadata, self);
	} else {
		EXPECT_EQ(-E2BIG, err);
		EXPECT_EQ(VALUES_ALL, look(self));
		expect_kept(_metadata, self);
	}
}

/* As long as a program uses the map, nobody need have it open. */
TEST_F(values, go_with_the_map)
{
	int fd = dup(bpf_program__fd(self->m->progs.look));

	ASSERT_LE(0, fd);
	kptr_values__destroy(self->m);
	self->m = NULL;
	EXPECT_EQ(VALUES_ALL, run_fd(fd));
	expect_kept(_metadata, self);
	close(fd);
	expect_released(_metadata, self);
}

/* Of a map in another one, the other one is enough, and goes with it. */
TEST(values_go_with_an_inner_map)
{
	const FIXTURE_VARIANT(values) inner = { .which = HELD_INNER };
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	FIXTURE_DATA(values) data = {}, *self = &data;
	static struct buffer b;
	__u32 key = 0;
	int fd, outer;

	set_up(_metadata, self, &inner);
	outer = bpf_map__fd(self->m->maps.outer);
	opts.btf_fd = bpf_object__btf_fd(self->m->obj);
	opts.btf_key_type_id = bpf_map__btf_key_type_id(self->map);
	opts.btf_value_type_id = bpf_map__btf_value_type_id(self->map);
	fd = bpf_map_create(BPF_MAP_TYPE_HASH, "another", 4, sizeof(struct values_seen),
			    KPTR_ENTRIES, &opts);
	ASSERT_LE(0, fd);
	buffer_fill(&b);
	ASSERT_EQ(0, bpf_map_update_elem(fd, &key, &b, BPF_ANY));
	ASSERT_EQ(0, bpf_map_update_elem(outer, &key, &fd, BPF_ANY));
	close(fd);
	EXPECT_EQ(VALUES_NONE, look(self));
	run_prog(self->m->progs.fill);
	ASSERT_EQ(0, self->m->bss->ret);
	EXPECT_EQ(VALUES_ALL, look(self));
	EXPECT_EQ(self->before + 2 * VALUES_REFS, refs(self->pid));
	EXPECT_EQ(0, w->bss->released);

	fd = bpf_map__fd(self->map);
	ASSERT_EQ(0, bpf_map_update_elem(outer, &key, &fd, BPF_ANY));
	EXPECT_TRUE(until(10, w->bss->released == VALUES_REFS));
	EXPECT_TRUE(until(10, w->bss->dropped == VALUES_OBJECTS));
	EXPECT_EQ(self->before + VALUES_REFS, refs(self->pid));
	/* it was not the one that is there again */
	EXPECT_EQ(VALUES_ALL, look(self));
	tear_down(_metadata, self);
}

/* ---- what an unreferenced kptr points to may be anything ---- */

TEST(unreferenced_may_be_gone)
{
	struct kptr_values *m = values_open(MAPS, HELD_ARRAY, false);
	/* not canonical, no page of the kernel's, one of user space, near NULL */
	const __u64 bad[] = { 0xdead000000000000, 0xffffffffffff0000,
			      (__u64)(unsigned long)&m, 16 };
	struct gate gate;
	pid_t pid;

	for (int i = 0; i < 4; i++) {
		m->bss->address = bad[i];
		run_prog(m->progs.store_address);
		ASSERT_EQ(0, m->bss->ret);
		m->bss->seen_pid = -1;
		run_prog(m->progs.follow_unref);
		EXPECT_EQ(0, m->bss->ret);
		EXPECT_EQ(0, m->bss->seen_pid);
	}

	/* a task that is gone: whatever is there now, it can be followed */
	pid = child_at(&gate);
	m->bss->pid = pid;
	run_prog(m->progs.store_task);
	ASSERT_EQ(0, m->bss->ret);
	run_prog(m->progs.follow_unref);
	EXPECT_EQ(pid, m->bss->seen_pid);
	gate_open(&gate);
	reap(pid);
	gate_close(&gate);
	run_prog(m->progs.follow_unref);
	EXPECT_EQ(0, m->bss->ret);
	kptr_values__destroy(m);
}

/* ---- storage of sockets and inodes ---- */

FIXTURE(storage)
{
	struct kptr_values *m;
	struct gate gate;
	pid_t pid;
	int before;
	int fd;		/* the owner */
	struct bpf_map *map;
};

FIXTURE_VARIANT(storage)
{
	bool is_inode;
	bool by_insn;
};

FIXTURE_VARIANT_ADD(storage, of_a_socket)
{
};

FIXTURE_VARIANT_ADD(storage, of_a_socket_by_instruction)
{
	.by_insn = true,
};

FIXTURE_VARIANT_ADD(storage, of_an_inode)
{
	.is_inode = true,
};

FIXTURE_SETUP(storage)
{
	struct bpf_program *prog;
	struct bpf_link *link;
	int value = 0, err;
	socklen_t len = sizeof(value);

	if (variant->by_insn && !expect_kernel_patched())
		SKIP(return, "the kernel lacks the patches of kernel/patches");
	self->pid = child_at(&self->gate);
	w->bss->released = 0;
	self->before = refs(self->pid);
	self->m = values_open(STORAGE, HELD_NONE, variant->by_insn);
	self->m->bss->pid = self->pid;
	self->m->bss->caller = getpid();
	self->m->bss->ret = -100;
	if (variant->is_inode) {
		prog = self->m->progs.fill_inode;
		self->map = self->m->maps.inode_storage;
		self->fd = memfd_create("owner", MFD_CLOEXEC);
	} else {
		prog = self->m->progs.fill_socket;
		self->map = self->m->maps.sk_storage;
		self->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	}
	ASSERT_LE(0, self->fd);
	link = bpf_program__attach(prog);
	ASSERT_NE(NULL, link);
	err = variant->is_inode ? read(self->fd, &value, sizeof(value)) :
				  getsockopt(self->fd, IPPROTO_IP, IP_TTL, &value, &len);
	ASSERT_EQ(0, err);
	bpf_link__destroy(link);
	ASSERT_EQ(0, self->m->bss->ret);
	ASSERT_EQ(self->before + VALUES_REFS, refs(self->pid));
	w->bss->dropped = 0;
}

FIXTURE_TEARDOWN(storage)
{
	if (self->fd >= 0)
		close(self->fd);
	kptr_values__destroy(self->m);
	EXPECT_TRUE(until(10, refs(self->pid) == self->before));
	gate_open(&self->gate);
	reap(self->pid);
	gate_close(&self->gate);
}

static void expect_storage_released(struct __test_metadata *_metadata,
				    FIXTURE_DATA(storage) *self)
{
	EXPECT_TRUE(until(10, refs(self->pid) == self->before));
	EXPECT_TRUE(until(10, w->bss->dropped >= VALUES_OBJECTS));
	EXPECT_EQ(VALUES_REFS, w->bss->released);
	EXPECT_EQ(VALUES_OBJECTS, w->bss->dropped);
}

TEST_F(storage, shows_data_alone_and_lets_go_with_an_update)
{
	struct values_seen seen;
	static struct buffer b;

	memset(&seen, 0x55, sizeof(seen));
	ASSERT_EQ(0, bpf_map__lookup_elem(self->map, &self->fd, sizeof(self->fd), &seen,
					  sizeof(seen), 0));
	EXPECT_TRUE(is_data_alone(&seen, 0));
	EXPECT_EQ(0, w->bss->released);

	buffer_fill(&b);
	ASSERT_EQ(0, bpf_map__update_elem(self->map, &self->fd, sizeof(self->fd), &b,
					  sizeof(seen), BPF_ANY));
	expect_storage_released(_metadata, self);
	memset(&seen, 0x55, sizeof(seen));
	ASSERT_EQ(0, bpf_map__lookup_elem(self->map, &self->fd, sizeof(self->fd), &seen,
					  sizeof(seen), 0));
	EXPECT_TRUE(is_data_alone(&seen, BY_USER));
}

TEST_F(storage, lets_go_when_it_is_deleted)
{
	ASSERT_EQ(0, bpf_map__delete_elem(self->map, &self->fd, sizeof(self->fd), 0));
	expect_storage_released(_metadata, self);
}

TEST_F(storage, lets_go_with_its_owner)
{
	close(self->fd);
	self->fd = -1;
	expect_storage_released(_metadata, self);
}

TEST_F(storage, lets_go_with_the_map)
{
	kptr_values__destroy(self->m);
	self->m = NULL;
	expect_storage_released(_metadata, self);
}

int main(int argc, char **argv)
{
	watch_open();
	return test_harness_run(argc, argv);
}

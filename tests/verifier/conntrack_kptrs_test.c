// SPDX-License-Identifier: GPL-2.0-only
// timeout: 300
// module: none
// rows: A10, C2
/*
 * Entries of conntrack in maps: they outlive their place in conntrack's table, are
 * got from the map by their tuple and not by another one, go with the map value, and
 * hold their network namespace as long. Conntrack's own counter tells. A stock kernel
 * has no such kptrs.
 *
 * TASKHOLD_RACE_SECONDS says how long the race goes on.
 */
#include <pthread.h>

#include "lib/cpus.h"
#include "lib/expect.h"
#include "lib/held_maps.h"
#include "lib/reader.h"
#include "lib/testmod.h"
#include "conntrack_kptrs.skel.h"

#include "lib/harness.h"

/* Entries that the namespace of the caller has. */
static long entries(void)
{
	return number_in("/proc/sys/net/netfilter/nf_conntrack_count");
}

/* Network namespaces that there are, which the allocator knows. */
static long namespaces(void)
{
	write_file("/sys/kernel/slab/net_namespace/shrink", "1");
	return number_in("/sys/kernel/slab/net_namespace/objects");
}

static int run_tc(struct bpf_program *prog, struct conntrack_kptrs *ct)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	char packet[64] = { [12] = 8 };

	opts.data_in = packet;
	opts.data_size_in = sizeof(packet);
	if (bpf_prog_test_run_opts(bpf_program__fd(prog), &opts))
		die("run %s", bpf_program__name(prog));
	return ct->bss->ret;
}

#define WORDS	2	/* of a value; the first is a kptr */

static struct held held_of(struct conntrack_kptrs *ct, const struct held_kind *kind)
{
	return (struct held){
		.kind = *kind,
		.map = held_map_of(ct->obj, kind->which),
		.words = WORDS,
		.kptrs = 1,
		.key = &ct->bss->key,
	};
}

/* Anew, with nothing in it. */
static void element(const struct held *held, __u32 key)
{
	if (held_update(held, key, BPF_ANY))
		die("make an element");
}

static void drop(const struct held *held, __u32 key)
{
	if (bpf_map__delete_elem(held->map, &key, sizeof(key), 0))
		die("delete an element");
}

/*
 * With an element in one of the maps; what is loaded on a patched kernel alone. Without a
 * race, what goes round many times is not loaded, as it takes long to verify.
 */
static struct conntrack_kptrs *conntrack_open(const struct held_kind *kind, bool by_insn,
					      bool race, struct held *held)
{
	char *modprobe[] = { "modprobe", "nf_conntrack", NULL };
	struct conntrack_kptrs *ct;

	/* a per-CPU value is the one of the CPU that the program runs on */
	run_on(0);
	if (run(modprobe))
		die("modprobe nf_conntrack");
	ct = conntrack_kptrs__open();
	if (!ct)
		die("open conntrack_kptrs.bpf.o");
	held_choose(ct->obj, &ct->rodata->which, kind->which);
	ct->rodata->by_insn = by_insn;
	bpf_program__set_autoload(ct->progs.get_many, race);
	bpf_program__set_autoload(ct->progs.replace_many, race);
	if (conntrack_kptrs__load(ct))
		die("load conntrack_kptrs.bpf.o");
	ct->bss->timeout_ms = 600000;
	ct->bss->port = 1000;
	*held = held_of(ct, kind);
	element(held, 0);
	return ct;
}

FIXTURE(conntrack)
{
	struct conntrack_kptrs *ct;
	struct held held;
};

FIXTURE_SETUP(conntrack)
{
	const struct held_kind hash = { .which = HELD_HASH };

	if (!expect_kernel_patched())
		SKIP(return, "the kernel lacks the patches of kernel/patches");
	self->ct = conntrack_open(&hash, false, true, &self->held);
	ASSERT_EQ(0, entries());
}

FIXTURE_TEARDOWN(conntrack)
{
	conntrack_kptrs__destroy(self->ct);
	EXPECT_TRUE(until(10, entries() == 0));
}

/* The entry's time is over, and somebody has seen that. */
static bool expired(struct conntrack_kptrs *ct)
{
	return run_tc(ct->progs.find, ct) == -ENOENT;
}

TEST_F(conntrack, is_got_by_its_tuple)
{
	__u64 address;

	self->ct->bss->timeout_ms = 1;
	ASSERT_EQ(0, run_tc(self->ct->progs.put, self->ct));
	address = self->ct->bss->address;
	self->ct->bss->address = 0;
	EXPECT_EQ(0, run_tc(self->ct->progs.get, self->ct));
	EXPECT_EQ(address, self->ct->bss->address);
	/* as for a lookup, the other direction has the tuple of what comes back */
	self->ct->bss->address = 0;
	self->ct->bss->dir = 1;
	self->ct->bss->reply = true;
	EXPECT_EQ(0, run_tc(self->ct->progs.get, self->ct));
	EXPECT_EQ(address, self->ct->bss->address);
	self->ct->bss->reply = false;
	EXPECT_EQ(-2, run_tc(self->ct->progs.get, self->ct));
	self->ct->bss->dir = 0;
	self->ct->bss->reply = true;
	EXPECT_EQ(-2, run_tc(self->ct->progs.get, self->ct));
	self->ct->bss->reply = false;
	ASSERT_TRUE(until(10, expired(self->ct)));
}

TEST_F(conntrack, is_not_got_by_another_tuple)
{
	self->ct->bss->timeout_ms = 1;
	ASSERT_EQ(0, run_tc(self->ct->progs.put, self->ct));
	self->ct->bss->port = 1001;
	EXPECT_EQ(-2, run_tc(self->ct->progs.get, self->ct));
	self->ct->bss->port = 1000;
	self->ct->data->proto = 6;
	EXPECT_EQ(-2, run_tc(self->ct->progs.get, self->ct));
	self->ct->data->proto = 1;
	EXPECT_EQ(-2, run_tc(self->ct->progs.get, self->ct));
	self->ct->data->proto = 17;
	self->ct->bss->dir = 2;
	EXPECT_EQ(-2, run_tc(self->ct->progs.get, self->ct));
	self->ct->bss->dir = 0;
	self->ct->data->size = 36;
	EXPECT_EQ(-2, run_tc(self->ct->progs.get, self->ct));
	self->ct->data->size = 12;
	EXPECT_EQ(0, run_tc(self->ct->progs.get, self->ct));
	ASSERT_TRUE(until(10, expired(self->ct)));
}

TEST_F(conntrack, outlives_its_place_in_the_table)
{
	self->ct->bss->timeout_ms = 1;
	ASSERT_EQ(0, run_tc(self->ct->progs.put, self->ct));
	ASSERT_TRUE(until(10, expired(self->ct)));
	/* nobody finds it but by the map */
	EXPECT_EQ(1, entries());
	EXPECT_EQ(0, run_tc(self->ct->progs.get, self->ct));
	drop(&self->held, 0);
	EXPECT_TRUE(until(10, entries() == 0));
}

TEST_F(conntrack, reused_slot_has_another)
{
	self->ct->bss->timeout_ms = 1;
	ASSERT_EQ(0, run_tc(self->ct->progs.put, self->ct));
	ASSERT_TRUE(until(10, expired(self->ct)));
	self->ct->bss->port = 1001;
	ASSERT_EQ(0, run_tc(self->ct->progs.put, self->ct));
	ASSERT_TRUE(until(10, expired(self->ct)));
	EXPECT_EQ(0, run_tc(self->ct->progs.get, self->ct));
	self->ct->bss->port = 1000;
	EXPECT_EQ(-2, run_tc(self->ct->progs.get, self->ct));
	EXPECT_TRUE(until(10, entries() == 1));
	drop(&self->held, 0);
}

/* In a namespace of its own, of which nothing but the map's entry is left. */
static void fill_in_new_namespace(struct conntrack_kptrs *ct)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWNET))
			_exit(1);
		_exit(run_tc(ct->progs.put, ct) ? 2 : 0);
	}
	if (reap(pid))
		die("use a network namespace");
}

static void pass_through_new_namespace(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(unshare(CLONE_NEWNET) ? 1 : 0);
	if (reap(pid))
		die("make a network namespace");
}

/* Those that have gone are freed when the next one goes, so that one is left. */
static bool freed_but(long others)
{
	int i;

	for (i = 0; i < 4; i++) {
		pass_through_new_namespace();
		if (until(5, namespaces() <= others + 1))
			return true;
	}
	return false;
}

TEST_F(conntrack, holds_its_namespace_and_no_other)
{
	long before = namespaces();
	int i;

	fill_in_new_namespace(self->ct);
	EXPECT_EQ(0, run_tc(self->ct->progs.get, self->ct));
	/* those that end meanwhile are not held up */
	for (i = 0; i < 5; i++)
		pass_through_new_namespace();
	EXPECT_TRUE(freed_but(before + 1)) {
		TH_LOG("%ld namespaces, %ld before", namespaces(), before);
	}
	/* it has not begun to go, or else it would not be there to be got from */
	EXPECT_EQ(0, run_tc(self->ct->progs.get, self->ct));
	drop(&self->held, 0);
	EXPECT_TRUE(freed_but(before)) {
		TH_LOG("%ld namespaces, %ld before", namespaces(), before);
	}
}

/* ---- how they go, in maps of all kinds ---- */

FIXTURE(entry)
{
	struct conntrack_kptrs *ct;
	struct held held;
	struct bpf_newest before;	/* BPF objects that are not of this test */
};

FIXTURE_VARIANT(entry)
{
	struct held_kind kind;
	bool by_insn;
};

#define VARIANT(name, number, array, lru, percpu, insn)				\
	FIXTURE_VARIANT_ADD(entry, name)					\
	{									\
		.kind = {							\
			.which = number, .is_array = array, .is_lru = lru,	\
			.is_percpu = percpu,					\
		},								\
		.by_insn = insn,						\
	}

VARIANT(array, HELD_ARRAY, true, false, false, false);
VARIANT(array_by_instruction, HELD_ARRAY, true, false, false, true);
VARIANT(hash, HELD_HASH, false, false, false, false);
VARIANT(hash_by_instruction, HELD_HASH, false, false, false, true);
VARIANT(hash_without_preallocation, HELD_HASH_LAZY, false, false, false, false);
VARIANT(lru_hash, HELD_LRU, false, true, false, false);
VARIANT(percpu_array, HELD_CPU_ARRAY, true, false, true, false);
VARIANT(lru_percpu_hash, HELD_CPU_LRU, false, true, true, false);
VARIANT(map_in_map, HELD_INNER, false, false, false, false);

/* One that nobody has but the slot, as its time in the table is over. */
FIXTURE_SETUP(entry)
{
	if (!expect_kernel_patched())
		SKIP(return, "the kernel lacks the patches of kernel/patches");
	self->before = bpf_newest();
	self->ct = conntrack_open(&variant->kind, variant->by_insn, false, &self->held);
	ASSERT_EQ(0, entries());
	self->ct->bss->timeout_ms = 1;
	ASSERT_EQ(0, run_tc(self->ct->progs.put, self->ct));
	ASSERT_TRUE(until(10, expired(self->ct)));
	ASSERT_EQ(1, entries());
	EXPECT_EQ(0, run_tc(self->ct->progs.get, self->ct));
}

FIXTURE_TEARDOWN(entry)
{
	conntrack_kptrs__destroy(self->ct);
	EXPECT_TRUE(until(10, entries() == 0));
}

TEST_F(entry, is_taken_out)
{
	EXPECT_EQ(0, run_tc(self->ct->progs.take, self->ct));
	EXPECT_TRUE(until(10, entries() == 0));
	EXPECT_EQ(-2, run_tc(self->ct->progs.get, self->ct));
	EXPECT_EQ(-2, run_tc(self->ct->progs.take, self->ct));
}

TEST_F(entry, is_replaced_by_another)
{
	self->ct->bss->port = 1001;
	ASSERT_EQ(0, run_tc(self->ct->progs.put, self->ct));
	ASSERT_TRUE(until(10, expired(self->ct)));
	EXPECT_TRUE(until(10, entries() == 1));
	EXPECT_EQ(0, run_tc(self->ct->progs.get, self->ct));
	self->ct->bss->port = 1000;
	EXPECT_EQ(-2, run_tc(self->ct->progs.get, self->ct));
}

TEST_F(entry, user_space_sees_nothing_of_it)
{
	__u64 words[WORDS * HELD_MAX_CPUS];

	ASSERT_EQ(0, held_lookup(&self->held, 0, words));
	EXPECT_EQ(0, words[0]);
	EXPECT_EQ(0, run_tc(self->ct->progs.get, self->ct));
}

TEST_F(entry, goes_with_an_update)
{
	ASSERT_EQ(-EEXIST, held_update(&self->held, 0, BPF_NOEXIST));
	EXPECT_EQ(0, run_tc(self->ct->progs.get, self->ct));
	ASSERT_EQ(0, held_update(&self->held, 0, BPF_ANY));
	EXPECT_TRUE(until(10, entries() == 0));
	EXPECT_EQ(-2, run_tc(self->ct->progs.get, self->ct));
}

TEST_F(entry, goes_with_its_element)
{
	__u32 key = 0;

	if (variant->kind.is_array) {
		EXPECT_EQ(-EINVAL, bpf_map__delete_elem(self->held.map, &key, sizeof(key), 0));
		EXPECT_EQ(1, entries());
		EXPECT_EQ(0, run_tc(self->ct->progs.get, self->ct));
		return;
	}
	drop(&self->held, 0);
	EXPECT_TRUE(until(10, entries() == 0));
	EXPECT_EQ(-1, run_tc(self->ct->progs.get, self->ct));
}

TEST_F(entry, goes_when_it_is_evicted_and_not_otherwise)
{
	int err = 0;
	__u32 key;

	for (key = 1; !err && key < 100 * KPTR_ENTRIES && entries(); key++) {
		err = held_update(&self->held, key, BPF_ANY);
		self->ct->bss->key = key;
		/* what no program has looked at would be evicted before */
		run_tc(self->ct->progs.get, self->ct);
	}
	self->ct->bss->key = 0;
	if (variant->kind.is_lru) {
		EXPECT_EQ(0, err);
		EXPECT_EQ(0, entries());
		EXPECT_EQ(-1, run_tc(self->ct->progs.get, self->ct));
	} else {
		EXPECT_EQ(-E2BIG, err);
		EXPECT_EQ(1, entries());
		EXPECT_EQ(0, run_tc(self->ct->progs.get, self->ct));
	}
}

TEST_F(entry, goes_with_the_map)
{
	int fd = dup(bpf_map__fd(self->held.map));

	ASSERT_LE(0, fd);
	conntrack_kptrs__destroy(self->ct);
	self->ct = NULL;
	ASSERT_TRUE(until(10, bpf_made_since(self->before) == 1)) {
		TH_LOG("%d BPF objects of this test", bpf_made_since(self->before));
	}
	/* one that had been let go of would go in a work queue, and soon */
	EXPECT_FALSE(until(1, entries() == 0));
	close(fd);
	EXPECT_TRUE(until(10, entries() == 0));
}

/* ---- on two processors at once ---- */

static void *get_many(void *arg)
{
	struct conntrack_kptrs *ct = arg;

	run_on(1);
	while (__atomic_load_n(&ct->bss->rounds, __ATOMIC_RELAXED))
		run_tc(ct->progs.get_many, ct);
	return NULL;
}

/* The memory of an entry is that of another one next, while someone looks at it. */
TEST_F(conntrack, is_got_while_it_goes)
{
	uint64_t end = now_ns(CLOCK_MONOTONIC) + race_seconds(3) * 1000000000ULL;
	uint64_t bound = end + 30 * slowness() * 1000000000ULL;
	pthread_t thread;
	cpu_set_t before;

	ASSERT_EQ(0, sched_getaffinity(0, sizeof(before), &before));
	run_on(0);
	self->ct->bss->rounds = 256;
	ASSERT_EQ(0, pthread_create(&thread, NULL, get_many, self->ct));
	while (now_ns(CLOCK_MONOTONIC) < (self->ct->bss->met ? end : bound)) {
		run_tc(self->ct->progs.replace_many, self->ct);
		/* the last one goes with its element */
		drop(&self->held, 0);
		element(&self->held, 0);
	}
	self->ct->bss->rounds = 0;
	pthread_join(thread, NULL);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(before), &before));
	TH_LOG("%llu put, %llu got, %llu times there was none", self->ct->bss->made,
	       self->ct->bss->got, self->ct->bss->missed);
	TH_LOG("%llu times something was exchanged meanwhile", self->ct->bss->met);
	EXPECT_LT(0, self->ct->bss->met);
	EXPECT_LT(100, self->ct->bss->made);
	EXPECT_LT(100, self->ct->bss->got);
	EXPECT_LT(100, self->ct->bss->missed);
	EXPECT_EQ(0, self->ct->bss->wrong);
}

/* ---- kernels that lack it ---- */

/* A kptr that the kernel cannot release is none. */
TEST(entry_has_a_destructor_with_the_patches_alone)
{
	char *modprobe[] = { "modprobe", "nf_conntrack", NULL };

	ASSERT_EQ(0, run(modprobe));
	EXPECT_EQ(expect_kernel_patched() ? 0 : -ENOENT, kptr_map_error("nf_conn"));
}

TEST_HARNESS_MAIN

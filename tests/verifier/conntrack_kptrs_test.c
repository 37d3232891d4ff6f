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

static void element(struct conntrack_kptrs *ct, __u32 key)
{
	__u64 value[2] = {};

	if (bpf_map__update_elem(ct->maps.entries, &key, sizeof(key), value, sizeof(value), 0))
		die("make an element");
}

static void drop(struct conntrack_kptrs *ct, __u32 key)
{
	if (bpf_map__delete_elem(ct->maps.entries, &key, sizeof(key), 0))
		die("delete an element");
}

FIXTURE(conntrack)
{
	struct conntrack_kptrs *ct;
};

FIXTURE_SETUP(conntrack)
{
	char *modprobe[] = { "modprobe", "nf_conntrack", NULL };

	if (!expect_kernel_patched())
		SKIP(return, "the kernel lacks the patches of kernel/patches");
	ASSERT_EQ(0, run(modprobe));
	self->ct = conntrack_kptrs__open_and_load();
	ASSERT_NE(NULL, self->ct);
	ASSERT_EQ(0, entries());
	self->ct->bss->timeout_ms = 600000;
	self->ct->bss->port = 1000;
	element(self->ct, 0);
}

FIXTURE_TEARDOWN(conntrack)
{
	conntrack_kptrs__destroy(self->ct);
	EXPECT_TRUE(until(10, entries() == 0));
}

/* The entry's time is over, and somebody has seen that. */
static bool expired(struct conntrack_kptrs *ct)
{
	return run_tc(ct->progs.lookup, ct) == -ENOENT;
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
	drop(self->ct, 0);
	EXPECT_TRUE(until(10, entries() == 0));
}

TEST_F(conntrack, goes_with_the_map)
{
	self->ct->bss->timeout_ms = 1;
	ASSERT_EQ(0, run_tc(self->ct->progs.put, self->ct));
	ASSERT_TRUE(until(10, expired(self->ct)));
	ASSERT_EQ(1, entries());
	conntrack_kptrs__destroy(self->ct);
	self->ct = NULL;
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
	drop(self->ct, 0);
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
	drop(self->ct, 0);
	EXPECT_TRUE(freed_but(before)) {
		TH_LOG("%ld namespaces, %ld before", namespaces(), before);
	}
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
		drop(self->ct, 0);
		element(self->ct, 0);
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

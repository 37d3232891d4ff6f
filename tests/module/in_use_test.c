// SPDX-License-Identifier: GPL-2.0-only
// rows: H9, H15
// timeout: 120
// module: none
/*
 * Who uses the module is not disturbed by an attempt to unload it, which is
 * refused: a policy goes on, a record in a map is still what it was.
 */
#include <pthread.h>

#include "lib/held_maps.h"
#include "lib/policy.h"
#include "lib/threads.h"
#include "faulty.skel.h"
#include "kptr_maps.skel.h"
#include "holders_kptr.skel.h"

#include "lib/harness.h"

#define PIN	"/sys/fs/bpf/taskhold-in-use"

FIXTURE(module)
{
	struct bpf_newest before;	/* BPF objects that are not of this test */
};

FIXTURE_SETUP(module)
{
	module_load();
	ASSERT_EQ(0, module_refs());
	self->before = bpf_newest();
}

FIXTURE_TEARDOWN(module)
{
	EXPECT_EQ(0, module_unload_soon());
	EXPECT_FALSE(module_loaded());
	/* its cache is gone, so no record was left in it */
	EXPECT_TRUE(until(5, access(SLAB_DIR, F_OK)));
	if (module_loaded())
		die("the module is still there, with %ld users", module_refs());
}

static void expect_in_use(struct __test_metadata *_metadata)
{
	EXPECT_LT(0, module_refs());
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	EXPECT_TRUE(module_loaded());
}

/* A child that ends with a status of its own. */
static pid_t make_child(int code)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(code);
	return pid;
}

static bool has_finished(struct reader *r, int slot, pid_t pid)
{
	const struct taskhold_info *info;

	reader_settle(r);
	info = reader_find(r, slot, pid);
	return info && (info->flags & TASKHOLD_INFO_FINISHED);
}

TEST_F(module, attached_policy)
{
	struct reader *r = reader_open();
	struct policy *p = policy_open("in-use");
	int slot;
	pid_t pid;

	policy_load(p);
	slot = policy_attach(p, r);
	expect_in_use(_metadata);

	/* it is held as before */
	pid = make_child(3);
	ASSERT_EQ(3 << 8, reap(pid));
	EXPECT_TRUE(until(5, has_finished(r, slot, pid)));

	/* a link to the policy is left, whatever else is closed */
	reader__destroy(r);
	expect_in_use(_metadata);
	policy_detach(p);
	expect_in_use(_metadata);
	policy__destroy(p);
}

static void *close_link(void *link)
{
	bpf_link__destroy(link);
	return NULL;
}

/* a call of the policy takes long, and is not over when its link has been closed */
TEST_F(module, policy_in_a_call)
{
	struct faulty *f = faulty__open_and_load();
	pthread_t closes;
	pid_t pid;
	int i;

	ASSERT_NE(NULL, f);
	f->bss->root_pid = getpid();
	/* for longer than this takes */
	f->bss->exit_ms = 20000;
	f->bss->faulty = true;
	f->links.ops = bpf_map__attach_struct_ops(f->maps.ops);
	ASSERT_NE(NULL, f->links.ops);

	pid = make_child(6);
	ASSERT_TRUE(until(10, counter(&f->bss->inside) == 1));
	expect_in_use(_metadata);
	ASSERT_EQ(0, pthread_create(&closes, NULL, close_link, f->links.ops));
	f->links.ops = NULL;
	for (i = 0; i < 100; i++) {
		expect_in_use(_metadata);
		nap();
	}
	EXPECT_EQ(1, counter(&f->bss->inside));

	/* the link has no number any more; who asks is not held */
	f->bss->root_pid = -1;
	EXPECT_EQ(0, system("taskhold status | grep -q '^  map [0-9]* ops: '"));
	/* a slow kernel may need longer than the call, which ends before it is taken for stuck */
	if (slowness() == 1)
		EXPECT_EQ(1, counter(&f->bss->inside));

	count_up(&f->bss->stop);
	EXPECT_EQ(6 << 8, reap(pid));
	EXPECT_EQ(0, counter(&f->bss->inside));
	ASSERT_EQ(0, pthread_join(closes, NULL));
	EXPECT_EQ(1, f->bss->detached);
	faulty__destroy(f);
}

/* the policy is attached by a pin alone: no process has anything of it */
TEST_F(module, pinned_link)
{
	struct reader *r = reader_open();
	struct policy *p = policy_open("in-use");
	struct bpf_link *link;

	policy_load(p);
	policy_attach(p, r);
	reader__destroy(r);
	ASSERT_EQ(0, bpf_link__pin(p->links.ops, PIN));
	policy__destroy(p);
	/* the link, its map and its programs */
	expect_in_use(_metadata);
	link = bpf_link__open(PIN);
	ASSERT_NE(NULL, link);
	bpf_link__destroy(link);
	expect_in_use(_metadata);
	EXPECT_EQ(0, unlink(PIN));
}

/* a program that calls kfuncs of the module, and is attached nowhere */
TEST_F(module, program)
{
	struct reader *r = reader_open();

	expect_in_use(_metadata);
	reader__destroy(r);
}

/* the policy is pinned as a map, and attached by nobody */
TEST_F(module, pinned_map)
{
	struct policy *p = policy_open("in-use");

	policy_load(p);
	ASSERT_EQ(0, bpf_map__pin(p->maps.ops, PIN));
	policy__destroy(p);
	expect_in_use(_metadata);
	EXPECT_EQ(0, unlink(PIN));
}

/* a map that could have a record */
TEST_F(module, map_of_records)
{
	struct holders_kptr *m = holders_kptr__open_and_load();

	ASSERT_NE(NULL, m);
	expect_in_use(_metadata);
	holders_kptr__destroy(m);
}

/* a map that has one, and nothing else is left: no program, no policy, no process */
TEST_F(module, record_in_a_map)
{
	struct reader *r = reader_open();
	struct kptr_maps *m = kptr_maps__open();
	int map;

	ASSERT_NE(NULL, m);
	held_choose(m->obj, &m->rodata->which, HELD_ARRAY);
	ASSERT_EQ(0, kptr_maps__load(m));
	m->bss->root_pid = getpid();
	m->bss->store_finished = true;
	m->bss->ret = -1;
	m->links.ops = bpf_map__attach_struct_ops(m->maps.ops);
	ASSERT_NE(NULL, m->links.ops);
	ASSERT_EQ(4 << 8, reap(make_child(4)));
	ASSERT_TRUE(until(5, (reader_settle(r), m->bss->ret == 0)));
	map = dup(bpf_map__fd(m->maps.array));
	ASSERT_LE(0, map);
	kptr_maps__destroy(m);

	ASSERT_TRUE(until(5, reader_stats(r)->policies == 0));
	EXPECT_EQ(1, reader_stats(r)->records);
	reader__destroy(r);
	expect_in_use(_metadata);
	EXPECT_TRUE(until(5, slab_records() == 1));
	/* nobody but the map has it, and that goes on having it */
	EXPECT_TRUE(until(10, bpf_made_since(self->before) == 1));
	expect_in_use(_metadata);
	EXPECT_TRUE(until(5, slab_records() == 1));
	EXPECT_EQ(0, close(map));
}

TEST_HARNESS_MAIN

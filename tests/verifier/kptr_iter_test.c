// SPDX-License-Identifier: GPL-2.0-only
// timeout: 120
// module: none
// rows: A8, A9
/*
 * Iterators over maps are given values as memory that they may write to. With
 * kptrs in the value that is a copy, in which there are none. A kernel without the
 * patches of kernel/patches gives them the value itself: that is seen here, and
 * no kptr is written to. Of the values of a per-CPU map any kernel gives copies.
 */
#include <netinet/in.h>
#include <sys/socket.h>

#include "lib/cpus.h"
#include "lib/expect.h"
#include "lib/guest.h"
#include "progs/kptr_iter.h"

#include "kptr_iter.skel.h"

#include "lib/harness.h"

FIXTURE(iter)
{
	struct kptr_iter *m;
	struct bpf_map *map;
	int socket;
};

FIXTURE_VARIANT(iter)
{
	unsigned int which;
	int cpus;	/* how many values there are to be seen, 0: no per-CPU map */
};

FIXTURE_VARIANT_ADD(iter, array)
{
	.which = ITER_ARRAY,
};

FIXTURE_VARIANT_ADD(iter, hash)
{
	.which = ITER_HASH,
};

FIXTURE_VARIANT_ADD(iter, lru_hash)
{
	.which = ITER_LRU,
};

FIXTURE_VARIANT_ADD(iter, socket_storage)
{
	.which = ITER_STORAGE,
};

FIXTURE_VARIANT_ADD(iter, percpu_array)
{
	.which = ITER_CPU_ARRAY, .cpus = ITER_CPUS,
};

FIXTURE_VARIANT_ADD(iter, percpu_hash)
{
	.which = ITER_CPU_HASH, .cpus = ITER_CPUS,
};

FIXTURE_VARIANT_ADD(iter, lru_percpu_hash)
{
	.which = ITER_CPU_LRU, .cpus = ITER_CPUS,
};

/* Is what an iterator is given a copy? */
static bool is_copy(const FIXTURE_VARIANT(iter) *variant)
{
	return variant->cpus || expect_kernel_patched();
}

static int nr_values(const FIXTURE_VARIANT(iter) *variant)
{
	return variant->cpus ?: 1;
}

/* Fills the value that this processor has, or looks at it, in a program. */
static int use(FIXTURE_DATA(iter) *self, unsigned int what)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct bpf_link *link;
	int value = 0;
	socklen_t len = sizeof(value);

	self->m->bss->what = what;
	self->m->bss->ret = -100;
	if (self->m->bss->which != ITER_STORAGE) {
		if (bpf_prog_test_run_opts(bpf_program__fd(self->m->progs.use_map), &opts))
			die("run use_map");
		return self->m->bss->ret;
	}
	link = bpf_program__attach(self->m->progs.use_storage);
	if (!link || getsockopt(self->socket, IPPROTO_IP, IP_TTL, &value, &len))
		die("run use_storage");
	bpf_link__destroy(link);
	return self->m->bss->ret;
}

/* Lets an iterator walk the map, from the first value to the end. */
static void walk(FIXTURE_DATA(iter) *self)
{
	LIBBPF_OPTS(bpf_iter_attach_opts, opts);
	union bpf_iter_link_info info = { .map.map_fd = bpf_map__fd(self->map) };
	struct bpf_program *prog = self->m->progs.walk_map;
	struct bpf_link *link;
	char byte;
	int fd;

	opts.link_info = &info;
	opts.link_info_len = sizeof(info);
	if (self->m->bss->which == ITER_STORAGE)
		prog = self->m->progs.walk_storage;
	else if (self->m->bss->which >= ITER_CPU_ARRAY)
		prog = self->m->progs.walk_percpu_map;
	link = bpf_program__attach_iter(prog, &opts);
	fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	/* the program prints nothing */
	if (fd < 0 || read(fd, &byte, 1))
		die("walk a map");
	close(fd);
	bpf_link__destroy(link);
}

/* Of what fill() stored, what is there still in each value. */
static int look(FIXTURE_DATA(iter) *self, const FIXTURE_VARIANT(iter) *variant)
{
	int has = ITER_HAS_ALL;

	for (int cpu = 0; cpu < nr_values(variant); cpu++) {
		run_on(cpu);
		has &= use(self, ITER_LOOK);
	}
	return has;
}

FIXTURE_SETUP(iter)
{
	static const char empty[32 * 64];
	__u32 zero = 0;

	self->socket = -1;
	self->m = kptr_iter__open_and_load();
	ASSERT_NE(NULL, self->m);
	self->m->bss->which = variant->which;
	self->m->bss->caller = getpid();
	switch (variant->which) {
	case ITER_ARRAY:
		self->map = self->m->maps.array;
		break;
	case ITER_HASH:
		self->map = self->m->maps.hash;
		break;
	case ITER_LRU:
		self->map = self->m->maps.lru;
		break;
	case ITER_CPU_ARRAY:
		self->map = self->m->maps.cpu_array;
		break;
	case ITER_CPU_HASH:
		self->map = self->m->maps.cpu_hash;
		break;
	case ITER_CPU_LRU:
		self->map = self->m->maps.cpu_lru;
		break;
	default:
		self->map = self->m->maps.storage;
		self->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		ASSERT_LE(0, self->socket);
	}
	if (variant->which != ITER_STORAGE)
		ASSERT_EQ(0, bpf_map__update_elem(self->map, &zero, sizeof(zero), empty,
						  variant->cpus ?
						  32 * libbpf_num_possible_cpus() : 32, BPF_ANY));
	for (int cpu = 0; cpu < nr_values(variant); cpu++) {
		run_on(cpu);
		ASSERT_EQ(0, use(self, ITER_FILL));
	}
	ASSERT_EQ(ITER_HAS_ALL, look(self, variant));
}

FIXTURE_TEARDOWN(iter)
{
	kptr_iter__destroy(self->m);
	if (self->socket >= 0)
		close(self->socket);
}

TEST_F(iter, sees_data_alone)
{
	bool copy = is_copy(variant);

	walk(self);
	EXPECT_EQ(1, self->m->bss->walked);
	EXPECT_EQ(nr_values(variant) * ITER_HEAD, self->m->bss->heads);
	EXPECT_EQ(nr_values(variant) * ITER_TAIL, self->m->bss->tails);
	EXPECT_EQ(copy, !self->m->bss->pointers);
	/* what it wrote is in the copy, if it was one */
	EXPECT_EQ(copy ? ITER_HAS_ALL : ITER_HAS_ALL & ~ITER_HAS_TAIL, look(self, variant));
}

TEST_F(iter, writes_to_no_pointer)
{
	if (!is_copy(variant))
		SKIP(return, "without the patches it would, and the kernel follow what it wrote");
	self->m->bss->writes_pointers = true;
	walk(self);
	EXPECT_EQ(1, self->m->bss->walked);
	EXPECT_EQ(ITER_HAS_ALL, look(self, variant));
	/* nor is what it wrote there the next time */
	walk(self);
	EXPECT_EQ(2, self->m->bss->walked);
	EXPECT_EQ(2 * nr_values(variant) * ITER_TAIL, self->m->bss->tails);
	EXPECT_EQ(0, self->m->bss->pointers);
	EXPECT_EQ(ITER_HAS_ALL, look(self, variant));
}

TEST_HARNESS_MAIN

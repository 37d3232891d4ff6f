// SPDX-License-Identifier: GPL-2.0-only
// timeout: 240
// module: none
// kernel: patched
// rows: A9, A11, B2, B5, B7
/*
 * A pointer to user space in a map is an address of whose it was, and nothing to
 * anybody else; one to per-CPU memory of a module does no harm when the module has
 * gone, which the map does not hold. Both go with the value, in maps of all kinds.
 */
#include <sys/mman.h>

#include "lib/cpus.h"
#include "lib/expect.h"
#include "lib/held_maps.h"
#include "lib/reader.h"
#include "lib/testmod.h"
#include "progs/module_tags_run.h"

#include "module_tags_run.skel.h"

#include "lib/harness.h"

#define NAME	"testmod_user"
#define NUMBER	0x1234567887654321UL

struct data {
	unsigned long number;
	void *next;
};

static int run_prog(struct bpf_program *prog, struct module_tags_run *run)
{
	reader_run(prog);
	return run->bss->ret;
}

/* The module calls a function with this address, for the process that asks. */
static void call(const void *address)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", (unsigned long)address);
	testmod_set(NAME, "address", text);
}

/* Both pointers are in one of the maps, the one to user space with this address. */
static struct module_tags_run *open_and_fill(const struct held_kind *kind, struct held *held,
					     const void *address)
{
	struct module_tags_run *run;

	/* a per-CPU value is the one of the CPU that the program runs on */
	run_on(0);
	if (testmod_load(NAME, ""))
		die("load " NAME);
	run = module_tags_run__open();
	if (!run)
		die("open module_tags_run.bpf.o");
	held_choose(run->obj, &run->rodata->which, kind->which);
	if (module_tags_run__load(run))
		die("load module_tags_run.bpf.o");
	*held = (struct held){
		.kind = *kind,
		.map = held_map_of(run->obj, kind->which),
		.words = TAGS_WORDS,
		.kptrs = TAGS_USER | TAGS_PERCPU,
		.look = run->progs.look,
		.key = &run->bss->key,
	};
	if (held_update(held, 0, BPF_ANY) || held_look(held))
		die("make an element");
	run->bss->pid = gettid();
	run->links.keep = bpf_program__attach(run->progs.keep);
	if (!run->links.keep)
		die("attach to " NAME);
	call(address);
	if (run->bss->kept != (unsigned long)address)
		die("keep an address");
	return run;
}

/* ---- what is read through them ---- */

FIXTURE(tags)
{
	struct module_tags_run *run;
	struct held held;
	struct data *data;	/* a page of this process's */
};

FIXTURE_SETUP(tags)
{
	const struct held_kind hash = { .which = HELD_HASH };

	self->data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->data);
	self->data->number = NUMBER;
	self->run = open_and_fill(&hash, &self->held, self->data);
}

FIXTURE_TEARDOWN(tags)
{
	module_tags_run__destroy(self->run);
	munmap(self->data, 4096);
	if (testmod_is_there(NAME))
		EXPECT_EQ(0, testmod_unload_soon(NAME));
}

TEST_F(tags, user_memory)
{
	EXPECT_EQ(0, run_prog(self->run->progs.read_user, self->run));
	EXPECT_EQ((unsigned long)self->data, self->run->bss->user);
	EXPECT_EQ(NUMBER, self->run->bss->user_number);
	/* it is the memory that is read, not a copy */
	self->data->number = 7;
	EXPECT_EQ(0, run_prog(self->run->progs.read_user, self->run));
	EXPECT_EQ(7, self->run->bss->user_number);
	/* which may go */
	ASSERT_EQ(0, munmap(self->data, 4096));
	EXPECT_EQ(-EFAULT, run_prog(self->run->progs.read_user, self->run));
	EXPECT_EQ(0, self->run->bss->user_number);
}

/* In another process the same address is something else, or nothing. */
TEST_F(tags, user_memory_of_another)
{
	pid_t pid = fork();

	if (pid == 0) {
		self->data->number = 8;
		if (run_prog(self->run->progs.read_user, self->run) ||
		    self->run->bss->user_number != 8)
			_exit(1);
		munmap(self->data, 4096);
		_exit(run_prog(self->run->progs.read_user, self->run) != -EFAULT);
	}
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(0, run_prog(self->run->progs.read_user, self->run));
	EXPECT_EQ(NUMBER, self->run->bss->user_number);
}

/* An address that is not of user space, whatever the tag says, is not read. */
TEST_F(tags, address_of_the_kernel)
{
	call((void *)0xffffffff81000000UL);
	EXPECT_EQ(-EFAULT, run_prog(self->run->progs.read_user, self->run));
	EXPECT_EQ(0xffffffff81000000UL, self->run->bss->user);
	EXPECT_EQ(0, self->run->bss->user_number);
}

TEST_F(tags, taken_out)
{
	reader_run(self->run->progs.take_user);
	EXPECT_EQ((unsigned long)self->data, self->run->bss->user);
	EXPECT_EQ(-1, run_prog(self->run->progs.read_user, self->run));
	EXPECT_EQ(0, self->run->bss->user);
}

TEST_F(tags, null)
{
	call(NULL);
	EXPECT_EQ(-1, run_prog(self->run->progs.read_user, self->run));
}

TEST_F(tags, replaced_by_user_space)
{
	/* what user space writes there is not taken for a pointer */
	ASSERT_EQ(0, held_update(&self->held, 0, BPF_ANY));
	run_prog(self->run->progs.read_user, self->run);
	EXPECT_EQ(0, self->run->bss->user);
	EXPECT_EQ(-1, run_prog(self->run->progs.read_percpu, self->run));
}

TEST_F(tags, percpu_memory)
{
	int cpu, cpus = libbpf_num_possible_cpus();

	for (cpu = 0; cpu < cpus; cpu++) {
		self->run->bss->cpu = cpu;
		EXPECT_EQ(0, run_prog(self->run->progs.read_percpu, self->run));
		EXPECT_EQ(1000 + cpu, self->run->bss->cpu_number);
	}
	self->run->bss->cpu = 10000;
	EXPECT_EQ(-1, run_prog(self->run->progs.read_percpu, self->run));
}

/* The map stays with the pointers, the module and the programs go. */
TEST_F(tags, percpu_memory_that_is_gone)
{
	struct module_tags_run *later = module_tags_run__open();

	ASSERT_NE(NULL, later);
	/* none with such a type can be created without the module */
	held_choose(later->obj, &later->rodata->which, HELD_HASH);
	ASSERT_EQ(0, bpf_map__reuse_fd(later->maps.hash, bpf_map__fd(self->held.map)));
	module_tags_run__destroy(self->run);
	self->run = NULL;
	ASSERT_EQ(0, testmod_unload_soon(NAME));

	/* of these programs one alone needs something of the module's */
	bpf_program__set_autoload(later->progs.keep, false);
	ASSERT_EQ(0, module_tags_run__load(later));
	/* whatever is there now, it can be tried */
	EXPECT_EQ(0, run_prog(later->progs.read_percpu, later));
	EXPECT_EQ(0, run_prog(later->progs.read_user, later));
	EXPECT_EQ(NUMBER, later->bss->user_number);
	module_tags_run__destroy(later);
}

/* ---- how they go ---- */

FIXTURE(both)
{
	struct module_tags_run *run;
	struct held held;
};

FIXTURE_VARIANT(both)
{
	struct held_kind kind;
};

HELD_VARIANT(both, array, HELD_ARRAY, true, false, false);
HELD_VARIANT(both, hash, HELD_HASH, false, false, false);
HELD_VARIANT(both, hash_without_preallocation, HELD_HASH_LAZY, false, false, false);
HELD_VARIANT(both, lru_hash, HELD_LRU, false, true, false);
HELD_VARIANT(both, percpu_array, HELD_CPU_ARRAY, true, false, true);
HELD_VARIANT(both, percpu_hash, HELD_CPU_HASH, false, false, true);
HELD_VARIANT(both, lru_percpu_hash, HELD_CPU_LRU, false, true, true);
HELD_VARIANT(both, map_in_map, HELD_INNER, false, false, false);

static void set_up(struct __test_metadata *_metadata, FIXTURE_DATA(both) *self,
		   const FIXTURE_VARIANT(both) *variant)
{
	self->run = open_and_fill(&variant->kind, &self->held, self);
	ASSERT_EQ(self->held.kptrs, held_look(&self->held));
}

static void tear_down(struct __test_metadata *_metadata, FIXTURE_DATA(both) *self)
{
	module_tags_run__destroy(self->run);
	EXPECT_EQ(0, testmod_unload_soon(NAME));
}

FIXTURE_SETUP(both)
{
	set_up(_metadata, self, variant);
}

FIXTURE_TEARDOWN(both)
{
	tear_down(_metadata, self);
}

/* User space is not told the address, though it is its own. */
TEST_F(both, are_not_in_copies)
{
	held_expect_copies(_metadata, &self->held);
}

TEST_F(both, go_with_an_update)
{
	held_expect_update(_metadata, &self->held);
}

TEST_F(both, go_with_an_update_of_a_program)
{
	held_expect_update_by(_metadata, &self->held, self->run->progs.update);
}

TEST_F(both, go_with_their_element)
{
	held_expect_delete(_metadata, &self->held);
}

TEST_F(both, go_with_what_user_space_takes_out)
{
	held_expect_taken_out(_metadata, &self->held);
}

TEST_F(both, go_when_they_are_evicted_and_not_otherwise)
{
	held_expect_eviction(_metadata, &self->held);
}

/* As long as a program uses the map, nobody need have it open. */
TEST_F(both, go_with_the_map)
{
	int fd = dup(bpf_program__fd(self->run->progs.look));
	__u32 id = held_map_id(bpf_map__fd(self->held.map));

	ASSERT_LE(0, fd);
	module_tags_run__destroy(self->run);
	self->run = NULL;
	EXPECT_EQ(self->held.kptrs, held_run(fd));
	close(fd);
	/* a destructor that is not there would be missed now */
	EXPECT_TRUE(until(10, !held_map_is_there(id)));
}

/* Of a map in another one, the other one is enough, and goes with it. */
TEST(both_go_with_an_inner_map)
{
	const FIXTURE_VARIANT(both) inner = { .kind = { .which = HELD_INNER } };
	FIXTURE_DATA(both) data = {}, *self = &data;
	__u32 id;
	int fd;

	set_up(_metadata, self, &inner);
	fd = held_put_other_inner(&self->held, self->run->obj);
	id = held_map_id(fd);
	close(fd);
	EXPECT_TRUE(held_map_is_there(id));
	EXPECT_EQ(0, held_look(&self->held));
	call(&fd);
	EXPECT_EQ(self->held.kptrs, held_look(&self->held));
	run_prog(self->run->progs.read_user, self->run);
	EXPECT_EQ((unsigned long)&fd, self->run->bss->user);

	held_put_inner_back(&self->held, self->run->obj);
	EXPECT_TRUE(until(10, !held_map_is_there(id)));
	/* it was not the one that is there again */
	EXPECT_EQ(self->held.kptrs, held_look(&self->held));
	run_prog(self->run->progs.read_user, self->run);
	EXPECT_EQ((unsigned long)self, self->run->bss->user);
	tear_down(_metadata, self);
}

TEST_HARNESS_MAIN

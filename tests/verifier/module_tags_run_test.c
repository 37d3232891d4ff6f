// SPDX-License-Identifier: GPL-2.0-only
// timeout: 60
// module: none
// kernel: patched
// rows: B5, B7
/*
 * A pointer to user space in a map is an address of whose it was, and nothing to
 * anybody else; one to per-CPU memory of a module does no harm when the module has
 * gone, which the map does not hold.
 */
#include <sys/mman.h>

#include "lib/expect.h"
#include "lib/reader.h"
#include "lib/testmod.h"
#include "module_tags_run.skel.h"

#include "lib/harness.h"

#define NAME	"testmod_user"
#define NUMBER	0x1234567887654321UL

struct data {
	unsigned long number;
	void *next;
};

FIXTURE(tags)
{
	struct module_tags_run *run;
	struct data *data;	/* a page of this process's */
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

FIXTURE_SETUP(tags)
{
	__u64 value[2] = {};
	__u32 key = 0;

	ASSERT_EQ(0, testmod_load(NAME, ""));
	self->data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->data);
	self->data->number = NUMBER;
	self->run = module_tags_run__open_and_load();
	ASSERT_NE(NULL, self->run);
	ASSERT_EQ(0, bpf_map__update_elem(self->run->maps.hash, &key, sizeof(key), value,
					  sizeof(value), BPF_ANY));
	self->run->bss->pid = gettid();
	ASSERT_EQ(0, module_tags_run__attach(self->run));
	call(self->data);
	ASSERT_EQ((unsigned long)self->data, self->run->bss->kept);
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
	__u64 value[2] = { 1, 1 };
	__u32 key = 0;

	EXPECT_EQ(0, run_prog(self->run->progs.read_user, self->run));
	EXPECT_EQ((unsigned long)self->data, self->run->bss->user);
	EXPECT_EQ(NUMBER, self->run->bss->user_number);
	/* user space is not told the address */
	ASSERT_EQ(0, bpf_map__lookup_elem(self->run->maps.hash, &key, sizeof(key), value,
					  sizeof(value), 0));
	EXPECT_EQ(0, value[0]);
	EXPECT_EQ(0, value[1]);
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
	__u64 value[2] = { 1, 1 };
	__u32 key = 0;

	/* what user space writes there is not taken for a pointer */
	ASSERT_EQ(0, bpf_map__update_elem(self->run->maps.hash, &key, sizeof(key), value,
					  sizeof(value), BPF_ANY));
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
	int map = dup(bpf_map__fd(self->run->maps.hash));
	struct module_tags_run *later;

	ASSERT_LE(0, map);
	module_tags_run__destroy(self->run);
	self->run = NULL;
	ASSERT_EQ(0, testmod_unload_soon(NAME));

	/* of these programs two need nothing of the module's */
	later = module_tags_run__open();
	ASSERT_NE(NULL, later);
	bpf_program__set_autoload(later->progs.keep, false);
	ASSERT_EQ(0, bpf_map__reuse_fd(later->maps.hash, map));
	ASSERT_EQ(0, module_tags_run__load(later));
	/* whatever is there now, it can be tried */
	EXPECT_EQ(0, run_prog(later->progs.read_percpu, later));
	EXPECT_EQ(0, run_prog(later->progs.read_user, later));
	EXPECT_EQ(NUMBER, later->bss->user_number);
	module_tags_run__destroy(later);
	close(map);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
// timeout: 120
// module: none
// kmsg-allow: ^WARNING: .* at kernel/bpf/btf.c:[0-9]+ register_btf_id_dtor_kfuncs
// kmsg-allow: ^Call Trace:$
// kmsg-allow: ^ <TASK>$
// kmsg-allow: ^taskhold: another module has the destructor of struct pid or struct file
// rows: D1, D2, D5
/*
 * What may be a destructor, whose it is and when there is one: modules register
 * them for types of their own, of vmlinux and of other modules, well and badly,
 * and are loaded and unloaded meanwhile. On kernels without the patches of
 * kernel/patches a module can have one for its own types alone, and one for
 * another's is accepted and ignored.
 */
#include <pthread.h>

#include "lib/expect.h"
#include "lib/kmsg.h"
#include "lib/reader.h"
#include "lib/testmod.h"
#include "kptr_get_run.skel.h"
#include "owned_args.skel.h"
#include "pid_kfuncs.skel.h"

#include "lib/harness.h"

#define NAME	"testmod_dtors"
#define OBJECT	"testmod_dtors_object"

/* What holds on a kernel with the patches, and what on one without. */
#define on_patched(with, without)	(expect_kernel_patched() ? (with) : (without))

static void load(struct __test_metadata *_metadata, const char *parameters)
{
	ASSERT_EQ(0, testmod_load(NAME, parameters));
}

/* Also where a test has broken off. */
static void unload(struct __test_metadata *_metadata)
{
	if (!testmod_is_there(NAME))
		return;
	testmod_set(NAME, "go", "1");
	EXPECT_EQ(0, testmod_unload_soon(NAME));
	EXPECT_FALSE(testmod_is_there(NAME));
}

/* ---- what is refused, whoever has the type ---- */

FIXTURE(pairs)
{
};

FIXTURE_VARIANT(pairs)
{
	const char *parameters;
	int result;		/* of the registration, with the patches */
	int stock_result;
	const char *type;	/* a map with it */
	int map;
	int stock_map;
	const char *says;	/* in the log, if it is refused */
};

#define VARIANT(name, how, r, sr, which, m, sm, text)				\
	FIXTURE_VARIANT_ADD(pairs, name)					\
	{									\
		.parameters = how, .result = r, .stock_result = sr,		\
		.type = which, .map = m, .stock_map = sm, .says = text,		\
	}

VARIANT(own, "pairs=object:drop", 0, 0, OBJECT, 0, 0, NULL);
VARIANT(not_registered, "pairs=object:drop", 0, 0, "testmod_dtors_bare", -ENOENT, -ENOENT, NULL);
VARIANT(nothing_registered, "", 0, 0, OBJECT, -ENOENT, -ENOENT, NULL);
VARIANT(two_types, "pairs=object:drop,bare:drop", 0, 0, "testmod_dtors_bare", 0, 0, NULL);
VARIANT(nobodys, "pairs=mm_struct:drop", 0, 0, "mm_struct", 0, -ENOENT, NULL);
/* A function of vmlinux's, that the module has none by the name of. */
VARIANT(function_of_vmlinux, "pairs=object:kfree", 0, 0, OBJECT, 0, 0, NULL);
VARIANT(nobodys_by_function_of_vmlinux, "pairs=mm_struct:kfree", 0, 0, "mm_struct", 0, -ENOENT,
	NULL);
VARIANT(of_vmlinux_and_own, "pairs=mm_struct:drop,object:drop", 0, 0, OBJECT, 0, 0, NULL);
VARIANT(two_arguments, "pairs=object:two", -EINVAL, -EINVAL, OBJECT, -ENOENT, -ENOENT, NULL);
VARIANT(no_argument, "pairs=object:none", -EINVAL, -EINVAL, OBJECT, -ENOENT, -ENOENT, NULL);
VARIANT(no_pointer, "pairs=object:number", -EINVAL, -EINVAL, OBJECT, -ENOENT, -ENOENT, NULL);
VARIANT(returns_something, "pairs=object:returns", -EINVAL, -EINVAL, OBJECT, -ENOENT, -ENOENT,
	NULL);
VARIANT(no_function, "pairs=object:bare", -EINVAL, -EINVAL, OBJECT, -ENOENT, -ENOENT, NULL);
VARIANT(one_of_two_is_bad, "pairs=bare:drop,object:two", -EINVAL, -EINVAL, "testmod_dtors_bare",
	-ENOENT, -ENOENT, NULL);
VARIANT(two_for_one_type, "pairs=object:drop,object:kfree", -EEXIST, 0, OBJECT, -ENOENT, 0,
	"struct testmod_dtors_object has two destructors");
VARIANT(two_for_one_of_vmlinux, "pairs=mm_struct:drop,object:drop,mm_struct:kfree", -EEXIST, 0,
	"mm_struct", -ENOENT, -ENOENT, "struct mm_struct has two destructors");
VARIANT(too_many, "pairs=object:drop repeat=256", -E2BIG, -E2BIG, OBJECT, -ENOENT, -ENOENT,
	"more than 256 kfunc destructors");
VARIANT(many, "pairs=object:drop repeat=255", 0, 0, OBJECT, 0, 0, NULL);
VARIANT(of_vmlinux, "pairs=task_struct:drop", -EEXIST, 0, "task_struct", 0, 0,
	"struct task_struct has a destructor already, from vmlinux");
VARIANT(of_vmlinux_again, "pairs=cgroup:drop", -EEXIST, 0, "cgroup", 0, 0,
	"struct cgroup has a destructor already, from vmlinux");
VARIANT(of_a_socket, "pairs=tcp_sock:drop", -EINVAL, 0, "tcp_sock", -ENOENT, -ENOENT,
	"struct tcp_sock is a socket's, which has no destructor");
VARIANT(own_beside_that_of_vmlinux, "pairs=object:drop,task_struct:drop", -EEXIST, 0, OBJECT,
	-ENOENT, 0, "struct task_struct has a destructor already, from vmlinux");

FIXTURE_SETUP(pairs)
{
}

FIXTURE_TEARDOWN(pairs)
{
	unload(_metadata);
}

TEST_F(pairs, registered)
{
	int kmsg = kmsg_open(), said;

	load(_metadata, variant->parameters);
	EXPECT_EQ(on_patched(variant->result, variant->stock_result),
		  testmod_get(NAME, "result"));
	said = variant->says && testmod_get(NAME, "result");
	EXPECT_EQ(said, kmsg_count_text(kmsg, said ? variant->says : "destructor"));
	EXPECT_EQ(on_patched(variant->map, variant->stock_map), kptr_map_error(variant->type));
	close(kmsg);
}

FIXTURE(dtors)
{
	struct btf *btf;	/* of a value with a kptr to the module's own type */
};

FIXTURE_SETUP(dtors)
{
	/* The kernel looks for the type again with each map. */
	self->btf = kptr_btf(OBJECT);
	ASSERT_NE(NULL, self->btf);
}

FIXTURE_TEARDOWN(dtors)
{
	btf__free(self->btf);
	unload(_metadata);
	if (module_loaded())
		EXPECT_EQ(0, module_unload_soon());
}

/*
 * As kptr_map_error() of the module's own type, by BTF that was there before. A
 * kernel without the patches says nothing then, and takes the kptr for plain data.
 */
static int map_error(const struct btf *btf)
{
	int fd = kptr_map_of(btf);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* ---- a second time, by the same module ---- */

/*
 * One call is all that a module has. The table of the first one goes with an
 * error of the second, as it always has: no map can be created then.
 */
TEST_F(dtors, second_registration)
{
	load(_metadata, "pairs=object:drop again=bare:drop");
	EXPECT_EQ(0, testmod_get(NAME, "result"));
	EXPECT_EQ(-EINVAL, testmod_get(NAME, "result_again"));
	EXPECT_EQ(-ENOENT, kptr_map_error(OBJECT));
	EXPECT_EQ(on_patched(-ENOENT, 0), map_error(self->btf));
	EXPECT_EQ(-ENOENT, kptr_map_error("testmod_dtors_bare"));
	unload(_metadata);
}

TEST_F(dtors, second_registration_for_a_type_of_vmlinux)
{
	load(_metadata, "pairs=object:drop,mm_struct:drop again=task_struct:drop");
	EXPECT_EQ(0, testmod_get(NAME, "result"));
	EXPECT_EQ(on_patched(-EEXIST, -EINVAL), testmod_get(NAME, "result_again"));
	EXPECT_EQ(-ENOENT, kptr_map_error(OBJECT));
	EXPECT_EQ(on_patched(-ENOENT, 0), map_error(self->btf));
	EXPECT_EQ(-ENOENT, kptr_map_error("mm_struct"));
	EXPECT_EQ(0, kptr_map_error("task_struct"));
	unload(_metadata);
}

/* ---- types that another module has a destructor for ---- */

/* taskhold has one for each of these where it can. */
static void expect_other_has(struct __test_metadata *_metadata, const char *parameters,
			     const char *type)
{
	int kmsg = kmsg_open(), with = on_patched(0, -ENOENT);
	char text[128];

	module_load();
	EXPECT_EQ(with, kptr_map_error(type));
	load(_metadata, parameters);
	EXPECT_EQ(on_patched(-EEXIST, 0), testmod_get(NAME, "result"));
	snprintf(text, sizeof(text), "struct %s has a destructor already, from another module",
		 type);
	EXPECT_EQ(on_patched(1, 0), kmsg_count_text(kmsg, text));
	EXPECT_EQ(with, kptr_map_error(type));
	EXPECT_EQ(0, testmod_refs(NAME));
	/* it does not come to the other one when the first one goes */
	ASSERT_EQ(0, module_unload_soon());
	EXPECT_EQ(-ENOENT, kptr_map_error(type));
	unload(_metadata);

	/* who comes first has it */
	load(_metadata, parameters);
	EXPECT_EQ(0, testmod_get(NAME, "result"));
	EXPECT_EQ(with, kptr_map_error(type));
	unload(_metadata);
	EXPECT_EQ(-ENOENT, kptr_map_error(type));
	close(kmsg);
}

TEST_F(dtors, pids_of_another_module)
{
	expect_other_has(_metadata, "pairs=pid:drop", "pid");
}

TEST_F(dtors, files_of_another_module)
{
	expect_other_has(_metadata, "pairs=file:drop", "file");
}

static int load_only(struct bpf_object *obj, struct bpf_program *which)
{
	struct bpf_program *prog;

	libbpf_set_print(NULL);
	bpf_object__for_each_program(prog, obj)
		bpf_program__set_autoload(prog, prog == which);
	return bpf_object__load(obj);
}

/* Whether the module hands out pids: 0, or the error of a program that takes one. */
static int pids_error(void)
{
	struct pid_kfuncs *m = pid_kfuncs__open();
	int err;

	bpf_map__set_autocreate(m->maps.taker, false);
	err = load_only(m->obj, m->progs.taken);
	pid_kfuncs__destroy(m);
	return err;
}

/* And files. */
static int files_error(void)
{
	char *conntrack[] = { "modprobe", "nf_conntrack", NULL };
	struct owned_args *m = owned_args__open();
	int err;

	/* others of the object's programs are about it */
	if (run(conntrack))
		die("modprobe nf_conntrack");
	bpf_map__set_autocreate(m->maps.opener, false);
	err = load_only(m->obj, m->progs.owned);
	owned_args__destroy(m);
	return err;
}

/* A record is put into a map, got and taken out. */
static void expect_record_in_map(struct __test_metadata *_metadata)
{
	struct kptr_get_run *m = kptr_get_run__open_and_load();
	struct gate gate;
	pid_t pid;

	ASSERT_NE(NULL, m);
	m->bss->root_pid = getpid();
	m->links.ops = bpf_map__attach_struct_ops(m->maps.ops);
	ASSERT_NE(NULL, m->links.ops);
	gate_make(&gate);
	pid = fork();
	if (pid == 0) {
		gate_wait(&gate);
		_exit(0);
	}
	m->bss->pid = pid;
	reader_run(m->progs.put);
	EXPECT_EQ(0, m->bss->ret);
	reader_run(m->progs.get);
	EXPECT_EQ(0, m->bss->ret);
	EXPECT_EQ(pid, (pid_t)m->bss->info.tgid);
	reader_run(m->progs.take);
	EXPECT_EQ(0, m->bss->ret);
	gate_open(&gate);
	reap(pid);
	gate_close(&gate);
	kptr_get_run__destroy(m);
}

/*
 * taskhold comes second. What it is for does not depend on pids and files, so it
 * is there, and says what it is without.
 */
static void expect_without(struct __test_metadata *_metadata, const char *parameters,
			   const char *type, const char *other)
{
	const char *text = "another module has the destructor of struct pid or struct file";
	int kmsg = kmsg_open();

	load(_metadata, parameters);
	EXPECT_EQ(0, testmod_get(NAME, "result"));
	module_load();
	EXPECT_EQ(1, kmsg_count(kmsg, text));
	EXPECT_EQ(0, kptr_map_error("taskhold_rec"));
	EXPECT_EQ(0, kptr_map_error(type));
	EXPECT_EQ(-ENOENT, kptr_map_error(other));
	expect_record_in_map(_metadata);
	/* one that it hands out would be dropped by the other module */
	EXPECT_EQ(-EACCES, pids_error());
	EXPECT_EQ(-EACCES, files_error());
	ASSERT_EQ(0, module_unload_soon());
	unload(_metadata);

	module_load();
	EXPECT_EQ(0, kmsg_count(kmsg, text));
	EXPECT_EQ(0, kptr_map_error("pid"));
	EXPECT_EQ(0, kptr_map_error("file"));
	EXPECT_EQ(0, pids_error());
	EXPECT_EQ(0, files_error());
	close(kmsg);
}

TEST_F(dtors, another_module_has_pids_already)
{
	if (!expect_kernel_patched())
		SKIP(return, "a module's destructor for a type of vmlinux counts for nothing");
	expect_without(_metadata, "pairs=pid:drop", "pid", "file");
}

TEST_F(dtors, another_module_has_files_already)
{
	if (!expect_kernel_patched())
		SKIP(return, "a module's destructor for a type of vmlinux counts for nothing");
	expect_without(_metadata, "pairs=file:drop", "file", "pid");
}

/* ---- the owner comes and goes ---- */

/* A map with such a kptr holds the module, also if nothing is in it. */
TEST_F(dtors, map_holds_the_owner)
{
	const char *type = on_patched("mm_struct", OBJECT);
	int map, copy;

	load(_metadata, "pairs=object:drop,mm_struct:drop");
	EXPECT_EQ(0, testmod_refs(NAME));
	map = kptr_map(type);
	ASSERT_LE(0, map);
	EXPECT_LT(0, testmod_refs(NAME));
	EXPECT_EQ(-EWOULDBLOCK, testmod_unload(NAME));
	copy = dup(map);
	close(map);
	EXPECT_EQ(-EWOULDBLOCK, testmod_unload(NAME));
	EXPECT_EQ(0, kptr_map_error(type));
	close(copy);
	/* so does one whose BTF knows nothing of it */
	map = kptr_map_of(self->btf);
	ASSERT_LE(0, map);
	EXPECT_TRUE(until(10, testmod_refs(NAME) == 1));
	EXPECT_EQ(-EWOULDBLOCK, testmod_unload(NAME));
	close(map);
	unload(_metadata);
	EXPECT_EQ(-ENOENT, kptr_map_error("mm_struct"));
}

static void *load_in_thread(void *parameters)
{
	return (void *)(long)testmod_load(NAME, parameters);
}

static void *unload_in_thread(void *name)
{
	return (void *)(long)testmod_unload(name);
}

static bool is_holding(void)
{
	return testmod_is_there(NAME) && testmod_get(NAME, "holding") == 1;
}

/* While its init function runs, which may still fail. */
static void expect_not_yet(struct __test_metadata *_metadata, const struct btf *btf,
			   char *parameters, int result)
{
	pthread_t thread;
	void *ret;

	ASSERT_EQ(0, pthread_create(&thread, NULL, load_in_thread, parameters));
	ASSERT_TRUE(until(10, is_holding()));
	EXPECT_EQ(0, testmod_get(NAME, "result"));
	EXPECT_EQ(-ENXIO, kptr_map_error(OBJECT));
	EXPECT_EQ(on_patched(-ENXIO, 0), map_error(btf));
	EXPECT_EQ(on_patched(-ENXIO, -ENOENT), kptr_map_error("mm_struct"));
	testmod_set(NAME, "go", "1");
	pthread_join(thread, &ret);
	EXPECT_EQ(result, (long)ret);
}

TEST_F(dtors, owner_that_is_coming)
{
	char parameters[] = "pairs=object:drop,mm_struct:drop hold_init=1";

	expect_not_yet(_metadata, self->btf, parameters, 0);
	EXPECT_EQ(0, kptr_map_error(OBJECT));
	EXPECT_EQ(on_patched(0, -ENOENT), kptr_map_error("mm_struct"));
	unload(_metadata);
}

TEST_F(dtors, owner_that_fails)
{
	char parameters[] = "pairs=object:drop,mm_struct:drop hold_init=1 fail=-5";

	expect_not_yet(_metadata, self->btf, parameters, -EIO);
	EXPECT_FALSE(testmod_is_there(NAME));
	EXPECT_EQ(-ENOENT, kptr_map_error("mm_struct"));
	/* nothing of it is left in the way of the next one */
	load(_metadata, "pairs=mm_struct:drop");
	EXPECT_EQ(0, testmod_get(NAME, "result"));
	unload(_metadata);
}

TEST_F(dtors, owner_that_is_going)
{
	pthread_t thread;
	void *ret;

	load(_metadata, "pairs=object:drop,mm_struct:drop hold_exit=1");
	EXPECT_EQ(0, kptr_map_error(OBJECT));
	ASSERT_TRUE(until(10, testmod_refs(NAME) == 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, unload_in_thread, NAME));
	ASSERT_TRUE(until(10, is_holding()));
	EXPECT_EQ(-ENXIO, kptr_map_error(OBJECT));
	EXPECT_EQ(on_patched(-ENXIO, 0), map_error(self->btf));
	EXPECT_EQ(on_patched(-ENXIO, -ENOENT), kptr_map_error("mm_struct"));
	testmod_set(NAME, "go", "1");
	pthread_join(thread, &ret);
	EXPECT_EQ(0, (long)ret);
	EXPECT_FALSE(testmod_is_there(NAME));
	EXPECT_EQ(-ENOENT, kptr_map_error("mm_struct"));
}

TEST_HARNESS_MAIN

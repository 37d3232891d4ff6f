// SPDX-License-Identifier: GPL-2.0-only
// timeout: 180
/*
 * Each way to hold the module, for real: `taskhold status --json` must name
 * the object and who keeps it, and once that is undone nothing may be left.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <json-c/json.h>

#include <taskhold/types.h>

#include "lib/expect.h"
#include "lib/guest.h"
#include "holders_calls.skel.h"
#include "holders_kptr.skel.h"
#include "holders_kptr_vmlinux.skel.h"
#include "holders_ops.skel.h"

#include "lib/harness.h"

#define PIN	"/sys/fs/bpf/holders_test it's"

/* What `taskhold status --json` prints, NULL where it fails. */
static struct json_object *status_json(void)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *root = NULL;
	char buf[65536];
	size_t n;
	FILE *f;

	f = popen("taskhold status --json", "r");
	while (f && (n = fread(buf, 1, sizeof(buf), f)) > 0)
		root = json_tokener_parse_ex(tokener, buf, n);
	json_tokener_free(tokener);
	if (!f || pclose(f)) {
		json_object_put(root);
		return NULL;
	}
	return root;
}

static struct json_object *get(struct json_object *o, const char *key)
{
	return json_object_object_get(o, key);
}

/* The holder of that kind and id, borrowed from root. */
static struct json_object *holder(struct json_object *root, const char *kind, __u32 id)
{
	struct json_object *holders = get(root, "holders"), *o;
	size_t i;

	for (i = 0; i < json_object_array_length(holders); i++) {
		o = json_object_array_get_idx(holders, i);
		if (!strcmp(json_object_get_string(get(o, "kind")), kind) &&
		    json_object_get_uint64(get(o, "id")) == id)
			return o;
	}
	return NULL;
}

static bool has_pid(struct json_object *o, pid_t pid)
{
	struct json_object *procs = get(o, "processes");
	size_t i;

	for (i = 0; i < json_object_array_length(procs); i++) {
		if (json_object_get_int(get(json_object_array_get_idx(procs, i), "pid")) == pid)
			return true;
	}
	return false;
}

static bool has_text(struct json_object *array, const char *text)
{
	size_t i;

	for (i = 0; i < json_object_array_length(array); i++) {
		if (!strcmp(json_object_get_string(json_object_array_get_idx(array, i)), text))
			return true;
	}
	return false;
}

/* Holders and references to the module that there are. */
static int holders_left(void)
{
	struct json_object *root = status_json();
	int left;

	if (!root)
		return -1;
	left = json_object_array_length(get(root, "holders")) +
	       json_object_get_int(get(get(root, "module"), "refcnt"));
	json_object_put(root);
	return left;
}

/* BPF objects are freed after grace periods: waits until they are. */
static bool nobody_holds(void)
{
	return until(10, holders_left() == 0);
}

static __u32 map_id(const struct bpf_map *map)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	return bpf_map_get_info_by_fd(bpf_map__fd(map), &info, &len) ? 0 : info.id;
}

static bool map_has_btf(const struct bpf_map *map)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	return !bpf_map_get_info_by_fd(bpf_map__fd(map), &info, &len) && info.btf_id;
}

static __u32 link_id(const struct bpf_link *link)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);

	return bpf_link_get_info_by_fd(bpf_link__fd(link), &info, &len) ? 0 : info.id;
}

static __u32 prog_id(const struct bpf_program *prog)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	return bpf_prog_get_info_by_fd(bpf_program__fd(prog), &info, &len) ? 0 : info.id;
}

/* Sets kernel.kptr_restrict, and says in *old what it was. */
static int restrict_pointers(const char *value, char *old, size_t size)
{
	FILE *f = fopen("/proc/sys/kernel/kptr_restrict", "r+");
	int err;

	if (!f)
		return -errno;
	if (!fgets(old, size, f))
		old[0] = 0;
	rewind(f);
	err = fputs(value, f) < 0 || fflush(f) ? -errno : 0;
	fclose(f);
	return err;
}

FIXTURE(holders)
{
	char restricted[16];	/* kernel.kptr_restrict before, "" if it was not changed */
};

FIXTURE_SETUP(holders)
{
	self->restricted[0] = 0;
}

/* Where a test failed half-way, the next one must not find what it left. */
FIXTURE_TEARDOWN(holders)
{
	char changed[16];

	unlink(PIN);
	if (self->restricted[0])
		EXPECT_EQ(0, restrict_pointers(self->restricted, changed, sizeof(changed)));
}

TEST_F(holders, nobody)
{
	struct json_object *root;

	ASSERT_TRUE(nobody_holds());
	root = status_json();
	ASSERT_NE(NULL, root);
	ASSERT_EQ(1, json_object_array_length(get(root, "unload")));
	EXPECT_TRUE(has_text(get(root, "unload"), "modprobe -r taskhold"));
	json_object_put(root);
}

/* status runs a program that calls kfuncs itself: who unloads next must not trip over it. */
TEST_F(holders, status_itself_is_gone_when_it_returns)
{
	char refcnt[16];
	int i;
	FILE *f;

	ASSERT_TRUE(nobody_holds());
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(0, system("taskhold status >/dev/null"));
		f = fopen("/sys/module/taskhold/refcnt", "r");
		ASSERT_NE(NULL, f);
		EXPECT_NE(NULL, fgets(refcnt, sizeof(refcnt), f));
		fclose(f);
		EXPECT_STREQ("0\n", refcnt) TH_LOG("round %d", i);
	}
}

TEST_F(holders, map_not_attached)
{
	struct json_object *root, *o;
	struct holders_ops *skel;

	skel = holders_ops__open_and_load();
	ASSERT_NE(NULL, skel);
	root = status_json();
	ASSERT_NE(NULL, root);
	o = holder(root, "map", map_id(skel->maps.by_link));
	ASSERT_NE(NULL, o);
	EXPECT_TRUE(json_object_get_boolean(get(o, "certain")));
	EXPECT_FALSE(json_object_get_boolean(get(o, "registered_without_link")));
	EXPECT_TRUE(has_pid(o, getpid()));
	json_object_put(root);
	holders_ops__destroy(skel);
	EXPECT_TRUE(nobody_holds());
}

TEST_F(holders, link_of_a_process)
{
	char step[64];
	struct json_object *root, *o;
	struct holders_ops *skel;
	struct bpf_link *link;

	skel = holders_ops__open_and_load();
	ASSERT_NE(NULL, skel);
	link = bpf_map__attach_struct_ops(skel->maps.by_link);
	ASSERT_NE(NULL, link);
	root = status_json();
	ASSERT_NE(NULL, root);
	o = holder(root, "link", link_id(link));
	ASSERT_NE(NULL, o);
	EXPECT_TRUE(has_pid(o, getpid()));
	o = holder(root, "map", map_id(skel->maps.by_link));
	ASSERT_NE(NULL, o);
	EXPECT_TRUE(has_pid(o, getpid()));
	snprintf(step, sizeof(step), "kill %d", getpid());
	EXPECT_TRUE(has_text(get(root, "unload"), step))
		TH_LOG("no '%s' in %s", step, json_object_to_json_string(get(root, "unload")));
	json_object_put(root);
	bpf_link__destroy(link);
	holders_ops__destroy(skel);
	EXPECT_TRUE(nobody_holds());
}

/* Nobody has it open any more: the pinned link keeps the map, the map the program. */
TEST_F(holders, link_pinned)
{
	struct json_object *root, *o;
	struct holders_ops *skel;
	struct bpf_link *link;
	__u32 map, id;

	skel = holders_ops__open_and_load();
	ASSERT_NE(NULL, skel);
	link = bpf_map__attach_struct_ops(skel->maps.by_link);
	ASSERT_NE(NULL, link);
	ASSERT_EQ(0, bpf_link__pin(link, PIN));
	map = map_id(skel->maps.by_link);
	id = link_id(link);
	/* Without disconnecting it libbpf would detach it, and so it leaves its file open. */
	bpf_link__disconnect(link);
	close(bpf_link__fd(link));
	bpf_link__destroy(link);
	holders_ops__destroy(skel);

	root = status_json();
	ASSERT_NE(NULL, root);
	o = holder(root, "map", map);
	EXPECT_NE(NULL, o);
	EXPECT_TRUE(o && has_text(get(o, "pins"), PIN));
	EXPECT_TRUE(o && !json_object_array_length(get(o, "processes")));
	o = holder(root, "link", id);
	EXPECT_NE(NULL, o);
	EXPECT_TRUE(o && has_text(get(o, "pins"), PIN));
	EXPECT_EQ(2, json_object_array_length(get(root, "unload")));
	/* The advice, taken as it stands, is enough. */
	o = json_object_array_get_idx(get(root, "unload"), 0);
	EXPECT_EQ(0, system(json_object_get_string(o)));
	json_object_put(root);
	EXPECT_TRUE(nobody_holds());
	EXPECT_NE(0, access(PIN, F_OK));
}

/* Registered by an update of the map, the way before links: it keeps itself. */
TEST_F(holders, map_registered_without_link)
{
	struct json_object *root, *o;
	struct holders_ops *skel;
	struct bpf_link *link;
	char step[64];
	__u32 id;

	skel = holders_ops__open_and_load();
	ASSERT_NE(NULL, skel);
	link = bpf_map__attach_struct_ops(skel->maps.by_itself);
	ASSERT_NE(NULL, link) TH_LOG("%s", strerror(errno));
	id = map_id(skel->maps.by_itself);
	bpf_link__disconnect(link);
	bpf_link__destroy(link);
	holders_ops__destroy(skel);

	root = status_json();
	ASSERT_NE(NULL, root);
	o = holder(root, "map", id);
	ASSERT_NE(NULL, o);
	EXPECT_TRUE(json_object_get_boolean(get(o, "registered_without_link")));
	snprintf(step, sizeof(step), "bpftool map delete id %u key 0 0 0 0", id);
	EXPECT_TRUE(has_text(get(root, "unload"), step));
	EXPECT_EQ(0, system(step));
	json_object_put(root);
	EXPECT_TRUE(nobody_holds());
}

/* The one that calls is named with what it calls; its neighbour is not accused. */
TEST_F(holders, program_that_calls_a_kfunc)
{
	struct json_object *root, *o;
	struct holders_calls *skel;

	skel = holders_calls__open_and_load();
	ASSERT_NE(NULL, skel);
	root = status_json();
	ASSERT_NE(NULL, root);
	o = holder(root, "program", prog_id(skel->progs.calls));
	ASSERT_NE(NULL, o);
	EXPECT_TRUE(json_object_get_boolean(get(o, "certain")));
	EXPECT_STREQ("calls taskhold_stats_read()", json_object_get_string(get(o, "why")));
	EXPECT_TRUE(has_pid(o, getpid()));
	o = holder(root, "program", prog_id(skel->progs.calls_not));
	EXPECT_FALSE(o && json_object_get_boolean(get(o, "certain")));
	json_object_put(root);
	holders_calls__destroy(skel);
	EXPECT_TRUE(nobody_holds());
}

/* Where the kernel hides addresses, the object file's BTF must do. */
TEST_F(holders, program_that_calls_a_kfunc_hidden)
{
	struct json_object *root, *o;
	struct holders_calls *skel;

	ASSERT_EQ(0, restrict_pointers("2\n", self->restricted, sizeof(self->restricted)));
	skel = holders_calls__open_and_load();
	ASSERT_NE(NULL, skel);
	root = status_json();
	ASSERT_NE(NULL, root);
	o = holder(root, "program", prog_id(skel->progs.calls));
	ASSERT_NE(NULL, o);
	EXPECT_TRUE(json_object_get_boolean(get(o, "certain")));
	EXPECT_NE(NULL, strstr(json_object_get_string(get(o, "why")), "taskhold_stats_read()"));
	json_object_put(root);
	holders_calls__destroy(skel);
	EXPECT_TRUE(nobody_holds());
}

TEST_F(holders, program_pinned)
{
	struct json_object *root, *o;
	struct holders_calls *skel;
	__u32 id;

	skel = holders_calls__open_and_load();
	ASSERT_NE(NULL, skel);
	ASSERT_EQ(0, bpf_program__pin(skel->progs.calls, PIN));
	id = prog_id(skel->progs.calls);
	holders_calls__destroy(skel);
	root = status_json();
	EXPECT_NE(NULL, root);
	o = root ? holder(root, "program", id) : NULL;
	EXPECT_NE(NULL, o);
	EXPECT_TRUE(o && has_text(get(o, "pins"), PIN));
	json_object_put(root);
	EXPECT_EQ(0, unlink(PIN));
	EXPECT_TRUE(nobody_holds());
}

static void expect_map_holds(struct __test_metadata *_metadata, struct bpf_map *map,
			     const char *why)
{
	struct json_object *root, *o;

	/* Where the kernel refuses the BTF, libbpf makes the map without it. */
	ASSERT_TRUE(map_has_btf(map));
	root = status_json();
	ASSERT_NE(NULL, root);
	o = holder(root, "map", map_id(map));
	ASSERT_NE(NULL, o);
	EXPECT_TRUE(json_object_get_boolean(get(o, "certain")));
	EXPECT_STREQ(why, json_object_get_string(get(o, "why")));
	EXPECT_TRUE(has_pid(o, getpid()));
	json_object_put(root);
}

TEST_F(holders, map_with_a_kptr)
{
	struct holders_kptr *skel;

	skel = holders_kptr__open_and_load();
	ASSERT_NE(NULL, skel);
	expect_map_holds(_metadata, skel->maps.held_recs,
			 "has a kptr to struct taskhold_rec in its values");
	holders_kptr__destroy(skel);
	EXPECT_TRUE(nobody_holds());
}

/* And nobody else does: it is the module's destructor that the map has. */
TEST_F(holders, map_with_a_kptr_to_vmlinux)
{
	struct holders_kptr_vmlinux *skel;

	if (!expect_kernel_patched())
		SKIP(return, "the kernel lacks the patches of kernel/patches");
	skel = holders_kptr_vmlinux__open_and_load();
	ASSERT_NE(NULL, skel);
	EXPECT_LT(0, module_refs());
	expect_map_holds(_metadata, skel->maps.held_pids,
			 "has a kptr to struct pid in its values");
	expect_map_holds(_metadata, skel->maps.held_files,
			 "has a kptr to struct file in its values");
	holders_kptr_vmlinux__destroy(skel);
	EXPECT_TRUE(nobody_holds());
}

/* Objects that have nothing to do with the module are not holders of it. */
TEST_F(holders, bystander)
{
	struct json_object *root;
	int fd;

	ASSERT_TRUE(nobody_holds());
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "bystander", 4, 8, 1, NULL);
	ASSERT_LE(0, fd);
	root = status_json();
	ASSERT_NE(NULL, root);
	EXPECT_EQ(0, json_object_array_length(get(root, "holders")));
	json_object_put(root);
	close(fd);
}

TEST_F(holders, counters_and_policy)
{
	struct json_object *root, *policies, *p = NULL;
	struct holders_ops *skel;
	struct bpf_link *link;

	skel = holders_ops__open_and_load();
	ASSERT_NE(NULL, skel);
	link = bpf_map__attach_struct_ops(skel->maps.by_link);
	ASSERT_NE(NULL, link);
	root = status_json();
	ASSERT_NE(NULL, root);
	EXPECT_EQ(1, json_object_get_int(get(get(root, "counters"), "policies")));
	policies = get(root, "policies");
	ASSERT_NE(NULL, policies);
	ASSERT_EQ(1, json_object_array_length(policies));
	p = json_object_array_get_idx(policies, 0);
	EXPECT_STREQ("holders-link", json_object_get_string(get(p, "name")));
	EXPECT_EQ(65536, json_object_get_int(get(p, "max_held")));
	EXPECT_EQ(TASKHOLD_NR_REASONS, json_object_object_length(get(p, "reasons")));
	EXPECT_EQ(0, json_object_get_int(get(get(p, "reasons"), "lost-nomem")));
	EXPECT_EQ(0, json_object_get_int(get(p, "flags")));
	EXPECT_EQ(0, json_object_get_int(get(p, "threads")));
	json_object_put(root);
	bpf_link__destroy(link);
	holders_ops__destroy(skel);
	EXPECT_TRUE(nobody_holds());
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
// timeout: 240
// module: none
/*
 * `taskhold status --features`: every answer on kernels with and without the patches
 * of kernel/patches, without the module, without privileges; the kernel's own BTF
 * is asked as well, which the command does not look at.
 */
#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <json-c/json.h>

#include "lib/expect.h"
#include "lib/guest.h"
#include "lib/kmsg.h"
#include "lib/type_tags.h"

#include "lib/harness.h"

/* Whose answer it is: which of these is there decides. */
enum of { KERNEL, MODULE, CONNTRACK };

/* What the answer is on kernels of either kind: Y, N, or T where type tags decide. */
static const struct expected {
	const char *name;
	enum of of;
	char stock, patched;
	/* The same out of BTF: a function of the module's or kernel's, or an enumerator. */
	const char *func, *enumerator;
} table[] = {
	{ "kptr_untrusted", KERNEL, 'Y', 'Y', .enumerator = "BPF_KPTR_UNREF" },
	{ "kptr_ref", KERNEL, 'Y', 'Y', .enumerator = "BPF_KPTR_REF" },
	{ "kptr_rcu", KERNEL, 'Y', 'Y', .func = "bpf_task_acquire" },
	{ "local_kptr", KERNEL, 'Y', 'Y', .func = "bpf_obj_new_impl" },
	{ "percpu_kptr", KERNEL, 'Y', 'Y', .enumerator = "BPF_KPTR_PERCPU" },
	{ "xchg_inlined", KERNEL, 'Y', 'Y', .func = NULL },
	{ "xchg_insn", KERNEL, 'N', 'Y', .func = NULL },
	{ "kptr_percpu", KERNEL, 'N', 'Y', .enumerator = "BPF_KPTR_KERN_PERCPU" },
	{ "kptr_user", KERNEL, 'N', 'Y', .enumerator = "BPF_KPTR_USER" },
	{ "user_tags", KERNEL, 'T', 'T', .func = NULL },
	{ "bad_tags_refused", KERNEL, 'N', 'Y', .func = NULL },
	{ "walked", KERNEL, 'N', 'Y', .func = NULL },
	{ "ct_kptr_get", CONNTRACK, 'N', 'Y', .func = "bpf_ct_kptr_get" },
	{ "struct_ops", MODULE, 'Y', 'Y', .func = NULL },
	{ "nullable_args", MODULE, 'Y', 'Y', .func = NULL },
	{ "records", MODULE, 'Y', 'Y', .func = "taskhold_rec_lookup" },
	{ "records_iter", MODULE, 'Y', 'Y', .func = "bpf_iter_taskhold_rec_new" },
	{ "rec_kptr_get", MODULE, 'N', 'Y', .func = "taskhold_rec_kptr_get" },
	{ "task_acquire", MODULE, 'N', 'Y', .func = "taskhold_task_acquire" },
	{ "task_kptr_get", MODULE, 'N', 'Y', .func = "taskhold_task_kptr_get" },
	{ "pid_kptr", MODULE, 'N', 'Y', .func = "taskhold_pid_release_dtor" },
	{ "file_kptr", MODULE, 'N', 'Y', .func = "taskhold_file_release_dtor" },
	{ "owned_args", MODULE, 'N', 'Y', .func = "taskhold_file_refs" },
	{ "rec_kptr", MODULE, 'Y', 'Y', .func = "taskhold_rec_release_dtor" },
};

static bool has_enumerator(const struct btf *btf, const char *name)
{
	__s32 id = btf__find_by_name_kind(btf, "btf_field_type", BTF_KIND_ENUM);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, id) : NULL;

	for (int i = 0; t && i < btf_vlen(t); i++) {
		if (!strcmp(btf__name_by_offset(btf, btf_enum(t)[i].name_off), name))
			return true;
	}
	return false;
}

static const char *answer_of(const struct expected *e)
{
	char answer = expect_kernel_patched() ? e->patched : e->stock;

	if (answer == 'T')
		answer = kernel_ought_to_have_type_tag("user") ? 'Y' : 'N';
	return answer == 'Y' ? "yes" : "no";
}

/* Runs a command; what it prints is in @out. Its exit status. */
static int output_of(const char *command, char *out, size_t size)
{
	size_t n = 0, got;
	FILE *f;
	int status;

	f = popen(command, "r");
	if (!f)
		die("run %s", command);
	while (n < size - 1 && (got = fread(out + n, 1, size - 1 - n, f)) > 0)
		n += got;
	out[n] = '\0';
	status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The list of features out of JSON, borrowed from *@root; ends the test where it is none. */
static struct json_object *ask(const char *command, int status, struct json_object **root)
{
	static char out[1 << 16];
	struct json_object *list;
	int ret;

	ret = output_of(command, out, sizeof(out));
	*root = json_tokener_parse(out);
	list = *root ? json_object_object_get(*root, "features") : NULL;
	if (ret != status || !list || json_object_array_length(list) != ARRAY_SIZE(table))
		die("%s: exit status %d, want %d; %zu features, want %zu", command, ret, status,
		    list ? json_object_array_length(list) : 0, ARRAY_SIZE(table));
	return list;
}

static const char *text_of(struct json_object *list, int i, const char *key)
{
	struct json_object *o = json_object_array_get_idx(list, i);

	return json_object_get_string(json_object_object_get(o, key));
}

/* All that holds of one entry, whatever the answer. */
static void expect_sound(struct __test_metadata *_metadata, struct json_object *list, int i)
{
	struct json_object *o = json_object_array_get_idx(list, i);
	const char *needs = text_of(list, i, "needs"), *reason = text_of(list, i, "reason");
	static const char *const of[] = { "nothing", "module", "conntrack" };

	EXPECT_STREQ(table[i].name, text_of(list, i, "name"));
	EXPECT_LT(0, strlen(text_of(list, i, "what")));
	EXPECT_LT(0, json_object_array_length(json_object_object_get(o, "capabilities")));
	EXPECT_STREQ(of[table[i].of], needs ? needs : "nothing");
	EXPECT_EQ(!strcmp(text_of(list, i, "answer"), "yes"), !reason) {
		TH_LOG("%s: %s, %s", table[i].name, text_of(list, i, "answer"), reason);
	}
}

static bool reason_has(struct json_object *list, int i, const char *text)
{
	const char *reason = text_of(list, i, "reason");

	return reason && strstr(reason, text);
}

TEST(without_the_module)
{
	bool conntrack = !access("/sys/module/nf_conntrack", F_OK);
	struct json_object *root, *list;
	size_t i;

	ASSERT_FALSE(module_loaded());
	list = ask("taskhold status --features --json 2>/dev/null", 3, &root);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		const char *answer = text_of(list, i, "answer");

		expect_sound(_metadata, list, i);
		if (table[i].of == KERNEL || (table[i].of == CONNTRACK && conntrack)) {
			EXPECT_STREQ(answer_of(&table[i]), answer)
				TH_LOG("%s: %s", table[i].name, text_of(list, i, "reason"));
			continue;
		}
		EXPECT_STREQ("unknown", answer);
		EXPECT_TRUE(reason_has(list, i, table[i].of == MODULE ? "modprobe taskhold" :
				       "modprobe nf_conntrack"));
	}
	json_object_put(root);
	/* nor has it loaded it */
	EXPECT_FALSE(module_loaded());
	EXPECT_EQ(conntrack, !access("/sys/module/nf_conntrack", F_OK));
}

#define NOBODYS		"/tmp/features_test"
#define AS_NOBODY	"setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all " \
			NOBODYS "/taskhold status --features "

TEST(without_privileges)
{
	static char out[1024];
	struct json_object *root, *list;
	size_t i;

	if (!module_loaded())
		module_load();
	/* where somebody without privileges can reach it */
	ASSERT_EQ(0, system("install -D -m 755 $(command -v taskhold) " NOBODYS "/taskhold"));
	list = ask(AS_NOBODY "--json 2>/dev/null", 3, &root);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		expect_sound(_metadata, list, i);
		EXPECT_STREQ("unknown", text_of(list, i, "answer"));
		EXPECT_TRUE(reason_has(list, i, "needs CAP_SYS_ADMIN"));
	}
	json_object_put(root);
	EXPECT_EQ(3, output_of(AS_NOBODY "2>&1 >/dev/null", out, sizeof(out)));
	EXPECT_NE(NULL, strstr(out, "this needs CAP_SYS_ADMIN"));
	ASSERT_EQ(0, system("rm -r " NOBODYS));
}

/* Everything there that can be: each answer is yes or no, by the table. */
TEST(with_everything)
{
	char *conntrack[] = { "modprobe", "nf_conntrack", NULL };
	struct json_object *root, *list;
	size_t i;

	if (!module_loaded())
		module_load();
	ASSERT_EQ(0, run(conntrack));
	list = ask("taskhold status --features --json", 0, &root);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		expect_sound(_metadata, list, i);
		EXPECT_STREQ(answer_of(&table[i]), text_of(list, i, "answer"))
			TH_LOG("%s: %s", table[i].name, text_of(list, i, "reason"));
		/* a kfunc that is not there is named */
		if (table[i].func && !strcmp("no", text_of(list, i, "answer")))
			EXPECT_TRUE(reason_has(list, i, "is referenced but wasn't resolved"));
	}
	json_object_put(root);
}

/* Is a function in the BTF of the kernel, the module, or conntrack? */
static bool has_func(const struct btf *vmlinux, const char *name)
{
	static const char *const modules[] = { "taskhold", "nf_conntrack" };
	bool has = btf__find_by_name_kind(vmlinux, name, BTF_KIND_FUNC) > 0;
	size_t i;

	for (i = 0; !has && i < ARRAY_SIZE(modules); i++) {
		struct btf *btf = btf__load_module_btf(modules[i], (struct btf *)vmlinux);

		has = btf && btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
		btf__free(btf);
	}
	return has;
}

TEST(what_btf_says)
{
	struct btf *vmlinux = btf__load_vmlinux_btf();
	struct json_object *root, *list;
	int asked = 0;
	size_t i;

	ASSERT_NE(NULL, vmlinux);
	if (!module_loaded())
		module_load();
	list = ask("taskhold status --features --json", 0, &root);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		const struct expected *e = &table[i];
		bool has;

		if (!e->func && !e->enumerator)
			continue;
		has = e->func ? has_func(vmlinux, e->func) :
				has_enumerator(vmlinux, e->enumerator);
		EXPECT_STREQ(has ? "yes" : "no", text_of(list, i, "answer")) TH_LOG("%s", e->name);
		asked++;
	}
	EXPECT_LT(15, asked);
	json_object_put(root);
	btf__free(vmlinux);
}

/* Name and answer of each line of the table, in its order. */
TEST(table_and_json_agree)
{
	static char out[1 << 16];
	struct json_object *root, *list;
	char *line, *save = NULL;
	char name[64], answer[64];
	size_t i = 0;
	int fields;

	if (!module_loaded())
		module_load();
	list = ask("taskhold status --features --json", 0, &root);
	ASSERT_EQ(0, output_of("taskhold status --features", out, sizeof(out)));
	line = strtok_r(out, "\n", &save);
	fields = sscanf(line, "%63s %63s", name, answer);
	ASSERT_EQ(2, fields);
	EXPECT_STREQ("FEATURE", name);
	for (line = strtok_r(NULL, "\n", &save); line; line = strtok_r(NULL, "\n", &save), i++) {
		ASSERT_LT(i, ARRAY_SIZE(table));
		fields = sscanf(line, "%63s %63s", name, answer);
		ASSERT_EQ(2, fields);
		EXPECT_STREQ(text_of(list, i, "name"), name);
		EXPECT_STREQ(text_of(list, i, "answer"), answer);
		if (text_of(list, i, "reason"))
			EXPECT_NE(NULL, strstr(line, text_of(list, i, "reason")));
	}
	EXPECT_EQ(ARRAY_SIZE(table), i);
	json_object_put(root);
}

/* BPF maps, programs and types that the kernel has. */
static int bpf_ids(void)
{
	__u32 id = 0;
	int n = 0;

	while (!bpf_map_get_next_id(id, &id))
		n++;
	for (id = 0; !bpf_prog_get_next_id(id, &id);)
		n++;
	for (id = 0; !bpf_btf_get_next_id(id, &id);)
		n++;
	return n;
}

TEST(leaves_nothing_behind)
{
	int modules, kernel, before;

	if (!module_loaded())
		module_load();
	before = bpf_ids();
	modules = kmsg_open();
	kernel = kmsg_open();
	ASSERT_EQ(0, system("taskhold status --features >/dev/null"));
	EXPECT_EQ(0, kmsg_count(modules, ""));
	/* the one map that must be refused, if the kernel did not say so just before */
	EXPECT_GE(expect_kernel_patched() ? 1 : 0, kmsg_count_of(kernel, "bpf", ""));
	/* without waiting: who unloads the module next must not have to */
	EXPECT_EQ(0, module_refs());
	EXPECT_EQ(0, module_unload());
	module_load();
	EXPECT_TRUE(until(10, bpf_ids() == before));
	close(modules);
	close(kernel);
}

TEST_HARNESS_MAIN

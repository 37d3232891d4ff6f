// SPDX-License-Identifier: GPL-2.0-only
/* The table of features, and how each is tried. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "feature.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "array.h"

#include "features.skel.h"
#include "features_conntrack.skel.h"
#include "features_kinds.skel.h"
#include "features_pid.skel.h"

#define LOG_SIZE	(64u << 10)

/* A map with this tag is created by a kernel that looks at no tag it does not know. */
#define UNKNOWN_TAG	"kptr_that_no_kernel_knows"

struct attempt {
	int err;		/* 0: it was loaded */
	bool has_xchg;		/* what the kernel runs has an exchange in place of a call */
	bool has_insns;		/* the kernel showed what it runs */
	char log[LOG_SIZE];	/* of the verifier */
	char libbpf[256];	/* its first warning */
};

/*
 * One feature and how to try it. A kernel that has it
 * - loads @accepted, which uses @map,
 * - refuses @refused, which uses @refused_map, with @text in its log.
 * Where @refused is accepted, @otherwise is what that means.
 * Either may be NULL. Both are in the object of @elf. @text_is_it: a kernel without the
 * feature refuses as well, for other words.
 */
struct probe {
	const char *name;
	const char *what;
	const char *capabilities;
	enum feature_needs needs;
	const char *accepted, *map;
	const char *refused, *refused_map;
	const char *text, *otherwise;
	bool text_is_it;
	const void *(*elf)(size_t *size);	/* NULL: features.bpf.c */
	void (*judge)(struct feature *f, struct attempt *a);	/* in place of all this */
};

static void answer(struct feature *f, enum feature_answer what, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void judge_inlined(struct feature *f, struct attempt *a);
static void judge_tags(struct feature *f, struct attempt *a);

static const struct probe probes[] = {
	{ "kptr_untrusted", "maps hold pointers to kernel objects that nobody owns", "B1",
	  .accepted = "kptr_untrusted", .map = "tasks_untrusted" },
	{ "kptr_ref", "maps hold references to tasks, exchanged by bpf_kptr_xchg()", "B3 E1",
	  .accepted = "kptr_ref", .map = "tasks" },
	{ "kptr_rcu", "the task that a map holds is read and acquired under RCU", "B4 C4",
	  .accepted = "kptr_rcu", .map = "tasks" },
	{ "local_kptr", "maps hold objects that programs allocate", "G1",
	  .accepted = "local_kptr", .map = "locals" },
	{ "percpu_kptr", "maps hold per-CPU objects that programs allocate", "B6",
	  .accepted = "percpu_kptr", .map = "locals_percpu" },
	{ "xchg_inlined", "bpf_kptr_xchg() is compiled to an exchange, without a call", "B3",
	  .judge = judge_inlined },
	{ "xchg_insn", "BPF_XCHG exchanges kptrs", "B2",
	  .accepted = "xchg_insn", .map = "tasks" },
	{ "kptr_percpu", "maps hold pointers to per-CPU memory of the kernel", "B5",
	  .accepted = "kptr_percpu", .map = "kernel_percpu",
	  .refused = "kptr_percpu_refused", .refused_map = "kernel_percpu",
	  .text = "expected=percpu_ptr_",
	  .otherwise = "any number can be stored: the pointer is plain data",
	  .elf = features_kinds__elf_bytes },
	{ "kptr_user", "maps hold pointers to user space", "B7",
	  .accepted = "kptr_user", .map = "user_space",
	  .refused = "kptr_user_refused", .refused_map = "user_space",
	  .text = "expected=user_ptr_",
	  .otherwise = "any number can be stored: the pointer is plain data",
	  .elf = features_kinds__elf_bytes },
	{ "user_tags", "the kernel's BTF tells pointers to user space from others", "B7",
	  .refused = "user_tags_refused", .text = "access user memory",
	  .otherwise = "a field that points to user space is followed" },
	{ "bad_tags_refused", "a map with a kptr tag that is not known is not created", "A2",
	  .judge = judge_tags },
	{ "walked", "the log says of a refused pointer that it was read from a field", "E7",
	  .refused = "walked_refused", .text = "is walked", .text_is_it = true,
	  .otherwise = "a task that was read from a field is acquired" },
	{ "ct_kptr_get", "bpf_ct_kptr_get(): a reference to the conntrack entry in a map", "C2",
	  FEATURE_OF_CONNTRACK, .accepted = "ct_kptr_get", .map = "conns",
	  .elf = features_conntrack__elf_bytes },
	{ "struct_ops", "policies: the module's struct taskhold_ops", "H13",
	  FEATURE_OF_MODULE, .accepted = "struct_ops", .map = "features_ops" },
	{ "nullable_args", "arguments of policies that may be NULL must be checked", "H17",
	  FEATURE_OF_MODULE, .accepted = "nullable_args", .map = "features_checks",
	  .refused = "nullable_args_refused", .refused_map = "features_refused",
	  .text = "ptr_or_null_",
	  .otherwise = "a task that may be NULL is followed without a check" },
	{ "records", "kfuncs on records", "E5",
	  FEATURE_OF_MODULE, .accepted = "records" },
	{ "records_iter", "programs walk the records of a policy", "E5",
	  FEATURE_OF_MODULE, .accepted = "records_iter" },
	{ "rec_kptr_get", "taskhold_rec_kptr_get(): a reference to the record in a map", "C1",
	  FEATURE_OF_MODULE, .accepted = "rec_kptr_get", .map = "recs" },
	{ "task_acquire", "taskhold_task_acquire() and _release(), as vmlinux's own", "E1",
	  FEATURE_OF_MODULE, .accepted = "task_acquire" },
	{ "task_kptr_get", "taskhold_task_kptr_get(): a reference to the task in a map", "C1",
	  FEATURE_OF_MODULE, .accepted = "task_kptr_get", .map = "tasks" },
	{ "pid_kptr", "maps hold references to pids, with a destructor of the module's", "D1",
	  FEATURE_OF_MODULE, .accepted = "pid_kptr", .map = "pids",
	  .elf = features_pid__elf_bytes },
	{ "file_kptr", "maps hold references to files, with a destructor of the module's", "D1",
	  FEATURE_OF_MODULE, .accepted = "file_kptr", .map = "files",
	  .elf = features_pid__elf_bytes },
	{ "owned_args", "kfuncs can ask for references of the program's own", "E8",
	  FEATURE_OF_MODULE, .accepted = "owned_args",
	  .refused = "owned_args_refused", .text = "must be referenced",
	  .otherwise = "a reference of somebody else's is taken" },
	/* The last, as the module is held until the kernel has freed such a map. */
	{ "rec_kptr", "maps hold references to records", "A10 D4",
	  FEATURE_OF_MODULE, .accepted = "rec_kptr", .map = "recs" },
};

/* ---- loading one program ---- */

/* Of the attempt that is under way; libbpf's messages come without a context. */
static struct attempt *current_attempt;
static libbpf_print_fn_t print_as_ever;

static int keep_warning(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	struct attempt *a = current_attempt;
	va_list again;

	if (level == LIBBPF_WARN && a && !a->libbpf[0]) {
		va_copy(again, ap);
		vsnprintf(a->libbpf, sizeof(a->libbpf), fmt, again);
		va_end(again);
	}
	return print_as_ever ? print_as_ever(level, fmt, ap) : 0;
}

static bool is(const char *name, const char *other)
{
	return other && !strcmp(name, other);
}

/* Leave out all but one program and the map that it uses. */
static struct bpf_program *pick(struct bpf_object *obj, const char *name, const char *map_name)
{
	struct bpf_program *prog, *picked = NULL;
	struct bpf_map *map;

	bpf_object__for_each_program(prog, obj) {
		bool is_it = is(bpf_program__name(prog), name);

		bpf_program__set_autoload(prog, is_it);
		if (is_it)
			picked = prog;
	}
	bpf_object__for_each_map(map, obj)
		bpf_map__set_autocreate(map, is(bpf_map__name(map), map_name));
	return picked;
}

/* Is there an exchange in what the kernel made of a program? */
static void look_for_xchg(struct attempt *a, int fd)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info), size, i;
	struct bpf_insn *insns;

	if (bpf_prog_get_info_by_fd(fd, &info, &len) || !info.xlated_prog_len)
		return;
	size = info.xlated_prog_len;
	insns = malloc(size);
	if (!insns)
		return;
	memset(&info, 0, sizeof(info));
	len = sizeof(info);
	info.xlated_prog_len = size;
	info.xlated_prog_insns = (__u64)(unsigned long)insns;
	if (!bpf_prog_get_info_by_fd(fd, &info, &len) && info.xlated_prog_insns) {
		a->has_insns = true;
		for (i = 0; i < size / sizeof(*insns); i++) {
			if (insns[i].code == (BPF_STX | BPF_ATOMIC | BPF_DW) &&
			    insns[i].imm == BPF_XCHG)
				a->has_xchg = true;
		}
	}
	free(insns);
}

static void load(struct attempt *a, const void *(*bytes)(size_t *size), const char *name,
		 const char *map)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .kernel_log_buf = a->log,
		    .kernel_log_size = sizeof(a->log));
	struct bpf_program *prog;
	struct bpf_object *obj;
	const void *elf;
	size_t size;

	a->has_xchg = false;
	a->has_insns = false;
	a->log[0] = 0;
	a->libbpf[0] = 0;
	current_attempt = a;
	elf = bytes ? bytes(&size) : features__elf_bytes(&size);
	obj = bpf_object__open_mem(elf, size, &opts);
	if (!obj) {
		a->err = -errno;
		goto out;
	}
	prog = pick(obj, name, map);
	a->err = prog ? bpf_object__load(obj) : -ENOENT;
	if (!a->err)
		look_for_xchg(a, bpf_program__fd(prog));
	bpf_object__close(obj);
out:
	current_attempt = NULL;
}

/* ---- judging ---- */

static void answer(struct feature *f, enum feature_answer what, const char *fmt, ...)
{
	va_list ap;

	f->answer = what;
	free(f->reason);
	f->reason = NULL;
	if (!fmt)
		return;
	va_start(ap, fmt);
	if (vasprintf(&f->reason, fmt, ap) < 0)
		f->reason = NULL;
	va_end(ap);
}

/* Closing figures of a log: how much it did, not why it refused. */
static bool is_figures(const char *line)
{
	return !line[0] || !strncmp(line, "processed ", 10) ||
	       !strncmp(line, "verification time ", 18) || !strncmp(line, "stack depth ", 12);
}

/* The last line that says something, else libbpf's words, else the error's. */
static const char *why(struct attempt *a)
{
	char *line, *save = NULL, *last = NULL;

	for (line = strtok_r(a->log, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!is_figures(line))
			last = line;
	}
	if (last)
		return last;
	a->libbpf[strcspn(a->libbpf, "\n")] = 0;
	return a->libbpf[0] ? a->libbpf : strerror(-a->err);
}

/* Failures that say nothing of what the kernel knows of the feature. */
static bool says_nothing(const struct attempt *a)
{
	/* of the object: it may be about any of them, and hides what is asked for */
	if (strstr(a->libbpf, "BTF is mandatory"))
		return true;
	switch (a->err) {
	case -EPERM:
	case -ENOMEM:
	case -EAGAIN:
	case -EINTR:
	case -EMFILE:
	case -ENFILE:
		return true;
	default:
		return false;
	}
}

/* Not loaded: the kernel has it not, or it could not be tried. */
static void judge_failure(struct feature *f, struct attempt *a)
{
	if (says_nothing(a))
		answer(f, FEATURE_UNKNOWN, "loading a program failed: %s", strerror(-a->err));
	else
		answer(f, FEATURE_NO, "%s", why(a));
}

static void judge(struct feature *f, const struct probe *p, struct attempt *a)
{
	answer(f, FEATURE_YES, NULL);
	if (p->accepted) {
		load(a, p->elf, p->accepted, p->map);
		if (a->err) {
			judge_failure(f, a);
			return;
		}
	}
	if (!p->refused)
		return;
	load(a, p->elf, p->refused, p->refused_map);
	if (!a->err)
		answer(f, FEATURE_NO, "%s", p->otherwise);
	else if (says_nothing(a))
		judge_failure(f, a);
	else if (!strstr(a->log, p->text))
		answer(f, p->text_is_it ? FEATURE_NO : FEATURE_UNKNOWN,
		       p->text_is_it ? "%s" : "refused for another reason: %s", why(a));
}

static void judge_inlined(struct feature *f, struct attempt *a)
{
	load(a, NULL, "kptr_ref", "tasks");
	if (a->err)
		judge_failure(f, a);
	else if (!a->has_insns)
		answer(f, FEATURE_UNKNOWN, "the kernel does not show the instructions of a program");
	else if (a->has_xchg)
		answer(f, FEATURE_YES, NULL);
	else
		answer(f, FEATURE_NO, "it is a call");
}

/*
 * By hand, as libbpf would try again without the types. The kernel that refuses
 * says so in its log, which cannot be helped.
 */
static void judge_tags(struct feature *f, struct attempt *a)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .btf_key_type_id = 1);
	struct btf *btf = btf__new_empty();
	int number, target, value, fd;

	a->err = -ENOMEM;
	if (!btf)
		goto out;
	number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	target = btf__add_struct(btf, "task_struct", 4);
	btf__add_field(btf, "x", number, 0, 0);
	target = btf__add_ptr(btf, btf__add_type_tag(btf, UNKNOWN_TAG, target));
	value = btf__add_struct(btf, "value", 8);
	if (btf__add_field(btf, "slot", target, 0, 0))
		goto out;
	a->err = btf__load_into_kernel(btf);
	if (a->err)
		goto out;
	opts.btf_fd = btf__fd(btf);
	opts.btf_value_type_id = value;
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "features", 4, 8, 1, &opts);
	a->err = fd < 0 ? fd : 0;
	if (!a->err)
		close(fd);
	if (!a->err)
		answer(f, FEATURE_NO, "the map is created, and the pointer plain data");
	else if (a->err == -EINVAL)
		answer(f, FEATURE_YES, NULL);
	else
		answer(f, FEATURE_UNKNOWN, "creating a map failed: %s", strerror(-a->err));
	btf__free(btf);
	return;
out:
	answer(f, FEATURE_UNKNOWN, "the types of a map cannot be loaded: %s", strerror(-a->err));
	btf__free(btf);
}

/* ---- what there must be beforehand ---- */

static const char *access_missing(enum module_access access)
{
	switch (access) {
	case MODULE_ACCESS_OK:
		return NULL;
	case MODULE_ACCESS_NO_CAP:
	case MODULE_ACCESS_BPF_ONLY:
		return "needs CAP_SYS_ADMIN: run it as root or with sudo";
	case MODULE_ACCESS_NO_BPF:
		return "this kernel has no BPF system call";
	case MODULE_ACCESS_REFUSED:
		break;
	}
	return "the kernel refuses BPF although CAP_SYS_ADMIN is there";
}

static const char *module_missing(const struct module_state *m)
{
	if (!m->loaded)
		return "the module is not loaded: modprobe taskhold";
	if (strcmp(m->initstate, "live"))
		return "the module is just being loaded or unloaded";
	return m->btf ? NULL : "the module has no BTF";
}

static const char *conntrack_missing(struct attempt *a)
{
	load(a, features_conntrack__elf_bytes, "conntrack", NULL);
	return a->err ? "conntrack is not there: modprobe nf_conntrack" : NULL;
}

int feature_read(struct feature_list *f, const struct module_state *m)
{
	const char *const missing[] = {
		[FEATURE_OF_KERNEL] = access_missing(m->access),
		[FEATURE_OF_MODULE] = access_missing(m->access) ?: module_missing(m),
	};
	const char *without;
	struct attempt *a;
	size_t i;

	memset(f, 0, sizeof(*f));
	f->feature = calloc(ARRAY_SIZE(probes), sizeof(*f->feature));
	a = calloc(1, sizeof(*a));
	if (!f->feature || !a) {
		feature_free(f);
		free(a);
		return -ENOMEM;
	}
	print_as_ever = libbpf_set_print(keep_warning);
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		const struct probe *p = &probes[i];
		struct feature *this = &f->feature[f->nr++];

		this->name = p->name;
		this->what = p->what;
		this->capabilities = p->capabilities;
		this->needs = p->needs;
		if (p->needs == FEATURE_OF_CONNTRACK)
			without = missing[FEATURE_OF_KERNEL] ?: conntrack_missing(a);
		else
			without = missing[p->needs];
		if (without)
			answer(this, FEATURE_UNKNOWN, "%s", without);
		else if (p->judge)
			p->judge(this, a);
		else
			judge(this, p, a);
	}
	libbpf_set_print(print_as_ever);
	free(a);
	return 0;
}

void feature_free(struct feature_list *f)
{
	size_t i;

	for (i = 0; i < f->nr; i++)
		free(f->feature[i].reason);
	free(f->feature);
	memset(f, 0, sizeof(*f));
}

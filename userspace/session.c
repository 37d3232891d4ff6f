// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <taskhold/ops.h>

#include "error.h"
#include "session.h"

#include "descendants.skel.h"
#include "everything.skel.h"
#include "subtree.skel.h"

struct session {
	struct bpf_object *obj;
	struct bpf_link *rmdir, *release, *policy;
	struct ring_buffer *ring;
	int find, sample, sum, look, settle;	/* program fds */
	char name[TASKHOLD_NAME_LEN];

	/* In the object's .bss, shared with the programs. */
	__u64 *sample_from, *sample_finished, *totals_cursor, *ring_lost;
	struct taskhold_policy_stats *progress;

	session_sink *sink;
	void *ctx;
	int sink_ret;
};

static const struct {
	const char *policy;
	const void *(*elf_bytes)(size_t *size);
} policies[] = {
	[TASKHOLD_SCOPE_ALL]	= { "everything", everything__elf_bytes },
	[TASKHOLD_SCOPE_TREE]	= { "descendants", descendants__elf_bytes },
	[TASKHOLD_SCOPE_CGROUP]	= { "subtree", subtree__elf_bytes },
};

/* A global variable of @size bytes in the object's section, or NULL. */
static void *global(struct bpf_object *obj, const char *section, const char *name, size_t size)
{
	const struct btf *btf = bpf_object__btf(obj);
	const struct btf_var_secinfo *var;
	const struct btf_type *sec;
	struct bpf_map *map;
	size_t total;
	char *data;
	int id, i;

	id = btf__find_by_name_kind(btf, section, BTF_KIND_DATASEC);
	bpf_object__for_each_map(map, obj) {
		const char *in = bpf_map__name(map);
		size_t len = strlen(in), want = strlen(section);

		if (len >= want && !strcmp(in + len - want, section))
			break;
	}
	if (id < 0 || !map)
		return NULL;

	data = bpf_map__initial_value(map, &total);
	sec = btf__type_by_id(btf, id);
	var = btf_var_secinfos(sec);
	for (i = 0; data && i < btf_vlen(sec); i++, var++) {
		const struct btf_type *t = btf__type_by_id(btf, var->type);

		if (!strcmp(btf__name_by_offset(btf, t->name_off), name) &&
		    var->size == size && var->offset + size <= total)
			return data + var->offset;
	}
	return NULL;
}

static int set_global(struct session *s, const char *name, const void *value, size_t size)
{
	void *at = global(s->obj, ".rodata", name, size);

	if (!at)
		return th_fail(TH_ENV, "the recorder's BPF object has no variable %s of %zu bytes: this is a fault of the build",
			       name, size);
	memcpy(at, value, size);
	return TH_OK;
}

/* What has to be known before the programs are verified. */
static int configure(struct session *s, const struct session_options *opts)
{
	__u32 ring_bytes = opts->ring_bytes ?: 8u << 20;
	__u32 nr_cpus = libbpf_num_possible_cpus();
	__u64 wake_at = ring_bytes / 8;
	struct taskhold_ops *ops;
	struct bpf_map *map;
	size_t size = 0;
	int ret;

	ret = set_global(s, "wake_at", &wake_at, sizeof(wake_at)) ?:
	      set_global(s, "nr_cpus", &nr_cpus, sizeof(nr_cpus)) ?:
	      set_global(s, "policy_name", s->name, sizeof(s->name));
	if (!ret && opts->scope == TASKHOLD_SCOPE_TREE)
		ret = set_global(s, "root_tgid", &opts->root_tgid, sizeof(opts->root_tgid));
	if (!ret && opts->scope == TASKHOLD_SCOPE_CGROUP)
		ret = set_global(s, "root_cgroup", &opts->root_cgroup, sizeof(opts->root_cgroup));
	if (ret)
		return ret;

	map = bpf_object__find_map_by_name(s->obj, "policy");
	ops = map ? bpf_map__initial_value(map, &size) : NULL;
	if (!ops || size != sizeof(*ops))
		return th_fail(TH_ENV, "the recorder's BPF object has no struct taskhold_ops: this is a fault of the build");
	memcpy(ops->name, s->name, sizeof(ops->name));
	ops->max_held = opts->max_held;
	ops->flags = opts->threads ? TASKHOLD_POLICY_THREADS : 0;

	map = bpf_object__find_map_by_name(s->obj, "ring");
	if (!map || bpf_map__set_max_entries(map, ring_bytes))
		return th_fail(TH_USAGE, "a ring buffer of %u bytes cannot be: give a power of 2, at least 4096",
			       ring_bytes);
	return TH_OK;
}

static int on_items(void *ctx, void *data, size_t len)
{
	struct session *s = ctx;

	s->sink_ret = s->sink(s->ctx, data, len);
	/* libbpf hands on negative values alone */
	return s->sink_ret ? -ECANCELED : 0;
}

static int prog_fd(struct session *s, const char *name)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(s->obj, name);

	return prog ? bpf_program__fd(prog) : -ENOENT;
}

static struct bpf_link *attach_prog(struct session *s, const char *name)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(s->obj, name);

	return prog ? bpf_program__attach(prog) : NULL;
}

/* Runs one of the object's SYSCALL programs; what it returned, or -errno. */
static int run(int fd)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int err = bpf_prog_test_run_opts(fd, &opts);

	return err ? err : (int)opts.retval;
}

static int find_globals(struct session *s)
{
	s->sample_from = global(s->obj, ".bss", "sample_from", sizeof(*s->sample_from));
	s->sample_finished = global(s->obj, ".bss", "sample_finished", sizeof(*s->sample_finished));
	s->totals_cursor = global(s->obj, ".bss", "totals_cursor", sizeof(*s->totals_cursor));
	s->ring_lost = global(s->obj, ".bss", "ring_lost", sizeof(*s->ring_lost));
	s->progress = global(s->obj, ".bss", "progress", sizeof(*s->progress));
	s->find = prog_fd(s, "find");
	s->sample = prog_fd(s, "sample");
	s->sum = prog_fd(s, "sum");
	s->look = prog_fd(s, "look");
	s->settle = prog_fd(s, "settle");
	if (s->sample_from && s->sample_finished && s->totals_cursor && s->ring_lost &&
	    s->progress && s->find >= 0 && s->sample >= 0 && s->sum >= 0 && s->look >= 0 &&
	    s->settle >= 0)
		return TH_OK;
	return th_fail(TH_ENV, "the recorder's BPF object lacks a program or a variable: this is a fault of the build");
}

static int attach(struct session *s)
{
	struct bpf_map *map = bpf_object__find_map_by_name(s->obj, "policy");
	int err;

	s->rmdir = attach_prog(s, "on_rmdir");
	s->release = s->rmdir ? attach_prog(s, "on_release") : NULL;
	if (!s->release)
		return th_fail_libbpf(TH_ENV, "cannot attach to the cgroup tracepoints: %s",
				      strerror(errno));

	s->policy = bpf_map__attach_struct_ops(map);
	if (!s->policy) {
		if (errno == EBUSY)
			return th_fail(TH_ENV, "%d policies are attached, which is as many as the module takes: see `taskhold status`, end one of them",
				       TASKHOLD_MAX_POLICIES);
		return th_fail_libbpf(TH_ENV, "cannot attach the policy %s: %s", s->name,
				      strerror(errno));
	}

	err = run(s->find);
	if (err)
		return th_fail(TH_ENV, "the policy %s is attached but the module does not list it: %s",
			       s->name, strerror(-err));
	return TH_OK;
}

int session_open(struct session **session, const struct session_options *opts,
		 session_sink *sink, void *ctx)
{
	const char *policy = policies[opts->scope].policy;
	const void *elf;
	struct session *s;
	size_t size;
	int ret;

	s = calloc(1, sizeof(*s));
	if (!s)
		return th_fail(TH_ENV, "out of memory");
	s->sink = sink;
	s->ctx = ctx;
	/* two recorders at a time are two policies, which need two names */
	snprintf(s->name, sizeof(s->name), "%s-%d", policy, getpid());

	th_libbpf_clear();
	elf = policies[opts->scope].elf_bytes(&size);
	s->obj = bpf_object__open_mem(elf, size, NULL);
	if (!s->obj) {
		ret = th_fail_libbpf(TH_ENV, "cannot open the BPF object of the policy %s: %s",
				     policy, strerror(errno));
		goto fail;
	}
	ret = configure(s, opts);
	if (ret)
		goto fail;
	if (bpf_object__load(s->obj)) {
		ret = th_fail_libbpf(TH_ENV, "the kernel refuses the policy %s: %s", policy,
				     strerror(errno));
		goto fail;
	}
	ret = find_globals(s);
	if (ret)
		goto fail;
	s->ring = ring_buffer__new(bpf_object__find_map_fd_by_name(s->obj, "ring"), on_items, s,
				   NULL);
	if (!s->ring) {
		ret = th_fail_libbpf(TH_ENV, "cannot map the ring buffer: %s", strerror(errno));
		goto fail;
	}
	ret = attach(s);
	if (ret)
		goto fail;

	*session = s;
	return TH_OK;
fail:
	session_close(s);
	return ret;
}

void session_close(struct session *s)
{
	if (!s)
		return;
	bpf_link__destroy(s->policy);
	bpf_link__destroy(s->release);
	bpf_link__destroy(s->rmdir);
	ring_buffer__free(s->ring);
	bpf_object__close(s->obj);
	free(s);
}

const char *session_policy_name(const struct session *s)
{
	return s->name;
}

int session_fd(const struct session *s)
{
	return ring_buffer__epoll_fd(s->ring);
}

int session_drain(struct session *s)
{
	int ret;

	s->sink_ret = 0;
	ret = ring_buffer__consume(s->ring);
	if (s->sink_ret)
		return s->sink_ret;
	return ret < 0 ? ret : 0;
}

/* Runs a program that says 1 for "the ring buffer is full", draining in between. */
static int run_draining(struct session *s, int fd)
{
	int full, err;

	do {
		full = run(fd);
		err = session_drain(s);
	} while (full == 1 && !err);
	return full < 0 ? full : err;
}

int session_settle(struct session *s)
{
	int err = run(s->settle);

	return err ? err : session_drain(s);
}

int session_sample(struct session *s)
{
	*s->sample_from = 0;
	*s->sample_finished = 0;
	return run_draining(s, s->sample);
}

int session_sum(struct session *s)
{
	*s->totals_cursor = 0;
	return run_draining(s, s->sum);
}

int session_look(struct session *s, struct taskhold_policy_stats *stats)
{
	int err = run(s->look);

	if (!err)
		*stats = *s->progress;
	return err;
}

__u64 session_ring_lost(const struct session *s)
{
	return __atomic_load_n(s->ring_lost, __ATOMIC_RELAXED);
}

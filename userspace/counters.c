// SPDX-License-Identifier: GPL-2.0-only
#include "counters.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "status.skel.h"

static void take(struct counters *c, const struct status *skel)
{
	int slot, ret;
	size_t i;

	c->module = skel->bss->stats;
	for (slot = 0; slot < TASKHOLD_MAX_POLICIES; slot++) {
		ret = skel->bss->policy_ret[slot];
		if (!ret)
			c->policies[c->nr_policies++] = skel->bss->policies[slot];
		else if (ret != -ENOENT)
			c->slot_err[slot] = ret;
	}
	for (i = 0; i < TASKHOLD_MAX_ENDED && !skel->bss->ended_ret[i]; i++)
		c->ended[c->nr_ended++] = skel->bss->ended[i];
}

int counters_read(struct counters *c, const char **what)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct status *skel;
	int err;

	memset(c, 0, sizeof(*c));
	*what = "loading the BPF program";
	skel = status__open_and_load();
	if (!skel)
		return -errno;
	*what = "the BPF program that asks for them";
	err = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.read_status), &opts);
	if (!err)
		err = skel->bss->stats_ret;
	if (!err)
		take(c, skel);
	status__destroy(skel);
	return err;
}

const struct taskhold_policy_stats *counters_find(const struct counters *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->nr_policies; i++) {
		if (!strncmp(c->policies[i].name, name, TASKHOLD_NAME_LEN))
			return &c->policies[i];
	}
	return NULL;
}

const struct taskhold_exit_info *counters_find_ended(const struct counters *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->nr_ended; i++) {
		if (!strncmp(c->ended[i].stats.name, name, TASKHOLD_NAME_LEN))
			return &c->ended[i];
	}
	return NULL;
}

const struct taskhold_policy_stats *counters_find_id(const struct counters *c, __u64 id)
{
	size_t i;

	for (i = 0; i < c->nr_policies; i++) {
		if (c->policies[i].id == id)
			return &c->policies[i];
	}
	return NULL;
}

const struct taskhold_exit_info *counters_find_ended_id(const struct counters *c, __u64 id)
{
	size_t i;

	for (i = 0; i < c->nr_ended; i++) {
		if (c->ended[i].stats.id == id)
			return &c->ended[i];
	}
	return NULL;
}

bool counters_is_ending(const struct taskhold_policy_stats *stats)
{
	return stats->flags & TASKHOLD_POLICY_ENDING;
}

__u64 counters_newest_id(const struct counters *c)
{
	__u64 newest = 0;
	size_t i;

	for (i = 0; i < c->nr_policies; i++)
		newest = c->policies[i].id > newest ? c->policies[i].id : newest;
	for (i = 0; i < c->nr_ended; i++)
		newest = c->ended[i].stats.id > newest ? c->ended[i].stats.id : newest;
	return newest;
}

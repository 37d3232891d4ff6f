/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a recording says: its processes, cgroups, sums, and what is missing.
 */
#ifndef _MODEL_H
#define _MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "map.h"
#include "recording.h"
#include "sums.h"

/* A process, or a thread of one (TASKHOLD_INFO_THREAD). */
struct model_task {
	struct taskhold_info info;
	__u64 seen;		/* number of the item that said so */
	bool finished;
};

#define MODEL_NO_PARENT	(~0u)

struct model_cgroup {
	__u64 id;
	const char *path;	/* NULL: not known */
	struct sums sums;	/* use.cpu_ns: what was used in this very cgroup */
	__u64 moved_in_ns;	/* used elsewhere by processes that are counted here */
	__u64 cpu_tree_ns;	/* use.cpu_ns of it and of all below it */
	__u64 tree_tasks;	/* sums.tasks of it and of all below it */
	__u64 cpu_stat_ns;	/* what the kernel charged to the same */
	__s64 residual_ns;	/* cpu_stat_ns - cpu_tree_ns */
	__s64 residual_ppm;	/* of cpu_stat_ns */
	bool has_stat;		/* cpu_stat_ns is known */
	bool covered;		/* every process there was to be recorded */
	bool has_residual;	/* covered and has_stat */
	bool has_ppm;		/* has_residual, and cpu_stat_ns is not 0 */
	bool removed;		/* during the recording */

	/* What the rest is made from. */
	__u32 parent;		/* index, or MODEL_NO_PARENT */
	bool has_start, has_stop, has_gone, has_totals;
	bool start_below;	/* something below it has_start */
	bool gone_below;	/* everything below it is removed, with cpu_stat_ns */
	bool topmost;		/* or below one: counted in model.residual_ns */
	__u64 start_ns, stop_ns, gone_ns;
	__u64 below_stat_ns;	/* cpu_stat_ns of those one level below */
	struct taskhold_totals totals;
};

struct model_exe {
	__u64 id;
	const char *path;	/* NULL: not known */
	__u32 same;		/* index of the first with this path */
};

/* What makes a recording incomplete; the reasons of the module come first. */
enum model_flaw {
	MODEL_RING_LOST = TASKHOLD_NR_REASONS,	/* END says so */
	MODEL_FILE,		/* not read to its end: see model.state */
	MODEL_NO_END,		/* no END item */
	MODEL_DETACHED,		/* END says so */
	MODEL_NO_COUNTERS,	/* no POLICY item: the reasons are not known */
	MODEL_FINISHED_MISSING,	/* fewer FINISHED items than END says */
	MODEL_REPEATED,		/* a record FINISHED twice; the first counts */
	MODEL_VANISHED,		/* LIVE once, not so at the end, nor FINISHED or folded */
	MODEL_OVERFLOW,		/* sums over 64 bits */
	MODEL_NR_FLAWS,
};

struct model {
	struct taskhold_begin begin;
	struct taskhold_end end;
	bool has_end;
	struct taskhold_policy_stats policy;
	bool has_policy;
	const char *version, *hostname, *kernel, *machine, *command, *policy_name, *detached;

	struct model_task *tasks;	/* processes: finished in their order, and live */
	__u32 nr_tasks;
	struct model_task *threads;	/* recorded one by one: in no sum, see threads.h */
	__u32 nr_threads;
	struct model_cgroup *cgroups;	/* sorted by path, unknown ones last */
	__u32 nr_cgroups;
	struct model_exe *exes;
	__u32 nr_exes;

	struct sums totals;	/* over all processes */
	__u64 finished;			/* processes, not folded */
	__u64 threads_live;		/* of threads: ran when the recording ended */
	__u64 lost;			/* processes whose numbers are missing */
	__u64 stop_ns;			/* end of the recording, CLOCK_BOOTTIME */
	__u64 moved_rest_ns;		/* cpu_ns of folded processes before they moved */

	/* Over the topmost cgroups that have a residual. */
	__u64 residual_tree_ns;		/* what was used in them: a part of totals.use.cpu_ns */
	__u64 residual_stat_ns;
	__s64 residual_ns;
	__s64 residual_ppm;
	bool has_residual, has_ppm;

	__u64 flaws[MODEL_NR_FLAWS];
	bool complete;			/* flaws are all 0 */
	struct recording_state state;

	/* Private. */
	struct map task_map, cgroup_map, exe_map;
	__u32 room_tasks, room_cgroups, room_exes;
	__u64 finished_items;		/* of processes and threads */
	__u64 vanished_tasks, vanished_threads;	/* folded, if the counters say so many */
	struct model_text *texts;
};

/*
 * model_load - read the recording @path, "-" for stdin
 *
 * Returns 0, also where the recording is cut or damaged but begins as one, or
 * -errno and @why.
 */
int model_load(struct model *model, const char *path, struct recording_why *why);
void model_free(struct model *model);

/* "fold-verdict", ..., and what it means in a sentence. */
const char *model_flaw_name(unsigned int flaw);
const char *model_flaw_text(unsigned int flaw);

const struct model_cgroup *model_cgroup(const struct model *model, __u64 id);
const struct model_exe *model_exe(const struct model *model, __u64 id);

/* Bytes of a comm, of which a full one has no NUL. */
size_t model_comm_len(const char comm[TASKHOLD_COMM_LEN]);

#endif /* _MODEL_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * containers: what each container has used, in a BPF map that needs no user space.
 *
 * A container is a cgroup so many levels below a root, with all that is below it.
 * What is not so deep is a row of its own: the cgroups above. A process counts for
 * the container that it was in, as the kernel's cpu.stat has it: one that changes its
 * cgroup leaves there the CPU time that it has used there, everything else goes where
 * it ends.
 *
 * Knobs:
 *	root_cgroup	id of the root (the inode number of its directory, stat -c %i);
 *			0, if not said: that of the hierarchy. Who is not below it is not
 *			held. If there is no such cgroup, attaching fails with ENOENT.
 *	depth		levels of a container below the root, 1 if not said
 *	refresh_ms	how often sums that the module has, and what runs, are added:
 *			1000 if not said, 10 at least
 *
 *	bpftool struct_ops register containers.bpf.o /sys/fs/bpf/policies
 *	taskhold policy attach containers.bpf.o --pin /sys/fs/bpf/containers \
 *		--set root_cgroup=$(stat -c %i /sys/fs/cgroup/system.slice)
 *
 * Read out: `bpftool map dump pinned /sys/fs/bpf/container_sums`, a row for each
 * container by its cgroup's id; cpu_ns + running_cpu_ns is what it has used since the
 * policy was attached, and who has just finished is in both until the next look. Row 0
 * is what has no row of its own; the map container_stat says why: overflow, unknown,
 * outside.
 *
 * The maps are pinned under these names when the object is loaded, as a timer goes
 * with the last user of its map. They stay when the policy has gone, with what was
 * counted by then; a policy that is attached anew counts from 0. For the module to
 * be unloaded only the policy has to go. When done, and not before:
 *	rm /sys/fs/bpf/container_sums /sys/fs/bpf/container_stat
 * Where the latter pin goes earlier, and no process has the map open, no look comes any
 * more. Then nobody else is held, once ten looks and five seconds are over (stalled).
 *
 * There can be one policy of this kind at a time, under whatever name, as there is one
 * timer: to attach a second fails with EBUSY. Nor can it be updated, as that does not
 * call attach(), which finds the root and arms the timer: new programs whose attach()
 * was not called have admit() and finish() return -EOPNOTSUPP. By that they are at
 * fault, and the module detaches the policy ("admit() returned -95, want 0 or more").
 * So detach it and attach the other, where it is to be replaced or given other knobs.
 *
 * Cost: for each process a snapshot of its record when it finishes, two look-ups and
 * a lock of its row for a moment; every refresh_ms a walk of the running processes in
 * a softirq, about half a microsecond for each, and one of the module's sums, which is
 * as much for each cgroup that processes have moved out of or were folded in.
 *
 * Bounds: CONTAINERS containers, ever: ids are not used again, and a row stays for
 * those who read it, also when its cgroup has been removed. Those beyond go to row 0,
 * and are counted once for each cgroup in them (overflow). Of CONTAINER_CGROUPS cgroups,
 * ever, the container is kept; that of those beyond is looked for each time, counted
 * each time (overflow), and once they are removed not found any more: then what comes
 * of them goes to row 0 (unknown). Where there is no memory for a row, or to note what
 * has been taken of the module's sums, that is counted (nomem) and tried again.
 *
 * CONTAINER_WALK running processes are looked at each time; where there are more, `cut`
 * says so, and running and running_cpu_ns are too small. Above max_held (65,536) running
 * processes, and of what has moved, numbers come up to refresh_ms late; what came since
 * the last look is lost when the policy is detached, as the module has no sums of it any
 * more then: detach() is told how many processes were folded, but not where. What a
 * process leaves in a cgroup that is removed within refresh_ms, in which none was born,
 * called exec or ended, has no known container. user_ns and sys_ns are of whole
 * processes: their sum differs from cpu_ns by what was moved.
 */
#include "vmlinux.h"
#include "owner.bpf.h"
#include "taskhold.bpf.h"

#define CONTAINERS		1024
#define CONTAINER_CGROUPS	16384
#define CONTAINER_WALK		2048
#define CONTAINER_NAME_LEN	80	/* the NUL included; longer names are cut */

/* vmlinux's own. */
extern struct cgroup *bpf_cgroup_from_id(u64 id) __ksym;
extern struct cgroup *bpf_cgroup_ancestor(struct cgroup *cgrp, int level) __ksym;
extern void bpf_cgroup_release(struct cgroup *cgrp) __ksym;

#define ENOENT		2
#define E2BIG		7
#define EOPNOTSUPP	95

/* In place of a container's id: could not be found out now, but may be later. */
#define NOT_NOW		(~0ULL)

const volatile __u64 root_cgroup;
const volatile __u32 depth = 1;
const volatile __u32 refresh_ms = 1000;

/* Times in ns, memory and traffic in bytes. */
struct container {
	struct bpf_spin_lock lock;
	__u32 level;		/* of its cgroup, the root of the hierarchy is 0 */
	char name[CONTAINER_NAME_LEN];	/* last part of its path */
	__u64 processes;	/* finished, in here at their end */
	__u64 cpu_ns;		/* used in here by those, and by who moved on */
	__u64 moved_ns;		/* of cpu_ns, by who moved on */
	__u64 user_ns;		/* from here on: of the finished */
	__u64 sys_ns;
	__u64 max_rss;		/* the highest */
	__u64 rchar;		/* by system calls */
	__u64 wchar;
	__u64 read_bytes;	/* from and to storage */
	__u64 write_bytes;
	__u64 first_ns;		/* CLOCK_BOOTTIME: earliest start */
	__u64 last_ns;		/* and latest exit */
	__u64 running;		/* processes at the last look */
	__u64 running_cpu_ns;	/* used in here, by then, by those */
	__u64 next_running;	/* of the look that is under way */
	__u64 next_running_cpu_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, CONTAINERS + 1);
	__type(key, __u64);
	__type(value, struct container);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} container_sums SEC(".maps");

struct container_stat {
	struct bpf_timer timer;
	struct timer_owner owner;
	__u64 attached_ns;	/* CLOCK_BOOTTIME */
	__u64 looked_ns;	/* the newest look */
	__u64 looks;
	__u64 cut;		/* looks that did not get to all running processes */
	__u64 overflow;		/* times that a cgroup or a container was beyond the bounds */
	__u64 nomem;		/* times that there was no memory for a row */
	__u64 stalled;		/* processes that were not held as no look comes any more */
	__u64 outside;		/* cgroups that are not below the root */
	__u64 unknown;		/* cgroups that were gone before their container was known */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct container_stat);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} container_stat SEC(".maps");

/* The container of a cgroup. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, CONTAINER_CGROUPS);
	__type(key, __u64);
	__type(value, __u64);
} container_cgroups SEC(".maps");

/*
 * What has been taken of the module's sums of a cgroup, which only grow. The module has
 * them until the policy is detached, also when the cgroup has been removed, and so have
 * this and the map above.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, TASKHOLD_MAX_TOTALS + 1);
	__type(key, __u64);
	__type(value, struct taskhold_totals);
} container_taken SEC(".maps");

/* What rows are made of; more than there is room for on the stack. */
static const __u64 zeroes[sizeof(struct container) / sizeof(__u64)];

_Static_assert(sizeof(struct container) >= sizeof(struct taskhold_totals), "zeroes are too few");

static __u32 root_level;

/* Of the timer, which does not run twice at once. */
static __u64 totals_cursor;
static struct taskhold_totals now, more;
static struct taskhold_info running;
static __u32 walked;		/* in memory, where the verifier does not follow how it counts */

static struct container_stat *status(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&container_stat, &zero);
}

static void count(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

/* The row of a container, made if need be; @cgrp is its cgroup. Its id, 0 or NOT_NOW. */
static __u64 make_row(struct container_stat *stat, struct cgroup *cgrp)
{
	__u64 id = cgrp->kn->id;
	struct container *row;
	long err;

	if (bpf_map_lookup_elem(&container_sums, &id))
		return id;
	err = bpf_map_update_elem(&container_sums, &id, zeroes, BPF_NOEXIST);
	/* or somebody else has made it */
	row = bpf_map_lookup_elem(&container_sums, &id);
	if (!row && err == -E2BIG) {
		count(&stat->overflow);
		return 0;
	}
	if (!row) {
		count(&stat->nomem);
		return NOT_NOW;
	}
	row->level = cgrp->level;
	bpf_probe_read_kernel_str(row->name, sizeof(row->name), cgrp->kn->name);
	return id;
}

/* The id of the container that @cgrp is in, 0 or NOT_NOW. */
static __u64 container_of_cgroup(struct container_stat *stat, struct cgroup *cgrp)
{
	struct cgroup *above;
	__u64 id;
	int level;

	if (root_cgroup) {
		above = bpf_cgroup_ancestor(cgrp, root_level);
		id = above ? above->kn->id : 0;
		if (above)
			bpf_cgroup_release(above);
		if (id != root_cgroup) {
			count(&stat->outside);
			return 0;
		}
	}
	level = cgrp->level;
	if (level > root_level + depth)
		level = root_level + depth;
	above = bpf_cgroup_ancestor(cgrp, level);
	if (!above) {
		count(&stat->unknown);
		return 0;
	}
	id = make_row(stat, above);
	bpf_cgroup_release(above);
	return id;
}

/*
 * The container of cgroup @id, found out if need be; @cgrp is that cgroup, or NULL: then
 * it is looked for. 0 where there is none.
 */
static __u64 container_of_id(struct container_stat *stat, __u64 id, struct cgroup *cgrp)
{
	__u64 *known, container = 0;
	struct cgroup *found;
	long err;

	known = bpf_map_lookup_elem(&container_cgroups, &id);
	if (known)
		return *known;

	if (cgrp) {
		container = container_of_cgroup(stat, cgrp);
	} else {
		found = bpf_cgroup_from_id(id);
		if (found) {
			container = container_of_cgroup(stat, found);
			bpf_cgroup_release(found);
		} else {
			count(&stat->unknown);
		}
	}
	if (container == NOT_NOW)
		return 0;
	err = bpf_map_update_elem(&container_cgroups, &id, &container, BPF_ANY);
	if (err)
		count(err == -E2BIG ? &stat->overflow : &stat->nomem);
	return container;
}

/* The row that cgroup @id counts for. */
static struct container *row_of(struct container_stat *stat, __u64 id, struct cgroup *cgrp)
{
	__u64 container = container_of_id(stat, id, cgrp);

	return bpf_map_lookup_elem(&container_sums, &container);
}

/* Make the cgroup of a task known while it is there. */
static void know(struct container_stat *stat, struct task_struct *task)
{
	struct cgroup *cgrp = task->cgroups->dfl_cgrp;

	container_of_id(stat, cgrp->kn->id, cgrp);
}

SEC("struct_ops/admit")
int BPF_PROG(admit, struct task_struct *task, struct task_struct *parent, __u32 event)
{
	struct container_stat *stat = status();

	if (!stat || !owner_is_self(&stat->owner))
		return -EOPNOTSUPP;
	if (root_cgroup && !taskhold_task_in_cgroup(task, root_cgroup))
		return 0;
	if (owner_is_late(&stat->owner, stat->looked_ns, refresh_ms)) {
		count(&stat->stalled);
		return 0;
	}
	know(stat, task);
	return 1;
}

SEC("struct_ops/exec")
void BPF_PROG(exec, struct taskhold_rec *rec, struct task_struct *task)
{
	struct container_stat *stat = status();

	if (stat && owner_is_self(&stat->owner))
		know(stat, task);
}

/* Add what has finished or moved on. */
static void add(struct container *row, const struct taskhold_totals *more)
{
	bpf_spin_lock(&row->lock);
	row->processes += more->tasks;
	row->cpu_ns += more->use.cpu_ns + more->moved_ns;
	row->moved_ns += more->moved_ns;
	row->user_ns += more->use.user_ns;
	row->sys_ns += more->use.sys_ns;
	row->rchar += more->use.rchar;
	row->wchar += more->use.wchar;
	row->read_bytes += more->use.read_bytes;
	row->write_bytes += more->use.write_bytes;
	if (row->max_rss < more->max_rss)
		row->max_rss = more->max_rss;
	if (more->first_ns && (!row->first_ns || row->first_ns > more->first_ns))
		row->first_ns = more->first_ns;
	if (row->last_ns < more->last_ns)
		row->last_ns = more->last_ns;
	bpf_spin_unlock(&row->lock);
}

SEC("struct_ops/finish")
int BPF_PROG(finish, struct taskhold_rec *rec, struct task_struct *task)
{
	struct container_stat *stat = status();
	struct taskhold_totals one = {};
	struct taskhold_info info = {};
	struct cgroup *cgrp = NULL;
	struct container *row;

	if (!stat || !owner_is_self(&stat->owner))
		return -EOPNOTSUPP;
	/* FOLD: the module has it in its sums, and it is taken from there */
	if (taskhold_rec_snapshot(rec, &info, sizeof(info), 0))
		return TASKHOLD_FOLD;
	if (task) {
		cgrp = task->cgroups->dfl_cgrp;
		/* a first thread that was moved alone, in a threaded subtree */
		if (cgrp->kn->id != info.cgroup_id)
			cgrp = NULL;
	}
	row = row_of(stat, info.cgroup_id, cgrp);
	if (!row)
		return TASKHOLD_FOLD;
	one.tasks = 1;
	one.max_rss = info.max_rss;
	one.first_ns = info.start_ns;
	one.last_ns = info.exit_ns;
	one.use = info.use;
	one.use.cpu_ns -= info.cpu_moved_ns;
	add(row, &one);
	return TASKHOLD_DROP;
}

/* Take what has come to the module's sums: who moved on, and what it has folded. */
static void take_totals(struct container_stat *stat, __u32 slot)
{
	struct taskhold_totals *taken;
	struct container *row;
	__u64 id, cursor;
	int i;

	totals_cursor = 0;
	bpf_for(i, 0, TASKHOLD_MAX_TOTALS + 1) {
		cursor = totals_cursor;
		if (taskhold_totals_next(slot, &cursor, &now, sizeof(now)))
			return;
		totals_cursor = cursor;
		id = now.cgroup_id;
		row = row_of(stat, id, NULL);
		taken = bpf_map_lookup_elem(&container_taken, &id);
		if (!taken) {
			bpf_map_update_elem(&container_taken, &id, zeroes, BPF_NOEXIST);
			taken = bpf_map_lookup_elem(&container_taken, &id);
		}
		/* row 0 is always there; the next look has what this one has not taken */
		if (!row || !taken) {
			count(&stat->nomem);
			continue;
		}
		more = now;
		more.tasks -= taken->tasks;
		more.moved_ns -= taken->moved_ns;
		more.use.cpu_ns -= taken->use.cpu_ns;
		more.use.user_ns -= taken->use.user_ns;
		more.use.sys_ns -= taken->use.sys_ns;
		more.use.rchar -= taken->use.rchar;
		more.use.wchar -= taken->use.wchar;
		more.use.read_bytes -= taken->use.read_bytes;
		more.use.write_bytes -= taken->use.write_bytes;
		add(row, &more);
		*taken = now;
	}
}

static void look_at_running(struct container_stat *stat, __u32 slot)
{
	struct taskhold_rec *rec;
	struct container *row;

	walked = 0;
	bpf_for_each(taskhold_rec, rec, slot, 0) {
		if (walked++ >= CONTAINER_WALK) {
			count(&stat->cut);
			break;
		}
		/* what changes at this moment is seen next time */
		if (taskhold_rec_snapshot(rec, &running, sizeof(running), 0) ||
		    running.flags & TASKHOLD_INFO_FINISHED)
			continue;
		row = row_of(stat, running.cgroup_id, NULL);
		if (!row)
			continue;
		row->next_running++;
		row->next_running_cpu_ns += running.use.cpu_ns - running.cpu_moved_ns;
	}
}

static long show_running(struct bpf_map *map, const __u64 *id, struct container *row, void *unused)
{
	row->running = row->next_running;
	row->running_cpu_ns = row->next_running_cpu_ns;
	row->next_running = 0;
	row->next_running_cpu_ns = 0;
	return 0;
}

static int look(void *map, __u32 *key, struct container_stat *stat)
{
	int slot = owner_slot(&stat->owner);

	/* not attached yet: comes again. Detached: detach() has cancelled the timer. */
	if (slot >= 0) {
		take_totals(stat, slot);
		look_at_running(stat, slot);
		bpf_for_each_map_elem(&container_sums, show_running, NULL, 0);
		stat->looked_ns = bpf_ktime_get_boot_ns();
		stat->looks++;
	}
	owner_rearm(&stat->timer, refresh_ms);
	return 0;
}

static long remove(struct bpf_map *map, const __u64 *id, void *value, void *unused)
{
	__u64 key = *id;

	bpf_map_delete_elem(map, &key);
	return 0;
}

SEC("struct_ops/attach")
int BPF_PROG(attach)
{
	struct container_stat *stat = status();
	struct cgroup *root;
	__u64 zero = 0;
	int err;

	if (!stat)
		return -ENOENT;
	err = owner_take(&stat->owner);
	if (err)
		return err;
	root_level = 0;
	if (root_cgroup) {
		root = bpf_cgroup_from_id(root_cgroup);
		err = -ENOENT;
		if (!root)
			goto out;
		root_level = root->level;
		bpf_cgroup_release(root);
	}

	/* what an earlier attachment has left */
	bpf_for_each_map_elem(&container_sums, remove, NULL, 0);
	bpf_for_each_map_elem(&container_cgroups, remove, NULL, 0);
	bpf_for_each_map_elem(&container_taken, remove, NULL, 0);
	stat->looked_ns = 0;
	stat->looks = 0;
	stat->cut = 0;
	stat->overflow = 0;
	stat->nomem = 0;
	stat->stalled = 0;
	stat->outside = 0;
	stat->unknown = 0;
	stat->attached_ns = bpf_ktime_get_boot_ns();
	err = bpf_map_update_elem(&container_sums, &zero, zeroes, BPF_NOEXIST);
	if (!err)
		err = owner_arm(&stat->timer, &container_stat, look);
out:
	if (err)
		owner_release(&stat->owner);
	return err;
}

/* Of the policy whose timer it is, also where that has had its programs replaced. */
SEC("struct_ops/detach")
void BPF_PROG(detach, const struct taskhold_exit_info *info)
{
	struct container_stat *stat = status();

	if (!stat || !owner_is(&stat->owner, &info->stats))
		return;
	bpf_timer_cancel(&stat->timer);
	owner_release(&stat->owner);
}

SEC(".struct_ops.link")
struct taskhold_ops containers = {
	.name = "containers",
	.admit = (void *)admit,
	.exec = (void *)exec,
	.finish = (void *)finish,
	.attach = (void *)attach,
	.detach = (void *)detach,
};

char LICENSE[] SEC("license") = "GPL";

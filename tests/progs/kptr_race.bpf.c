// SPDX-License-Identifier: GPL-2.0-only
/*
 * References to objects of each kind that has a kptr_get kfunc are put into a map
 * value, taken out and got, on several processors at once, and all of it is
 * counted. Which kind, map and exchange, user space says. What is got must be
 * something that was put: the numbers of processes and of files' inodes are noted
 * before, so that an object in reused memory is told from it.
 */
#include "vmlinux.h"
#include "taskhold.bpf.h"
#include "kptr.bpf.h"

#include "meet.h"
#include "race.h"
#include "record_of.h"

struct held {
	struct taskhold_rec __kptr *rec;
	struct task_struct __kptr *task;
	struct pid __kptr *pid;
	struct file __kptr *file;
	__u64 exchanged;	/* the number of an exchange of any of them */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} hash SEC(".maps");

/* The same, where an element is made when it is first used. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct held);
} hash_lazy SEC(".maps");

/*
 * A process that has ended keeps its record and its pid until a grace period is
 * over: what is put before that is not gone when it is released. So what is new
 * waits here, and goes on when so many others have come.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RACE_WAITING);
	__type(key, __u32);
	__type(value, struct held);
} waiting SEC(".maps");

/* Numbers of what was put: of processes, or of inodes. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, RACE_NUMBERS);
	__type(key, __u64);
	__type(value, __u8);
} numbers SEC(".maps");

/* in */
__u32 kind;
__u32 which;		/* map */
bool by_insn;		/* exchange by the instruction instead of the helper */
__u32 gets;		/* of each run, */
__u32 exchanges;	/* and likewise */
__s32 pids[RACE_ROLES];	/* whose record, task or pid is put */
__u32 fds[RACE_ROLES];	/* which file of the caller's is */
bool new_waits;		/* before it is put */

/* out */
struct race_counts counts;

static __u32 nr_waiting;	/* that have come in all */

#define FMODE_WRITE	2

#define count(what)	__sync_fetch_and_add(&counts.what, 1)

static struct held *lookup(void)
{
	__u32 key = 0;

	switch (which) {
	case RACE_ARRAY:
		return bpf_map_lookup_elem(&array, &key);
	case RACE_HASH:
		return bpf_map_lookup_elem(&hash, &key);
	case RACE_HASH_LAZY:
		return bpf_map_lookup_elem(&hash_lazy, &key);
	}
	return NULL;
}

static struct taskhold_rec *find_rec(__u32 role)
{
	return record_of(pids[role % RACE_ROLES]);
}

static struct task_struct *find_task(__u32 role)
{
	return bpf_task_from_pid(pids[role % RACE_ROLES]);
}

static struct pid *find_pid(__u32 role)
{
	struct task_struct *task = bpf_task_from_pid(pids[role % RACE_ROLES]);
	struct pid *pid;

	if (!task)
		return NULL;
	pid = taskhold_pid_of_task(task);
	bpf_task_release(task);
	return pid;
}

static struct file *find_file(__u32 role)
{
	return taskhold_file_of_fd(fds[role % RACE_ROLES]);
}

static bool note(__u64 number)
{
	__u8 value = 1;

	return !bpf_map_update_elem(&numbers, &number, &value, BPF_ANY);
}

static bool noted(__u64 number)
{
	return bpf_map_lookup_elem(&numbers, &number);
}

/* Before it is put: who gets it may look at once. */
static bool note_rec(struct taskhold_rec *rec)
{
	return note(rec->info.tgid);
}

static bool note_task(struct task_struct *task)
{
	return note(task->tgid);
}

static bool note_pid(struct pid *pid)
{
	return note(taskhold_pid_number(pid));
}

static bool note_file(struct file *file)
{
	return note(file->f_inode->i_ino);
}

/* Is it what it seems to be? What is freed and reused need not be. */
static bool use_rec(struct taskhold_rec *rec)
{
	struct taskhold_info info;

	return !taskhold_rec_snapshot(rec, &info, sizeof(info), 0) && noted(info.tgid);
}

static bool use_task(struct task_struct *task)
{
	return noted(task->tgid) && task->rcu_users.refs.counter > 0;
}

static bool use_pid(struct pid *pid)
{
	return noted(taskhold_pid_number(pid));
}

static bool use_file(struct file *file)
{
	/* both ends of a pipe have one inode, and the end to write to is put */
	return taskhold_file_refs(file) && (file->f_mode & FMODE_WRITE) &&
	       noted(file->f_inode->i_ino);
}

/*
 * For each kind: put_ puts an object into the value and releases the one that was
 * there, make_wait_ lets it wait and puts one that has waited, take_ takes it out,
 * get_ takes a reference and leaves it there.
 */
#define RACE_KIND(name, type, kptr_get, release)				\
static __always_inline struct type *exchange_##name(struct held *v, struct type *p) \
{										\
	__u64 number = meet_take_number();					\
										\
	if (by_insn)								\
		p = kptr_xchg_insn(&v->name, p);				\
	else									\
		p = bpf_kptr_xchg(&v->name, p);					\
	meet_leave_number(&v->exchanged, number);				\
	return p;								\
}										\
										\
static __always_inline void release_##name(struct type *p)			\
{										\
	release(p);								\
	count(released);							\
}										\
										\
static __always_inline void put_##name(struct held *v, struct type *p)		\
{										\
	if (!note_##name(p)) {							\
		count(lacking);							\
		release_##name(p);						\
		return;								\
	}									\
	p = exchange_##name(v, p);						\
	count(put);								\
	if (p) {								\
		count(taken);							\
		release_##name(p);						\
	}									\
}										\
										\
static __always_inline struct type *make_wait_##name(struct type *p)		\
{										\
	__u32 key = nr_waiting++ % RACE_WAITING;				\
	struct held *w = bpf_map_lookup_elem(&waiting, &key);			\
										\
	if (!w)									\
		return p;							\
	p = bpf_kptr_xchg(&w->name, p);						\
	count(put);								\
	if (p)									\
		count(taken);							\
	return p;								\
}										\
										\
static void find_and_put_##name(struct held *v, __u32 role)			\
{										\
	struct type *p = find_##name(role);					\
										\
	if (!p) {								\
		count(lacking);							\
		return;								\
	}									\
	count(acquired);							\
	if (new_waits && role == RACE_NEW)					\
		p = make_wait_##name(p);					\
	if (p)									\
		put_##name(v, p);						\
}										\
										\
static void take_##name(struct held *v)						\
{										\
	struct type *p = exchange_##name(v, NULL);				\
										\
	if (p) {								\
		count(taken);							\
		release_##name(p);						\
	}									\
}										\
										\
static void get_##name(struct held *v)						\
{										\
	__u64 noted = meet_note_number();					\
	struct type *p = kptr_get(&v->name);					\
										\
	meet_look(&v->exchanged, noted);					\
	if (!p) {								\
		count(missed);							\
		return;								\
	}									\
	count(acquired);							\
	count(got);								\
	if (!use_##name(p))							\
		count(wrong);							\
	release_##name(p);							\
}

RACE_KIND(rec, taskhold_rec, taskhold_rec_kptr_get, taskhold_rec_release)
RACE_KIND(task, task_struct, taskhold_task_kptr_get, taskhold_task_release)
RACE_KIND(pid, pid, taskhold_pid_kptr_get, taskhold_pid_release)
RACE_KIND(file, file, taskhold_file_kptr_get, taskhold_file_release)

static void put(__u32 role)
{
	struct held *v = lookup();

	if (!v) {
		count(absent);
		return;
	}
	if (kind == RACE_REC)
		find_and_put_rec(v, role);
	else if (kind == RACE_TASK)
		find_and_put_task(v, role);
	else if (kind == RACE_PID)
		find_and_put_pid(v, role);
	else
		find_and_put_file(v, role);
}

static void take(void)
{
	struct held *v = lookup();

	if (!v)
		return;
	if (kind == RACE_REC)
		take_rec(v);
	else if (kind == RACE_TASK)
		take_task(v);
	else if (kind == RACE_PID)
		take_pid(v);
	else
		take_file(v);
}

/* What is there goes with the element, or is overwritten where that stays. */
static void wipe(void)
{
	struct held value = {};
	__u32 key = 0;

	switch (which) {
	case RACE_ARRAY:
		bpf_map_update_elem(&array, &key, &value, BPF_ANY);
		break;
	case RACE_HASH:
		bpf_map_delete_elem(&hash, &key);
		bpf_map_update_elem(&hash, &key, &value, BPF_ANY);
		break;
	case RACE_HASH_LAZY:
		bpf_map_delete_elem(&hash_lazy, &key);
		bpf_map_update_elem(&hash_lazy, &key, &value, BPF_ANY);
		break;
	}
}

static int get_once(__u32 i, void *ctx)
{
	struct held *v = lookup();

	if (!v)
		return 0;
	if (kind == RACE_REC)
		get_rec(v);
	else if (kind == RACE_TASK)
		get_task(v);
	else if (kind == RACE_PID)
		get_pid(v);
	else
		get_file(v);
	return 0;
}

static int exchange_once(__u32 i, void *ctx)
{
	put(RACE_OLD);
	switch (i % 8) {
	case 1:
	case 5:
		take();
		break;
	case 7:
		wipe();
		break;
	}
	return 0;
}

SEC("syscall")
int get_many(void *ctx)
{
	bpf_loop(gets, get_once, NULL, 0);
	return 0;
}

/* With an object that others hold as well. */
SEC("syscall")
int exchange_many(void *ctx)
{
	bpf_loop(exchanges, exchange_once, NULL, 0);
	return 0;
}

/* An object that nobody but the map will hold. */
SEC("syscall")
int put_new(void *ctx)
{
	put(RACE_NEW);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

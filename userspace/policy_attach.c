// SPDX-License-Identifier: GPL-2.0-only
/*
 * taskhold policy attach: all policies of an object file or none, and their companions;
 * held by this process until a signal or until they are detached from outside, or by
 * pins.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "answer.h"
#include "clock.h"
#include "counters.h"
#include "error.h"
#include "module.h"
#include "policy.h"
#include "policy_companion.h"
#include "policy_end.h"
#include "policy_object.h"
#include "policy_pin.h"
#include "policy_set.h"
#include "policy_signal.h"
#include "stats.h"

#define END_STEP_MS	10

struct attached {
	const struct bpf_map *map;
	struct bpf_link *link;		/* NULL: it has been detached */
	char name[TASKHOLD_NAME_LEN];
	__u64 id;			/* the module's number of it, 0: not known */
	__u32 slot;
	bool ending;			/* or has ended, when that was asked */
	const char *pin;
};

struct attach {
	const struct policy_args *args;
	__u64 newest_id;		/* of those that were attached before */
	struct policy_object object;
	struct policy_companions companions;
	struct attached policies[POLICY_OBJECT_MAPS];
	size_t nr;
	struct policy_pin pin;
	bool kept;			/* by pins */
	int signal_fd;
};

/*
 * The module's own -EEXIST and -EBUSY, which the attach() of a policy may return as well:
 * what is attached tells.
 */
static int attach_failed(const struct attach *a, const struct attached *p, int err)
{
	struct counters counters;
	const char *what, *hint;
	bool known = (err == EEXIST || err == EBUSY) && !counters_read(&counters, &what);

	if (!known)
		memset(&counters, 0, sizeof(counters));
	if (err == EEXIST && counters_find(&counters, p->name))
		return th_fail(TH_ENV, "%s: a policy %s is attached already; give this one another name by --set name=NAME, or 'taskhold policy detach %s'",
			       a->object.path, p->name, p->name);
	if (err == EBUSY && counters.nr_policies == TASKHOLD_MAX_POLICIES)
		return th_fail(TH_ENV, "%s: %d policies are attached, which is as many as the module takes; 'taskhold policy list' lists them",
			       a->object.path, TASKHOLD_MAX_POLICIES);
	hint = "the kernel's log may say why";
	if (err == EBUSY && known)
		hint = "another may have what it wants for itself, as a timer";
	else if (err == EBUSY)
		hint = "no more may fit, or another has what it wants for itself, as a timer";
	return th_fail_libbpf(TH_ENV, "%s: the module or attach() of the policy %s refuses to attach it: %s; %s",
			      a->object.path, p->name, strerror(err), hint);
}

static int attach_policies(struct attach *a)
{
	struct attached *p;
	size_t i;

	for (i = 0; i < a->object.nr_maps; i++) {
		p = &a->policies[i];
		p->map = a->object.maps[i];
		policy_object_name(&a->object, p->map, p->name);
		th_libbpf_clear();
		p->link = bpf_map__attach_struct_ops(p->map);
		if (!p->link)
			return attach_failed(a, p, errno);
		a->nr++;
	}
	return TH_OK;
}

static int read_newest_id(struct attach *a)
{
	struct counters counters;
	const char *what;
	int err;

	th_libbpf_clear();
	err = counters_read(&counters, &what);
	if (err)
		return th_fail_libbpf(TH_ENV, "the counters cannot be read: %s failed: %s", what,
				      strerror(-err));
	a->newest_id = counters_newest_id(&counters);
	return TH_OK;
}

/* How a policy of this name has ended that is not older than the command. */
static const struct taskhold_exit_info *find_ended(const struct attach *a,
						   const struct attached *p,
						   const struct counters *counters)
{
	const struct taskhold_exit_info *info = counters_find_ended(counters, p->name);

	return info && info->stats.id > a->newest_id ? info : NULL;
}

/*
 * Its detach() has returned: another of its name may be attached.  One may be a few
 * instructions before this shows, between the module's lock and the kernel's; it would be
 * taken for this one until check_alive() asks again.
 */
static bool is_detached(const struct attached *p)
{
	struct pollfd fd = { .fd = bpf_link__fd(p->link) };

	return poll(&fd, 1, 0) > 0;
}

static bool find_id(const struct attach *a, struct attached *p, const struct counters *counters)
{
	const struct taskhold_policy_stats *stats =
		is_detached(p) ? NULL : counters_find(counters, p->name);
	const struct taskhold_exit_info *ended = stats ? NULL : find_ended(a, p, counters);

	p->ending = !stats || counters_is_ending(stats);
	if (ended)
		stats = &ended->stats;
	else if (p->ending)
		return false;
	p->id = stats->id;
	p->slot = stats->slot;
	return true;
}

/*
 * Each is attached, or has ended, or is on its way there: at fault from its first call on.
 * Until that is known, a signal comes, or POLICY_END_WAIT_MS have passed.  Where the counters
 * tell nothing it has failed if there are pins to be kept, and else goes without the numbers.
 */
static int find_ids(struct attach *a)
{
	struct pollfd signals = { .fd = a->signal_fd, .events = POLLIN };
	__u64 end = clock_ms() + POLICY_END_WAIT_MS;
	struct counters counters;
	const char *what;
	bool all;
	size_t i;
	int err;

	for (;;) {
		th_libbpf_clear();
		err = counters_read(&counters, &what);
		if (err && a->args->pin)
			return th_fail_libbpf(TH_ENV, "the counters cannot be read, so nobody knows whether the policies are attached yet: %s failed: %s",
					      what, strerror(-err));
		if (err) {
			th_warn("the counters cannot be read: %s failed: %s", what,
				strerror(-err));
			return TH_OK;
		}
		all = true;
		for (i = 0; i < a->nr; i++)
			all &= a->policies[i].id || find_id(a, &a->policies[i], &counters);
		if (all || clock_ms() >= end || poll(&signals, 1, END_STEP_MS) > 0)
			return TH_OK;
	}
}

static int pin_all(struct attach *a)
{
	size_t i;
	int ret;

	ret = policy_pin_make(&a->pin, a->args->pin);
	if (ret)
		return ret;
	for (i = 0; i < a->companions.nr; i++) {
		struct policy_companion *c = &a->companions.list[i];

		c->pin = policy_pin_link(&a->pin, bpf_link__fd(c->link),
					 bpf_program__name(c->prog));
		if (!c->pin)
			return TH_IO;
	}
	for (i = 0; i < a->nr; i++) {
		a->policies[i].pin = policy_pin_link(&a->pin, bpf_link__fd(a->policies[i].link),
						     bpf_map__name(a->policies[i].map));
		if (!a->policies[i].pin)
			return TH_IO;
	}
	return TH_OK;
}

static int print_attached_json(const struct attach *a)
{
	struct json_object *root = json_object_new_object(), *o;
	struct json_object *policies = json_object_new_array();
	struct json_object *companions = json_object_new_array();
	size_t i;

	for (i = 0; i < a->nr; i++) {
		const struct attached *p = &a->policies[i];

		o = json_object_new_object();
		answer_text(o, "name", p->name);
		if (p->id) {
			answer_number(o, "id", p->id);
			answer_number(o, "slot", p->slot);
		} else {
			json_object_object_add(o, "id", NULL);
			json_object_object_add(o, "slot", NULL);
		}
		answer_text(o, "map", bpf_map__name(p->map));
		answer_id(o, "link_id", policy_companion_link_id(bpf_link__fd(p->link)));
		answer_text_or_null(o, "pin", p->pin ?: "");
		json_object_object_add(o, "ending", json_object_new_boolean(p->ending));
		json_object_array_add(policies, o);
	}
	for (i = 0; i < a->companions.nr; i++) {
		const struct policy_companion *c = &a->companions.list[i];

		o = json_object_new_object();
		answer_text(o, "program", bpf_program__name(c->prog));
		answer_text(o, "section", bpf_program__section_name(c->prog));
		answer_id(o, "link_id", policy_companion_link_id(bpf_link__fd(c->link)));
		answer_text_or_null(o, "pin", c->pin ?: "");
		json_object_array_add(companions, o);
	}
	json_object_object_add(root, "attached", policies);
	json_object_object_add(root, "companions", companions);
	return answer_line(root) ? th_fail(TH_IO, "not enough memory for the JSON") : TH_OK;
}

/* How it was when find_ids() looked; hold() says why one is not attached any more. */
static const char *state_of(const struct attached *p)
{
	if (!p->ending)
		return "is attached";
	return p->id ? "was attached, and has been detached" : "is being detached";
}

static int print_attached(const struct attach *a)
{
	size_t i;

	if (a->args->json)
		return print_attached_json(a);
	for (i = 0; i < a->nr; i++) {
		const struct attached *p = &a->policies[i];

		printf("policy %s %s", p->name, state_of(p));
		if (p->id)
			printf(" in slot %u", p->slot);
		printf(", by link %u%s%s\n", policy_companion_link_id(bpf_link__fd(p->link)),
		       p->pin ? ", pinned at " : "", p->pin ?: "");
	}
	for (i = 0; i < a->companions.nr; i++) {
		const struct policy_companion *c = &a->companions.list[i];

		printf("program %s (%s) is attached, by link %u%s%s\n", bpf_program__name(c->prog),
		       bpf_program__section_name(c->prog),
		       policy_companion_link_id(bpf_link__fd(c->link)),
		       c->pin ? ", pinned at " : "", c->pin ?: "");
	}
	fflush(stdout);
	return TH_OK;
}

/* Why it is attached no more, as the module has it. */
static int say_end(const struct attach *a, const struct attached *p)
{
	const struct taskhold_exit_info *info;
	struct counters counters;
	struct json_object *root;
	const char *what;
	int err;

	err = counters_read(&counters, &what);
	if (err)
		return th_fail(TH_DETACHED, "policy %s is detached from outside; why cannot be read: %s failed: %s; 'taskhold policy show %s' may tell",
			       p->name, what, strerror(-err), p->name);
	info = p->id ? counters_find_ended_id(&counters, p->id) : find_ended(a, p, &counters);
	if (!info)
		return th_fail(TH_DETACHED, "policy %s is detached from outside; the module does not say why any more",
			       p->name);
	if (a->args->json) {
		root = json_object_new_object();
		json_object_object_add(root, "ended", policy_end_json(info));
		if (answer_line(root))
			th_warn("not enough memory for the JSON");
	} else {
		policy_end_print(info, 10);
		stats_print(&info->stats, "", 10);
		fflush(stdout);
	}
	return th_fail(TH_DETACHED, "policy %s is detached from outside: %s (%s, code %lld)",
		       p->name, info->text, policy_end_kind(info), info->code);
}

/* Until a signal, or until no policy is attached any more. */
static int hold(struct attach *a)
{
	struct pollfd fds[POLICY_OBJECT_MAPS + 1];
	size_t i, left = a->nr;
	int ret = TH_OK;

	for (i = 0; i < a->nr; i++)
		fds[i] = (struct pollfd){ .fd = bpf_link__fd(a->policies[i].link) };
	fds[a->nr] = (struct pollfd){ .fd = a->signal_fd, .events = POLLIN };
	while (left) {
		if (poll(fds, a->nr + 1, -1) < 0) {
			if (errno == EINTR)
				continue;
			return th_fail(TH_ENV, "cannot wait for the policies: %s", strerror(errno));
		}
		for (i = 0; i < a->nr; i++) {
			if (!(fds[i].revents & (POLLHUP | POLLERR | POLLNVAL)))
				continue;
			fds[i].fd = -1;
			ret = say_end(a, &a->policies[i]);
			left--;
		}
		if (fds[a->nr].revents)
			break;
	}
	return ret;
}

/* What find_ids() saw, and what the links say of the time since. */
static int check_alive(const struct attach *a)
{
	size_t i;

	for (i = 0; i < a->nr; i++) {
		const struct attached *p = &a->policies[i];

		/* the link is told last, when its detach() has returned */
		if ((p->ending && p->id) || is_detached(p))
			return say_end(a, p);
		if (p->ending)
			return th_fail(TH_DETACHED, "policy %s is being detached from outside; 'taskhold policy show %s' will say why",
				       p->name, p->name);
	}
	return TH_OK;
}

static int attach_all(struct attach *a)
{
	int ret;

	/* As a skeleton does: the others first, so that a policy finds them there. */
	ret = read_newest_id(a) ?: policy_companion_attach(&a->companions, &a->object) ?:
	      attach_policies(a);
	if (!ret && a->args->pin)
		ret = policy_signal_come(a->signal_fd) ?: pin_all(a);
	if (ret)
		return ret;
	ret = find_ids(a);
	if (!ret && a->args->pin)
		ret = policy_signal_come(a->signal_fd) ?: check_alive(a);
	return ret;
}

static int run(struct attach *a)
{
	int ret;

	ret = policy_object_open(&a->object, a->args) ?: policy_set(&a->object, a->args);
	if (!ret && a->args->pin)
		ret = policy_pin_check(a->args->pin);
	if (ret)
		return ret;
	policy_object_warn(&a->object);
	ret = policy_object_load_or_say(&a->object);
	if (ret)
		return ret;
	/* from here on there is something to take back */
	ret = policy_signal_block(&a->signal_fd) ?: policy_object_pin(&a->object) ?:
	      attach_all(a) ?: th_end_output(print_attached(a));
	if (ret) {
		policy_pin_undo(&a->pin);
		policy_object_unpin(&a->object);
		return ret;
	}
	a->kept = a->args->pin;
	return a->kept ? TH_OK : hold(a);
}

int policy_attach(const struct policy_args *args)
{
	struct attach a = { .args = args, .signal_fd = -1 };
	size_t i;
	int ret;

	ret = module_require();
	if (ret)
		return ret;
	ret = run(&a);
	for (i = 0; i < a.nr; i++)
		policy_pin_close(a.policies[i].link, a.kept);
	policy_companion_free(&a.companions, a.kept);
	policy_object_close(&a.object);
	policy_pin_free(&a.pin);
	if (a.signal_fd >= 0)
		close(a.signal_fd);
	return ret;
}

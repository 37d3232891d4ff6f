// SPDX-License-Identifier: GPL-2.0-only
/*
 * taskhold status: the module, what is attached, what it costs, who holds it;
 * or what kernel and module can do for BPF programs.
 *
 * It shows whatever it can: without the module, its BTF or the privileges the
 * rest is still shown, with a note that says what is missing and why.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <json-c/json.h>

#include <taskhold/types.h>

#include "array.h"
#include "cmd.h"
#include "error.h"
#include "feature.h"
#include "holders.h"
#include "model.h"
#include "module.h"

#include "status.skel.h"

#define MAX_NOTES	8

/* BPF objects are freed after grace periods: that long it waits for one. */
#define FREED_MS	2000
#define FREED_STEP_MS	10

struct overview {
	struct module_state module;
	bool has_counters;
	struct taskhold_stats stats;
	struct taskhold_policy_stats policies[TASKHOLD_MAX_POLICIES];
	size_t nr_policies;
	bool has_holders;
	struct holders holders;
	struct holders_step *plan;
	int nr_plan;
	char *notes[MAX_NOTES];
	size_t nr_notes;
};

static void note(struct overview *st, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void note(struct overview *st, const char *fmt, ...)
{
	va_list ap;

	if (st->nr_notes == MAX_NOTES)
		return;
	va_start(ap, fmt);
	if (vasprintf(&st->notes[st->nr_notes], fmt, ap) >= 0)
		st->nr_notes++;
	va_end(ap);
}

static const struct counter {
	const char *name;
	size_t offset;
} module_counters[] = {
	{ "records", offsetof(struct taskhold_stats, records) },
	{ "live", offsetof(struct taskhold_stats, live) },
	{ "paths", offsetof(struct taskhold_stats, paths) },
	{ "path_bytes", offsetof(struct taskhold_stats, path_bytes) },
	{ "bytes", offsetof(struct taskhold_stats, bytes) },
	{ "policies", offsetof(struct taskhold_stats, policies) },
	{ "held_total", offsetof(struct taskhold_stats, held_total) },
	{ "finished_total", offsetof(struct taskhold_stats, finished_total) },
}, policy_counters[] = {
	{ "id", offsetof(struct taskhold_policy_stats, id) },
	{ "attached_ns", offsetof(struct taskhold_policy_stats, attached_ns) },
	{ "live", offsetof(struct taskhold_policy_stats, live) },
	{ "kept", offsetof(struct taskhold_policy_stats, kept) },
	{ "admitted", offsetof(struct taskhold_policy_stats, admitted) },
	{ "finished", offsetof(struct taskhold_policy_stats, finished) },
	{ "dropped", offsetof(struct taskhold_policy_stats, dropped) },
	{ "threads", offsetof(struct taskhold_policy_stats, threads) },
	{ "threads_finished", offsetof(struct taskhold_policy_stats, threads_finished) },
	{ "totals", offsetof(struct taskhold_policy_stats, totals) },
};

static __u64 counter_value(const void *stats, const struct counter *counter)
{
	return *(const __u64 *)((const char *)stats + counter->offset);
}

/*
 * Waits until the module has no more than that many references: freed BPF
 * objects give theirs up late.  Not for an event, as the kernel offers none.
 */
static void wait_for_refcnt(struct module_state *m, long refcnt)
{
	int waited;

	for (waited = 0; waited < FREED_MS; waited += FREED_STEP_MS) {
		module_read(m, "");
		if (m->refcnt <= refcnt)
			break;
		poll(NULL, 0, FREED_STEP_MS);
	}
}

/* Runs the program that asks the module; false with a note if that is not possible. */
static bool read_counters(struct overview *st)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	struct status *skel;
	int err, slot, ret;

	skel = status__open_and_load();
	if (!skel) {
		err = errno;
		note(st, "the counters cannot be read: loading the BPF program failed: %s; 'taskhold -v status' shows why",
		     strerror(err));
		return false;
	}
	err = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.read_status), &opts);
	if (!err)
		err = skel->bss->stats_ret;
	if (err) {
		note(st, "the counters cannot be read: the BPF program that asks for them failed: %s",
		     strerror(-err));
		goto out;
	}
	st->stats = skel->bss->stats;
	for (slot = 0; slot < TASKHOLD_MAX_POLICIES; slot++) {
		ret = skel->bss->policy_ret[slot];
		if (!ret)
			st->policies[st->nr_policies++] = skel->bss->policies[slot];
		else if (ret != -ENOENT)
			note(st, "the counters of the policy in slot %d cannot be read: %s", slot,
			     strerror(-ret));
	}
out:
	status__destroy(skel);
	return !err;
}

static void read_holders(struct overview *st)
{
	const char *what;
	int ret;

	if (!st->module.refcnt) {
		st->has_holders = true;
		return;
	}
	ret = holders_read(&st->holders, &what);
	if (!ret) {
		st->has_holders = true;
		st->nr_plan = holders_plan(&st->holders, &st->plan);
		if (st->nr_plan < 0) {
			ret = st->nr_plan;
			st->nr_plan = 0;
			what = "ordering them";
		}
	}
	if (ret)
		note(st, "who holds the module cannot be told: %s failed: %s", what,
		     strerror(-ret));
}

static bool any_holder(const struct holders *h)
{
	return h->nr_modules || holders_count(h, HOLDERS_DOES) || holders_count(h, HOLDERS_MAYBE);
}

static void read_all(struct overview *st)
{
	struct module_state *m = &st->module;
	long refcnt;
	int err;

	m->access = module_access();
	module_read(m, "");
	err = m->vmlinux_btf ? module_sha256("/sys/kernel/btf/vmlinux", m->vmlinux_sha256) : 0;
	if (err)
		note(st, "the kernel's BTF cannot be read: %s", strerror(-err));
	if (!m->loaded)
		return;
	if (m->access != MODULE_ACCESS_OK) {
		note(st, "the counters and who holds the module are not shown: that needs CAP_SYS_ADMIN; run it as root or with sudo");
		return;
	}
	/* First, while there is no BPF object of our own that uses the module. */
	read_holders(st);
	if (st->has_holders && !any_holder(&st->holders))
		wait_for_refcnt(m, 0);
	if (m->abi != TASKHOLD_ABI || !m->btf)
		return;
	refcnt = m->refcnt;
	st->has_counters = read_counters(st);
	/* Or who unloads the module next would find it in use, by us. */
	wait_for_refcnt(m, refcnt);
}

static void free_all(struct overview *st)
{
	size_t i;

	for (i = 0; i < st->nr_notes; i++)
		free(st->notes[i]);
	holders_plan_free(st->plan, st->nr_plan);
	holders_free(&st->holders);
}

/* "1.2 MiB" */
static const char *bytes(__u64 n, char buf[32])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double value = n;
	size_t unit = 0;

	while (value >= 1024 && unit < ARRAY_SIZE(units) - 1) {
		value /= 1024;
		unit++;
	}
	snprintf(buf, 32, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return buf;
}

static const char *seconds_since(__u64 ns, char buf[32])
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	snprintf(buf, 32, "%" PRIu64 " s",
		 (uint64_t)(now.tv_sec - (__s64)(ns / 1000000000u)));
	return buf;
}

static void print_module(const struct module_state *m)
{
	static const char *const bases[] = {
		[MODULE_BASE_UNKNOWN] = "not known",
		[MODULE_BASE_SAME] = "this kernel's BTF",
		[MODULE_BASE_OTHER] = "another kernel's BTF: build the module again for this one",
	};

	printf("command     taskhold " TASKHOLD_VERSION ", ABI %d, libbpf %s\n", TASKHOLD_ABI,
	       libbpf_version_string() + 1);
	printf("kernel      %s, %s\n", m->release, m->vmlinux_btf ? "with BTF" : "without BTF");
	if (!m->loaded) {
		printf("module      not loaded, %s for this kernel\n",
		       m->installed ? "installed" : "not installed");
		return;
	}
	printf("module      taskhold %s, ABI ", m->version[0] ? m->version : "(no version)");
	if (m->abi >= 0)
		printf("%ld", m->abi);
	else
		printf("not known");
	printf("%s%s%s\n", m->srcversion[0] ? ", srcversion " : "", m->srcversion,
	       m->btf ? "" : ", without BTF");
	if (strcmp(m->initstate, "live"))
		printf("state       %s\n", m->initstate);
	printf("built for   %s\n", bases[module_base(m)]);
	if (m->refcnt >= 0)
		printf("references  %ld\n", m->refcnt);
}

/* Processes without their detail, and those without their numbers. */
static void print_reasons(const struct taskhold_policy_stats *p)
{
	size_t reason, shown = 0;

	printf("     reasons   ");
	for (reason = 0; reason < TASKHOLD_NR_REASONS; reason++) {
		if (p->reasons[reason])
			printf("%s%s %llu", shown++ ? ", " : "", model_flaw_name(reason),
			       p->reasons[reason]);
	}
	printf("%s\n", shown ? "" : "nothing folded, nothing lost");
}

static void print_counters(const struct overview *st)
{
	const struct taskhold_policy_stats *p;
	char a[32], b[32];
	size_t i;

	printf("memory      %s pinned: %llu records, %llu paths (%s)\n", bytes(st->stats.bytes, a),
	       st->stats.records, st->stats.paths, bytes(st->stats.path_bytes, b));
	printf("processes   %llu watched, since it was loaded %llu held and %llu finished\n",
	       st->stats.live, st->stats.held_total, st->stats.finished_total);
	printf("policies    %zu of %d\n", st->nr_policies, TASKHOLD_MAX_POLICIES);
	for (i = 0; i < st->nr_policies; i++) {
		p = &st->policies[i];
		printf("  %u: %.*s, for %s\n", p->slot, TASKHOLD_NAME_LEN, p->name,
		       seconds_since(p->attached_ns, a));
		printf("     held      %llu running, %llu finished, at most %u\n", p->live, p->kept,
		       p->max_held);
		printf("     ever      %llu admitted, %llu finished, %llu dropped\n", p->admitted,
		       p->finished, p->dropped);
		if (p->flags & TASKHOLD_POLICY_THREADS)
			printf("     threads   one by one; of these records %llu admitted, %llu finished\n",
			       p->threads, p->threads_finished);
		printf("     totals    of %llu cgroups\n", p->totals);
		print_reasons(p);
	}
}

static void print_keepers(const struct holders *h, const struct holders_obj *obj)
{
	struct holders_obj sum;
	size_t i, shown = 0;
	char *text;

	if (holders_sum(h, obj, &sum))
		return;
	for (i = 0; i < sum.nr_procs; i++) {
		text = holders_printable(sum.procs[i].comm);
		printf("%s%s[%d]", shown++ ? ", " : "", text ? text : "?", sum.procs[i].pid);
		free(text);
	}
	for (i = 0; i < sum.nr_pins; i++) {
		text = holders_printable(sum.pins[i]);
		printf("%spin %s", shown++ ? ", " : "", text ? text : "?");
		free(text);
	}
	if (sum.registered)
		printf("%sits registration without a link", shown++ ? ", " : "");
	if (!shown)
		printf("nothing seen from here: attached without a link, held by a map, or in another mount namespace");
	holders_free_obj(&sum);
}

static void print_holder(const struct holders *h, const struct holders_obj *obj)
{
	char *name = holders_printable(obj->name);

	printf("  %s %u", holders_type_name(obj->self.type), obj->self.id);
	if (name && name[0])
		printf(" %s", name);
	printf(": %s; kept by ", obj->why);
	print_keepers(h, obj);
	printf("\n");
	free(name);
}

static void print_holders(const struct overview *st)
{
	const struct holders *h = &st->holders;
	enum holders_how how = holders_count(h, HOLDERS_DOES) ? HOLDERS_DOES : HOLDERS_MAYBE;
	size_t nr = holders_count(h, how) + h->nr_modules, i;
	int s;

	if (!nr && st->module.refcnt > 0) {
		printf("holders     none found, yet it has references: a BPF object being freed, or one that other maps hold\n");
		return;
	}
	if (!nr) {
		printf("holders     none: 'modprobe -r taskhold' unloads it\n");
		return;
	}
	printf("holders     %zu%s\n", nr, how == HOLDERS_MAYBE && !h->nr_modules ? ", perhaps" : "");
	for (i = 0; i < h->nr; i++) {
		if (h->obj[i].how == how)
			print_holder(h, &h->obj[i]);
	}
	for (i = 0; i < h->nr_modules; i++)
		printf("  module %s: uses its symbols\n", h->modules[i]);
	printf("to unload   ");
	for (s = 0; s < st->nr_plan; s++)
		printf(st->plan[s].whom[0] ? "%s (%s), " : "%s%s, ", st->plan[s].command,
		       st->plan[s].whom);
	printf("%smodprobe -r taskhold\n", st->nr_plan ? "then " : "");
}

static void print_text(const struct overview *st)
{
	size_t i;

	print_module(&st->module);
	if (st->has_counters)
		print_counters(st);
	if (st->has_holders)
		print_holders(st);
	for (i = 0; i < st->nr_notes; i++)
		printf("note        %s\n", st->notes[i]);
}

static void add_text(struct json_object *o, const char *key, const char *text)
{
	char *clean = holders_printable(text);

	json_object_object_add(o, key, clean ? json_object_new_string(clean) : NULL);
	free(clean);
}

static void add_text_or_null(struct json_object *o, const char *key, const char *text)
{
	if (text[0])
		add_text(o, key, text);
	else
		json_object_object_add(o, key, NULL);
}

static void add_number(struct json_object *o, const char *key, __u64 n)
{
	json_object_object_add(o, key, json_object_new_uint64(n));
}

static void add_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

static void add_long_or_null(struct json_object *o, const char *key, long n)
{
	json_object_object_add(o, key, n < 0 ? NULL : json_object_new_int64(n));
}

static struct json_object *module_json(const struct module_state *m)
{
	struct json_object *o = json_object_new_object();
	enum module_base base = module_base(m);

	add_bool(o, "loaded", m->loaded);
	add_bool(o, "installed", m->installed);
	if (!m->loaded)
		return o;
	add_text(o, "state", m->initstate);
	add_text_or_null(o, "version", m->version);
	add_long_or_null(o, "abi", m->abi);
	add_text_or_null(o, "srcversion", m->srcversion);
	add_long_or_null(o, "refcnt", m->refcnt);
	add_bool(o, "btf", m->btf);
	add_text_or_null(o, "base_btf_sha256", m->base_sha256);
	json_object_object_add(o, "base_btf_matches", base == MODULE_BASE_UNKNOWN ? NULL :
			       json_object_new_boolean(base == MODULE_BASE_SAME));
	return o;
}

static struct json_object *counters_json(const struct taskhold_stats *stats)
{
	struct json_object *o = json_object_new_object();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(module_counters); i++)
		add_number(o, module_counters[i].name, counter_value(stats, &module_counters[i]));
	return o;
}

static struct json_object *policy_json(const struct taskhold_policy_stats *p)
{
	struct json_object *o = json_object_new_object(), *reasons = json_object_new_object();
	char name[TASKHOLD_NAME_LEN + 1] = "";
	size_t i;

	memcpy(name, p->name, TASKHOLD_NAME_LEN);
	add_text(o, "name", name);
	add_number(o, "slot", p->slot);
	for (i = 0; i < ARRAY_SIZE(policy_counters); i++)
		add_number(o, policy_counters[i].name, counter_value(p, &policy_counters[i]));
	add_number(o, "max_held", p->max_held);
	add_number(o, "interval_ms", p->interval_ms);
	add_number(o, "flags", p->flags);
	for (i = 0; i < TASKHOLD_NR_REASONS; i++)
		add_number(reasons, model_flaw_name(i), p->reasons[i]);
	json_object_object_add(o, "reasons", reasons);
	return o;
}

static struct json_object *policies_json(const struct overview *st)
{
	struct json_object *a = json_object_new_array();
	size_t i;

	for (i = 0; i < st->nr_policies; i++)
		json_object_array_add(a, policy_json(&st->policies[i]));
	return a;
}

static struct json_object *procs_json(const struct holders_obj *obj)
{
	struct json_object *a = json_object_new_array(), *o;
	size_t i;

	for (i = 0; i < obj->nr_procs; i++) {
		o = json_object_new_object();
		json_object_object_add(o, "pid", json_object_new_int(obj->procs[i].pid));
		add_text(o, "comm", obj->procs[i].comm);
		json_object_array_add(a, o);
	}
	return a;
}

static struct json_object *pins_json(const struct holders_obj *obj)
{
	struct json_object *a = json_object_new_array();
	char *text;
	size_t i;

	for (i = 0; i < obj->nr_pins; i++) {
		text = holders_printable(obj->pins[i]);
		json_object_array_add(a, text ? json_object_new_string(text) : NULL);
		free(text);
	}
	return a;
}

static struct json_object *holder_json(const struct holders *h, const struct holders_obj *obj)
{
	struct json_object *o = json_object_new_object();
	struct holders_obj sum;

	add_text(o, "kind", holders_type_name(obj->self.type));
	add_number(o, "id", obj->self.id);
	add_text(o, "name", obj->name);
	add_bool(o, "certain", obj->how == HOLDERS_DOES);
	add_text(o, "why", obj->why);
	if (holders_sum(h, obj, &sum))
		return o;
	add_bool(o, "registered_without_link", sum.registered);
	json_object_object_add(o, "processes", procs_json(&sum));
	json_object_object_add(o, "pins", pins_json(&sum));
	holders_free_obj(&sum);
	return o;
}

static struct json_object *holders_json(const struct holders *h)
{
	struct json_object *a = json_object_new_array(), *o;
	size_t i;

	for (i = 0; i < h->nr; i++) {
		if (h->obj[i].how != HOLDERS_NOT)
			json_object_array_add(a, holder_json(h, &h->obj[i]));
	}
	for (i = 0; i < h->nr_modules; i++) {
		o = json_object_new_object();
		add_text(o, "kind", "module");
		add_text(o, "name", h->modules[i]);
		add_bool(o, "certain", true);
		json_object_array_add(a, o);
	}
	return a;
}

static struct json_object *unload_json(const struct overview *st)
{
	struct json_object *a = json_object_new_array();
	int i;

	for (i = 0; i < st->nr_plan; i++)
		json_object_array_add(a, json_object_new_string(st->plan[i].command));
	json_object_array_add(a, json_object_new_string("modprobe -r " MODULE_NAME));
	return a;
}

/* What begins every answer in JSON. */
static struct json_object *root_json(const struct module_state *m)
{
	struct json_object *root = json_object_new_object(), *o;

	o = json_object_new_object();
	add_text(o, "version", TASKHOLD_VERSION);
	add_number(o, "abi", TASKHOLD_ABI);
	add_text(o, "libbpf", libbpf_version_string() + 1);
	json_object_object_add(root, "taskhold", o);

	o = json_object_new_object();
	add_text(o, "release", m->release);
	add_bool(o, "btf", m->vmlinux_btf);
	add_text_or_null(o, "btf_sha256", m->vmlinux_sha256);
	json_object_object_add(root, "kernel", o);

	json_object_object_add(root, "module", module_json(m));
	return root;
}

/* Frees it. */
static int print_root(struct json_object *root)
{
	const char *text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
							  JSON_C_TO_STRING_NOSLASHESCAPE);

	if (text)
		puts(text);
	json_object_put(root);
	return text ? 0 : -ENOMEM;
}

static int print_json(const struct overview *st)
{
	struct json_object *root = root_json(&st->module), *notes;
	size_t i;

	json_object_object_add(root, "counters",
			       st->has_counters ? counters_json(&st->stats) : NULL);
	json_object_object_add(root, "policies", st->has_counters ? policies_json(st) : NULL);
	json_object_object_add(root, "holders",
			       st->has_holders ? holders_json(&st->holders) : NULL);
	json_object_object_add(root, "unload", st->has_holders ? unload_json(st) : NULL);
	notes = json_object_new_array();
	for (i = 0; i < st->nr_notes; i++)
		json_object_array_add(notes, json_object_new_string(st->notes[i]));
	json_object_object_add(root, "notes", notes);
	return print_root(root);
}

/* --features: nothing but what kernel and module can do. */
static int show_features(bool json)
{
	struct module_state m = {};
	struct feature_list f;
	struct json_object *root;
	int err;

	m.access = module_access();
	module_read(&m, "");
	if (m.vmlinux_btf)
		module_sha256("/sys/kernel/btf/vmlinux", m.vmlinux_sha256);
	err = feature_read(&f, &m);
	if (err)
		return th_fail(TH_ENV, "the features cannot be tried: %s", strerror(-err));
	/* Or else who unloads the module next would find it in use, by us. */
	if (m.refcnt >= 0)
		wait_for_refcnt(&m, m.refcnt);
	if (json) {
		root = root_json(&m);
		json_object_object_add(root, "features", feature_json(&f));
		err = print_root(root);
	} else {
		err = feature_print(&f);
	}
	feature_free(&f);
	if (err)
		return th_fail(TH_IO, "not enough memory for the output");
	return module_check(&m);
}

static int help(void)
{
	printf("usage: taskhold status [--features] [--json]\n\n"
	       "Shows the module and its version, the attached policies and what they have\n"
	       "folded or lost, the kernel memory in use, and who keeps the module from being\n"
	       "unloaded: which process, pin or module, and in which order to take them down.\n\n"
	       "  -f, --features  instead, what the kernel and the module can do for BPF\n"
	       "                  programs, found by trying\n"
	       "  -j, --json      as one JSON object\n"
	       "  -v, --verbose   show what libbpf and the verifier say\n"
	       "  -h, --help      show this\n\n"
	       "Exit status: 0 the module is loaded and this command can use it, 3 it is not\n"
	       "loaded or of another ABI. Without root some of it is left out, with a note.\n"
	       "With --features also 3 without root, as nothing can be tried then.\n");
	return TH_OK;
}

int cmd_status(int argc, char **argv)
{
	static const struct option options[] = {
		{ "features", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	struct overview st = {};
	bool json = false, features = false;
	int opt, ret = TH_OK;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, "+:fjvh", options, NULL)) >= 0) {
		switch (opt) {
		case 'f':
			features = true;
			break;
		case 'j':
			json = true;
			break;
		case 'v':
			th_verbose = true;
			break;
		case 'h':
			return help();
		default:
			return th_bad_option("status", options, opt, argv);
		}
	}
	if (optind < argc)
		return th_fail(TH_USAGE, "status takes no argument, not %s; see 'taskhold help status'",
			       argv[optind]);

	if (features)
		return show_features(json);
	read_all(&st);
	if (!json)
		print_text(&st);
	else if (print_json(&st))
		ret = th_fail(TH_IO, "not enough memory for the JSON");
	if (!ret)
		ret = module_check_loaded(&st.module);
	free_all(&st);
	return ret;
}

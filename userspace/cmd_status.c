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
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>
#include <json-c/json.h>

#include <taskhold/types.h>

#include "answer.h"
#include "array.h"
#include "cmd.h"
#include "counters.h"
#include "error.h"
#include "feature.h"
#include "holders.h"
#include "module.h"
#include "stats.h"

#define MAX_NOTES	8

struct overview {
	struct module_state module;
	bool has_counters;
	struct counters counters;
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
};

static __u64 counter_value(const void *stats, const struct counter *counter)
{
	return *(const __u64 *)((const char *)stats + counter->offset);
}

/* False with a note if that is not possible. */
static bool read_counters(struct overview *st)
{
	const char *what;
	int err, slot;

	err = counters_read(&st->counters, &what);
	if (err) {
		note(st, "the counters cannot be read: %s failed: %s; 'taskhold -v status' shows why",
		     what, strerror(-err));
		return false;
	}
	for (slot = 0; slot < TASKHOLD_MAX_POLICIES; slot++) {
		if (st->counters.slot_err[slot])
			note(st, "the counters of the policy in slot %d cannot be read: %s", slot,
			     strerror(-st->counters.slot_err[slot]));
	}
	return true;
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
	module_read_installed(m, "");
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
		module_wait_refcnt(m, 0, MODULE_FREED_MS);
	if (m->abi != TASKHOLD_ABI || !m->btf)
		return;
	refcnt = m->refcnt;
	st->has_counters = read_counters(st);
	/* Or who unloads the module next would find it in use, by us. */
	module_wait_refcnt(m, refcnt, MODULE_FREED_MS);
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

static void print_counters(const struct overview *st)
{
	const struct taskhold_stats *stats = &st->counters.module;
	const struct taskhold_policy_stats *p;
	char a[32], b[32];
	size_t i;

	printf("memory      %s pinned: %llu records, %llu paths (%s)\n", bytes(stats->bytes, a),
	       stats->records, stats->paths, bytes(stats->path_bytes, b));
	printf("processes   %llu watched, since it was loaded %llu held and %llu finished\n",
	       stats->live, stats->held_total, stats->finished_total);
	printf("policies    %zu of %d\n", st->counters.nr_policies, TASKHOLD_MAX_POLICIES);
	for (i = 0; i < st->counters.nr_policies; i++) {
		p = &st->counters.policies[i];
		printf("  %u: %.*s, for %s\n", p->slot, TASKHOLD_NAME_LEN, p->name,
		       stats_since(p->attached_ns, a));
		stats_print(p, "     ", 10);
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

static void add_long_or_null(struct json_object *o, const char *key, long n)
{
	json_object_object_add(o, key, n < 0 ? NULL : json_object_new_int64(n));
}

static struct json_object *module_json(const struct module_state *m)
{
	struct json_object *o = json_object_new_object();
	enum module_base base = module_base(m);

	answer_bool(o, "loaded", m->loaded);
	answer_bool(o, "installed", m->installed);
	if (!m->loaded)
		return o;
	answer_text(o, "state", m->initstate);
	answer_text_or_null(o, "version", m->version);
	add_long_or_null(o, "abi", m->abi);
	answer_text_or_null(o, "srcversion", m->srcversion);
	add_long_or_null(o, "refcnt", m->refcnt);
	answer_bool(o, "btf", m->btf);
	answer_text_or_null(o, "base_btf_sha256", m->base_sha256);
	json_object_object_add(o, "base_btf_matches", base == MODULE_BASE_UNKNOWN ? NULL :
			       json_object_new_boolean(base == MODULE_BASE_SAME));
	return o;
}

static struct json_object *counters_json(const struct taskhold_stats *stats)
{
	struct json_object *o = json_object_new_object();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(module_counters); i++)
		answer_number(o, module_counters[i].name,
			      counter_value(stats, &module_counters[i]));
	return o;
}

static struct json_object *policies_json(const struct overview *st)
{
	struct json_object *a = json_object_new_array();
	size_t i;

	for (i = 0; i < st->counters.nr_policies; i++)
		json_object_array_add(a, stats_json(&st->counters.policies[i]));
	return a;
}

static struct json_object *holder_json(const struct holders *h, const struct holders_obj *obj)
{
	struct json_object *o = json_object_new_object();
	struct holders_obj sum;

	answer_text(o, "kind", holders_type_name(obj->self.type));
	answer_number(o, "id", obj->self.id);
	answer_text(o, "name", obj->name);
	answer_bool(o, "certain", obj->how == HOLDERS_DOES);
	answer_text(o, "why", obj->why);
	if (holders_sum(h, obj, &sum))
		return o;
	answer_bool(o, "registered_without_link", sum.registered);
	answer_keepers(o, &sum);
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
		answer_text(o, "kind", "module");
		answer_text(o, "name", h->modules[i]);
		answer_bool(o, "certain", true);
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
	answer_text(o, "version", TASKHOLD_VERSION);
	answer_number(o, "abi", TASKHOLD_ABI);
	answer_text(o, "libbpf", libbpf_version_string() + 1);
	json_object_object_add(root, "taskhold", o);

	o = json_object_new_object();
	answer_text(o, "release", m->release);
	answer_bool(o, "btf", m->vmlinux_btf);
	answer_text_or_null(o, "btf_sha256", m->vmlinux_sha256);
	json_object_object_add(root, "kernel", o);

	json_object_object_add(root, "module", module_json(m));
	return root;
}

static int print_json(const struct overview *st)
{
	struct json_object *root = root_json(&st->module), *notes;
	size_t i;

	json_object_object_add(root, "counters",
			       st->has_counters ? counters_json(&st->counters.module) : NULL);
	json_object_object_add(root, "policies", st->has_counters ? policies_json(st) : NULL);
	json_object_object_add(root, "holders",
			       st->has_holders ? holders_json(&st->holders) : NULL);
	json_object_object_add(root, "unload", st->has_holders ? unload_json(st) : NULL);
	notes = json_object_new_array();
	for (i = 0; i < st->nr_notes; i++)
		json_object_array_add(notes, json_object_new_string(st->notes[i]));
	json_object_object_add(root, "notes", notes);
	return answer_print(root);
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
	module_read_installed(&m, "");
	if (m.vmlinux_btf)
		module_sha256("/sys/kernel/btf/vmlinux", m.vmlinux_sha256);
	err = feature_read(&f, &m);
	if (err)
		return th_fail(TH_ENV, "the features cannot be tried: %s", strerror(-err));
	/* Or else who unloads the module next would find it in use, by us. */
	if (m.refcnt >= 0)
		module_wait_refcnt(&m, m.refcnt, MODULE_FREED_MS);
	if (json) {
		root = root_json(&m);
		json_object_object_add(root, "features", feature_json(&f));
		err = answer_print(root);
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

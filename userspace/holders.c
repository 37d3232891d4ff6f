// SPDX-License-Identifier: GPL-2.0-only
#include "array.h"
#include "holders.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <linux/bpf.h>

/* Nesting of types that the kernel itself follows at most (MAX_RESOLVE_DEPTH). */
#define TYPE_DEPTH	32

static const char *const type_names[HOLDERS_NR_TYPES] = {
	[HOLDERS_MAP]	= "map",
	[HOLDERS_PROG]	= "program",
	[HOLDERS_LINK]	= "link",
	[HOLDERS_BTF]	= "btf",
};

const char *holders_type_name(enum holders_type type)
{
	return type_names[type];
}

/*
 * The array with room for element nr, which is zeroed: it doubles at the
 * powers of two.  NULL without memory, the array is then as it was.
 */
static void *grow(void *array, size_t nr, size_t size)
{
	if (!(nr & (nr - 1)))
		array = reallocarray(array, nr ? 2 * nr : 1, size);
	if (array)
		memset((char *)array + nr * size, 0, size);
	return array;
}

struct holders_obj *holders_add(struct holders *h, enum holders_type type, uint32_t id,
				const char *name)
{
	struct holders_obj *obj;

	obj = grow(h->obj, h->nr, sizeof(*obj));
	if (!obj)
		return NULL;
	h->obj = obj;
	obj += h->nr++;
	obj->self = (struct holders_ref){ type, id };
	snprintf(obj->name, sizeof(obj->name), "%s", name);
	return obj;
}

int holders_add_ref(struct holders_refs *refs, enum holders_type type, uint32_t id)
{
	struct holders_ref *ref;

	ref = grow(refs->ref, refs->nr, sizeof(*ref));
	if (!ref)
		return -ENOMEM;
	refs->ref = ref;
	ref[refs->nr++] = (struct holders_ref){ type, id };
	return 0;
}

static int add_string(char ***list, size_t *nr, const char *text)
{
	char **more;

	more = grow(*list, *nr, sizeof(*more));
	if (!more)
		return -ENOMEM;
	*list = more;
	more[*nr] = strdup(text);
	if (!more[*nr])
		return -ENOMEM;
	(*nr)++;
	return 0;
}

int holders_add_pin(struct holders_obj *obj, const char *path)
{
	return add_string(&obj->pins, &obj->nr_pins, path);
}

int holders_add_module(struct holders *h, const char *name)
{
	return add_string(&h->modules, &h->nr_modules, name);
}

/* A process is named once, however many files it has open. */
int holders_add_proc(struct holders_obj *obj, int pid, const char *comm)
{
	struct holders_proc *proc;
	size_t i;

	for (i = 0; i < obj->nr_procs; i++) {
		if (obj->procs[i].pid == pid)
			return 0;
	}
	proc = grow(obj->procs, obj->nr_procs, sizeof(*proc));
	if (!proc)
		return -ENOMEM;
	obj->procs = proc;
	proc += obj->nr_procs++;
	proc->pid = pid;
	snprintf(proc->comm, sizeof(proc->comm), "%s", comm);
	return 0;
}

static void free_strings(char **list, size_t nr)
{
	while (nr)
		free(list[--nr]);
	free(list);
}

void holders_free_obj(struct holders_obj *obj)
{
	free(obj->keeps.ref);
	free(obj->procs);
	free_strings(obj->pins, obj->nr_pins);
}

void holders_free(struct holders *h)
{
	size_t i;

	for (i = 0; i < h->nr; i++)
		holders_free_obj(&h->obj[i]);
	free(h->obj);
	free_strings(h->modules, h->nr_modules);
	memset(h, 0, sizeof(*h));
}

static bool same(struct holders_ref a, struct holders_ref b)
{
	return a.type == b.type && a.id == b.id;
}

static bool has_ref(const struct holders_refs *refs, struct holders_ref ref)
{
	size_t i;

	for (i = 0; i < refs->nr; i++) {
		if (same(refs->ref[i], ref))
			return true;
	}
	return false;
}

struct holders_obj *holders_find(const struct holders *h, struct holders_ref ref)
{
	size_t i;

	for (i = 0; i < h->nr; i++) {
		if (same(h->obj[i].self, ref))
			return &h->obj[i];
	}
	return NULL;
}

size_t holders_keepers(const struct holders *h, const struct holders_obj *obj,
		       const struct holders_obj **keeper)
{
	size_t nr = 0, done, i, j;

	keeper[nr++] = obj;
	for (done = 0; done < nr; done++) {
		for (i = 0; i < h->nr; i++) {
			if (!has_ref(&h->obj[i].keeps, keeper[done]->self))
				continue;
			for (j = 0; j < nr && keeper[j] != &h->obj[i]; j++)
				;
			if (j == nr)
				keeper[nr++] = &h->obj[i];
		}
	}
	return nr;
}

/* An object has a path once; two objects cannot have the same. */
static int add_up(struct holders_obj *sum, const struct holders_obj *obj)
{
	int err = 0;
	size_t i;

	for (i = 0; !err && i < obj->nr_procs; i++)
		err = holders_add_proc(sum, obj->procs[i].pid, obj->procs[i].comm);
	for (i = 0; !err && i < obj->nr_pins; i++)
		err = holders_add_pin(sum, obj->pins[i]);
	sum->registered |= obj->registered;
	return err;
}

int holders_sum(const struct holders *h, const struct holders_obj *obj, struct holders_obj *sum)
{
	const struct holders_obj **keeper = calloc(h->nr + 1, sizeof(*keeper));
	size_t nr, i;
	int err = 0;

	*sum = (struct holders_obj){ .self = obj->self };
	if (!keeper)
		return -ENOMEM;
	nr = holders_keepers(h, obj, keeper);
	for (i = 0; !err && i < nr; i++)
		err = add_up(sum, keeper[i]);
	free(keeper);
	if (err)
		holders_free_obj(sum);
	return err;
}

size_t holders_count(const struct holders *h, enum holders_how how)
{
	size_t i, nr = 0;

	for (i = 0; i < h->nr; i++)
		nr += h->obj[i].how == how;
	return nr;
}

static bool plain_word(const char *text)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-";

	return !text[strspn(text, plain)];
}

static bool has_control(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	}
	return false;
}

/* For a shell: a path is what whoever pinned it chose. */
static char *quoted(const char *text)
{
	bool control = has_control(text);
	char *out, *p;

	if (plain_word(text))
		return strdup(text);
	out = malloc(4 * strlen(text) + 4);
	if (!out)
		return NULL;
	/* $'...' keeps control characters out of the terminal. */
	p = stpcpy(out, control ? "$'" : "'");
	for (; *text; text++) {
		unsigned char c = *text;

		if (control && (c < 0x20 || c == 0x7f || c == '\'' || c == '\\'))
			p += sprintf(p, "\\%03o", c);
		else if (c == '\'')
			p = stpcpy(p, "'\\''");
		else
			*p++ = c;
	}
	strcpy(p, "'");
	return out;
}

struct plan {
	struct holders_step *steps;
	size_t nr;
	int err;
};

/* Takes over command and whom; a step that is there already is not said twice. */
static void plan_add(struct plan *plan, char *command, char *whom)
{
	struct holders_step *more;
	size_t i;

	if (!command || !whom)
		plan->err = -ENOMEM;
	for (i = 0; !plan->err && i < plan->nr; i++) {
		if (!strcmp(plan->steps[i].command, command))
			goto out;
	}
	if (plan->err)
		goto out;
	more = grow(plan->steps, plan->nr, sizeof(*more));
	if (!more) {
		plan->err = -ENOMEM;
		goto out;
	}
	plan->steps = more;
	plan->steps[plan->nr++] = (struct holders_step){ command, whom };
	return;
out:
	free(command);
	free(whom);
}

__attribute__((format(printf, 1, 2))) static char *text(const char *fmt, ...)
{
	va_list ap;
	char *out;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&out, fmt, ap);
	va_end(ap);
	return len < 0 ? NULL : out;
}

static void plan_procs(struct plan *plan, const struct holders_obj *obj)
{
	size_t i;

	for (i = 0; i < obj->nr_procs; i++)
		plan_add(plan, text("kill %d", obj->procs[i].pid),
			 holders_printable(obj->procs[i].comm));
}

static void plan_pins(struct plan *plan, const struct holders_obj *obj)
{
	char *path;
	size_t i;

	for (i = 0; i < obj->nr_pins; i++) {
		path = quoted(obj->pins[i]);
		plan_add(plan, path ? text("rm %s", path) : NULL, strdup(""));
		free(path);
	}
}

static void plan_registered(struct plan *plan, const struct holders_obj *obj)
{
	if (obj->registered)
		plan_add(plan, text("bpftool map delete id %" PRIu32 " key 0 0 0 0", obj->self.id),
			 holders_printable(obj->name));
}

static void plan_modules(struct plan *plan, const struct holders *h)
{
	size_t i;

	for (i = 0; i < h->nr_modules; i++)
		plan_add(plan, text("modprobe -r %s", h->modules[i]), strdup(""));
}

int holders_plan(const struct holders *h, struct holders_step **steps)
{
	/* Processes first: one that still runs may pin or attach again. */
	static void (*const kinds[])(struct plan *, const struct holders_obj *) = {
		plan_procs, plan_registered, plan_pins,
	};
	enum holders_how how = holders_count(h, HOLDERS_DOES) || h->nr_modules ?
			       HOLDERS_DOES : HOLDERS_MAYBE;
	const struct holders_obj **keeper;
	struct plan plan = {};
	size_t kind, i, j, nr;

	*steps = NULL;
	keeper = calloc(h->nr + 1, sizeof(*keeper));
	if (!keeper)
		return -ENOMEM;
	for (kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		for (i = 0; i < h->nr; i++) {
			if (h->obj[i].how != how)
				continue;
			nr = holders_keepers(h, &h->obj[i], keeper);
			for (j = 0; j < nr; j++)
				kinds[kind](&plan, keeper[j]);
		}
	}
	free(keeper);
	plan_modules(&plan, h);
	if (plan.err) {
		holders_plan_free(plan.steps, plan.nr);
		return plan.err;
	}
	*steps = plan.steps;
	return plan.nr;
}

void holders_plan_free(struct holders_step *steps, int nr)
{
	while (nr-- > 0) {
		free(steps[nr].command);
		free(steps[nr].whom);
	}
	free(steps);
}

int holders_parse_fdinfo(const char *info, struct holders_refs *refs)
{
	static const struct {
		const char *key;
		enum holders_type type;
	} keys[] = {
		{ "map_id:", HOLDERS_MAP },
		{ "prog_id:", HOLDERS_PROG },
		{ "link_id:", HOLDERS_LINK },
		{ "btf_id:", HOLDERS_BTF },
	};
	unsigned long id;
	char *end;
	size_t i;

	while (info) {
		for (i = 0; i < ARRAY_SIZE(keys); i++) {
			size_t len = strlen(keys[i].key);

			if (strncmp(info, keys[i].key, len))
				continue;
			id = strtoul(info + len, &end, 10);
			if (end == info + len || (*end && *end != '\n') || !id || id > UINT32_MAX)
				continue;
			if (holders_add_ref(refs, keys[i].type, id))
				return -ENOMEM;
		}
		info = strchr(info, '\n');
		if (info)
			info++;
	}
	return 0;
}

/* "\040" and the like: mountinfo escapes blanks and backslashes so. */
static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' &&
		    text[2] >= '0' && text[2] <= '7' && text[3] >= '0' && text[3] <= '7') {
			*to++ = (text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0');
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = 0;
}

bool holders_parse_mount(const char *line, char *path, size_t path_size, char *tree,
			 size_t tree_size)
{
	const char *type, *field[5];
	int i;

	/* id parent major:minor root point options [optional ...] - type ... */
	field[0] = line;
	for (i = 1; i < 5; i++) {
		field[i] = strchr(field[i - 1], ' ');
		if (!field[i])
			return false;
		field[i]++;
	}
	type = strstr(field[4], " - ");
	if (!type || strncmp(type + 3, "bpf ", 4))
		return false;
	if ((size_t)snprintf(path, path_size, "%.*s", (int)strcspn(field[4], " "), field[4]) >=
	    path_size)
		return false;
	snprintf(tree, tree_size, "%.*s", (int)(field[4] - field[2] - 1), field[2]);
	unescape(path);
	return true;
}

int holders_parse_sym(const char *line, const char *module, struct holders_syms *syms)
{
	struct holders_sym *sym;
	char name[128], owner[80];
	uint64_t addr;
	char type;
	int n;

	/* Of the 200,000 lines there are, a few dozen matter. */
	if (!strchr(line, '[') && !strstr(line, " __bpf_call_base"))
		return 0;
	n = sscanf(line, "%" SCNx64 " %c %127s [%79[^]]", &addr, &type, name, owner);
	if (n == 3 && !strcmp(name, "__bpf_call_base"))
		syms->call_base = addr;
	if (n != 4 || strcmp(owner, module) || (type != 't' && type != 'T'))
		return 0;
	sym = grow(syms->sym, syms->nr, sizeof(*sym));
	if (!sym)
		return -ENOMEM;
	syms->sym = sym;
	sym += syms->nr++;
	sym->addr = addr;
	snprintf(sym->name, sizeof(sym->name), "%.63s", name);
	return 0;
}

const char *holders_kfunc_call(const struct bpf_insn *insn, size_t nr,
			       const struct holders_syms *syms, bool *hidden)
{
	uint64_t addr;
	size_t i, j;

	*hidden = false;
	for (i = 0; i < nr; i++) {
		if (insn[i].code == (BPF_LD | BPF_IMM | BPF_DW)) {
			i++;	/* the second half is data */
			continue;
		}
		/* off is 0 for functions of vmlinux, an index for those of modules */
		if (insn[i].code != (BPF_JMP | BPF_CALL) ||
		    insn[i].src_reg != BPF_PSEUDO_KFUNC_CALL || !insn[i].off)
			continue;
		/* imm is relative to __bpf_call_base, and 0 where addresses are hidden */
		addr = syms->call_base + (int64_t)insn[i].imm;
		for (j = 0; j < syms->nr; j++) {
			if (insn[i].imm && syms->call_base && syms->sym[j].addr == addr)
				return syms->sym[j].name;
		}
		if (!insn[i].imm || !syms->call_base)
			*hidden = true;
	}
	return NULL;
}

/*
 * libbpf turns extern functions into global ones before the kernel sees the
 * BTF, so a kfunc is one whose name has the prefix that all of ours have.
 */
const char *holders_named(const struct btf *btf, const struct holders_syms *syms)
{
	const struct btf_type *t;
	const char *name;
	uint32_t id;
	size_t i;

	for (id = 1; id < btf__type_cnt(btf); id++) {
		t = btf__type_by_id(btf, id);
		if (!btf_is_func(t) || btf_vlen(t) == BTF_FUNC_STATIC)
			continue;
		name = btf__name_by_offset(btf, t->name_off);
		if (!name || !strstr(name, "taskhold_"))
			continue;
		for (i = 0; i < syms->nr; i++) {
			if (!strcmp(syms->sym[i].name, name))
				return syms->sym[i].name;
		}
	}
	return NULL;
}

static const struct btf_type *skip_modifiers(const struct btf *btf, uint32_t *id)
{
	const struct btf_type *t = btf__type_by_id(btf, *id);
	int depth;

	for (depth = 0; t && depth < TYPE_DEPTH && (btf_is_mod(t) || btf_is_typedef(t)); depth++) {
		*id = t->type;
		t = btf__type_by_id(btf, *id);
	}
	return t;
}

static bool is_kptr(const struct btf *btf, uint32_t id, const char *name)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	if (t && btf_is_volatile(t))
		t = btf__type_by_id(btf, t->type);
	if (!t || !btf_is_ptr(t))
		return false;
	t = btf__type_by_id(btf, t->type);
	if (!t || !btf_is_type_tag(t))
		return false;
	/* the other kinds own nothing, or what a program has allocated: no destructor */
	if (strcmp(btf__name_by_offset(btf, t->name_off), "kptr"))
		return false;
	id = t->type;
	t = skip_modifiers(btf, &id);
	return t && (btf_is_struct(t) || btf_is_fwd(t)) &&
	       !strcmp(btf__name_by_offset(btf, t->name_off), name);
}

static bool has_kptr(const struct btf *btf, uint32_t id, const char *name, int depth)
{
	const struct btf_type *t;
	int i;

	if (depth > TYPE_DEPTH)
		return false;
	if (is_kptr(btf, id, name))
		return true;
	t = skip_modifiers(btf, &id);
	if (!t)
		return false;
	if (btf_is_array(t))
		return has_kptr(btf, btf_array(t)->type, name, depth + 1);
	if (btf_is_var(t))
		return has_kptr(btf, t->type, name, depth + 1);
	for (i = 0; btf_is_struct(t) && i < btf_vlen(t); i++) {
		if (has_kptr(btf, btf_members(t)[i].type, name, depth + 1))
			return true;
	}
	for (i = 0; btf_is_datasec(t) && i < btf_vlen(t); i++) {
		if (has_kptr(btf, btf_var_secinfos(t)[i].type, name, depth + 1))
			return true;
	}
	return false;
}

bool holders_has_kptr(const struct btf *btf, uint32_t type_id, const char *name)
{
	return has_kptr(btf, type_id, name, 0);
}

bool holders_btf_has_kptr(const struct btf *btf, const char *name)
{
	const struct btf_type *t;
	uint32_t id;
	int i;

	for (id = 1; id < btf__type_cnt(btf); id++) {
		t = btf__type_by_id(btf, id);
		for (i = 0; btf_is_struct(t) && i < btf_vlen(t); i++) {
			if (is_kptr(btf, btf_members(t)[i].type, name))
				return true;
		}
	}
	return false;
}

char *holders_printable(const char *text)
{
	char *out = malloc(4 * strlen(text) + 1), *p = out;

	if (!out)
		return NULL;
	for (; *text; text++) {
		unsigned char c = *text;

		if (c < 0x20 || c >= 0x7f)
			p += sprintf(p, "\\%03o", c);
		else
			*p++ = c;
	}
	*p = 0;
	return out;
}

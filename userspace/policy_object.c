// SPDX-License-Identifier: GPL-2.0-only
#include "policy_object.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "error.h"
#include "policy.h"
#include "policy_type.h"
#include "verifier_log.h"

/* Of one that does not fit the kernel keeps the end; its pages are made as it grows. */
#define LOG_SIZE	(16u << 20)

struct policy_object_pin {
	struct bpf_map *map;
	char *path;
};

/* What libbpf says of files that are something else is long and names no cure. */
static int check_elf(const char *path)
{
	Elf64_Ehdr header;
	ssize_t n = -1;
	int fd, err;

	/* a FIFO must not keep it waiting */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		n = read(fd, &header, sizeof(header));
	err = errno;
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return th_fail(TH_IO, "%s: cannot be read: %s", path, strerror(err));
	if (n < (ssize_t)sizeof(header) || memcmp(header.e_ident, ELFMAG, SELFMAG) ||
	    header.e_ident[EI_CLASS] != ELFCLASS64)
		return th_fail(TH_IO, "%s: is no object file: give what 'clang --target=bpf -g -O2 -c' has made",
			       path);
	if (header.e_ident[EI_DATA] != ELFDATA2LSB || le16toh(header.e_machine) != EM_BPF ||
	    le16toh(header.e_type) != ET_REL)
		return th_fail(TH_IO, "%s: is no BPF object file but one for another machine: give what 'clang --target=bpf -g -O2 -c' has made",
			       path);
	return TH_OK;
}

static int open_failed(const char *path, int err)
{
	struct btf *btf = btf__parse_elf(path, NULL);
	char why[128];

	if (!btf && errno == ENODATA)
		return th_fail(TH_IO, "%s: has no BTF: compile it with 'clang --target=bpf -g'",
			       path);
	btf__free(btf);
	/* libbpf has numbers of its own for what is no ELF file, or no whole one */
	libbpf_strerror(err, why, sizeof(why));
	return th_fail_libbpf(TH_IO, "%s: cannot be understood: %s; it may be cut short or damaged, build it again",
			      path, why);
}

static const char *type_name(const struct policy_object *o, const struct bpf_map *map)
{
	const struct btf *btf = bpf_object__btf(o->obj);
	const struct btf_type *t = btf__type_by_id(btf, bpf_map__btf_value_type_id(map));

	return t ? btf__name_by_offset(btf, t->name_off) : "";
}

static bool is_policy(const struct policy_object *o, const struct bpf_map *map)
{
	const char *name = type_name(o, map);
	size_t len = policy_type_essential(name);

	return len == strlen(POLICY_TYPE_NAME) && !strncmp(name, POLICY_TYPE_NAME, len);
}

/*
 * Is it in a section "?..."?  libbpf takes for optional only the first map of such a
 * section, so that the sections are looked at in the BTF.
 */
static bool is_optional(const struct policy_object *o, const struct bpf_map *map)
{
	const struct btf *btf = bpf_object__btf(o->obj);
	const struct btf_type *t, *var;
	__u32 id;
	int i;

	for (id = 1; id < btf__type_cnt(btf); id++) {
		t = btf__type_by_id(btf, id);
		if (!btf_is_datasec(t) || btf__name_by_offset(btf, t->name_off)[0] != '?')
			continue;
		for (i = 0; i < btf_vlen(t); i++) {
			var = btf__type_by_id(btf, btf_var_secinfos(t)[i].type);
			if (!strcmp(btf__name_by_offset(btf, var->name_off), bpf_map__name(map)))
				return true;
		}
	}
	return false;
}

/* "other is a struct tcp_congestion_ops, ...": the struct_ops maps that are no policies */
static void list_others(const struct policy_object *o, char *others, size_t size)
{
	struct bpf_map *map;
	size_t len = 0;

	others[0] = 0;
	bpf_object__for_each_map(map, o->obj) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS || is_policy(o, map))
			continue;
		snprintf(others + len, size - len, "%s%s is a struct %s", len ? ", " : "",
			 bpf_map__name(map), type_name(o, map));
		len = strlen(others);
	}
}

/* Chooses the maps, and says what there is where none of them will do. */
static int choose(struct policy_object *o, const char *wanted)
{
	char policies[512] = "", others[512];
	bool optional = false, found = false;
	struct bpf_map *map;
	size_t len;

	list_others(o, others, sizeof(others));
	bpf_object__for_each_map(map, o->obj) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		if (!is_policy(o, map)) {
			bpf_map__set_autocreate(map, false);
			continue;
		}
		bpf_map__set_autocreate(map, !is_optional(o, map));
		len = strlen(policies);
		snprintf(policies + len, sizeof(policies) - len, "%s%s", len ? ", " : "",
			 bpf_map__name(map));
		optional |= !bpf_map__autocreate(map);
		if (wanted) {
			found |= !strcmp(wanted, bpf_map__name(map));
			bpf_map__set_autocreate(map, !strcmp(wanted, bpf_map__name(map)));
		}
		if (!bpf_map__autocreate(map))
			continue;
		if (o->nr_maps == POLICY_OBJECT_MAPS)
			return th_fail(TH_IO, "%s: has more than %d policies; choose one by --map",
				       o->path, POLICY_OBJECT_MAPS);
		bpf_map__set_map_flags(map, bpf_map__map_flags(map) | BPF_F_LINK);
		o->maps[o->nr_maps++] = map;
	}
	if (!policies[0] && others[0])
		return th_fail(TH_IO, "%s: has no policy: %s, a policy is a struct %s",
			       o->path, others, POLICY_TYPE_NAME);
	if (!policies[0])
		return th_fail(TH_IO, "%s: has no policy: it would be a struct " POLICY_TYPE_NAME " in SEC(\".struct_ops.link\")",
			       o->path);
	if (wanted && !found)
		return th_fail(TH_USAGE, "%s: has no policy %s; there is %s", o->path, wanted,
			       policies);
	if (!o->nr_maps && optional)
		return th_fail(TH_USAGE, "%s: all its policies are optional: choose one by --map: %s",
			       o->path, policies);
	return TH_OK;
}

void policy_object_warn(const struct policy_object *o)
{
	char others[512];

	list_others(o, others, sizeof(others));
	if (others[0])
		th_warn("%s: %s, which is left out", o->path, others);
}

int policy_object_open(struct policy_object *o, const struct policy_args *args)
{
	int ret;

	memset(o, 0, sizeof(*o));
	o->path = args->object;
	ret = check_elf(o->path);
	if (ret)
		return ret;
	th_libbpf_clear();
	o->obj = bpf_object__open_file(o->path, NULL);
	if (!o->obj)
		return open_failed(o->path, errno);
	return choose(o, args->map);
}

void policy_object_close(struct policy_object *o)
{
	bpf_object__close(o->obj);
	free(o->log);
	while (o->nr_fresh)
		free(o->fresh[--o->nr_fresh].path);
	free(o->fresh);
}

/*
 * Maps that are to be pinned by their names, and are not yet, are kept from libbpf: it
 * would not tell those that it pins from those that somebody else has pinned meanwhile.
 */
static int take_fresh(struct policy_object *o)
{
	struct bpf_map *map;
	const char *path;
	char *copy;
	size_t nr = 0;

	bpf_object__for_each_map(map, o->obj)
		nr++;
	o->fresh = calloc(nr + 1, sizeof(*o->fresh));
	if (!o->fresh)
		return -ENOMEM;
	bpf_object__for_each_map(map, o->obj) {
		path = bpf_map__pin_path(map);
		if (!path || !bpf_map__autocreate(map) || !access(path, F_OK) || errno != ENOENT)
			continue;
		copy = strdup(path);
		if (!copy)
			return -ENOMEM;
		o->fresh[o->nr_fresh++] = (struct policy_object_pin){ map, copy };
		bpf_map__set_pin_path(map, NULL);
	}
	return 0;
}

int policy_object_load(struct policy_object *o)
{
	struct bpf_program *prog;

	/* also of what an earlier load has left, for policy_object_refused() */
	th_libbpf_clear();
	o->log = calloc(1, LOG_SIZE);
	if (!o->log || take_fresh(o))
		return -ENOMEM;
	/* One for all: libbpf asks for a log of what was refused, and ends there. */
	bpf_object__for_each_program(prog, o->obj)
		bpf_program__set_log_buf(prog, o->log, LOG_SIZE);
	return bpf_object__load(o->obj);
}

int policy_object_pin(struct policy_object *o)
{
	const struct policy_object_pin *pin;
	int err;

	for (; o->nr_pinned < o->nr_fresh; o->nr_pinned++) {
		pin = &o->fresh[o->nr_pinned];
		th_libbpf_clear();
		err = bpf_map__pin(pin->map, pin->path);
		if (err == -EEXIST)
			return th_fail(TH_ENV, "%s: somebody else has pinned a map there just now; try again",
				       pin->path);
		if (err)
			return th_fail_libbpf(TH_IO, "%s: map %s cannot be pinned: %s", pin->path,
					      bpf_map__name(pin->map), strerror(-err));
	}
	return TH_OK;
}

void policy_object_unpin(struct policy_object *o)
{
	while (o->nr_pinned)
		bpf_map__unpin(o->fresh[--o->nr_pinned].map, NULL);
}

void policy_object_refused(char name[128])
{
	const char *begin, *end;

	name[0] = 0;
	/* said of each that is refused, by the verifier or by libbpf, and last */
	end = strstr(th_libbpf_kept(), "': failed to load: ");
	if (!end)
		return;
	for (begin = end; begin > th_libbpf_kept() && begin[-1] != '\''; begin--)
		;
	snprintf(name, 128, "%.*s", (int)(end - begin), begin);
}

int policy_object_load_or_say(struct policy_object *o)
{
	struct verifier_log log;
	struct bpf_program *prog;
	char name[128];
	int err, oom;

	err = policy_object_load(o);
	if (!err)
		return TH_OK;
	policy_object_refused(name);
	prog = name[0] ? bpf_object__find_program_by_name(o->obj, name) : NULL;
	/* without a log libbpf has refused it, and says why */
	if (!prog || !o->log[0])
		return th_fail_libbpf(TH_ENV, "%s: the kernel does not take it: %s", o->path,
				      strerror(-err));
	oom = verifier_log_trim(o->log, &log);
	th_fail(TH_ENV, "%s: the verifier refuses program %s (%s): %s", o->path, name,
		bpf_program__section_name(prog),
		!oom && log.reason[0] ? log.reason : strerror(-err));
	if (!oom && log.source[0])
		fprintf(stderr, "  %s: %s\n", log.file, log.source);
	if (!oom && log.insn[0])
		fprintf(stderr, "  instruction %s\n", log.insn);
	if (th_verbose)
		fputs(o->log, stderr);
	verifier_log_free(&log);
	return TH_ENV;
}

void *policy_object_member(const struct policy_object *o, const struct bpf_map *map,
			   const char *name, size_t size)
{
	const struct btf *btf = bpf_object__btf(o->obj);
	const struct btf_type *t = btf__type_by_id(btf, bpf_map__btf_value_type_id(map));
	const struct btf_member *member = policy_type_member(btf, t, name);
	char *value = bpf_map__initial_value(map, NULL);

	if (!member || !value || btf__resolve_size(btf, member->type) != (__s64)size)
		return NULL;
	return value + member->offset / 8;
}

void policy_object_name(const struct policy_object *o, const struct bpf_map *map,
			char name[TASKHOLD_NAME_LEN])
{
	const char *has = policy_object_member(o, map, "name", TASKHOLD_NAME_LEN);

	snprintf(name, TASKHOLD_NAME_LEN, "%.*s", TASKHOLD_NAME_LEN - 1, has ? has : "");
}

bool policy_object_companion(const struct bpf_program *prog)
{
	switch (bpf_program__type(prog)) {
	case BPF_PROG_TYPE_STRUCT_OPS:
	case BPF_PROG_TYPE_SYSCALL:
		return false;	/* the policies themselves; what user space runs */
	default:
		return bpf_program__autoload(prog) && bpf_program__autoattach(prog);
	}
}

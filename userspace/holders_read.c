// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reading half of holders.h: BPF objects by id, pins by walking the
 * mounted bpffs, open files by /proc/PID/fdinfo.
 *
 * Objects come and go meanwhile: one that is gone when it is looked at is
 * left out.
 */
#include "holders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "array.h"
#include "error.h"
#include "ids.h"
#include "module.h"

/*
 * What the module has destructors for. The last two are vmlinux's, for which a kernel
 * without the patches of kernel/patches makes no such map, and one with them does also
 * where another module was first to register a destructor: nothing shows which it was.
 */
static const char *const kptr_structs[] = { "taskhold_rec", "pid", "file" };

/* bpf_struct_ops_common_value, which begins the value of a struct_ops map. */
struct ops_value {
	__u32 refcnt;
	__u32 state;
};

#define OPS_STATE_INUSE	1	/* BPF_STRUCT_OPS_STATE_INUSE: registered without a link */

/* A BTF of user space, kept for the maps and programs that refer to it. */
struct user_btf {
	__u32 id;
	struct btf *btf;
};

struct reader {
	struct holders *h;
	__u32 module_btf;	/* id, 0: the module has none */
	struct user_btf *btfs;
	size_t nr_btfs;
	struct holders_syms syms;
	struct holders_refs ops_progs;	/* programs written for struct taskhold_ops */
};

static void mark(struct holders_obj *obj, enum holders_how how, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void mark(struct holders_obj *obj, enum holders_how how, const char *fmt, ...)
{
	va_list ap;

	if (obj->how >= how)
		return;
	obj->how = how;
	va_start(ap, fmt);
	vsnprintf(obj->why, sizeof(obj->why), fmt, ap);
	va_end(ap);
}

static const struct btf *user_btf(const struct reader *r, __u32 id)
{
	size_t i;

	for (i = 0; i < r->nr_btfs; i++) {
		if (r->btfs[i].id == id)
			return r->btfs[i].btf;
	}
	return NULL;
}

static int read_btf(void *ctx, __u32 id, int fd)
{
	char name[64] = "";
	struct bpf_btf_info info = { .name = (__u64)(unsigned long)name, .name_len = sizeof(name) };
	__u32 len = sizeof(info);
	struct holders_obj *obj;
	struct reader *r = ctx;
	struct user_btf *more;
	struct btf *btf;
	size_t i;

	if (bpf_btf_get_info_by_fd(fd, &info, &len))
		return -errno;
	if (info.kernel_btf) {
		if (!strcmp(name, MODULE_NAME))
			r->module_btf = id;
		return 0;
	}
	btf = btf__load_from_kernel_by_id(id);
	if (!btf)
		return errno == ENOENT ? 0 : -errno;
	more = reallocarray(r->btfs, r->nr_btfs + 1, sizeof(*more));
	if (!more) {
		btf__free(btf);
		return -ENOMEM;
	}
	r->btfs = more;
	r->btfs[r->nr_btfs++] = (struct user_btf){ id, btf };
	obj = holders_add(r->h, HOLDERS_BTF, id, name);
	if (!obj)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(kptr_structs); i++) {
		if (holders_btf_has_kptr(btf, kptr_structs[i]))
			mark(obj, HOLDERS_DOES, "has a kptr to struct %s", kptr_structs[i]);
	}
	return 0;
}

static int read_insns(struct reader *r, struct holders_obj *obj, int fd, __u32 size,
		      const struct btf *btf)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	struct bpf_insn *insns;
	const char *func;
	bool hidden;

	insns = calloc(1, size + sizeof(*insns));
	if (!insns)
		return -ENOMEM;
	info.xlated_prog_insns = (__u64)(unsigned long)insns;
	info.xlated_prog_len = size;
	if (bpf_prog_get_info_by_fd(fd, &info, &len)) {
		free(insns);
		return -errno;
	}
	func = holders_kfunc_call(insns, size / sizeof(*insns), &r->syms, &hidden);
	free(insns);
	if (func) {
		mark(obj, HOLDERS_DOES, "calls %s()", func);
		return 0;
	}
	func = btf ? holders_named(btf, &r->syms) : NULL;
	if (func && hidden) {
		/* With kernel.kptr_restrict=2: some module's, and it knows of one of ours. */
		mark(obj, HOLDERS_DOES, "calls a module, its object file names %s()", func);
	} else if (func) {
		/*
		 * Calls in branches that the verifier took out count, too, but
		 * cannot be seen; and the BTF is that of the whole object file.
		 */
		mark(obj, HOLDERS_MAYBE, "its object file names %s()", func);
	}
	return 0;
}

static int read_prog(void *ctx, __u32 id, int fd)
{
	struct bpf_prog_info info = {}, more = {};
	__u32 len = sizeof(info), nr, i, *maps;
	struct holders_obj *obj;
	struct reader *r = ctx;
	int ret = 0;

	if (bpf_prog_get_info_by_fd(fd, &info, &len))
		return -errno;
	obj = holders_add(r->h, HOLDERS_PROG, id, info.name);
	if (!obj)
		return -ENOMEM;
	if (info.btf_id && holders_add_ref(&obj->keeps, HOLDERS_BTF, info.btf_id))
		return -ENOMEM;

	nr = info.nr_map_ids;
	maps = calloc(nr + 1, sizeof(*maps));
	if (!maps)
		return -ENOMEM;
	more.map_ids = (__u64)(unsigned long)maps;
	more.nr_map_ids = nr;
	len = sizeof(more);
	if (bpf_prog_get_info_by_fd(fd, &more, &len))
		ret = -errno;
	for (i = 0; !ret && i < nr && i < more.nr_map_ids; i++)
		ret = holders_add_ref(&obj->keeps, HOLDERS_MAP, maps[i]);
	free(maps);
	if (ret)
		return ret;

	if (r->module_btf && info.attach_btf_obj_id == r->module_btf) {
		if (info.type != BPF_PROG_TYPE_STRUCT_OPS) {
			mark(obj, HOLDERS_DOES, "traces a function of the module");
		} else {
			/* The program itself does not hold the module, its map does. */
			mark(obj, HOLDERS_MAYBE, "is written for struct taskhold_ops");
			if (holders_add_ref(&r->ops_progs, HOLDERS_PROG, id))
				return -ENOMEM;
		}
	}
	return read_insns(r, obj, fd, info.xlated_prog_len, user_btf(r, info.btf_id));
}

/*
 * User space reads the members of a struct_ops value back as the ids of the
 * programs.  Where they lie depends on the kernel, so any field that is such
 * an id counts: numbers that are not ids of programs for this type do not.
 */
static int ops_programs(struct reader *r, struct holders_obj *obj, const char *value, size_t size)
{
	__u64 field;
	size_t at, i;

	for (at = sizeof(struct ops_value); at + sizeof(field) <= size; at += sizeof(field)) {
		memcpy(&field, value + at, sizeof(field));
		for (i = 0; i < r->ops_progs.nr; i++) {
			if (r->ops_progs.ref[i].id == field &&
			    holders_add_ref(&obj->keeps, HOLDERS_PROG, field))
				return -ENOMEM;
		}
	}
	return 0;
}

static int read_ops(struct reader *r, struct holders_obj *obj, int fd, __u32 size)
{
	struct ops_value head = {};
	__u32 key = 0;
	char *value;
	int ret = 0;

	mark(obj, HOLDERS_DOES, "is a struct taskhold_ops");
	if (size < sizeof(head))
		return 0;
	value = calloc(1, size);
	if (!value)
		return -ENOMEM;
	if (!bpf_map_lookup_elem(fd, &key, value)) {
		memcpy(&head, value, sizeof(head));
		obj->registered = head.state == OPS_STATE_INUSE;
		ret = ops_programs(r, obj, value, size);
	}
	free(value);
	return ret;
}

static int read_map(void *ctx, __u32 id, int fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	struct holders_obj *obj;
	struct reader *r = ctx;
	const struct btf *btf;
	size_t i;

	if (bpf_map_get_info_by_fd(fd, &info, &len))
		return -errno;
	obj = holders_add(r->h, HOLDERS_MAP, id, info.name);
	if (!obj)
		return -ENOMEM;
	if (info.btf_id && holders_add_ref(&obj->keeps, HOLDERS_BTF, info.btf_id))
		return -ENOMEM;
	btf = user_btf(r, info.btf_id);
	for (i = 0; btf && info.btf_value_type_id && i < ARRAY_SIZE(kptr_structs); i++) {
		if (holders_has_kptr(btf, info.btf_value_type_id, kptr_structs[i]))
			mark(obj, HOLDERS_DOES, "has a kptr to struct %s in its values",
			     kptr_structs[i]);
	}
	if (info.type == BPF_MAP_TYPE_STRUCT_OPS && r->module_btf &&
	    info.btf_vmlinux_id == r->module_btf)
		return read_ops(r, obj, fd, info.value_size);
	return 0;
}

static int read_kprobe_multi(struct reader *r, struct holders_obj *obj, int fd, __u32 count)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info), i;
	const char *func = NULL;
	__u64 *addrs;
	size_t j;

	addrs = calloc(count + 1, sizeof(*addrs));
	if (!addrs)
		return -ENOMEM;
	info.kprobe_multi.addrs = (__u64)(unsigned long)addrs;
	info.kprobe_multi.count = count;
	if (bpf_link_get_info_by_fd(fd, &info, &len)) {
		free(addrs);
		return -errno;
	}
	for (i = 0; i < count && !func; i++) {
		for (j = 0; j < r->syms.nr && !func; j++) {
			if (addrs[i] && r->syms.sym[j].addr == addrs[i])
				func = r->syms.sym[j].name;
		}
	}
	free(addrs);
	if (func)
		mark(obj, HOLDERS_DOES, "probes %s()", func);
	return 0;
}

static int read_link(void *ctx, __u32 id, int fd)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);
	struct holders_obj *obj, *map;
	struct reader *r = ctx;
	const char *type;

	if (bpf_link_get_info_by_fd(fd, &info, &len))
		return -errno;
	type = libbpf_bpf_link_type_str(info.type);
	obj = holders_add(r->h, HOLDERS_LINK, id, type ? type : "");
	if (!obj)
		return -ENOMEM;
	if (info.prog_id && holders_add_ref(&obj->keeps, HOLDERS_PROG, info.prog_id))
		return -ENOMEM;
	if (info.type == BPF_LINK_TYPE_KPROBE_MULTI)
		return read_kprobe_multi(r, obj, fd, info.kprobe_multi.count);
	if (info.type != BPF_LINK_TYPE_STRUCT_OPS)
		return 0;
	/* 0: a link that outlived what it attached */
	if (!info.struct_ops.map_id)
		return 0;
	if (holders_add_ref(&obj->keeps, HOLDERS_MAP, info.struct_ops.map_id))
		return -ENOMEM;
	map = holders_find(r->h, obj->keeps.ref[obj->keeps.nr - 1]);
	/* Only struct_ops maps of this module's type are marked among those. */
	if (map && map->how == HOLDERS_DOES)
		mark(obj, HOLDERS_DOES, "attaches map %u", info.struct_ops.map_id);
	return 0;
}

static int read_syms(struct reader *r)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	size_t size = 0;
	char *line = NULL;
	int ret = 0;

	if (!f)
		return -errno;
	while (!ret && getline(&line, &size, f) > 0)
		ret = holders_parse_sym(line, MODULE_NAME, &r->syms);
	free(line);
	fclose(f);
	return ret;
}

static int read_modules(struct reader *r)
{
	DIR *dir = opendir("/sys/module/" MODULE_NAME "/holders");
	struct dirent *entry;
	int ret = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!ret && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			ret = holders_add_module(r->h, entry->d_name);
	}
	closedir(dir);
	return ret;
}

/* A whole small file, NUL-terminated; false where it cannot be read. */
static bool slurp(int dir, const char *name, char *buf, size_t size)
{
	size_t have = 0;
	ssize_t n = 0;
	int fd;

	fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while (have < size - 1 && (n = read(fd, buf + have, size - 1 - have)) > 0)
		have += n;
	close(fd);
	buf[have] = 0;
	return n >= 0;
}

/* What a file descriptor of ours names. */
static int refs_of_fd(int fd, struct holders_refs *refs)
{
	char path[64], text[4096];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (!slurp(AT_FDCWD, path, text, sizeof(text)))
		return 0;
	return holders_parse_fdinfo(text, refs);
}

int holders_of_fd(int fd, struct holders_ref *self)
{
	struct holders_refs refs = {};
	int err;

	err = refs_of_fd(fd, &refs);
	if (!err && !refs.nr)
		err = -ENOENT;
	/* The first is the object itself, a link then names what it attaches. */
	if (!err)
		*self = refs.ref[0];
	free(refs.ref);
	return err;
}

static int read_pin(struct reader *r, const char *path)
{
	struct holders_obj *obj;
	struct holders_ref self;
	int fd, ret;

	fd = bpf_obj_get(path);
	if (fd < 0) {
		th_info("%s: cannot look at this pin: %s", path, strerror(-fd));
		return 0;
	}
	ret = holders_of_fd(fd, &self);
	close(fd);
	if (ret)
		return ret == -ENOENT ? 0 : ret;
	obj = holders_find(r->h, self);
	return obj ? holders_add_pin(obj, path) : 0;
}

static int walk_pins(struct reader *r, const char *path, dev_t dev)
{
	struct dirent *entry;
	char *child = NULL;
	struct stat st;
	int ret = 0;
	DIR *dir;

	dir = opendir(path);
	if (!dir) {
		th_info("%s: cannot look for pins here: %s", path, strerror(errno));
		return 0;
	}
	while (!ret && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (asprintf(&child, "%s/%s", path, entry->d_name) < 0) {
			ret = -ENOMEM;
			break;
		}
		if (lstat(child, &st) || st.st_dev != dev)
			ret = 0;
		else if (S_ISDIR(st.st_mode))
			ret = walk_pins(r, child, dev);
		else if (S_ISREG(st.st_mode))
			ret = read_pin(r, child);
		free(child);
	}
	closedir(dir);
	return ret;
}

static int read_pins(struct reader *r)
{
	char path[PATH_MAX], tree[PATH_MAX], **seen = NULL, **more;
	size_t size = 0, nr = 0, i;
	char *line = NULL;
	struct stat st;
	int ret = 0;
	FILE *f;

	f = fopen("/proc/self/mountinfo", "re");
	if (!f)
		return -errno;
	while (!ret && getline(&line, &size, f) > 0) {
		if (!holders_parse_mount(line, path, sizeof(path), tree, sizeof(tree)))
			continue;
		/* The same bpffs may be mounted at several places. */
		for (i = 0; i < nr && strcmp(seen[i], tree); i++)
			;
		if (i < nr || lstat(path, &st))
			continue;
		more = reallocarray(seen, nr + 1, sizeof(*seen));
		if (!more) {
			ret = -ENOMEM;
			break;
		}
		seen = more;
		seen[nr] = strdup(tree);
		if (!seen[nr]) {
			ret = -ENOMEM;
			break;
		}
		nr++;
		ret = walk_pins(r, path, st.st_dev);
	}
	while (nr)
		free(seen[--nr]);
	free(seen);
	free(line);
	fclose(f);
	return ret;
}

/* Is descriptor @fd of a process, given by its /proc/PID, one of an object? */
static int read_proc_fd(struct reader *r, int proc, int pid, const char *fd)
{
	struct holders_refs refs = {};
	char name[288], text[4096], comm[64];
	struct holders_obj *obj;
	ssize_t len;
	int ret;

	snprintf(name, sizeof(name), "fd/%s", fd);
	len = readlinkat(proc, name, text, sizeof(text) - 1);
	if (len < 0)
		return 0;
	text[len] = 0;
	/* "anon_inode:bpf-map", "anon_inode:bpf_link", "anon_inode:btf", ... */
	if (strncmp(text, "anon_inode:", 11) || (!strstr(text, "bpf") && !strstr(text, "btf")))
		return 0;
	snprintf(name, sizeof(name), "fdinfo/%s", fd);
	if (!slurp(proc, name, text, sizeof(text)))
		return 0;
	ret = holders_parse_fdinfo(text, &refs);
	/* As with pins: the first id is the object's own. */
	obj = !ret && refs.nr ? holders_find(r->h, refs.ref[0]) : NULL;
	if (obj) {
		if (!slurp(proc, "comm", comm, sizeof(comm)))
			comm[0] = 0;
		comm[strcspn(comm, "\n")] = 0;
		ret = holders_add_proc(obj, pid, comm);
	}
	free(refs.ref);
	return ret;
}

static int read_proc(struct reader *r, int proc, int pid)
{
	struct dirent *entry;
	int fd, ret = 0;
	DIR *dir;

	fd = openat(proc, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		if (errno != ENOENT && errno != ESRCH)
			th_info("process %d: cannot look at its open files: %s", pid,
				strerror(errno));
		return 0;
	}
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while (!ret && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			ret = read_proc_fd(r, proc, pid, entry->d_name);
	}
	closedir(dir);
	return ret;
}

static int read_procs(struct reader *r)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int ret = 0, proc;
	char *end;
	long pid;

	if (!dir)
		return -errno;
	while (!ret && (entry = readdir(dir))) {
		pid = strtol(entry->d_name, &end, 10);
		if (*end || pid <= 0 || pid == getpid())
			continue;
		proc = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (proc < 0)
			continue;
		ret = read_proc(r, proc, pid);
		close(proc);
	}
	closedir(dir);
	return ret;
}

static int read_btfs(struct reader *r)
{
	return ids_each(bpf_btf_get_next_id, bpf_btf_get_fd_by_id, read_btf, r);
}

/* After the BTFs, which tell what their instructions call. */
static int read_progs(struct reader *r)
{
	return ids_each(bpf_prog_get_next_id, bpf_prog_get_fd_by_id, read_prog, r);
}

/* After the programs, which struct_ops maps refer to. */
static int read_maps(struct reader *r)
{
	return ids_each(bpf_map_get_next_id, bpf_map_get_fd_by_id, read_map, r);
}

/* After the maps that they attach. */
static int read_links(struct reader *r)
{
	return ids_each(bpf_link_get_next_id, bpf_link_get_fd_by_id, read_link, r);
}

static int read_steps(struct holders *h, bool calls, const char **what)
{
	static const struct {
		const char *what;
		int (*read)(struct reader *r);
		bool of_holders;	/* of no use if there is no holder */
		bool of_calls;		/* only tells who calls the module */
	} steps[] = {
		{ "reading the dependent modules", read_modules, false, false },
		{ "reading /proc/kallsyms", read_syms, false, true },
		{ "listing BTF objects", read_btfs, false, false },
		{ "listing programs", read_progs, false, false },
		{ "listing maps", read_maps, false, false },
		{ "listing links", read_links, false, false },
		{ "looking for pins", read_pins, true, false },
		{ "looking for processes", read_procs, true, false },
	};
	struct reader r = { .h = h };
	int ret = 0;
	size_t i;

	memset(h, 0, sizeof(*h));
	for (i = 0; !ret && i < ARRAY_SIZE(steps); i++) {
		if (steps[i].of_holders && !holders_count(h, HOLDERS_DOES) &&
		    !holders_count(h, HOLDERS_MAYBE))
			break;
		if (steps[i].of_calls && !calls)
			continue;
		*what = steps[i].what;
		ret = steps[i].read(&r);
	}
	for (i = 0; i < r.nr_btfs; i++)
		btf__free(r.btfs[i].btf);
	free(r.btfs);
	free(r.syms.sym);
	free(r.ops_progs.ref);
	if (ret)
		holders_free(h);
	return ret;
}

int holders_read(struct holders *h, const char **what)
{
	return read_steps(h, true, what);
}

int holders_read_policies(struct holders *h, const char **what)
{
	return read_steps(h, false, what);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tests' own modules, tests/testmod: loading, unloading, their parameters;
 * and maps with a referenced kptr, to see whether a type may be one.
 */
#ifndef _TASKHOLD_TESTS_TESTMOD_H
#define _TASKHOLD_TESTS_TESTMOD_H

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/guest.h"

/* Loads a module with parameters as insmod has them; 0 or a negative error. */
static inline int testmod_load(const char *name, const char *parameters)
{
	const char *out = getenv("TASKHOLD_OUT");
	char path[4096];
	int fd, err;

	snprintf(path, sizeof(path), "%s/testmod/%s.ko", out ?: ".", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("open %s", path);
	err = syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
	close(fd);
	return err;
}

/* 0, or a negative error; does not wait for anything. */
static inline int testmod_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

static inline void testmod_path(char *path, size_t size, const char *name, const char *what)
{
	snprintf(path, size, "/sys/module/%s/%s", name, what);
}

static inline bool testmod_is_there(const char *name)
{
	char path[256];

	testmod_path(path, sizeof(path), name, "initstate");
	return !access(path, F_OK);
}

static inline long testmod_refs(const char *name)
{
	char path[256];

	testmod_path(path, sizeof(path), name, "refcnt");
	return number_in(path);
}

/* Unloads a module once nothing refers to it; that must come soon. */
static inline int testmod_unload_soon(const char *name)
{
	if (!until(10, testmod_refs(name) == 0))
		return -ETIMEDOUT;
	return testmod_unload(name);
}

/* A number that a module shows, or Y as 1 and N as 0. */
static inline long testmod_get(const char *name, const char *parameter)
{
	char path[256], what[64], buf[32];

	snprintf(what, sizeof(what), "parameters/%s", parameter);
	testmod_path(path, sizeof(path), name, what);
	if (read_file(path, buf, sizeof(buf)) <= 0)
		die("read %s", path);
	return buf[0] == 'Y' ? 1 : buf[0] == 'N' ? 0 : strtol(buf, NULL, 10);
}

static inline void testmod_set(const char *name, const char *parameter, const char *text)
{
	char path[256], what[64];

	snprintf(what, sizeof(what), "parameters/%s", parameter);
	testmod_path(path, sizeof(path), name, what);
	write_file(path, text);
}

/*
 * BTF of a value with a referenced kptr to a struct, of which the name alone
 * matters; NULL and errno where the kernel refuses that: ENOENT if the type has no
 * destructor, ENXIO if the module that has it is not live.
 */
static inline struct btf *kptr_btf(const char *type)
{
	struct btf *btf = btf__new_empty();
	int id, err;

	if (!btf)
		die("btf__new_empty");
	libbpf_set_print(NULL);
	btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	id = btf__add_struct(btf, type, 4);
	btf__add_field(btf, "x", 1, 0, 0);
	id = btf__add_ptr(btf, btf__add_type_tag(btf, "kptr", id));
	btf__add_struct(btf, "value", 8);
	btf__add_field(btf, "pointer", id, 0, 0);
	err = btf__load_into_kernel(btf);
	if (!err)
		return btf;
	btf__free(btf);
	errno = -err;
	return NULL;
}

/* A map with such values: its file descriptor or a negative error. */
static inline int kptr_map_of(const struct btf *btf)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .btf_fd = btf__fd(btf), .btf_key_type_id = 1,
		    .btf_value_type_id = btf__find_by_name(btf, "value"));

	return bpf_map_create(BPF_MAP_TYPE_ARRAY, "kptr", 4, 8, 1, &opts);
}

/* Both in one. */
static inline int kptr_map(const char *type)
{
	struct btf *btf = kptr_btf(type);
	int fd;

	if (!btf)
		return -errno;
	fd = kptr_map_of(btf);
	btf__free(btf);
	return fd;
}

/* What kptr_map() says, without the map: 0 or a negative error. */
static inline int kptr_map_error(const char *type)
{
	int fd = kptr_map(type);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

#endif /* _TASKHOLD_TESTS_TESTMOD_H */

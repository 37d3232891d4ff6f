/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who keeps the module from being unloaded.
 *
 * The kernel counts references to a module and does not say whose they are.
 * They belong to BPF objects: struct_ops maps of its type (attached or not),
 * programs that call its kfuncs or trace its functions, BTF objects and maps
 * that know a kptr to its struct, kprobe_multi links on its functions; or to
 * other modules.  Such an object lives as long as something keeps it: an open
 * file of a process, a pin in a bpffs, or another object.
 *
 * holders_read.c asks the kernel and fills in a struct holders; what stands
 * here judges that and needs no kernel.
 */
#ifndef _TASKHOLD_HOLDERS_H
#define _TASKHOLD_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_insn;
struct btf;

enum holders_type {
	HOLDERS_MAP,
	HOLDERS_PROG,
	HOLDERS_LINK,
	HOLDERS_BTF,
	HOLDERS_NR_TYPES,
};

/* Names an object of BPF: ids are unique within a type. */
struct holders_ref {
	enum holders_type type;
	uint32_t id;
};

struct holders_refs {
	struct holders_ref *ref;
	size_t nr;
};

struct holders_proc {
	int pid;
	char comm[64];
};

enum holders_how {
	HOLDERS_NOT,	/* does not hold the module itself */
	HOLDERS_MAYBE,	/* the kernel does not show it: only what could be */
	HOLDERS_DOES,
};

struct holders_obj {
	struct holders_ref self;
	char name[64];
	enum holders_how how;
	char why[128];			/* where how is not HOLDERS_NOT */
	bool registered;		/* struct_ops map, in use without a link: keeps itself */
	struct holders_refs keeps;	/* objects that live at least as long */
	char **pins;			/* paths below a bpffs */
	size_t nr_pins;
	struct holders_proc *procs;	/* that have it open */
	size_t nr_procs;
};

struct holders {
	struct holders_obj *obj;
	size_t nr;
	char **modules;			/* that use its symbols */
	size_t nr_modules;
};

/* A function of the module, from /proc/kallsyms. */
struct holders_sym {
	uint64_t addr;	/* 0 where the kernel hides addresses */
	char name[64];
};

struct holders_syms {
	uint64_t call_base;	/* __bpf_call_base: calls are relative to it */
	struct holders_sym *sym;
	size_t nr;
};

/*
 * Asks the kernel.  0 or a negative errno, with *what naming what it was
 * doing.  The caller must not hold BPF objects of its own, or they are found.
 */
int holders_read(struct holders *h, const char **what);

/*
 * Likewise, but for programs that only call the module: the symbols of the kernel,
 * which take the longest, are not read.
 */
int holders_read_policies(struct holders *h, const char **what);
void holders_free(struct holders *h);

/* Adds an object, or a reference, pin, process or module; -ENOMEM or 0. */
struct holders_obj *holders_add(struct holders *h, enum holders_type type, uint32_t id,
				const char *name);
int holders_add_ref(struct holders_refs *refs, enum holders_type type, uint32_t id);
int holders_add_pin(struct holders_obj *obj, const char *path);
int holders_add_proc(struct holders_obj *obj, int pid, const char *comm);
int holders_add_module(struct holders *h, const char *name);

/* The object of that name, or NULL. */
struct holders_obj *holders_find(const struct holders *h, struct holders_ref ref);

/* "map", "program", "link", "btf". */
const char *holders_type_name(enum holders_type type);

/*
 * Everything that keeps obj alive, itself first, by its place in h->obj:
 * fills keeper[h->nr] and returns how many.
 */
size_t holders_keepers(const struct holders *h, const struct holders_obj *obj,
		       const struct holders_obj **keeper);

/*
 * Who keeps obj alive, each once: the processes, pins and registered of all
 * its keepers in *sum, to be freed by holders_free_obj(); 0 or -ENOMEM.
 */
int holders_sum(const struct holders *h, const struct holders_obj *obj, struct holders_obj *sum);
void holders_free_obj(struct holders_obj *obj);

/* Objects of that degree of certainty there are. */
size_t holders_count(const struct holders *h, enum holders_how how);

struct holders_step {
	char *command;	/* for a shell */
	char *whom;	/* the name of what it hits, "" where the command says it */
};

/*
 * What to do so that the module can be unloaded, in this order, without
 * `modprobe -r taskhold` itself.  Where some objects surely hold it, those
 * that only may are left alone.  Returns the number of steps or -ENOMEM.
 */
int holders_plan(const struct holders *h, struct holders_step **steps);
void holders_plan_free(struct holders_step *steps, int nr);

/* Which object of BPF is open there; 0, -ENOENT: none that the kernel shows, or -ENOMEM. */
int holders_of_fd(int fd, struct holders_ref *self);

/* The ids in the text of a /proc/PID/fdinfo file of a BPF object. */
int holders_parse_fdinfo(const char *info, struct holders_refs *refs);

/*
 * One line of /proc/self/mountinfo: true where it is a bpffs, with its
 * mount point in path (octal escapes undone) and what identifies the tree
 * seen there, "major:minor root", in tree.
 */
bool holders_parse_mount(const char *line, char *path, size_t path_size, char *tree,
			 size_t tree_size);

/* One line of /proc/kallsyms; 0 or -ENOMEM. */
int holders_parse_sym(const char *line, const char *module, struct holders_syms *syms);

/*
 * Does this translated program call a function of the module?  Its name, or
 * NULL; *hidden says that it calls functions of some module and the kernel
 * does not show which.
 */
const char *holders_kfunc_call(const struct bpf_insn *insn, size_t nr,
			       const struct holders_syms *syms, bool *hidden);

/* A kfunc of the module that this BTF of a program names, or NULL. */
const char *holders_named(const struct btf *btf, const struct holders_syms *syms);

/* Has a value of this type a kptr that owns such a struct? */
bool holders_has_kptr(const struct btf *btf, uint32_t type_id, const char *name);

/* Has any struct of this BTF one? The kernel then lets the BTF itself hold the module. */
bool holders_btf_has_kptr(const struct btf *btf, const char *name);

/* Malloced copy in which no byte is a control character: those become \ooo. */
char *holders_printable(const char *text);

#endif /* _TASKHOLD_HOLDERS_H */

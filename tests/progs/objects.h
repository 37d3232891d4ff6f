/* SPDX-License-Identifier: GPL-2.0-only */
/* Objects that programs allocate. Include after vmlinux.h. */
#ifndef _TASKHOLD_TESTS_OBJECTS_BPF_H
#define _TASKHOLD_TESTS_OBJECTS_BPF_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

extern void *bpf_obj_new_impl(__u64 local_type_id__k, void *meta__ign) __ksym;
extern void bpf_obj_drop_impl(void *p__alloc, void *meta__ign) __ksym;
extern void *bpf_refcount_acquire_impl(void *p__refcounted_kptr, void *meta__ign) __ksym;
extern void *bpf_percpu_obj_new_impl(__u64 local_type_id__k, void *meta__ign) __ksym;
extern void bpf_percpu_obj_drop_impl(void *p__alloc, void *meta__ign) __ksym;

#define bpf_obj_new(type)	((type *)bpf_obj_new_impl(bpf_core_type_id_local(type), NULL))
#define bpf_obj_drop(object)	bpf_obj_drop_impl(object, NULL)
#define bpf_refcount_acquire(object)						\
	((typeof(object))bpf_refcount_acquire_impl(object, NULL))
#define bpf_percpu_obj_new(type)						\
	((type __percpu_kptr *)bpf_percpu_obj_new_impl(bpf_core_type_id_local(type), NULL))
#define bpf_percpu_obj_drop(object)	bpf_percpu_obj_drop_impl((void *)(object), NULL)

/* Which member of which struct a list's head or a tree's root leads to. */
#define __contains(type, member)						\
	__attribute__((btf_decl_tag("contains:" #type ":" #member)))

#endif /* _TASKHOLD_TESTS_OBJECTS_BPF_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs of one instruction or two on a map value, as no compiler would write them.
 * Include after first() and "which".
 */
#ifndef _TASKHOLD_TESTS_ON_VALUE_BPF_H
#define _TASKHOLD_TESTS_ON_VALUE_BPF_H

/* The value is %[v]; r1 and r2 are there to play with. */
#define PROG(name, code)							\
int name(void *ctx)								\
{										\
	struct held *v = first();						\
										\
	if (v)									\
		asm volatile (code : : [v] "r" (v) : "r0", "r1", "r2", "memory"); \
	return 0;								\
}

/* The same with the value at r2, or 8 bytes behind, as nobody knows. */
#define VAR_OFF	"r1 = %[which] ll; r1 = *(u32 *)(r1 + 0); r1 &= 8; r2 = %[v]; r2 += r1;"
#define VAR_OFF_PROG(name, code)						\
int name(void *ctx)								\
{										\
	struct held *v = first();						\
										\
	if (v)									\
		asm volatile (VAR_OFF code : : [v] "r" (v), [which] "i" (&which) \
			      : "r0", "r1", "r2", "memory");			\
	return 0;								\
}

/*
 * What is NULL on one path, in r7, and a number on another. The path with NULL is looked
 * at first: where that does not count as something that the code relies on, the path with
 * a number is taken for the same.
 */
#define PRUNED_PROG(name, code)							\
int name(void *ctx)								\
{										\
	struct held *v = first();						\
										\
	if (v)									\
		asm volatile ("call %[random];"					\
			      "r7 = 0x41414141;"				\
			      "if r0 > 100 goto 1f;"				\
			      "r7 = 0;"						\
			      "1:" code						\
			      :							\
			      : [v] "r" (v), [random] "i" (bpf_get_prandom_u32)	\
			      : "r0", "r1", "r2", "r3", "r4", "r5", "r7", "memory"); \
	return 0;								\
}

#endif /* _TASKHOLD_TESTS_ON_VALUE_BPF_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Have the two sides of a race met? That either has come to something does not say
 * so: they may have taken turns, as processors do that QEMU runs by one thread.
 *
 * Each exchange takes a number before it, and leaves it in the map value after it.
 * Who gets notes the last number that has been taken, gets, and looks: a greater
 * one in the value is that of an exchange that began and ended in between. A value
 * that is overwritten, or deleted and made anew, loses the number, which may lose a
 * meeting and makes none up.
 */
#ifndef _TASKHOLD_TESTS_MEET_H
#define _TASKHOLD_TESTS_MEET_H

/* out */
__u64 meet_numbers;	/* taken so far */
__u64 met;		/* gets with a whole exchange in between */

/* Before an exchange, which is a barrier. */
static __always_inline __u64 meet_take_number(void)
{
	return __sync_fetch_and_add(&meet_numbers, 1) + 1;
}

/* After it. */
static __always_inline void meet_leave_number(__u64 *left, __u64 number)
{
	barrier();
	*left = number;
}

/* Before a get. Who leaves numbers for others that get takes one instead. */
static __always_inline __u64 meet_note_number(void)
{
	__u64 number = meet_numbers;

	barrier();
	return number;
}

/* After it. */
static __always_inline void meet_look(const __u64 *left, __u64 noted)
{
	barrier();
	if (*left > noted)
		__sync_fetch_and_add(&met, 1);
}

#endif /* _TASKHOLD_TESTS_MEET_H */

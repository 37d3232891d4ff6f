/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A struct_ops type with as many functions as there can be, of as many arguments
 * as there can be. For the module, the programs and the test.
 */
#ifndef _TASKHOLD_TESTMOD_MANY_H
#define _TASKHOLD_TESTMOD_MANY_H

#define TESTMOD_MANY 64

/* f(00) to f(77): the digits are octal, so that 0##n is the number. */
#define TESTMOD_EIGHT(f, d)					\
	f(d##0) f(d##1) f(d##2) f(d##3) f(d##4) f(d##5) f(d##6) f(d##7)
#define TESTMOD_EACH(f)		\
	TESTMOD_EIGHT(f, 0)	\
	TESTMOD_EIGHT(f, 1)	\
	TESTMOD_EIGHT(f, 2)	\
	TESTMOD_EIGHT(f, 3)	\
	TESTMOD_EIGHT(f, 4)	\
	TESTMOD_EIGHT(f, 5)	\
	TESTMOD_EIGHT(f, 6)	\
	TESTMOD_EIGHT(f, 7)

#define TESTMOD_MEMBER(n)									\
	unsigned long (*m##n)(unsigned long, unsigned long, unsigned long, unsigned long,	\
			      unsigned long, unsigned long, unsigned long, unsigned long,	\
			      unsigned long, unsigned long, unsigned long, unsigned long);

struct testmod_many_ops {
	TESTMOD_EACH(TESTMOD_MEMBER)
};

#endif /* _TASKHOLD_TESTMOD_MANY_H */

// SPDX-License-Identifier: GPL-2.0-only
/* Its destructor has the name of that of testmod_first and testmod_third. */
#define OBJECT	testmod_second_object
#define GET	testmod_second_get
#define PUT	testmod_second_put
#define DROP	testmod_drop
#define LINKAGE	static

#include "testmod_named.h"

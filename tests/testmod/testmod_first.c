// SPDX-License-Identifier: GPL-2.0-only
/* Its destructor has the name of that of testmod_second and testmod_third. */
#define OBJECT	testmod_first_object
#define GET	testmod_first_get
#define PUT	testmod_first_put
#define DROP	testmod_drop
#define LINKAGE	static

#include "testmod_named.h"

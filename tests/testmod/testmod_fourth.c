// SPDX-License-Identifier: GPL-2.0-only
/* Its destructor has the name of a function of the kernel's, which writes to what it is given. */
#define OBJECT	testmod_fourth_object
#define GET	testmod_fourth_get
#define PUT	testmod_fourth_put
#define DROP	sha1_init
#define LINKAGE	static

#include "testmod_named.h"

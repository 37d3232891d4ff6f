// SPDX-License-Identifier: GPL-2.0-only
/* Its destructor has the name of that of testmod_first and testmod_second. */
#define OBJECT	testmod_third_object
#define GET	testmod_third_get
#define PUT	testmod_third_put
#define DROP	testmod_drop
#define LINKAGE

#include "testmod_named.h"

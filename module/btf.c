// SPDX-License-Identifier: GPL-2.0-only
#include "btf.h"

/*
 * The module's own BTF, as the kernel hands it to the struct_ops type when that is
 * registered; NULL where it has taken none.  The numbers of types of several modules
 * are the same ones: whose type it is only this tells.  Valid while the module is
 * loaded; compared and never followed.
 */
const struct btf *taskhold_btf;

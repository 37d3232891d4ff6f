# SPDX-License-Identifier: GPL-2.0-only
#
# The module, for the front door and, as its whole makefile, for DKMS.
# KVER is the kernel's release, KDIR its headers.

MODULE_SOURCES := Kbuild $(wildcard module/*.[ch] module/*/*.[ch] include/taskhold/*.h)

.PHONY: module
module: ## build taskhold.ko for the stock kernel, or for KVER= [KDIR=]
	@scripts/build-module.sh '$(KVER)' '$(KDIR)' out/module

.PHONY: clean-module
clean-module:
	@rm -rf out/module

# SPDX-License-Identifier: GPL-2.0-only
#
# Kernels with the verifier series of kernel/patches, built by kernel/build.sh.

KERNEL_INPUTS := kernel/build.sh scripts/lib.sh scripts/download.sh \
	$(wildcard kernel/config/*.config kernel/patches/*/*.patch)

# make asks again only where something changed here: what apt has now is looked
# at with the stock kernel, whose version the file names.
out/patched.mk: $(KERNEL_INPUTS) out/stock.mk
	@kernel/build.sh base >out/patched.new
	@sed -E 's/^([A-Z_]+)=/PATCHED_\1 := /' out/patched.new >$@.new
	@mv out/patched.new out/patched.env
	@mv $@.new $@

.PHONY: kernel
kernel: ## build the 6.12 kernel with the verifier series
	@echo '$(PATCHED_VMLINUZ)'

out/patched/stamp: $(MODULE_SOURCES) dkms.conf mk/module.mk $(wildcard scripts/*.sh) out/patched.mk
	@scripts/dkms-build.sh '$(PATCHED_KVER)' '$(PATCHED_KDIR)' '$(PATCHED_KMODULES)' out/patched/dkms
	@touch $@

$(eval $(call testmod_rule,patched,PATCHED))

.PHONY: check-patched ready-patched
check-patched: ## run the tests on the kernel with the verifier series
	@scripts/check.sh patched
ready-patched: out/patched/stamp out/patched/testmod/stamp userspace tests
	@:

# SPDX-License-Identifier: GPL-2.0-only
#
# Kernels with the verifier series of kernel/patches, built by kernel/build.sh:
# each has its fragments of kernel/config and a suite of its name.

KERNEL_patched := base
KERNEL_debug := base debug
KERNEL_clang := base clang
BUILT_KERNELS := patched debug clang
# One is installed from its packages as well, and compared with the one that is the
# same but for the series: mk/upstream.mk.
KERNEL_OPTIONS_patched := --pair --debs

KERNEL_INPUTS := kernel/build.sh kernel/lib.sh scripts/lib.sh scripts/download.sh \
	$(wildcard kernel/config/*.config kernel/patches/*/*)

# What a kernel's script said, known once its file is there: in recipes alone.
kernel_value = $(shell sed -n 's/^$(2)=//p' out/$(1).env)

# lost FILE...: those that name a kernel which is not there any more, as the cache has
# been cleaned. They are made anew.
images = $(shell sed -n 's/^[A-Z_]*VMLINUZ=//p' $(1))
lost = $(foreach env,$(wildcard $(1)),$(if $(filter-out $(wildcard $(call images,$(env))),$(call images,$(env))),$(env)))
.PHONY: lost-kernel
lost-kernel:

# make asks again only where something changed here: what apt has now is looked
# at with the stock kernel, whose version the file names. The file is written under
# a name of this make's own, as scripts/check.sh has kernels built while another
# make may come to want one.
$(BUILT_KERNELS:%=out/%.env): out/%.env: $(KERNEL_INPUTS) out/stock.mk
	@new=$@.$$$$; trap 'rm -f "$$new"' EXIT; \
	kernel/build.sh $(KERNEL_OPTIONS_$*) $(KERNEL_$*) >"$$new"; \
	mv "$$new" $@
$(call lost,$(BUILT_KERNELS:%=out/%.env)): lost-kernel

.PHONY: kernel
kernel: out/patched.env ## build the 6.12 kernel with the verifier series
	@echo '$(call kernel_value,patched,VMLINUZ)'

$(BUILT_KERNELS:%=out/%/stamp): out/%/stamp: $(MODULE_SOURCES) dkms.conf mk/module.mk \
		$(wildcard scripts/*.sh) out/%.env
	@scripts/dkms-build.sh '$(call kernel_value,$*,KVER)' '$(call kernel_value,$*,KDIR)' \
		'$(call kernel_value,$*,KMODULES)' out/$*/dkms
	@touch $@

# The tests' own modules, for the kernel of a suite. A test finds them in testmod/
# below $TASKHOLD_OUT, which in the guest is out/SUITE.
TESTMODS := $(patsubst %,out/%/testmod/stamp,stock $(BUILT_KERNELS))
out/stock/testmod/stamp: out/stock.mk
$(filter-out out/stock/%,$(TESTMODS)): out/%/testmod/stamp: out/%.env
$(TESTMODS): out/%/testmod/stamp: $(wildcard tests/testmod/*) scripts/build-testmod.sh scripts/kbuild.sh
	@mkdir -p $(@D)
	@scripts/build-testmod.sh '$(call kernel_value,$*,KVER)' '$(call kernel_value,$*,KDIR)' \
		$(@D) >$(@D)/log 2>&1 || { cat $(@D)/log >&2; exit 1; }
	@touch $@

# Packages of one build alone are left there, as all of them are installed at once.
.PHONY: kernel-deb
kernel-deb: out/stock.mk ## its packages with Debian's own configuration, in out/kernel-deb; takes hours
	@new=out/kernel-deb.$$$$; trap 'rm -rf "$$new"' EXIT; mkdir "$$new"; \
	kernel/build.sh --debs $(or $(FRAGMENTS),debian) >"$$new/said"; \
	debs=$$(sed -n 's/^DEBS=//p' "$$new/said"); rm "$$new/said"; \
	cp "$$debs"/*.deb "$$new/"; \
	rm -rf out/kernel-deb; mv "$$new" out/kernel-deb
	@ls out/kernel-deb/*.deb

.PHONY: check-patched check-debug check-clang check-deb check-series
check-patched: ## run the tests on the kernel with the verifier series
	@scripts/check.sh patched
check-debug: ## run them on one that looks for misuse of memory and locks
	@scripts/check.sh debug
check-clang: ## run those of the verifier on one built by clang, with kCFI
	@scripts/check.sh clang
check-deb: ## install the packages of the small kernel in a guest, and boot it
	@scripts/check.sh deb
check-series: ## build and boot the kernel after each patch of the series; takes an hour
	@scripts/check.sh series

.PHONY: $(BUILT_KERNELS:%=ready-%)
$(BUILT_KERNELS:%=ready-%): ready-%: out/%/stamp out/%/testmod/stamp userspace tests
	@:
.PHONY: ready-deb ready-series
ready-deb: out/patched.env out/dkms/stamp
	@:
ready-series: userspace tests
	@:

# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's own BPF selftests, on a kernel with and without the verifier
# series: tests/upstream.

# Which kernel/config/*.config: of those in tests/upstream/programs.list.
UPSTREAM ?= selftests
# The small kernel with the series is there already where it has been tested.
UPSTREAM_OPTIONS_base := --debs

# What tests/upstream/build.sh has built, for tests/upstream/run.sh. The name that it
# is written under is this make's own: mk/kernel.mk says why.
out/upstream-$(UPSTREAM).env: $(KERNEL_INPUTS) tests/upstream/build.sh tests/upstream/programs.list \
		out/stock.mk
	@new=$@.$$$$; trap 'rm -f "$$new"' EXIT; \
	tests/upstream/build.sh $(UPSTREAM_OPTIONS_$(UPSTREAM)) '$(UPSTREAM)' >"$$new"; \
	mv "$$new" $@
$(call lost,out/upstream-$(UPSTREAM).env): lost-kernel

.PHONY: check-upstream ready-upstream
check-upstream: ## run the kernel's BPF selftests with and without the verifier series
	@UPSTREAM='$(UPSTREAM)' scripts/check.sh upstream
ready-upstream: out/upstream-$(UPSTREAM).env
	@:

# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's own BPF selftests, on a kernel with and without the verifier
# series: tests/upstream.

# Which kernel/config/*.config: the one that the selftests ask for, or one that is
# quicker to build and on which more of them fail or are skipped, on both alike.
UPSTREAM ?= selftests
# The small kernel with the series is there already where it has been tested.
UPSTREAM_OPTIONS_base := --debs

# What tests/upstream/build.sh has built, for tests/upstream/run.sh.
out/upstream-$(UPSTREAM).env: $(KERNEL_INPUTS) tests/upstream/build.sh out/stock.mk
	@tests/upstream/build.sh $(UPSTREAM_OPTIONS_$(UPSTREAM)) '$(UPSTREAM)' >$@.new
	@mv $@.new $@

.PHONY: check-upstream ready-upstream
check-upstream: ## run the kernel's BPF selftests with and without the verifier series
	@UPSTREAM='$(UPSTREAM)' scripts/check.sh upstream
ready-upstream: out/upstream-$(UPSTREAM).env
	@:

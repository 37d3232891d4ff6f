# SPDX-License-Identifier: GPL-2.0-only
#
# The front door. "make help" lists what can be asked for; everything built
# goes to out/, everything downloaded to the cache of scripts/kernel.sh.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# V=1 shows the commands.
Q := $(if $(V),,@)

PREFIX ?= /usr/local
DESTDIR ?=

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Nothing but these can be done without the stock kernel, its BTF and bpftool.
PLAIN_GOALS := help deps clean install uninstall dkms-install dkms-uninstall
# For a kernel that is named, its own headers are all the module needs.
ifneq ($(KVER),)
PLAIN_GOALS += module
KDIR ?= /lib/modules/$(KVER)/build
endif
ifneq ($(filter-out $(PLAIN_GOALS),$(MAKECMDGOALS)),)
# What nobody knows must not install and fetch anything first.
GOALS := $(shell sed -nE 's/^([a-z-]+):.*\#\# .*/\1/p' Makefile mk/*.mk) ready-% out/% tests
UNKNOWN := $(filter-out $(GOALS),$(MAKECMDGOALS))
ifneq ($(UNKNOWN),)
$(error no target '$(UNKNOWN)'; 'make help' lists what can be asked for)
endif
# What root built the user cannot change any more.
ifneq ($(shell [ ! -e out ] || [ -O out ] && echo mine),mine)
$(error out/ belongs to $(shell stat -c %U out), not to you: run make as yourself, it calls sudo where it needs it; 'sudo rm -rf out' begins anew)
endif
include out/stock.mk
KVER ?= $(STOCK_KVER)
KDIR ?= $(STOCK_KDIR)
endif

include mk/module.mk mk/bpf.mk mk/bpftool.mk mk/tests.mk mk/kernel.mk mk/upstream.mk mk/bench.mk mk/install.mk

# Asked for each time, as apt may have a newer kernel; written where it changed.
ifeq ($(TASKHOLD_STOCK_IS_FRESH),)
out/stock.mk: FORCE
endif
out/stock.mk:
	@mkdir -p out
	@scripts/deps.sh
	@scripts/kernel.sh tools >out/stock.new
	@sed -E 's/^([A-Z_]+)=/STOCK_\1 := /' out/stock.new >out/stock.mk.new
	@mv out/stock.new out/stock.env
	@cmp -s out/stock.mk.new $@ && rm out/stock.mk.new || mv out/stock.mk.new $@
.PHONY: FORCE
FORCE:

.PHONY: deps clean
deps: ## install the Debian packages that are missing
	@scripts/deps.sh

clean: ## remove out/; the cache stays
	rm -rf out

# SPDX-License-Identifier: GPL-2.0-only
#
# tests/<topic>/<name>_test.c is one program, tests/<topic>/<name>_test.sh one
# script, tests/progs/<name>.bpf.c a BPF program for them. docs of what a test
# must print and may say in its head: tests/qemu/suite.sh.

TEST_SOURCES := $(wildcard tests/*/*_test.c)
TEST_SCRIPTS := $(wildcard tests/*/*_test.sh)
TEST_PROGRAMS := $(TEST_SOURCES:%.c=out/%)
TEST_SKELS := $(patsubst tests/progs/%.bpf.c,out/tests/progs/%.skel.h,$(wildcard tests/progs/*.bpf.c))

TEST_CFLAGS := $(USER_CFLAGS) -Iout/tests/progs -Itests -Iuserspace \
	-isystem $(STOCK_LINUX_SRC)/tools/testing/selftests

out/tests/progs/%.bpf.o: tests/progs/%.bpf.c out/bpf/vmlinux.h
	@mkdir -p $(@D)
	@echo '  BPF     $@'
	$(Q)$(CLANG) $(BPF_CFLAGS) -Itests/progs -MMD -MP -c $< -o $@

out/tests/progs/%.skel.h: out/tests/progs/%.bpf.o
	@echo '  SKEL    $@'
	$(Q)$(STOCK_BPFTOOL) gen skeleton $< name $(subst -,_,$*) >$@.new
	@mv $@.new $@
.SECONDARY: $(TEST_SKELS) $(TEST_SKELS:.skel.h=.bpf.o)

# The kernel's own BPF selftests, as they come with its source, that are tests here as well.
SELFTESTS := out/tests/selftests/bpf_dctcp.bpf.o

out/tests/selftests/%.bpf.o: $(STOCK_LINUX_SRC)/tools/testing/selftests/bpf/progs/%.c out/bpf/vmlinux.h
	@mkdir -p $(@D)
	@echo '  BPF     $@'
	$(Q)$(CLANG) $(BPF_CFLAGS) -isystem $(STOCK_LINUX_SRC)/tools/testing/selftests/bpf -c $< -o $@

# Tests of the command line tool test its parts as well: all but main().
out/userspace/parts.a: $(filter-out out/userspace/taskhold.o,$(USER_OBJS))
	@echo '  AR      $@'
	$(Q)rm -f $@ && $(AR) rcs $@ $^

out/tests/cli/%_test: tests/cli/%_test.c out/userspace/parts.a | $(TEST_SKELS) $(BPF_SKELS)
	@mkdir -p $(@D)
	@echo '  TEST    $@'
	$(Q)$(CC) $(TEST_CFLAGS) -MMD -MP -MF $@.d $< out/userspace/parts.a $(USER_LIBS) -o $@

out/tests/%_test: tests/%_test.c | $(TEST_SKELS) $(BPF_SKELS)
	@mkdir -p $(@D)
	@echo '  TEST    $@'
	$(Q)$(CC) $(TEST_CFLAGS) -MMD -MP -MF $@.d $< $(STOCK_LIBBPF) -lelf -lz -o $@

# tests/workloads/<name>.c is a program that tests run, and watch from outside:
# it needs nothing of this project.
WORKLOADS := $(patsubst %.c,out/%,$(wildcard tests/workloads/*.c))

out/tests/workloads/%: tests/workloads/%.c
	@mkdir -p $(@D)
	@echo '  TEST    $@'
	$(Q)$(CC) -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE -MMD -MP -MF $@.d \
		-static -pthread $< -o $@

# For tests/module/foreign_base_test.sh: a module with the BTF of another kernel's.
FOREIGN := out/tests/module/foreign

$(FOREIGN)/taskhold.ko: $(MODULE_SOURCES) tests/module/build-foreign.sh out/bpf/everything.bpf.o out/stock.mk
	@mkdir -p $(FOREIGN)
	@tests/module/build-foreign.sh '$(STOCK_KVER)' '$(STOCK_KDIR)' '$(STOCK_VMLINUX)' \
		'$(STOCK_BPFTOOL)' $(FOREIGN) out/bpf/everything.bpf.o >$(FOREIGN).log 2>&1 || \
		{ cat $(FOREIGN).log >&2; exit 1; }

-include $(wildcard out/tests/*/*.d)

.PHONY: tests
tests: $(TEST_PROGRAMS) $(WORKLOADS) $(SELFTESTS) $(FOREIGN)/taskhold.ko ## build the test programs

# DKMS builds and installs the module into a tree of its own, from which the
# guest loads it.
DKMS_TREE := out/dkms/target/lib/modules/$(STOCK_KVER)

out/dkms/stamp: $(MODULE_SOURCES) dkms.conf mk/module.mk $(wildcard scripts/*.sh) out/stock.mk
	@scripts/dkms-build.sh '$(STOCK_KVER)' '$(STOCK_KDIR)' '$(STOCK_KMODULES)' out/dkms
	@touch $@

.PHONY: check check-style check-dkms check-stock shell demo bench profile
check: ## run every test that CI runs; TESTS=PATTERN for some of those in a guest
	@scripts/check.sh --part style dkms stock patched deb upstream debug

check-style: ## check the sources, without a guest
	@scripts/check.sh style

check-dkms: ## check what DKMS builds, and how it fails
	@scripts/check.sh dkms

check-stock: ## run the tests on Debian's stock kernel
	@scripts/check.sh stock

# What check.sh asks for before it runs a suite.
.PHONY: ready-style ready-dkms ready-stock
ready-style: $(BPF_SKELS)
	@:
ready-dkms: out/dkms/stamp
	@:
ready-stock: out/dkms/stamp out/stock/testmod/stamp userspace tests out/bpftool/bpftool \
	     out/bench/micro out/bench/spawn out/profile/plugin.so
	@:

# By the environment, as a command may have lines, quotes and dollar signs of its own, and
# by that alone: a make that one of the scripts calls would expand it.
shell: export TASKHOLD_CMD = $(value CMD)
unexport CMD
ifeq ($(origin CMD),command line)
MAKEOVERRIDES =
endif
shell: out/dkms/stamp userspace out/bpftool/bpftool ## a root shell in the guest, with the module loaded; CMD='...' runs that in it
	@tests/qemu/run.sh --name shell --out out/shell --timeout 86400 --allow tests/qemu/shell.allow \
		--kernel '$(STOCK_VMLINUZ)' --modules '$(DKMS_TREE)' \
		$(if $(value CMD),-- tests/qemu/shell.sh "$$TASKHOLD_CMD",--interactive)

# BSD accounting is what both compare with.
demo bench: out/tests/workloads/accton
demo: out/dkms/stamp userspace ## record a real build in the guest, show what it cost
	@scripts/demo.sh '$(STOCK_VMLINUZ)' '$(DKMS_TREE)'

bench: out/dkms/stamp userspace out/bench/micro out/bench/spawn ## measure; out/bench/bench.json and a table
	@bench/run.sh '$(STOCK_VMLINUZ)' '$(DKMS_TREE)'

profile: out/dkms/stamp userspace out/bench/micro out/bench/spawn out/profile/plugin.so ## count where the instructions go
	@bench/profile/run.sh '$(STOCK_VMLINUZ)' '$(DKMS_TREE)'

# SPDX-License-Identifier: GPL-2.0-only
#
# BPF objects, their skeletons and the command line tool. What they are built
# against comes from the kernel's own source (scripts/kernel.sh): Debian 12 has
# an older libbpf and older kernel headers than struct_ops of a module need.

CLANG := clang-19
BPF_CFLAGS := -target bpf -mcpu=v3 -g -O2 -Wall -Werror -D__TARGET_ARCH_x86 \
	-Iinclude -Iout/bpf -Ibpf-progs/include -I$(STOCK_LIBBPF_INC)

BPF_NAMES := $(patsubst bpf-progs/%.bpf.c,%,$(wildcard bpf-progs/*.bpf.c))
BPF_SKELS := $(BPF_NAMES:%=out/bpf/%.skel.h)

out/bpf/vmlinux.h: $(STOCK_VMLINUX)
	@mkdir -p $(@D)
	@echo '  BTF     $@'
	$(Q)$(STOCK_BPFTOOL) btf dump file $< format c >$@.new
	@mv $@.new $@

out/bpf/%.bpf.o: bpf-progs/%.bpf.c out/bpf/vmlinux.h
	@echo '  BPF     $@'
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

# foo-bar.bpf.c becomes struct foo_bar.
out/bpf/%.skel.h: out/bpf/%.bpf.o
	@echo '  SKEL    $@'
	$(Q)$(STOCK_BPFTOOL) gen skeleton $< name $(subst -,_,$*) >$@.new
	@mv $@.new $@

.PHONY: bpf
bpf: $(BPF_SKELS) ## build the BPF programs and their skeletons
.SECONDARY: $(BPF_SKELS) $(BPF_NAMES:%=out/bpf/%.bpf.o)

.PHONY: policy
policy: out/bpf/vmlinux.h ## compile a policy of your own: SRC=mine.bpf.c makes out/policy/mine.bpf.o
	@[[ -f '$(SRC)' && '$(SRC)' == *.bpf.c ]] || \
		{ echo "make policy: SRC='$(SRC)' is no file NAME.bpf.c; give your source" >&2; exit 1; }
	@mkdir -p out/policy
	@echo '  BPF     out/policy/$(notdir $(SRC:.c=.o))'
	$(Q)$(CLANG) $(BPF_CFLAGS) -c '$(SRC)' -o 'out/policy/$(notdir $(SRC:.c=.o))'

USER_CFLAGS := -O2 -g -Wall -Wextra -Werror -D_GNU_SOURCE \
	-Iinclude -Iout/bpf -I$(STOCK_LIBBPF_INC)
USER_LIBS := $(STOCK_LIBBPF) -lelf -lz -lsmartcols -ljson-c -lisal -lcrypto

USER_OBJS := $(patsubst userspace/%.c,out/userspace/%.o,$(wildcard userspace/*.c))

out/userspace/%.o: userspace/%.c | $(BPF_SKELS)
	@mkdir -p $(@D)
	@echo '  CC      $@'
	$(Q)$(CC) $(USER_CFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

out/userspace/taskhold: $(USER_OBJS) $(STOCK_LIBBPF)
	@echo '  LINK    $@'
	$(Q)$(CC) $(LDFLAGS) $(USER_OBJS) $(USER_LIBS) -o $@

.PHONY: userspace
userspace: out/userspace/taskhold ## build the command line tool

-include $(wildcard out/bpf/*.d out/userspace/*.d)

# SPDX-License-Identifier: GPL-2.0-only
#
# What bench/ measures with.

out/bench/micro.bpf.o: bench/micro.bpf.c out/bpf/vmlinux.h
	@mkdir -p $(@D)
	@echo '  BPF     $@'
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

out/bench/micro.skel.h: out/bench/micro.bpf.o
	@echo '  SKEL    $@'
	$(Q)$(STOCK_BPFTOOL) gen skeleton $< name micro >$@.new
	@mv $@.new $@

out/bench/micro: bench/micro.c out/bench/micro.skel.h $(STOCK_LIBBPF)
	@echo '  CC      $@'
	$(Q)$(CC) $(USER_CFLAGS) -Iout/bench -MMD -MP $< $(STOCK_LIBBPF) -lelf -lz -o $@

# static: its start costs little, and is not what is measured
out/bench/spawn: bench/spawn.c
	@mkdir -p $(@D)
	@echo '  CC      $@'
	$(Q)$(CC) -O2 -Wall -Wextra -Werror -static $< -o $@

# QEMU wants to be told for which version of its interface a plugin is.
PLUGIN_VERSION = $(shell qemu-system-x86_64 --version | \
	awk '/version/ { split($$4, v, "."); print (v[1] >= 9 ? 2 : 1) }')

out/profile/plugin.so: bench/profile/plugin.c bench/profile/qemu.h
	@mkdir -p $(@D)
	@echo '  CC      $@'
	$(Q)$(CC) -O2 -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden \
		-DPLUGIN_VERSION=$(PLUGIN_VERSION) $< -o $@

-include $(wildcard out/bench/*.d)

# SPDX-License-Identifier: GPL-2.0-only
#
# What bench/ measures with.

out/bench/micro.bpf.o: bench/micro.bpf.c out/bpf/vmlinux.h
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

out/bench/micro.skel.h: out/bench/micro.bpf.o
	$(STOCK_BPFTOOL) gen skeleton $< name micro >$@.new
	@mv $@.new $@

out/bench/micro: bench/micro.c out/bench/micro.skel.h $(STOCK_LIBBPF)
	$(CC) $(USER_CFLAGS) -Iout/bench -MMD -MP $< $(STOCK_LIBBPF) -lelf -lz -o $@

# static: its start costs little, and is not what is measured
out/bench/spawn: bench/spawn.c
	@mkdir -p $(@D)
	$(CC) -O2 -Wall -Wextra -Werror -static $< -o $@

-include $(wildcard out/bench/*.d)

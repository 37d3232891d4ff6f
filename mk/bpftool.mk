# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's bpftool with the patches of tools/bpftool, for struct_ops types that a
# module defines. All that is built here is built with the unpatched one.

out/bpftool/bpftool: tools/bpftool/build.sh $(wildcard tools/bpftool/*/*) \
		scripts/bpftool.sh scripts/lib.sh out/stock.mk
	@tools/bpftool/build.sh $(@D)

.PHONY: bpftool
bpftool: out/bpftool/bpftool ## build bpftool, patched for struct_ops types of modules
	@echo '$(CURDIR)/$<'

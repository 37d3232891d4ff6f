# SPDX-License-Identifier: GPL-2.0-only

.PHONY: install dkms-install dkms-uninstall
install: userspace ## install the command line tool and the BPF programs to PREFIX
	install -D -m 755 out/userspace/taskhold '$(DESTDIR)$(PREFIX)/sbin/taskhold'
	install -d '$(DESTDIR)$(PREFIX)/lib/taskhold' '$(DESTDIR)$(PREFIX)/include/taskhold'
	install -m 644 $(BPF_NAMES:%=out/bpf/%.bpf.o) '$(DESTDIR)$(PREFIX)/lib/taskhold/'
	install -m 644 include/taskhold/*.h $(wildcard bpf-progs/include/*.h) '$(DESTDIR)$(PREFIX)/include/taskhold/'

dkms-install: ## build and install the module here with DKMS, for KVER= or the running kernel
	@scripts/dkms-install.sh install '$(KVER)'

dkms-uninstall: ## remove what dkms-install put there
	@scripts/dkms-install.sh uninstall

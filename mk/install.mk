# SPDX-License-Identifier: GPL-2.0-only

.PHONY: install uninstall dkms-install dkms-uninstall

# Installs what is built and builds nothing: it is run as root, and what root
# builds the user cannot change any more.
install: ## install the tool and the BPF programs, once built, to PREFIX
	@[[ -x out/userspace/taskhold ]] || \
		{ echo "make install: nothing is built; run 'make userspace' first, as yourself" >&2; exit 1; }
	install -D -m 755 out/userspace/taskhold '$(DESTDIR)$(PREFIX)/bin/taskhold'
	install -D -m 644 docs/taskhold.8 '$(DESTDIR)$(PREFIX)/share/man/man8/taskhold.8'
	install -d '$(DESTDIR)$(PREFIX)/lib/taskhold' '$(DESTDIR)$(PREFIX)/include/taskhold'
	install -m 644 $(wildcard out/bpf/*.bpf.o) '$(DESTDIR)$(PREFIX)/lib/taskhold/'
	install -m 644 include/taskhold/*.h $(wildcard bpf-progs/include/*.h) '$(DESTDIR)$(PREFIX)/include/taskhold/'

uninstall: ## remove what install put there
	rm -f '$(DESTDIR)$(PREFIX)/bin/taskhold' '$(DESTDIR)$(PREFIX)/share/man/man8/taskhold.8'
	rm -rf '$(DESTDIR)$(PREFIX)/lib/taskhold' '$(DESTDIR)$(PREFIX)/include/taskhold'

dkms-install: ## build and install the module here with DKMS, for KVER= or the running kernel
	@scripts/dkms-install.sh install '$(KVER)'

dkms-uninstall: ## remove what dkms-install put there
	@scripts/dkms-install.sh uninstall

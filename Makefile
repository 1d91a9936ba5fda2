# SPDX-License-Identifier: GPL-2.0
# Weir: a drop-in replacement for Linux IPVS. "make help" lists the targets.

KDIR ?= /lib/modules/$(shell uname -r)/build
# not kernel.release, which differs from the version of the modules in Debian 12's headers
KVER ?= $(shell sed -n 's/^.define UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h 2>/dev/null)
PREFIX ?= /usr/local
DEPMOD ?= depmod
export DESTDIR PREFIX

KERNEL ?= 6.1
IMPL ?= weir
T ?=

KERNELDIR = $(DESTDIR)/lib/modules/$(KVER)
MODDIR = $(KERNELDIR)/updates
CONFDIR = $(DESTDIR)/etc/modprobe.d

# modules of tests are not installed
INSTALLED = $(filter-out %_test.ko %_kunit.ko,$(wildcard kernel/*.ko))
MODULES = ip_vs.ko ip_vs_ftp.ko ip_vs_pe_sip.ko xt_ipvs.ko

# programs load schedulers by the names of the in-tree modules: alias them to ip_vs
ALIASES = sed -n -e '1i \# Written by Weir: its schedulers are part of ip_vs.ko.' \
	-e 's/^[[:space:]]*X(\([a-z0-9_]*\), .*/alias ip_vs_\1 ip_vs/p' kernel/sched/list.h

VM = tools/testing/vm

all: modules ipvsadm

require-kernel:
	@scripts/require kernel "$(KDIR)"

modules: require-kernel
	$(MAKE) -C $(KDIR) M=$(CURDIR)/kernel modules

ipvsadm:
	$(MAKE) -C ipvsadm

install: install-modules install-ipvsadm

install-modules:
	@scripts/require built kernel/ip_vs.ko "$(KVER)"
	install -d $(MODDIR) $(CONFDIR)
	install -m 644 $(INSTALLED) $(MODDIR)
	$(ALIASES) >$(CONFDIR)/weir.conf
	chmod 644 $(CONFDIR)/weir.conf
	grep -q '^alias ' $(CONFDIR)/weir.conf
	$(DEPMOD) $(if $(DESTDIR),-b $(DESTDIR)) $(KVER)

install-ipvsadm:
	@scripts/require built ipvsadm/ipvsadm
	$(MAKE) -C ipvsadm install

uninstall:
	@scripts/require version "$(KVER)"
	rm -f $(addprefix $(MODDIR)/,$(MODULES)) $(CONFDIR)/weir.conf
	[ ! -d $(MODDIR) ] || rmdir --ignore-fail-on-non-empty $(MODDIR)
	if [ -d $(KERNELDIR)/kernel ]; then \
		$(DEPMOD) $(if $(DESTDIR),-b $(DESTDIR)) $(KVER); \
	elif [ -d $(KERNELDIR) ]; then \
		rm -f $(KERNELDIR)/modules.*; \
		rmdir --ignore-fail-on-non-empty $(KERNELDIR); \
	fi
	$(MAKE) -C ipvsadm uninstall

demo:
	@tools/testing/demo/run

test:
	@$(VM)/run-tests --impl $(IMPL) $(KERNEL) -- $(T)

# what depends on preemption, and on the processor
RT_TESTS = forward icmp states netns reload fuzz
ARM64_TESTS = forward icmp states cli

test-all:
	@status=0; \
	$(VM)/run-tests --impl weir --extended 6.1 6.12 7 uml uml-debug -- $(T) || status=1; \
	$(VM)/run-tests --impl kernel --extended 6.1 6.12 7 uml -- $(T) || status=1; \
	$(VM)/run-tests --impl weir 6.1-rt 6.12-rt -- $(or $(T),$(RT_TESTS)) || status=1; \
	$(VM)/run-tests --impl weir arm64 -- $(or $(T),$(ARM64_TESTS)) || status=1; \
	$(VM)/run-pairs 6.1 6.12 7 uml || status=1; \
	$(MAKE) builds || status=1; \
	exit $$status

# status 4: skipped
builds:
	@rc=0; for job in kernels "kernels --arch arm64 --newest" parts; do \
		tools/testing/builds/$$job || [ $$? -eq 4 ] || rc=1; \
	done; exit $$rc

shell:
	@$(VM)/run $(KERNEL) --impl $(IMPL) --shell

bench:
	@tools/testing/bench/run

check:
	@scripts/check

clean:
	$(if $(wildcard $(KDIR)/Makefile),$(MAKE) -C $(KDIR) M=$(CURDIR)/kernel clean)
	$(if $(wildcard ipvsadm/Makefile),$(MAKE) -C ipvsadm clean)

help:
	@sed -n 's/^#: //p' Makefile

#: make                 build the modules (for KDIR) and ipvsadm/ipvsadm
#: make modules         build only the modules; KDIR is the kernel's build directory
#: make ipvsadm         build only ipvsadm
#: make install         install modules to /lib/modules/KVER/updates, ipvsadm to PREFIX/sbin (DESTDIR)
#: make uninstall       remove the installed files
#: make demo            run a director and real servers in a virtual machine and send requests
#: make test            run the selftests: T=name IMPL=weir|kernel
#:                      KERNEL=6.1|6.12|7|6.1-rt|6.12-rt|arm64|uml|uml-debug (7: newest 7.x in Debian)
#: make test-all        run all selftests on every kernel, and with the kernel's ip_vs (but for
#:                      uml-debug), and a selection on the rt kernels and on arm64; make builds
#: make builds          build the modules for every kernel in Debian's archive, and for kernels without some parts
#: make shell           open a shell in a virtual machine with the module loaded (KERNEL=, IMPL=)
#: make bench           measure cost per packet and memory per connection against the kernel's ip_vs
#: make check           run the static checks and unit tests
#: make clean           remove built files

.PHONY: all require-kernel modules ipvsadm install install-modules install-ipvsadm \
	uninstall demo test test-all builds shell bench check clean help

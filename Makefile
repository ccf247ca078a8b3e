# SPDX-License-Identifier: GPL-2.0
#
# What a person types; `make help` lists it. How the module is made is in Kbuild.

ifneq ($(KERNELRELEASE),)
$(error the kernel build system reads Kbuild, not this file)
endif

# The kernel that everything is done with: its series, its architecture, and its flavour (test,
# debug, bench, built-in or strict; see qemu/config).
series  := $(shell sed '/^#/d' scripts/series)
KERNEL  ?= $(firstword $(series))
ARCH    ?= x86_64
FLAVOR  ?= test
# The emulated machine of `make shell`, and the one that `make test` is limited to.
MACHINE ?=
# The selftests that `make test` is limited to, and the figures that `make bench` is.
TESTS   ?=
FIGURES ?=

# The suites whose newest kernels `make stock` tests; by default trixie-backports and sid. Commas or blanks are
# between them, as between flavours.
SUITES  ?=
# The flavours of these kernels; by default that of the architecture.
FLAVOURS ?=

# How long `make test-all` may take; without it, as long as it wants.
MINUTES ?=

# How many interleavings `make transaction-check` tries.
SCHEDULES ?= 1000000

# How long `make fuzz` and `make fuzz-guest` take, and a finding to try again.
SECONDS ?= 60
REPLAY  ?=

# Set to build and run a module that counts which of its blocks run.
COVERAGE ?=

comma   := ,
build   := $(CURDIR)/build
env     := $(build)/env-$(KERNEL)
harness := $(build)/harness/bin/overdrive-harness
triple  := $(if $(filter arm64,$(ARCH)),aarch64,x86_64)-unknown-linux-gnu
select   = --kernel $(KERNEL) --arch $(ARCH) --flavor $(1) $(if $(COVERAGE),--coverage)
name     = $(KERNEL)-$(ARCH)-$(1)

# $(call kbuild,KERNEL-FLAVOUR,OUTPUT-FOLDER): the kernel's build system, for the module.
ifdef KDIR
  out    := $(build)/module/custom
  kbuild  = flags=$$(scripts/kernel-tree '$(KDIR)') && \
	mkdir -p '$(2)' && $(MAKE) -C '$(KDIR)' M='$(CURDIR)' MO='$(2)' $$flags
  module-needs :=
else
  # Expanded where it is used: `make bench` has a flavour of its own.
  out     = $(build)/module/$(call name,$(FLAVOR))$(if $(COVERAGE),-coverage)
  kbuild  = . '$(env)' && mkdir -p '$(2)' && \
	$(MAKE) -C "$$(realpath '$(build)/kernel/$(call name,$(1))')" M='$(CURDIR)' MO='$(2)' \
	ARCH=$(ARCH) LLVM="$$LLVM" RUSTC="$$RUSTC" RUSTFMT="$$RUSTFMT" RUSTDOC="$$RUSTDOC" \
	BINDGEN="$$BINDGEN" CLIPPY_DRIVER="$$CLIPPY_DRIVER" RUST_LIB_SRC="$$RUST_LIB_SRC" \
	$(if $(COVERAGE),COVERAGE=1)
  module-needs := kernel
endif

# What the guests run besides programs. Built into the kernel, overdrive is no module, and tests have none.
under-test := $(if $(filter built-in,$(FLAVOR)),kernel,test-modules)

# The tests' own drivers are another tree for Kbuild.
test-kbuild = $(subst M='$(CURDIR)',M='$(CURDIR)/qemu/modules',$(kbuild))

# Sub-makes are called one after the other: they share caches and the terminal.
.NOTPARALLEL:
.PHONY: all setup kernel harness guest command module test-modules run test coverage test-all stress stock bench shell clippy fmt fmt-check \
	shellcheck check check-tree check-tree-list kernel-check host-test oldest-rust transaction-check fuzz fuzz-guest faults mutants rust-analyzer modules_install deb deb-check htmldocs early-boot clean help

all: module

help:
	@echo 'The main job:'
	@echo '  run              - hand real emulated devices to the meta driver and back, and show it'
	@echo '  test             - all tests: KUnit suites and selftests in QEMU guests'
	@echo
	@echo 'Building:'
	@echo '  module           - build overdrive.ko (the default target)'
	@echo '  modules_install  - install it for KDIR (INSTALL_MOD_PATH= as in the kernel)'
	@echo '  command          - build the command overdrive, a static program for this machine'
	@echo '  deb              - Debian packages: the tools, and the module for dkms'
	@echo '  deb-check        - install, use and purge the tools on fresh Debian systems (root, mmdebstrap, lintian)'
	@echo '  htmldocs         - the documentation as HTML (installs Sphinx and graphviz)'
	@echo '  setup            - install and fetch what is missing; scripts/setup --check only reports'
	@echo '  kernel           - build the test kernel, unless the cache has it'
	@echo '  harness, guest   - build the program that runs the guests, and those that run in them'
	@echo '  clean            - remove build/ (the cache stays)'
	@echo
	@echo 'Testing:'
	@echo '  stress           - the same tests with counts in the hundreds and thousands'
	@echo '  coverage         - the tests, and which lines of the module none of them reaches'
	@echo '  test-all         - the tests on all kernels, architectures, flavours and configurations (MINUTES=)'
	@echo '  stock            - the tests on unmodified Debian kernels (installs mmdebstrap)'
	@echo '  bench            - count guest instructions against the C peers'
	@echo '  shell            - a guest to look around in (MACHINE=q35, microvm or virt)'
	@echo '  early-boot       - boot Debian systems with our package and a saved rule (root, mmdebstrap)'
	@echo '  check            - clippy, rustfmt, shellcheck, the rules of scripts/check, and the tests that need no guest'
	@echo '  check-tree-list  - where the tree breaks any of these rules'
	@echo '  kernel-check     - what the kernel tree'\''s own tools say (a part of check)'
	@echo '  oldest-rust      - see that Rust 1.85 builds all programs for host and guest'
	@echo '  transaction-check - try SCHEDULES=1000000 interleavings of transactions, on the host'
	@echo '  faults           - put faults into the module, and see that the tests notice (FAULTS=)'
	@echo '  fuzz             - look for bytes that the rules engine gets wrong, on the host'
	@echo '  fuzz-guest       - try sequences of all that a user can do in a guest (SECONDS=, REPLAY=FILE, FLAVOR=debug)'
	@echo '  mutants          - count the changes of the rules engine that no test notices (an hour)'
	@echo '  clippy, fmt-check, shellcheck, host-test, fmt, rust-analyzer'
	@echo
	@echo 'Variables:'
	@echo '  KERNEL=$(firstword $(series))       - kernel series: $(series)'
	@echo '  ARCH=x86_64      - the guest: x86_64 or arm64, which is cross-built'
	@echo '  FLAVOR=test      - test (lockdep, KUnit), debug (and KASAN, kmemleak), bench (none), built-in (overdrive as a'
	@echo '                     part of the kernel), strict (no VFIO groups, signed modules, lockdown)'
	@echo '  KDIR=            - build the module for this kernel build folder instead'
	@echo '  MACHINE=         - q35 (PCI behind an IOMMU) or microvm (platform devices); virt is for arm64'
	@echo '  TESTS=           - names of selftests, for make test'
	@echo '  SUITES=          - whose newest kernels make stock tests: trixie-backports, sid'
	@echo '  FLAVOURS=        - of these kernels: amd64, cloud-amd64, rt-amd64'
	@echo '  MINUTES=         - how long make test-all may take'
	@echo '  SECONDS=60       - how long make fuzz and make fuzz-guest take'
	@echo '  COVERAGE=1       - for any target that builds the module: one that counts which of its blocks run'
	@echo '  FIGURES=         - names of figures, for make bench'
	@echo '  OVERDRIVE_CACHE= - where kernels and downloads are kept (~/.cache/overdrive)'

setup:
	@scripts/setup --kernel $(KERNEL) --arch $(ARCH) $(setup-options)

# `cargo install` leaves just the programs that this clone has. What cargo builds stays in the clone: it
# does not keep two clones apart in one folder.
cargo-install = RUSTC="$$RUSTC" "$$CARGO" install --quiet --locked --force --no-track \
	--target-dir '$(build)/cargo'

harness: setup
	@. '$(env)' && $(cargo-install) --path qemu/harness --root '$(build)/harness'

# What rustc must be told of a guest's architecture: where its library is, and how programs are linked.
guest-rustflags-arm64 = --sysroot=$$SYSROOT_ARM64 -C linker=aarch64-linux-gnu-gcc

guest: setup
	@. '$(env)' && rm -rf '$(build)/guest/$(ARCH)' && \
		RUSTFLAGS="-C target-feature=+crt-static $(guest-rustflags-$(ARCH))" \
		$(cargo-install) --path qemu/guest --root '$(build)/guest/$(ARCH)' --target $(triple)
	@. '$(env)' && RUSTFLAGS="-C target-feature=+crt-static $(guest-rustflags-$(ARCH))" \
		$(cargo-install) --path scripts/overdrive --bin overdrive --root '$(build)/guest/$(ARCH)' --target $(triple)
	@[ '$(ARCH)' != x86_64 ] || scripts/vfio-selftests '$(env)' '$(build)/guest/$(ARCH)/bin'

# Who has no more than cargo can have it.
command:
	@RUSTFLAGS='-C target-feature=+crt-static' $${CARGO:-cargo} install --quiet --locked --force --no-track \
		--path scripts/overdrive --bin overdrive --root '$(build)/command' --target '$(triple)' \
		--target-dir '$(build)/cargo'
	@echo 'overdrive: build/command/bin/overdrive'

kernel: harness
	@'$(harness)' kernel $(call select,$(FLAVOR))

module: $(module-needs)
	@$(call kbuild,$(FLAVOR),$(out)) modules
	@echo "overdrive.ko: $(out:$(CURDIR)/%=%)/overdrive.ko"

# The harness finds them beside overdrive.ko.
test-modules: module
	@$(call test-kbuild,$(FLAVOR),$(out)/test) modules
	@cp '$(out)'/test/*.ko '$(out)'

htmldocs:
	@scripts/htmldocs '$(build)/htmldocs'

deb:
	@CARGO_TARGET_DIR='$(build)/cargo' scripts/packaging/deb/make '$(build)/deb'

# As root, and only where mmdebstrap and lintian are.
deb-check: deb
	@scripts/packaging/deb/check '$(build)/deb'

modules_install: module
	@$(call kbuild,$(FLAVOR),$(out)) modules_install

run: module guest
	@'$(harness)' run $(call select,$(FLAVOR))

test: $(under-test) guest
	@'$(harness)' test $(call select,$(FLAVOR)) $(if $(MACHINE),--machine $(MACHINE)) $(TESTS)

stress: $(under-test) guest
	@'$(harness)' test --stress $(call select,$(FLAVOR)) $(if $(MACHINE),--machine $(MACHINE)) $(TESTS)

coverage: override COVERAGE := 1
coverage: test-modules guest
	@'$(harness)' test $(call select,$(FLAVOR)) $(if $(MACHINE),--machine $(MACHINE)) $(TESTS)

fuzz-guest: override COVERAGE := 1
fuzz-guest: test-modules guest
	@'$(harness)' fuzz $(call select,$(FLAVOR)) --seconds $(SECONDS) $(if $(REPLAY),--replay '$(REPLAY)')

test-all:
	@MAKE='$(MAKE)' scripts/test-all $(if $(MINUTES),--minutes $(MINUTES))

stock:
	@MAKE='$(MAKE)' scripts/stock $(foreach suite,$(subst $(comma), ,$(SUITES)),--suite $(suite)) \
		$(foreach flavour,$(subst $(comma), ,$(FLAVOURS)),--flavour $(flavour)) $(TESTS)

shell: $(under-test) guest
	@'$(harness)' shell $(call select,$(FLAVOR)) $(if $(MACHINE),--machine $(MACHINE))

bench: override FLAVOR := bench
bench: test-modules guest
	@'$(harness)' bench $(call select,bench) $(if $(JSON),--json) $(FIGURES)

oldest-rust:
	@scripts/oldest-rust

# As root, and only where mmdebstrap is.
early-boot: test-modules
	@qemu/debian/early-boot '$(env)' '$(build)/kernel/$(call name,$(FLAVOR))' '$(out)/overdrive.ko'
	@qemu/debian/reboot '$(env)' '$(build)/kernel/$(call name,$(FLAVOR))' '$(out)/overdrive.ko'
	@qemu/debian/reboot-dracut '$(env)' '$(build)/kernel/$(call name,$(FLAVOR))' '$(out)/overdrive.ko'

check: fmt-check shellcheck clippy host-test check-tree kernel-check

kernel-check: setup
	@. '$(env)' && scripts/kernel-check "$$KERNEL_SRC"

check-tree check-tree-list: setup
	@. '$(env)' && RUSTC="$$RUSTC" "$$CARGO" run --quiet --locked --manifest-path scripts/check/Cargo.toml \
		--target-dir '$(build)/cargo' -- $(if $(filter check-tree-list,$@),--list)

clippy: $(module-needs)
	@$(call kbuild,$(FLAVOR),$(build)/clippy) CLIPPY=1 KRUSTFLAGS=-Dwarnings modules
	@. '$(env)' && RUSTC="$$RUSTC" "$$CARGO" clippy --quiet --locked --all-targets \
		--manifest-path qemu/Cargo.toml --target-dir '$(build)/cargo' -- -D warnings
	@. '$(env)' && RUSTC="$$RUSTC" "$$CARGO" clippy --quiet --locked --all-targets --features generate \
		--manifest-path scripts/overdrive/Cargo.toml --target-dir '$(build)/cargo' -- -D warnings
	@. '$(env)' && RUSTC="$$RUSTC" "$$CARGO" clippy --quiet --locked --all-targets \
		--manifest-path scripts/check/Cargo.toml --target-dir '$(build)/cargo' -- -D warnings

fmt fmt-check: setup
	@. '$(env)' && "$$RUSTFMT" $(if $(filter fmt-check,$@),--check) --edition 2021 src/overdrive.rs
	@. '$(env)' && RUSTFMT="$$RUSTFMT" "$$CARGO" fmt $(if $(filter fmt-check,$@),--check) --all \
		--manifest-path qemu/Cargo.toml
	@. '$(env)' && RUSTFMT="$$RUSTFMT" "$$CARGO" fmt $(if $(filter fmt-check,$@),--check) \
		--manifest-path scripts/overdrive/Cargo.toml
	@. '$(env)' && RUSTFMT="$$RUSTFMT" "$$CARGO" fmt $(if $(filter fmt-check,$@),--check) \
		--manifest-path scripts/check/Cargo.toml

shellcheck: setup
	@git grep -lE '^#!/bin/(busybox )?sh' | \
		xargs shellcheck --external-sources --source-path=SCRIPTDIR --shell=sh

host-test: setup
	@. '$(env)' && for project in qemu qemu/rules qemu/transaction scripts/overdrive scripts/check; do \
		RUSTC="$$RUSTC" "$$CARGO" test --quiet --locked --manifest-path $$project/Cargo.toml \
			--target-dir '$(build)/cargo' || exit 1; \
	done
	@scripts/overdrive_test.sh

# The transaction engine under a scheduler that tries one interleaving after the other.
transaction-check: setup
	@. '$(env)' && RUSTC="$$RUSTC" SCHEDULES=$(SCHEDULES) "$$CARGO" test --quiet --locked \
		--manifest-path qemu/transaction/Cargo.toml --target-dir '$(build)/cargo'

# Only the program itself counts where it comes by: not what runs while it is built.
fuzz-flags := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=3 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cdebug-assertions -Copt-level=1

fuzz: setup
	@. '$(env)' && target=$$("$$RUSTC" -vV | sed -n 's/^host: //p') && RUSTC="$$RUSTC" \
		RUSTFLAGS='$(fuzz-flags)' "$$CARGO" build --quiet --locked --manifest-path qemu/rules/Cargo.toml --features fuzz \
		--bin fuzz --target "$$target" --target-dir '$(build)/cargo' && \
		cd '$(build)' && "cargo/$$target/debug/fuzz" $(SECONDS)

# The faults of qemu/faults whose names contain one of these; all by default.
FAULTS ?=

faults: test-modules guest
	@scripts/faults '$(env)' $(KERNEL) $(FAULTS)

mutants: setup
	@scripts/mutants '$(env)' '$(build)/mutants'

rust-analyzer: $(module-needs)
	@$(call kbuild,$(FLAVOR),$(out)) rust-analyzer
	@[ ! -f '$(out)/rust-project.json' ] || mv '$(out)/rust-project.json' rust-project.json

clean:
	rm -rf '$(build)' rust-project.json

# The two commands of a newcomer are `make demo` and `make test`.

TARGET  := x86_64-unknown-linux-gnu
CARGO   := cargo
SHIPPED := target/$(TARGET)/release/fuel-updates

.PHONY: demo test e2e e2e-full lint static dist dist-test bench prepare clean

demo: ## the main job against a lab on loopback, nothing else needed
	$(CARGO) build --locked --workspace --bins
	target/$(TARGET)/debug/fuel-lab demo --binary target/$(TARGET)/debug/fuel-updates

test: prepare lint static ## everything, also on a fresh machine; with misleading files planted where the program looks
	HERMETIC_PLANT=1 FUEL_UPDATES_SHIPPED=$(CURDIR)/$(SHIPPED) $(CARGO) test --locked --workspace --no-fail-fast

e2e: prepare ## installations on real nodes, the core of it; as root
	$(CARGO) test --locked --test e2e

e2e-full: prepare ## the same with every failure and repair
	$(CARGO) test --locked --features e2e-full --test e2e

lint: ## formatting, clippy without warnings, licences and sources, words that must not stay
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --workspace --all-targets --features e2e-full -- -D warnings
	scripts/deny.sh
	scripts/forbid.sh

static: ## the binary that is shipped: static-pie
	scripts/static.sh

dist: static ## rpm, deb, bill of materials, checksums: target/dist
	scripts/dist.sh

dist-test: ## the same commit built in two folders: the same bytes; takes two release builds
	scripts/dist/twice.sh

bench: static ## speed beside OpenSSH, pssh, pdsh, clush and asyncssh; BENCH='--help' tells the options
	python3 scripts/bench/bench.py $(BENCH)

prepare: ## system packages that the tests need; as root it installs them
	scripts/prepare.sh

clean:
	$(CARGO) clean

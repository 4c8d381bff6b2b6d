# `make` alone lists the targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules

web_packages := web/node_modules/.package-lock.json
web_sources := web/build.mjs $(shell find web/graphiql web/pages 2>/dev/null)
web_built := web/dist/graphiql/index.html
journey_packages := examples/journey/node_modules/.package-lock.json
schema_packages := tests/schema/node_modules/.package-lock.json
browser_packages := tests/browser/node_modules/.package-lock.json
client_packages := tests/clients/node_modules/.package-lock.json
scripts := $(wildcard examples/*.mjs web/*.mjs web/graphiql/*.js examples/journey/*.mjs examples/journey/steps/*.mjs loadtest/*.mjs tests/*/*.mjs)

.PHONY: help
help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: $(web_built) ## start kabinet with demonstration data on http://127.0.0.1:8080 (debug build: minutes sooner than a release)
	cargo run --locked -- serve --demo

.PHONY: web
web: $(web_built) ## build what the server carries for browsers (GraphiQL, styles)

.PHONY: test
test: lint deny schema-quality web $(browser_packages) $(client_packages) $(journey_packages) ## all that must hold before a merge: lints, dependencies (where cargo-deny is installed), web build, every test in both ways to run
	KABINET_SIMULATE=20000 tests/services cargo test --workspace --locked
	tests/browser/run target/debug/kabinet

.PHONY: simulate
simulate: ## a million histories of payments under faults and crashes; fewer: make simulate HISTORIES=100000
	KABINET_SIMULATE=$(or $(HISTORIES),1000000) cargo test --release --locked --test simulation -- --nocapture

.PHONY: histories
histories: ## a hundred thousand generated histories of statements, corrections and payments against the ledger's rules; others: make histories HISTORIES=20000
	KABINET_HISTORIES=$(or $(HISTORIES),100000) cargo test --locked --lib billing::posting

.PHONY: lint
lint: ## formatting, clippy without warnings, syntax of the scripts
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- --deny warnings
	for script in $(scripts); do node --check "$$script"; done
	for script in tests/services tests/browser/run loadtest/front_door fuzz/run .ci/run; do bash -n "$$script"; done

.PHONY: check
check: lint deny schema-quality ## the fast part: lints, schema.graphql up to date and unbroken, dependencies
	cargo run --quiet --locked -- schema | diff -u schema.graphql - \
		|| { echo 'schema.graphql is out of date: run `make schema`' >&2; exit 1; }

.PHONY: schema-quality
schema-quality: $(schema_packages) ## schema.graphql: descriptions, names, Relay's rules, what a change would break; GraphiQL's examples fit it
	npm --prefix tests/schema run --silent lint
	npm --prefix tests/schema run --silent breaking
	npm --prefix tests/schema run --silent examples

.PHONY: browser
browser: $(browser_packages) web ## GraphiQL of a debug build in headless Chromium; pictures in target/browser
	cargo build --locked
	tests/browser/run target/debug/kabinet

.PHONY: deny
deny: ## dependencies against deny.toml, without the network
	@if cargo deny --version >/dev/null 2>&1; then \
		cargo deny --locked check bans licenses sources; \
	else \
		echo 'cargo-deny is not installed: dependencies were not checked (cargo install --locked cargo-deny)'; \
	fi

.PHONY: audit
audit: ## dependencies against the RustSec advisories (needs cargo-deny and the network)
	cargo deny --locked check advisories

.PHONY: fmt
fmt: ## format the code
	cargo fmt --all

.PHONY: schema
schema: ## write schema.graphql, as the code has it
	mkdir -p target
	cargo run --quiet --locked -- schema >target/schema.graphql
	mv target/schema.graphql schema.graphql

.PHONY: errors
errors: ## write docs/errors.md, the catalogue of codes, as the code has it
	mkdir -p target
	cargo run --quiet --locked -- errors >target/errors.md
	mv target/errors.md docs/errors.md

.PHONY: scopes
scopes: ## write docs/scopes.md, which token opens which field, as the code has it
	mkdir -p target
	cargo run --quiet --locked -- scopes >target/scopes.md
	mv target/scopes.md docs/scopes.md

.PHONY: letters
letters: ## write tests/it/notifications/letters, every letter as the code has it
	rm -rf tests/it/notifications/letters
	env -i PATH="$$PATH" HOME="$$HOME" cargo run --quiet --locked -- mail preview --out tests/it/notifications/letters

.PHONY: journey
journey: $(journey_packages) ## a customer's whole way through a running server; options: make journey ARGS='--url …'
	node examples/journey/journey.mjs $(ARGS)

.PHONY: fuzz
fuzz: ## the decoders and the guard against bytes that libFuzzer makes up, five minutes each; otherwise: make fuzz ARGS='60 document'
	fuzz/run $(ARGS)

.PHONY: bench-hostile
bench-hostile: ## CPU and memory of the door for each family of hostile requests
	cargo bench --locked --bench hostile

.PHONY: release
release: $(web_built) ## build target/release/kabinet, one file with everything in it (about three times as long as a debug build)
	cargo build --release --locked

.PHONY: import-figures
import-figures: release ## benchmark: loading registers on both engines, size, start and idle memory; fewer accounts: make import-figures ARGS=2000
	tests/services node loadtest/import_figures.mjs $(ARGS)

.PHONY: first-page
first-page: release ## benchmark: first page, ledger page and submitted reading over a million accounts beside pgbench; fewer: make first-page ARGS='20000 5'
	tests/services node loadtest/first_page.mjs $(ARGS)

.PHONY: front-door
front-door: release ## benchmark: what `{ __typename }` costs against poem's bare hello (needs wrk and curl)
	cargo build --release --locked --example hello
	loadtest/front_door

.PHONY: idle-sockets
idle-sockets: release loadtest/node_modules/.package-lock.json ## benchmark: memory of 10,000 idle WebSockets
	node loadtest/idle_sockets.mjs

.PHONY: timing
timing: release ## benchmark: whether the time of an answer tells that an address is known; fewer samples: make timing ARGS='500 50'
	node loadtest/timing.mjs $(ARGS)

.PHONY: sign-in-storm
sign-in-storm: release ## benchmark: sign-ins a second against argon2 alone, and what 500 at once do to people who read
	cargo build --release --locked --example argon2
	node loadtest/sign_in_storm.mjs $(ARGS)

.PHONY: faults
faults: ## of `make test`: payments through whole processes while the network, the bank, PostgreSQL, Redis and kabinet itself fail
	tests/services cargo test --locked --test it -- --nocapture process::faults

.PHONY: payment-figures
payment-figures: release ## benchmark: payments a second and CPU of each on PostgreSQL; otherwise: make payment-figures ARGS='SECONDS AT_ONCE ACCOUNTS'
	tests/services node loadtest/payments.mjs $(ARGS)

.PHONY: batch-figures
batch-figures: release ## benchmark: statements imported through the API, rows a second and peak memory; fewer: make batch-figures ARGS='STATEMENTS AT_ONCE LINES'
	tests/services node loadtest/batches.mjs $(ARGS)

.PHONY: follow-figures
follow-figures: release loadtest/node_modules/.package-lock.json ## benchmark: live subscriptions over two instances behind nginx (Debian: nginx-light); otherwise: make follow-figures ARGS='SUBSCRIPTIONS CHANGES SECONDS BREAKS'
	tests/services node loadtest/follow.mjs $(ARGS)

.PHONY: clean-data
clean-data: ## delete ./data: the database, letters and secret key of `make run`
	rm -rf data

$(web_built): $(web_packages) $(web_sources)
	cd web && npm run --silent build

# npm writes this file last.
%/node_modules/.package-lock.json: %/package.json %/package-lock.json
	cd $* && npm ci --no-audit --no-fund
	touch $@

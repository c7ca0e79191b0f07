# `make` is the loop while you work, and needs Go alone. `make help` lists the rest.

GO      ?= go
VERSION ?= development

TOOL = $(GO) tool -modfile=tools/go.mod
E2E   = ./internal/e2e/... ./examples/...
SHORT = $(addprefix ./internal/e2e/, matching operating paying proxying storage)
# The tests that need large libraries are a module of their own.
HEAVY = internal/heavytests
# So are those of the deployments in examples: Helm, Compose, ECS.
DEPLOY = internal/deploytests
UNIT  = $$($(GO) list ./... | grep -v -e /internal/e2e -e /examples)

# What makes the long tests long: how often the program is killed, and how long the random walk goes.
KILLS ?= 200
WALK  ?= 10m
# How long each fuzz target runs.
FUZZTIME ?= 30s
# Which benchmarks run, and for how long.
BENCH     ?= .
BENCHTIME ?= 1s

.DEFAULT_GOAL := check
.PHONY: help check format vet unit short lint test e2e browser disaster fuzz bench build image demo release-check

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

check: format vet unit short ## the loop: format, vet, unit tests and the short end-to-end tests

format: ## list the files that gofmt would change
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then printf 'not formatted:\n%s\n' "$$unformatted"; exit 1; fi

vet: ## go vet, without internal/heavytests
	$(GO) vet ./...

unit: ## the tests beside the code, without other servers
	$(GO) test -short $(UNIT)

short: ## the end-to-end tests that need no other servers and little time
	$(GO) test -short $(SHORT)

lint: ## gofumpt, go vet and staticcheck of everything, in the versions of tools/go.mod
	@unformatted=$$($(TOOL) gofumpt -l .); \
	if [ -n "$$unformatted" ]; then printf 'not formatted:\n%s\n' "$$unformatted"; exit 1; fi
	$(TOOL) staticcheck ./...
	$(GO) vet -C $(HEAVY) ./...
	$(GO) tool -C $(HEAVY) -modfile=../../tools/go.mod staticcheck ./...

test: ## all tests
	$(GO) test -timeout 15m ./...
	$(GO) test -C $(HEAVY) -timeout 15m ./...
	$(GO) test -C $(DEPLOY) -count 1 ./... # Go does not notice that a file outside a module has changed

e2e: ## all end-to-end tests: with PostgreSQL, web servers, frameworks and a browser, where installed
	$(GO) test -timeout 15m $(E2E)
	$(GO) test -C $(HEAVY) -timeout 15m ./...

browser: ## tools and services that the tests of pages and frameworks need from npm
	cd tools && npm ci --ignore-scripts --no-audit --no-fund
	cd internal/e2e/stacks/testdata/express && npm ci --ignore-scripts --no-audit --no-fund
	cd internal/heavytests/paysim/testdata/clients && npm ci --ignore-scripts --no-audit --no-fund
	cd internal/e2e/stacks/testdata/next && npm ci --ignore-scripts --no-audit --no-fund && npm run build

disaster: ## break everything: failing steps, random walks, kills, a database that goes away (KILLS, WALK)
	$(GO) test -timeout 0 -count 1 ./internal/e2e/faults ./internal/e2e/storage
	$(GO) test -timeout 0 -count 1 ./internal/e2e/disaster -kills=$(KILLS) -walk $(WALK)

fuzz: ## every fuzz target for a while (FUZZTIME)
	@for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' "$$package" | grep '^Fuzz'); do \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$package" || exit 1; \
		done; \
	done

bench: ## benchmarks (BENCH, BENCHTIME)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) ./...

build: ## the static binary, ./paygate
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o paygate .

image: ## the container image, paygate (VERSION)
	docker build -t paygate --build-arg VERSION=$(VERSION) .

demo: ## a sample service, a simulated GOV.UK Pay and Paygate, with no settings
	$(GO) run . demo

release-check: ## everything that must hold before a change lands or a release is made; installs what it needs
	.ci/run

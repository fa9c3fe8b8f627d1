# Every target covers all modules of go.work.
MODULES  := $(shell go list -m -f '{{.Dir}}')
PACKAGES := $(addsuffix /...,$(MODULES))

# A module outside of the workspace: its frameworks need newer versions of modules that the command has
# as well. It is built with its own go.mod.
ALONE := examples/frameworks

# Packages with Prometheus inside. Their tests run programs and browsers, those of
# cmd/tacho alone, and without -race, which would compile all of it again.
# Without cgo they share compiled packages with the programs of bin/test.
# Tests that mostly wait run beside each other, six at a time.
HEAVY := ./server/... ./gen/... ./cmd/tacho/...
LIGHT := $(addsuffix /...,$(filter-out $(addprefix $(CURDIR)/,server gen cmd/tacho),$(MODULES)))

# Every package takes less than a third of this on two cores with empty caches.
LIMIT := -timeout 20m

RUN   := go run ./internal/testrun

# Packages with tests that -race would disturb, which count allocations.
COUNTS := ./adapter/adaptertest/routers ./internal/engine ./sidecar

# With a larger heap, tests with -race take half the time, and those of gen a fifth
# less. Not for server and cmd/tacho, whose tests check how the program handles GOGC.
RACE := env GOGC=400 go test -race

.PHONY: test programs long soak release-test cluster race unit lint fuzz bench build release tidy generate

test: ## install what the tests need (Debian packages, as root), then run everything
	@echo "make test: installs missing Debian packages, builds the programs that tests start, runs all tests."
	@echo "On two cores: about 25 minutes; packages that have not changed are not tested again. docs/testing.md has the details."
	@scripts/install-peers
	@$(MAKE) --no-print-directory programs
	@$(RUN) -- $(RACE) $(LIMIT) $(LIGHT) -- env CGO_ENABLED=0 go test $(LIMIT) -run '^Test(Allocations|NestedBytes)$$' $(COUNTS) -- env CGO_ENABLED=0 GOGC=400 go test -p 2 $(LIMIT) ./gen/... -- env CGO_ENABLED=0 go test -p 2 -parallel 6 $(LIMIT) $$(go list ./server/... ./cmd/tacho/... | grep -v '/cmd/tacho$$') -- env CGO_ENABLED=0 go test -parallel 6 $(LIMIT) ./cmd/tacho -- env -C $(ALONE) GOWORK=off CGO_ENABLED=0 go test $(LIMIT) ./...

programs: ## build the programs that tests start, into bin/test
	@GOGC=400 go run ./internal/programs/build

long: ## the long form of the tests that make test runs short
	@scripts/install-peers
	@$(MAKE) --no-print-directory programs
	@TACHO_LONG=1 $(RUN) $$(go run ./internal/long/list)

soak: ## the proxy under faults of services and clients, for ten minutes
	TACHO_SOAK=10m go test -race -count 1 -timeout 30m -run "^TestSoak$$" ./sidecar

release-test: ## the tests of deploy/ with the programs of scripts/build
	@scripts/install-peers
	@go run ./internal/programs/build check promtool
	@$(RUN) -- env CGO_ENABLED=0 go test -tags release -timeout 60m ./deploy

cluster: ## tests with Thanos: all queries, and that no sample is lost; about 12 minutes
	@scripts/install-peers
	@$(MAKE) --no-print-directory programs
	@go run ./internal/programs/build thanos
	@TACHO_TEST_CLUSTER=1 TACHO_TEST_CLUSTER_DOWN=5m $(RUN) -- env CGO_ENABLED=0 go test -count 1 -timeout 30m -run '^(TestEngines|TestCluster|TestAgentPair|TestCapabilities|TestMoveToEngine|TestEdgeRules)$$' ./cmd/tacho
	@TACHO_TEST_CLUSTER=1 $(RUN) -- go test -count 1 -timeout 30m -run '^(TestEngineArguments|TestTry)$$' ./deploy/...

race: ## with -race, the tests that make test runs without
	go test -p 1 -race -timeout 60m $(HEAVY)

unit: ## the tests of the library and its adapters, which need only Go
	go test $(LIMIT) . ./schema/... ./tachotest/... ./internal/... ./adapter/... $(patsubst %go.mod,./%...,$(wildcard adapter/*/go.mod))

# Without cgo, which nothing here uses, for the packages that the tests of HEAVY have compiled.
lint: export CGO_ENABLED := 0
lint: ## gofmt, vet and staticcheck
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "run gofmt -w on: $$unformatted"; exit 1; }
	go vet $(PACKAGES)
	go vet -tags release ./deploy
	cd $(ALONE) && GOWORK=off go vet ./...
	@go run ./internal/programs/build staticcheck
	bin/test/staticcheck $(PACKAGES)
	cd $(ALONE) && GOWORK=off $(CURDIR)/bin/test/staticcheck ./...

fuzz: ## each fuzz target for a minute
	go test -timeout 10m -run '^$$' -fuzz '^FuzzLabels$$' -fuzztime 60s -fuzzminimizetime 1s ./internal/store
	go test -timeout 10m -run '^$$' -fuzz '^FuzzRoutes$$' -fuzztime 60s -fuzzminimizetime 1s ./internal/engine
	go test -timeout 10m -run '^$$' -fuzz '^FuzzPrometheusReads$$' -fuzztime 60s -fuzzminimizetime 1s ./bench
	go test -timeout 10m -run '^$$' -fuzz '^FuzzReader$$' -fuzztime 60s -fuzzminimizetime 1x ./multiproc
	go test -timeout 10m -run '^$$' -fuzz '^FuzzCells$$' -fuzztime 60s -fuzzminimizetime 1x ./multiproc
	go test -timeout 10m -run '^$$' -fuzz '^FuzzCell$$' -fuzztime 60s -fuzzminimizetime 1s ./cmd/tacho/internal/top
	go test -timeout 10m -run '^$$' -fuzz '^FuzzKeys$$' -fuzztime 60s -fuzzminimizetime 1s ./cmd/tacho/internal/top
	go test -timeout 10m -run '^$$' -fuzz '^FuzzPageQueries$$' -fuzztime 60s -fuzzminimizetime 1s ./cmd/tacho
	go test -timeout 10m -run '^$$' -fuzz '^FuzzDatagram$$' -fuzztime 60s -fuzzminimizetime 1s ./cmd/tacho/internal/statsd
	go test -timeout 10m -run '^$$' -fuzz '^FuzzOTLP$$' -fuzztime 60s -fuzzminimizetime 1x ./server

bench: ## compare the cost of tacho and its peers, as Markdown; see docs/performance.md
	go run ./bench

build: ## one static program for this machine: bin/tacho
	scripts/build

release: ## the same for five platforms, with SHA256SUMS, into bin
	scripts/build all

generate: ## rewrite generated files
	go generate ./...
	cd $(ALONE) && GOWORK=off go generate ./...

# -e: tests of imported packages need a module that no proxy has
# (hashicorp/nomad/api). The build checks what this repository needs.
tidy: ## tidy all go.mod files, as CI requires
	@for m in $(MODULES) $(ALONE); do (cd $$m && GOWORK=off go mod tidy -e) || exit 1; done

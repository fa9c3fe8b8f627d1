# Every target runs on all modules of go.work.
MODULES  := $(shell go list -m -f '{{.Dir}}')
PACKAGES := $(addsuffix /...,$(MODULES))
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: test race unit lint fuzz bench build release tidy generate

# With Prometheus inside: their tests run programs and browsers, one package
# at a time, and without -race, which would compile all of it once more.
HEAVY := ./server/... ./gen/... ./cmd/tacho/...
LIGHT := $(addsuffix /...,$(filter-out $(addprefix $(CURDIR)/,server gen cmd/tacho),$(MODULES)))

test: ## install what the tests need (Debian packages, as root), then run everything
	scripts/install-peers
	go test -race $(LIGHT)
	go test -p 1 $(HEAVY)

race: ## the tests that test leaves without -race, with it
	go test -p 1 -race $(HEAVY)

unit: ## the tests of the library and its adapters, with Go alone
	go test . ./schema/... ./tachotest/... ./internal/... $(patsubst %,./%/...,$(wildcard adapter/*))

lint: ## gofmt, vet and staticcheck
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "run gofmt -w on: $$unformatted"; exit 1; }
	go vet $(PACKAGES)
	go run $(STATICCHECK) $(PACKAGES)

fuzz: ## each fuzz target for a minute
	go test -run '^$$' -fuzz '^FuzzLabels$$' -fuzztime 60s -fuzzminimizetime 1s .
	go test -run '^$$' -fuzz '^FuzzRoutes$$' -fuzztime 60s -fuzzminimizetime 1s .
	go test -run '^$$' -fuzz '^FuzzPrometheusReads$$' -fuzztime 60s -fuzzminimizetime 1s ./bench
	go test -run '^$$' -fuzz '^FuzzReader$$' -fuzztime 60s -fuzzminimizetime 1x ./multiproc
	go test -run '^$$' -fuzz '^FuzzCells$$' -fuzztime 60s -fuzzminimizetime 1x ./multiproc
	go test -run '^$$' -fuzz '^FuzzCell$$' -fuzztime 60s -fuzzminimizetime 1s ./cmd/tacho/internal/top
	go test -run '^$$' -fuzz '^FuzzKeys$$' -fuzztime 60s -fuzzminimizetime 1s ./cmd/tacho/internal/top
	go test -run '^$$' -fuzz '^FuzzPageQueries$$' -fuzztime 60s -fuzzminimizetime 1s ./cmd/tacho

bench: ## what tacho and its peers cost, as Markdown; see docs/performance.md
	go run ./bench

build: ## one static program for this machine: bin/tacho
	scripts/build

release: ## the same for five platforms, with SHA256SUMS, into bin
	scripts/build all

generate: ## write generated files anew
	go generate ./...

# -e: tests of packages that we import need a module of Prometheus's that no
# proxy has (hashicorp/nomad/api); what we need ourselves, the build checks.
tidy: ## go.mod files as CI wants them
	@for m in $(MODULES); do (cd $$m && GOWORK=off go mod tidy -e) || exit 1; done

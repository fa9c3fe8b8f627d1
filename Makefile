# Every target runs on all modules of go.work.
MODULES  := $(shell go list -m -f '{{.Dir}}')
PACKAGES := $(addsuffix /...,$(MODULES))
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: test unit lint fuzz bench tidy generate

test: ## install what the tests need (Debian packages, as root), then run everything
	scripts/install-peers
	go test -race $(PACKAGES)

unit: ## the tests of the library and its adapters, with Go alone
	go test . ./schema/... ./internal/... $(patsubst %,./%/...,$(wildcard adapter/*))

lint: ## gofmt, vet and staticcheck
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "run gofmt -w on: $$unformatted"; exit 1; }
	go vet $(PACKAGES)
	go run $(STATICCHECK) $(PACKAGES)

fuzz: ## each fuzz target for a minute
	go test -run '^$$' -fuzz '^FuzzLabels$$' -fuzztime 60s -fuzzminimizetime 1s .
	go test -run '^$$' -fuzz '^FuzzRoutes$$' -fuzztime 60s -fuzzminimizetime 1s .
	go test -run '^$$' -fuzz '^FuzzPrometheusReads$$' -fuzztime 60s -fuzzminimizetime 1s ./bench

bench: ## what tacho and its peers cost, as Markdown; see docs/performance.md
	go run ./bench

generate: ## write generated files anew
	go generate ./...

# -e: tests of packages that we import need a module of Prometheus's that no
# proxy has (hashicorp/nomad/api); what we need ourselves, the build checks.
tidy: ## go.mod files as CI wants them
	@for m in $(MODULES); do (cd $$m && GOWORK=off go mod tidy -e 2>/dev/null) || exit 1; done

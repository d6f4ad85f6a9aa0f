# Gibbon. Two commands matter on a fresh machine: make run, make test.

GO      ?= go
PORT    ?= 8000
FUZZ    ?= 20s
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  = -s -w -X github.com/gibbon-gateway/gibbon/internal/app.buildVersion=$(VERSION)

.PHONY: help run build check test lint deps race bench cache-tests docs golden fuzz clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

run: build ## Build, start everything with the sample upstream, and say what to try
	@./bin/gibbon start --demo

build: ## Build bin/gibbon
	@mkdir -p bin
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/gibbon ./cmd/gibbon

check: lint ## The inner loop: format, vet, and tests without real databases and whole-binary runs
	@$(GO) test -short ./...

test: deps lint ## Everything: install what is missing, lint, all tests with the race detector
	@$(GO) test -race -timeout 20m ./...
	@CGO_ENABLED=0 $(GO) build -o /dev/null ./cmd/gibbon

lint: ## gofmt, go vet, staticcheck
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
	 if [ -n "$$unformatted" ]; then echo "not formatted (gofmt -w):"; echo "$$unformatted"; exit 1; fi
	@$(GO) vet ./...
	@cd examples/hello-plugin && $(GO) vet ./...
	@$(GO) tool -modfile=tools/go.mod staticcheck ./...

deps: ## Install the programs that the tests run against
	@scripts/deps

bench: build ## Compare with nginx and HAProxy on this machine; see bench/README.md
	@scripts/deps bench
	@$(GO) run ./bench/compare

# A checkout of github.com/http-tests/cache-tests, with its modules installed; unset, npm fetches the one in test/cache/package.json.
CACHE_TESTS ?=

cache-tests: build ## Run the public test suite for HTTP caches; writes docs/cache-tests.md
	@scripts/deps bench
	@if [ -z "$(CACHE_TESTS)" ]; then cd test/cache && npm install --no-audit --no-fund --silent; fi
	@$(GO) test -count=1 -timeout 15m -v ./test/cache -suite "$(abspath $(or $(CACHE_TESTS),test/cache/node_modules/http-cache-tests))" \
	 -write "$(abspath docs/cache-tests.md)"

docs: ## Write the generated reference pages again
	@$(GO) test ./internal/house -run TestDocs -update

golden: ## Write all golden files again; look at the diff
	@$(GO) test ./... -update

fuzz: ## Run every fuzz target for FUZZ (20s)
	@scripts/fuzz $(FUZZ)

clean: ## Remove what was built
	@rm -rf bin

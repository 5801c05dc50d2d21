# Words of this repository. `make help` explains them.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION ?= v0.1.0-dev

# libvirt's client library is opened when the provider runs, so that nothing here needs its headers to compile.
export GOFLAGS := $(strip $(GOFLAGS) -tags=libvirt_dlopen)

OUTPUT := _output
GENERATED := apis/v1beta1/zz_generated.*.go package/provider/crds package/configuration/xrd-*.yaml
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/provider-virtrigaud
LOCAL := go -C cluster/local run .

# The linter is a Go module of its own, so that its dependencies stay out of the product's.
LINT_VERSION := $(shell awk '$$2 == "github.com/golangci/golangci-lint/v2" {print $$3}' hack/tools/go.mod)
LINT := $(CACHE)/bin/golangci-lint-$(LINT_VERSION)

# Of this clone alone: findings that are kept from another clone carry its paths, which the exclusions do not know.
export GOLANGCI_LINT_CACHE := $(CURDIR)/$(OUTPUT)/lint-cache

##@ Everyday

help: ## Explain these words.
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: up ## Bring the control plane up and walk one VMSet from kubectl apply to running VMs, and back.
	set -a; . .local/env; go run ./cluster/demo

test: deps lint check-generate unit integration e2e ## Prove everything: what CI runs.

reviewable: generate lint unit ## What to run before sending a change.

##@ Code

generate: ## Generate method sets, CRDs and XRDs from apis/.
	go tool controller-gen object:headerFile=hack/boilerplate.go.txt paths=./apis/...
	go tool angryjet generate-methodsets --header-file=hack/boilerplate.go.txt ./apis/...
	rm -rf $(OUTPUT)/crds package/provider/crds package/configuration/xrd-*.yaml
	go tool controller-gen crd:crdVersions=v1 paths=./apis/... output:crd:artifacts:config=$(OUTPUT)/crds
	mkdir -p package/provider/crds
	go run ./hack/xrdgen --crds=$(OUTPUT)/crds --provider=package/provider/crds --configuration=package/configuration

check-generate: generate ## Fail when generated files are not up to date.
	@git diff --exit-code -- $(GENERATED) || { echo "Generated files are not up to date: run make generate and commit the result."; exit 1; }
	@untracked=$$(git ls-files --others --exclude-standard -- $(GENERATED)); \
	if [[ -n "$$untracked" ]]; then echo "Generated files are not committed:"; echo "$$untracked"; exit 1; fi

lint: $(LINT) ## Lint all Go code.
	$(LINT) run ./...
	cd cluster/local && $(LINT) run --config ../../.golangci.yml ./...

# Named by its version, so it is never out of date.
$(LINT):
	@echo "Building golangci-lint $(LINT_VERSION). This takes a few minutes, once."
	@mkdir -p $(@D)
	go -C hack/tools build -trimpath -tags= -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

build: ## Compile everything, and the provider and the function into _output/bin.
	go build ./...
	CGO_ENABLED=1 go build -trimpath -ldflags '-X main.version=$(VERSION)' -o $(OUTPUT)/bin/provider ./cmd/provider
	CGO_ENABLED=0 go build -trimpath -ldflags '-X main.version=$(VERSION)' -o $(OUTPUT)/bin/function ./function

packages: ## Build the three Crossplane packages into _output/packages.
	go run ./hack/xpkg --version=$(VERSION) --output=$(OUTPUT)/packages

##@ Tests

unit: ## Run unit, property and admission tests under the race detector.
	go test -race -short -timeout=30m ./...
	go -C cluster/local test -race -short ./...
	@# The planners again, in every state of small sets: too many for the race detector.
	go test ./function/rollout ./internal/placement

integration: ## Run the tests against the simulated vCenter, real libvirtd and the built packages.
	go test -count=1 -timeout=30m ./cluster/... ./internal/clients/... ./test/faults ./hack/xpkg

e2e: packages ## Run the end-to-end tests on the embedded control plane, and take it down again.
	trap '$(LOCAL) down --root=$(CURDIR)' EXIT; \
	$(LOCAL) up --root=$(CURDIR); \
	set -a; . .local/env; set +a; \
	go test -count=1 -v -timeout=45m -tags=libvirt_dlopen,e2e ./test/e2e/...

bench: ## Run the benchmarks.
	go test -run='^$$' -bench=. -benchmem ./function/... ./internal/... ./test/...

##@ Control plane

up: packages ## Bring up the embedded control plane with a simulated vCenter and libvirt hosts.
	$(LOCAL) up --root=$(CURDIR)

down: ## Stop what make up started.
	$(LOCAL) down --root=$(CURDIR)

##@ House

deps: ## Install the Debian packages that the tests need, or say which are missing.
	@hack/deps.sh

clean: ## Remove what was built here. Caches shared between clones stay.
	rm -rf $(OUTPUT)

.PHONY: help demo test reviewable generate check-generate lint build packages unit integration e2e bench up down deps clean

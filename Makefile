# The commands of this repository. `make demo` runs the product, `make test` proves it; both work on a fresh clone.
TARGET := $(or $(CARGO_TARGET_DIR),target)
NEUROSYNC := $(TARGET)/debug/neurosync
DEMO_DATA ?= $(TARGET)/demo

.PHONY: demo test check bench bench-embedding bench-graph known-paths

demo: ## connect to simulated providers, index them, a sample workspace and this repository, ask questions, serve until Ctrl-C
	cargo build --workspace --bins
	python3 testkit/demo/demo.py $(NEUROSYNC) $(TARGET)/debug/neurosync-sandbox $(DEMO_DATA)

test: ## every test; the model is fetched once
	cargo test --workspace

check: ## format, lints, documentation, and the auditors that are installed
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
	@if command -v cargo-deny >/dev/null; then cargo deny check; else echo "skipped: cargo-deny is not installed"; fi
	@if command -v typos >/dev/null; then typos; else echo "skipped: typos is not installed"; fi
	@if command -v cargo-machete >/dev/null; then cargo machete; else echo "skipped: cargo-machete is not installed"; fi

bench: ## micro-benchmarks
	cargo bench --profile dev -p embed --bench kernels
	cargo bench --profile dev -p neurosync-benches --bench rebuild

bench-embedding: ## beside ONNX Runtime, sentence-transformers and stock candle: make bench-embedding TEXTS=FILE [PYTHON=python3]
	cargo bench --profile dev --workspace --bench embedding -- --texts $(abspath $(TEXTS)) --python "$(PYTHON)"

bench-graph: ## the graph beside a bare array: make bench-graph DATA=DIR, with nodes.csv and edges.csv
	cargo bench -p neurosync-benches --bench graph -- --data $(abspath $(DATA))

known-paths: ## every known path of a corpus: make known-paths KIND=titanium|hyperledger CORPUS=DIR [WORK=DIR]
	cargo build --workspace --bins
	python3 benches/paths/known_paths.py $(KIND) $(NEUROSYNC) $(or $(WORK),$(TARGET)/known-paths/$(KIND)) $(CORPUS)

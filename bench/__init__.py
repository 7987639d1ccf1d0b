"""How fast is it, against what it replaces and against the machine? `make bench`; method: docs/performance.md."""

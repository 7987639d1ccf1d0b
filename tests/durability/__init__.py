"""Process-level proof that nothing acknowledged is lost: real servers, killed, starved, stopped and cut off.

`ledger` remembers what was said about each mail and judges a folder by it; `load` is many clients at once; `strace`
attaches faults to a running server. `python -m tests.durability` runs the long sweeps; docs/durability.md tells more.
"""

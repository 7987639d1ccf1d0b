"""What ends a benchmark, and what leaves a row out."""


class BenchFailed(Exception):
    """A figure would be a lie: a mail is missing or doubled, a server did not start, stop or answer as it must."""


class Skipped(Exception):
    """A row that cannot be measured here; its text says why."""

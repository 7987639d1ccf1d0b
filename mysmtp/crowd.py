"""Who is connected: how many clients in all, how many of one address. Servers that share a Crowd share its caps."""

import ipaddress
from collections import Counter

_AT_HOME = ("127.0.0.1", "::1")  # programs on this machine: all of them share an address


def source_of(host: str) -> str:
    """Return what a client is counted by: its address, of IPv6 the network, which one customer has whole."""
    if ":" not in host:
        return host
    address = ipaddress.IPv6Address(host.partition("%")[0])
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address if address.is_loopback else ipaddress.IPv6Network(f"{address}/64", strict=False))


class Crowd:
    """The open sessions, at most `most`, and `most_of_one` of an address; one too many is counted till it leaves."""

    def __init__(self, most: int, most_of_one: int) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._sources: dict[int, str] = {}
        self._counts: Counter[str] = Counter()

    def enter(self, session: int, host: str) -> str | None:
        """Count a session; return what there is too much of, in words, None if there is room for it."""
        full = len(self._sources) >= self._most
        source = source_of(host)
        self._sources[session] = source
        self._counts[source] += 1
        if full:
            return ""
        if self._counts[source] > self._most_of_one and source not in _AT_HOME:
            return "too many connections from your address"
        return None

    def leave(self, session: int) -> None:
        """Count a session no longer; one that left already is no matter."""
        source = self._sources.pop(session, None)
        if source is not None:
            self._counts[source] -= 1
            if not self._counts[source]:
                del self._counts[source]

"""What a command may come to besides a reply: a reply that is owed, content that is to follow, TLS that is to start."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from mysmtp.contracts import Receipt
from mysmtp.protocol.reply import Reply


class Content(Protocol):
    """A reader of what is not commands. `feed` it until it returns what follows; then `body` is what it read.

    It must come to the same however the octets are cut into pieces. What one reads that is `secret` nobody is told:
    they are told what it has in `told` then.
    """

    @property
    def secret(self) -> bool: ...

    @property
    def told(self) -> bytes: ...

    @property
    def body(self) -> Any: ...

    def feed(self, data: bytes) -> bytes | None:
        """Take more octets; return None while more are needed, else the octets after its end."""


@dataclass(slots=True)  # not frozen, as Expect
class Owed:
    """A reply that becomes true once `receipt` has been waited for; `octets` is the size of the mail it is about.

    What `failed` makes of the fault is said instead when it does not; None: what the dialect says of a broken verb.
    """

    reply: Reply
    receipt: Receipt
    octets: int
    failed: Callable[[Exception], Reply] | None = None


@dataclass(slots=True)  # not frozen: one is made for each mail, in a quarter of the time that takes
class Expect:
    """Content is to follow: say `reply` (None: nothing), read with `content`, then do `then` with its body.

    The state changes when the content is there: to `after`, or to what the table says (None), whatever comes of it.
    With `alone`, octets that came before `reply` was said are not content: the client did not wait, and is sent away.
    """

    reply: Reply | None
    content: Content
    then: "Callable[[Any, Any], Outcome]"
    after: str | None = None
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Say `reply`, forget all that came with the command, and have TLS started; then the dialog begins anew."""

    reply: Reply


Outcome = Reply | Owed | Expect | Upgrade

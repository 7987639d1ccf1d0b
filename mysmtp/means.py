"""What the process has of its machine: open files to share, and a garbage collector that knows what it holds."""

import gc
import resource
from contextlib import suppress

_FILES_OPEN = 512  # descriptors kept for mailbox files and the process itself
_WEB_CONNECTIONS = 512
_NEW_OBJECTS = 20_000  # after which the garbage collector looks for cycles among them


def connection_caps(wanted: int) -> tuple[int, int]:
    """Raise the limit of open files as far as this user may; share it: return the caps of mail and web connections.

    What is left over is for the mailbox files, so that a mail can always be written whoever else is connected.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):  # macOS says "unlimited" and takes no such limit
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        return wanted, _WEB_CONNECTIONS
    files, web = min(_FILES_OPEN, limit // 2), min(_WEB_CONNECTIONS, limit // 8)
    return max(1, min(wanted, (limit - files - web) * 3 // 4)), max(1, web)


def spare_the_collector() -> None:
    """Have the garbage collector look at what lives long once, and at mails, none of which is a cycle, less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 20)

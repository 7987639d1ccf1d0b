"""aiosmtpd with its Maildir handler, as its manual runs it: `python -m bench.aiosmtpd_peer PORT FOLDER [no-sync]`.

The handler syncs each mail's file (Python's `mailbox` does); with `no-sync` that costs nothing.
"""

import asyncio
import os
import signal
import sys

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP


async def serve(port: int, folder: str) -> None:
    """Serve until told to stop."""
    loop, handler, stopped = asyncio.get_running_loop(), Mailbox(folder), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    async with await loop.create_server(lambda: SMTP(handler, loop=loop), "127.0.0.1", port, backlog=4096):
        await stopped.wait()


if __name__ == "__main__":
    if sys.argv[3:] == ["no-sync"]:
        os.fsync = lambda _descriptor: None
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))

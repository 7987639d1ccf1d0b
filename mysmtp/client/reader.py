"""Plain lines from a pipe, a file or a terminal that cannot edit. Watches the server while it waits for a line."""

import os
import select
from collections.abc import Callable

from mysmtp.client.conversation import Conversation
from mysmtp.text import decode

_PIECE = 65536


class PeerSpoke(Exception):
    """The server said something, or left, while a line was awaited."""


class PlainReader:
    """Lines of a descriptor, octet for octet; `prompt` shows the prompt to a person (None: nobody is there)."""

    def __init__(self, descriptor: int, prompt: Callable[[str], None] | None) -> None:
        self.interactive = prompt is not None
        self._descriptor = descriptor
        self._prompt = prompt
        self._unread = b""
        self._ended = False

    def read(self, conversation: Conversation) -> str:
        """Return the next line; the last one needs no newline. Raises EOFError, PeerSpoke, KeyboardInterrupt."""
        if self._prompt:
            self._prompt(conversation.prompt)
        while b"\n" not in self._unread and not self._ended:
            self._wait(conversation)
        line, _, self._unread = self._unread.partition(b"\n")
        if not line and self._ended and not self._unread:
            self._end_prompt()
            raise EOFError
        return decode(line)

    def _wait(self, conversation: Conversation) -> None:
        server = conversation.connection.fileno()
        ready = select.select([self._descriptor, server], [], [])[0]
        if server in ready:
            self._end_prompt()
            raise PeerSpoke
        piece = os.read(self._descriptor, _PIECE)
        self._ended = not piece
        self._unread += piece

    def _end_prompt(self) -> None:
        if self._prompt:
            self._prompt("\n")

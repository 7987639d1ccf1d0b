"""`mysmtp client`: reads lines from a person or a pipe, shows what comes of them. Printing happens here and only here.

On a terminal prompt_toolkit edits the line (imported only then); with TERM=dumb or without a terminal, plain lines do.
"""

import os
import sys
from collections.abc import Callable
from typing import Protocol

from mysmtp.client import present
from mysmtp.client.connection import Answer, NoConnection, connect, place
from mysmtp.client.conversation import Body, Conversation, Note, Shown
from mysmtp.client.present import Look
from mysmtp.client.reader import PeerSpoke, PlainReader
from mysmtp.client.terminal import DONE, FAILED, INTERRUPTED, NO_CONNECTION, fit_output, hush, look_of
from mysmtp.client.wire import WireLog
from mysmtp.text import visible


class Reader(Protocol):
    """Where typed lines come from. Raises EOFError, KeyboardInterrupt, and PeerSpoke when the server says something."""

    interactive: bool

    def read(self, conversation: Conversation) -> str:
        """Return the next line, without its line end."""


def run(host: str, port: int, log: WireLog | None = None) -> int:
    """Hold one session until its user or its server ends it; return the exit code."""
    look = look_of(os.environ, sys.stdout.isatty())
    fit_output(look)
    try:
        connection = connect(host, port, log)
    except NoConnection as error:
        print(visible(f"mysmtp: {error}"), file=sys.stderr)
        return NO_CONNECTION
    reader = _reader(look)
    shell = Shell(Conversation(connection), reader, look)
    try:
        shell.tell(f"Connected to {place(host, port)}, My_SMTP. Type a command, or help.")
        return shell.run()
    except NoConnection as error:
        shell.tell(f"{error}.")
        return NO_CONNECTION
    except KeyboardInterrupt:
        shell.tell("  Left without waiting for the reply.")
        return INTERRUPTED
    except BrokenPipeError:
        return hush()
    finally:
        connection.close()


def _reader(look: Look) -> Reader:
    if sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        from mysmtp.client.editor import EditingReader

        return EditingReader(look)
    return PlainReader(sys.stdin.fileno(), prompt=_plain_prompt())


def _plain_prompt() -> Callable[[str], None] | None:
    if not sys.stdin.isatty():
        return None
    stream = sys.stdout if sys.stdout.isatty() else sys.stderr

    def show(text: str) -> None:
        stream.write(text)
        stream.flush()

    return show


class Shell:
    """The loop: read a line, take it, show what came of it."""

    def __init__(self, conversation: Conversation, reader: Reader, look: Look) -> None:
        self._conversation = conversation
        self._reader = reader
        self._look = look
        self._interrupted = False
        self._last_code = 0

    def run(self) -> int:
        """Return the exit code once the session is over."""
        while not self._conversation.ended:
            if (code := self._server_left()) is not None:
                return code
            try:
                line = self._reader.read(self._conversation)
            except PeerSpoke:
                continue
            except EOFError:
                return self._leave()
            except KeyboardInterrupt:
                if self._interrupted:
                    return self._leave()
                self._interrupted = True
                self.tell("  Line dropped. Ctrl-C again ends the session.")
                continue
            self._interrupted = False
            self.show(self._conversation.take(line))
        return DONE

    def _server_left(self) -> int | None:
        self.show(self._conversation.overheard())
        if not self._conversation.connection.closed:
            return None
        return FAILED if self._last_code // 100 == 5 else NO_CONNECTION

    def _leave(self) -> int:
        was_composing = self._conversation.composing
        self.show(self._conversation.leave())
        return NO_CONNECTION if was_composing and not self._reader.interactive else DONE

    def show(self, said: list[Shown]) -> None:
        """Print replies and what stands under them: answers to standard output, our words too if a person reads."""
        for each in said:
            match each:
                case Answer():
                    self._last_code = each.code
                    print(self._look.reply(each), flush=True)
                case Body():
                    text = present.text_of(each.octets)
                    print(text, end="" if text.endswith("\n") else "\n", flush=True)
                case Note():
                    self.tell(each.text, each.asked)

    def tell(self, text: str, asked: bool = False) -> None:
        """Print words of the client's own."""
        print(visible(text), file=sys.stdout if asked or self._reader.interactive else sys.stderr, flush=True)

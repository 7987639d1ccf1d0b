"""The line editor of a real terminal: history, Tab, the bar below. The only module that knows prompt_toolkit."""

import asyncio
from collections.abc import Iterable
from functools import partial

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import DummyHistory, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style

from mysmtp.client.completion import Offer, offers
from mysmtp.client.conversation import Conversation
from mysmtp.client.present import Look
from mysmtp.client.reader import PeerSpoke

_STYLE = Style.from_dict({
    "bottom-toolbar": "noreverse",
    "prompt": "ansiblue",
    "shape": "ansiblue",
    "completion-menu": "noinherit",
    "completion-menu.completion": "noinherit",
    "completion-menu.completion.current": "noinherit reverse",
})  # fmt: skip


class _Completer(Completer):
    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        for offer in _offers(self._conversation, document):
            yield Completion(offer.text, -offer.replaces)


def _offers(talk: Conversation, document: Document) -> list[Offer]:
    if talk.composing:
        return []
    return offers(document.text_before_cursor, talk.state, talk.names, talk.domain)


def _tab(conversation: Conversation) -> KeyBindings:
    """Let Tab write the only way to go on at once: the editor's own completion is late for who types on."""
    keys = KeyBindings()

    @keys.add("tab")
    def complete(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        found = _offers(conversation, buffer.document)
        if buffer.complete_state:
            buffer.complete_next()
        elif len(found) == 1:
            buffer.delete_before_cursor(found[0].replaces)
            buffer.insert_text(found[0].text)
        else:
            buffer.start_completion(insert_common_part=True)

    return keys


class EditingReader:
    """Lines typed by a person, with the conversation's state in the prompt and its shape in the bar."""

    interactive = True

    def __init__(self, look: Look) -> None:
        self._look = look
        depth = None if look.colour else ColorDepth.DEPTH_1_BIT
        self._commands: PromptSession[str] = PromptSession(history=InMemoryHistory(), style=_STYLE, color_depth=depth)
        self._message: PromptSession[str] = PromptSession(history=DummyHistory(), style=_STYLE, color_depth=depth)

    def read(self, conversation: Conversation) -> str:
        """Return the next line. Raises EOFError, KeyboardInterrupt, PeerSpoke."""
        session = self._message if conversation.composing else self._commands
        return session.prompt(
            [("class:prompt", conversation.prompt)],
            completer=_Completer(conversation),
            complete_while_typing=False,
            bottom_toolbar=self._bar(conversation),
            key_bindings=_tab(conversation),
            pre_run=partial(_watch, conversation),
        )

    def _bar(self, conversation: Conversation) -> StyleAndTextTuples:
        shape, _, rest = conversation.bar(self._look.ascii_only).partition(" ")
        return [("class:shape", shape), ("", f" {rest}")]


def _watch(conversation: Conversation) -> None:
    """End the prompt when the server says something, or leaves."""
    app, loop, peer = get_app(), asyncio.get_running_loop(), conversation.connection.fileno()

    def spoke() -> None:
        loop.remove_reader(peer)
        if not app.is_done:
            app.exit(exception=PeerSpoke())

    loop.add_reader(peer, spoke)

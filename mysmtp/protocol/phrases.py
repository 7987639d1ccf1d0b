"""Phrases: command lines taken apart, and a book of those that were said before.

Programs say the same few lines again and again, and a line means the same whoever says it. So what a line was taken
apart into is kept for all sessions of a dialect, and to be told it once more costs one look. The book is small, keeps
short lines only, and nothing that is secret.
"""

from typing import Any

from mysmtp.protocol import command
from mysmtp.protocol.dialect import Verb

_MOST = 4096  # phrases that a book keeps
_LONGEST = 128  # octets of a line that is kept


class Phrase:
    """One command of a known verb. `told` is what came after the verb as it may be told: without a password in it.

    Its `argument` is there once it `is_read`, which it stays: `rule.parse` gives the same for the same words. Who looks
    first whether the command is allowed at all calls `words`, then `read`.
    """

    __slots__ = ("_rest", "argument", "brief", "is_read", "line", "notes", "rule", "told", "verb")

    def __init__(self, verb: str, rule: Verb, rest: bytes, line: bytes) -> None:
        self.line = line
        self.brief = rule.brief
        self.notes = rule.notes
        self.verb = verb
        self.rule = rule
        self.told = rest if rule.mask is None else rule.mask(rest)
        self.argument: Any = None
        self.is_read = False
        self._rest = rest

    def words(self) -> str | bytes:
        """Return what is to be parsed. Raises InvalidSyntax if it is not text and has to be."""
        return self._rest if self.rule.octets else command.as_text(self._rest).strip(" ")

    def read(self, words: str | bytes) -> None:
        """Parse the argument. Raises InvalidSyntax, and what else `Verb.parse` may."""
        self.argument = self.rule.parse(words)
        self.is_read = True


class Phrasebook:
    """The phrases of one dialect that were said before: `known` has them by their lines, with their line ends."""

    def __init__(self) -> None:
        self.known: dict[bytes, Phrase] = {}

    def keep(self, line: bytes, phrase: Phrase) -> None:
        """Keep the phrase that a line is, if it is one to be kept."""
        rule = phrase.rule
        if len(line) > _LONGEST or rule.mask is not None or (rule.octets and phrase.told):  # a mail is not kept here
            return
        if len(self.known) >= _MOST:
            self.known.clear()
        self.known[line] = phrase

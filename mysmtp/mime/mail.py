"""A mail as a person reads it: heading, text, HTML, attachments, and the tree they come from. The door of this room."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import unquote

from mysmtp.mime.heading import Heading, heading_of
from mysmtp.mime.limits import LIMITS, Limits
from mysmtp.mime.part import NESTED, Part
from mysmtp.mime.tree import read_tree

MOST_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Attachment:
    """What a mail carries beside its text: a part, by its path; `name` is that of the part.

    `inline`: the sender wants it shown where `content_id` is referred to, or in its place, rather than listed.
    `size` is in octets, `sha256` in hex, both of what a download gives.
    """

    path: str
    name: str
    type: str
    size: int
    sha256: str
    content_id: str
    inline: bool


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, taken apart. Texts of `heading` and names are safe to show; `text` and `html` are as they came.

    `text` and `html` are those of the body, None where it has none; several in a row are joined. `content_ids` maps
    the content-id of each part to its path; the first one counts. `problems` tell in words whatever was not as it
    should be or is not shown; the mail itself is always there, as `root.source`.
    """

    heading: Heading
    root: Part
    text: str | None
    html: str | None
    attachments: Sequence[Attachment]
    content_ids: Mapping[str, str]
    problems: Sequence[str]

    @property
    def has_header(self) -> bool:
        """Whether it is more than plain text (`fields.begins_with_header`)."""
        return bool(self.heading.header.fields)

    def part(self, path: str) -> Part | None:
        """Return the part of a path such as ``1.2``, None where there is none. Any text may be asked for."""
        return next((part for part in self.root.walk() if part.path == path), None)

    def path_of(self, reference: str) -> str | None:
        """Return the path of the part that a ``cid:`` URL (RFC 2392) refers to, None where this mail has none."""
        scheme, _, content_id = reference.strip().partition(":")
        return self.content_ids.get(unquote(content_id)) if scheme.lower() == "cid" else None

    def files(self, cut: bool = False) -> int | None:
        """Return how many attachments are to be listed. None where that cannot be told, as the mail was `cut`: it has

        mixed parts (RFC 2046 section 5.1.3), and more of them may follow.
        """
        if cut and self.root.nature.type == "multipart/mixed":
            return None
        return sum(not part.inline for part in self.attachments)

    def within(self, limits: Limits = LIMITS) -> Iterator["Mail"]:
        """Give the messages that are attached to it, and those within them, each made when it is asked for."""
        for part in self.root.walk():
            if part.nature.type in NESTED and part.children:
                yield _mail_of(part.children[0], limits)


@dataclass(frozen=True, slots=True)
class _Body:
    """The parts that are a mail's body."""

    texts: Sequence[Part] = ()
    pages: Sequence[Part] = ()


def read_mail(octets: bytes, limits: Limits = LIMITS) -> Mail:
    """Take a mail apart, whatever it is. Never raises; the time it takes is that of a few passes over its octets.

    A large mail takes long enough that this is to be run off the hub.
    """
    return _mail_of(read_tree(octets, limits), limits)


def _mail_of(root: Part, limits: Limits) -> Mail:
    """Return what a reader sees of a message, the whole one or one that is attached."""
    heading = heading_of(root.header, limits)
    body = _body(root, root)
    text, reasons = _joined(body.texts)
    html, more = _joined(body.pages)
    shown = {part.path for part in (*body.texts, *body.pages)}
    problems = [*heading.problems, *_problems_of(root), *reasons, *more]
    return Mail(
        heading=heading,
        root=root,
        text=text,
        html=html,
        attachments=tuple(_attachments(root, root, shown)),
        content_ids=_content_ids(root),
        problems=tuple(dict.fromkeys(problems))[:MOST_PROBLEMS],
    )


def _body(part: Part, root: Part) -> _Body:
    """Return the parts a reader sees as the text (RFC 2046 section 5.1): of alternatives the best, of others each."""
    kind = part.nature.type
    if part.is_text:
        return _leaf_body(part, root)
    if not part.nature.multipart:
        return _Body()
    bodies = [_body(child, root) for child in _shown_children(part)]
    if kind == "multipart/alternative":
        texts = next((body.texts for body in bodies if body.texts), ())
        pages = next((body.pages for body in reversed(bodies) if body.pages), ())
        return _Body(texts, pages)
    return _Body([text for body in bodies for text in body.texts], [page for body in bodies for page in body.pages])


def _leaf_body(part: Part, root: Part) -> _Body:
    if part.nature.disposition == "attachment" or (part.nature.name and part is not root):
        return _Body()
    if part.nature.type == "text/html":
        return _Body((), (part,))
    plain = part.nature.type in ("text/plain", "text/enriched") or part.nature.multipart
    return _Body((part,), ()) if plain or part is root else _Body()


def _shown_children(part: Part) -> Sequence[Part]:
    """Return the parts that may be body: the root of related ones (RFC 2387 section 3.2), the first of signed ones."""
    if part.nature.type == "multipart/related":
        named = [child for child in part.children if part.nature.start and child.nature.content_id == part.nature.start]
        return named[:1] or part.children[:1]
    return part.children[:1] if part.nature.type == "multipart/signed" else part.children


def _joined(parts: Sequence[Part]) -> tuple[str | None, list[str]]:
    if not parts:
        return None, []
    found = [part.text() for part in parts]
    problems = [f"part {part.path}: {text.problem}" for part, text in zip(parts, found, strict=True) if text.problem]
    return "\n".join(text.text for text in found), problems


def _attachments(part: Part, root: Part, shown: set[str]) -> list[Attachment]:
    """Return every part without parts that is not shown as body, and every nested message as one."""
    nature = part.nature
    if part.children and nature.type not in NESTED:
        return [attachment for child in part.children for attachment in _attachments(child, root, shown)]
    if part.path in shown or (not part.size and not nature.name and part is root):
        return []
    inline = nature.disposition == "inline" or (nature.disposition == "" and bool(nature.content_id))
    return [Attachment(part.path, part.name, nature.type, part.size, part.sha256, nature.content_id, inline)]


def _content_ids(root: Part) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for part in root.walk():
        if part.nature.content_id:
            found.setdefault(part.nature.content_id, part.path)
    return MappingProxyType(found)


def _problems_of(root: Part) -> list[str]:
    problems = list(root.problems)
    for part in root.walk():
        if part is not root:
            problems += [f"part {part.path}: {problem}" for problem in (*part.header.problems, *part.problems)]
    return problems

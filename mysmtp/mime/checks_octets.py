"""Checks of a mail's octets: its lines, its charsets, and whether they are what its parts declare."""

from collections.abc import Iterator

from mysmtp.mime.finding import Case, Finding, is_mail
from mysmtp.mime.lines import count_line_ends, line_number, longer_line
from mysmtp.mime.part import Part

LONGEST_LINE = 998  # octets, its line end not counted (RFC 5322 section 2.1.1)
LONGEST_ENCODED = 76  # characters of a line of base64 or quoted-printable (RFC 2045 sections 6.7 and 6.8)


def long_lines(case: Case) -> Iterator[Finding]:
    """Find the first line that is longer than any server must take."""
    source = case.mail.root.source
    start = longer_line(source, LONGEST_LINE)
    if start is not None:
        yield Finding(
            "error",
            f"Line {line_number(source, start):,} is longer than {LONGEST_LINE} octets",
            "Servers may refuse or break it (RFC 5322 section 2.1.1, RFC 5321 section 4.5.3.1.6).",
        )


def line_ends(case: Case) -> Iterator[Finding]:
    """Lines that all end with LF are what My_SMTP stores; a mixture, or a lone CR, came from a broken program."""
    ends = count_line_ends(case.mail.root.source)
    why = "Lines end with CR LF and nothing else; many servers refuse such mail (RFC 5322 section 2.3)."
    if ends.cr > ends.pairs:
        yield Finding("error", "A CR without LF", why)
    elif 0 < ends.pairs < ends.lf:
        yield Finding("error", "An LF without CR among lines that end with CR LF", why)


def zeros(case: Case) -> Iterator[Finding]:
    """Find a NUL: mail is made of the characters 1 to 127, and of more where an extension says so."""
    if b"\0" in case.mail.root.source and not any(part.nature.encoding == "binary" for part in case.mail.root.walk()):
        words = "No text holds one; servers cut the mail there, or refuse it (RFC 5322 section 2.1)."
        yield Finding("error", "A NUL octet", words)


def charsets(case: Case) -> Iterator[Finding]:
    """Compare the text of each part with the charset it declares."""
    for part in _leaves(case):
        if not part.nature.type.startswith("text/") or part.nature.disposition == "attachment":
            continue
        problem = part.text().problem
        if problem:
            yield Finding("error", f"The charset of part {part.path} is wrong", f"{problem} (RFC 2046 section 4.1.2).")
        elif part.nature.charset is None and not part.octets.isascii() and is_mail(case.mail, case.trace):
            yield Finding(
                "warning",
                f"Part {part.path} does not declare its charset",
                "Text without one is US-ASCII, and this is not (RFC 2046 section 4.1.2).",
            )


def seven_bit(case: Case) -> Iterator[Finding]:
    """Find a part that holds octets beyond ASCII and does not say so."""
    for part in _leaves(case):
        if part.nature.encoding == "7bit" and not part.raw.isascii():
            yield Finding(
                "error",
                f"Part {part.path} is sent as 7bit and is not",
                "Octets beyond ASCII are declared as 8bit or encoded; strict servers refuse it (RFC 2045 section 6.2).",
            )


def encoded_lines(case: Case) -> Iterator[Finding]:
    """Find a part whose encoding has lines that are too long."""
    for part in _leaves(case):
        if part.nature.encoding in ("base64", "quoted-printable") and _too_long(part):
            section = "6.8" if part.nature.encoding == "base64" else "6.7"
            yield Finding(
                "warning",
                f"Lines of part {part.path} are longer than {LONGEST_ENCODED} characters",
                f"That is the most in {part.nature.encoding}; some decode no more (RFC 2045 section {section}).",
            )


def _too_long(encoded: Part) -> bool:
    return longer_line(encoded.raw, LONGEST_ENCODED) is not None


def _leaves(case: Case) -> Iterator[Part]:
    return (part for part in case.mail.root.walk() if not part.children)

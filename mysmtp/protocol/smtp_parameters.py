"""What may follow the path in MAIL and RCPT: the parameters of the extensions that EHLO offers, and their syntax.

RFC 1870 (SIZE), 6152 and 3030 (BODY), 6531 (SMTPUTF8), 4954 section 5 (AUTH), 3461 section 4 (RET, ENVID, NOTIFY,
ORCPT).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mysmtp.errors import InvalidSyntax
from mysmtp.message import Parameters
from mysmtp.protocol.smtp_reply import Refused

_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^= ]+))?")
_XTEXT = r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})"
_EVENT = r"(?:SUCCESS|FAILURE|DELAY)"
Syntax = Mapping[str, re.Pattern[str] | None]  # None: it has no value

OF_MAIL: Syntax = MappingProxyType(
    {
        "SIZE": re.compile(r"[0-9]{1,20}"),
        "BODY": re.compile(r"7BIT|8BITMIME|BINARYMIME", re.IGNORECASE),
        "SMTPUTF8": None,
        "AUTH": re.compile(rf"<>|{_XTEXT}+"),
        "RET": re.compile(r"FULL|HDRS", re.IGNORECASE),
        "ENVID": re.compile(rf"{_XTEXT}{{1,100}}"),
    }
)
OF_RCPT: Syntax = MappingProxyType(
    {
        "NOTIFY": re.compile(rf"NEVER|{_EVENT}(?:,{_EVENT})*", re.IGNORECASE),
        "ORCPT": re.compile(r"[A-Za-z0-9-]+;(?:[^\0-\40+=\177]|\+[0-9A-F]{2}){1,500}"),
    }
)
_UPPER = ("BODY", "RET", "NOTIFY")  # their values are words of the protocol


@dataclass(frozen=True, slots=True)
class Given:
    """The parameters of one command; `kept` is what stays with the mail (`message.Trace`)."""

    size: int
    body: str
    utf8: bool
    kept: Parameters


NONE = Given(0, "", utf8=False, kept=())


def parse(words: str, syntax: Syntax) -> Given:
    """Return the parameters in `words`. Raises Refused for one that was not offered, InvalidSyntax for a wrong one."""
    found: dict[str, str] = {}
    for word in words.split(" "):
        if not word:
            continue
        match = _PARAMETER.fullmatch(word)
        if not match:
            raise InvalidSyntax("parameters are KEYWORD or KEYWORD=value")
        keyword, value = match[1].upper(), match[2]
        if keyword not in syntax:
            raise Refused(555, "5.5.4", f"No such parameter: {keyword[:40]}")
        if keyword in found:
            raise InvalidSyntax(f"{keyword} is given twice")
        found[keyword] = _checked(keyword, value, syntax[keyword])
    kept = tuple((key.lower(), value) for key, value in found.items() if key != "SIZE")
    return Given(int(found.get("SIZE", 0)), found.get("BODY", ""), "SMTPUTF8" in found, kept)


def _checked(keyword: str, value: str | None, form: re.Pattern[str] | None) -> str:
    """Return a value as it is kept; a keyword without one is kept as 1."""
    if form is None and value is None:
        return "1"
    if form is None or value is None or not form.fullmatch(value):
        raise Refused(501, "5.5.4", f"Invalid value of {keyword}")
    return value.upper() if keyword in _UPPER else value

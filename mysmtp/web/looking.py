"""Lists of mails as their pages show them, what stands in their rows looked up: for routes, which have a site."""

from collections.abc import Sequence
from functools import partial

from mysmtp.message import Gathered, MailSummary
from mysmtp.web.presenting_across import AcrossPage, page_across
from mysmtp.web.presenting_lists import Day, days_of
from mysmtp.web.site import site


def days_in(name: str, mails: Sequence[MailSummary]) -> tuple[Day, ...]:
    """Return mails of a mailbox under their days."""
    look = site().beginnings.look((name, mail) for mail in mails)
    return days_of(mails, site().clock(), partial(look, name))


def gathered_page(gathered: Gathered) -> AcrossPage:
    """Return what was gathered as a page."""
    look = site().beginnings.look((rank.mailbox, mail) for rank, mail in gathered.mails)
    return page_across(gathered, site().clock(), look)

"""What is round a mail in the list it was opened from: the one above, the one below, and the page of it that it is on.

Asks the store, or the index; where neither knows the mail's place there, its mailbox's own list stands in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mysmtp.errors import NoSuchMail
from mysmtp.message import Rank
from mysmtp.powers import Gathering
from mysmtp.search.index import Unsearchable
from mysmtp.search.query import read_query
from mysmtp.web import presenting_lists as lists
from mysmtp.web import presenting_search as search
from mysmtp.web.looking import days_in, gathered_page
from mysmtp.web.origins import ALL, MAILBOX, MailAt, Origin
from mysmtp.web.presenting_across import key_of
from mysmtp.web.presenting_mail import neighbours
from mysmtp.web.site import site

Days = Sequence[lists.Day | search.HitDay]


@dataclass(frozen=True, slots=True)
class Around:
    """What is round `mail`. `up` is the address of the page of the list that it is on.

    `days` and `words`, which mails these are, were only looked for where the list is shown beside the mail.
    """

    origin: Origin
    mail: MailAt
    up: str
    newer: MailAt | None
    older: MailAt | None
    days: Days = ()
    words: str = ""

    @property
    def row(self) -> str:
        """The id of the mail's row in that list."""
        return self.origin.row(self.mail)

    @property
    def next(self) -> MailAt | None:
        """The mail at which reading goes on when this one is gone."""
        return self.older or self.newer


def around(origin: Origin, mail: MailAt, *, beside: bool = False) -> Around:
    """Return what is round a mail. Raises NoSuchMailbox, StoreFailed."""
    found = None
    if origin.kind == "all":
        found = _in_all(mail, beside)
    elif origin.kind == "search":
        found = _in_search(origin, mail, beside)
    return found or _in_mailbox(mail, beside)


def _in_mailbox(mail: MailAt, beside: bool) -> Around:
    name, mail_id = mail
    found = site().store.list(name)
    near = neighbours(found, mail_id)
    before = mail_id + 1 if near.above >= lists.PAGE else None
    newer, older = ((name, each) if each is not None else None for each in (near.newer, near.older))
    up = MAILBOX.address(name, before)
    if not beside:
        return Around(MAILBOX, mail, up, newer, older)
    page = lists.page_of(found, before)
    return Around(MAILBOX, mail, up, newer, older, days_in(name, page.mails), page.words)


def _in_all(mail: MailAt, beside: bool) -> Around | None:
    store = site().store
    assert isinstance(store, Gathering)
    try:
        rank = store.rank(*mail)
    except NoSuchMail:
        return None
    start = rank._replace(id=rank.id + 1)
    page = store.gather(lists.PAGE if beside else 2, start)
    above = store.gather(1, above=rank).mails if page.above else ()
    at_top = page.above < lists.PAGE
    found = Around(
        ALL,
        mail,
        ALL.address("", None if at_top else key_of(start)),
        newer=next((_mail_of(each) for each, _ in above if each > rank), None),
        older=next((_mail_of(each) for each, _ in page.mails if each < rank), None),
    )
    if not beside:
        return found
    shown = gathered_page(store.gather(lists.PAGE) if at_top else page)
    return replace(found, days=shown.days, words=shown.words)


def _mail_of(rank: Rank) -> MailAt:
    return rank.mailbox, rank.id


def _in_search(origin: Origin, mail: MailAt, beside: bool) -> Around | None:
    index, query = site().index, read_query(origin.query)
    assert index is not None
    try:
        near = index.nearby(query, *mail, lists.PAGE)
        if near is None:
            return None
        before = near.key + 1 if near.above >= lists.PAGE else None
        up = origin.address("", before)
        if not beside:
            return Around(origin, mail, up, near.newer, near.older)
        found, clock = index.find(query, before, lists.PAGE), site().clock()
    except Unsearchable:
        return None
    days = site().offload(lambda: search.days_of(found.hits, query, clock))
    return Around(origin, mail, up, near.newer, near.older, days, search.place_words(found))

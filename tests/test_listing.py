from mysmtp import listing
from mysmtp.message import MailSummary
from mysmtp.text import decode


def test_a_row_is_the_one_of_the_specification() -> None:
    row = b"1: Email from alice@example.com (12-03-2025)\n"
    assert listing.row(1, b"alice@example.com", b"12-03-2025") == row
    assert listing.row_of(MailSummary(1, "alice@example.com", "12-03-2025", None, 33, b"Hello")) == row


def test_octets_that_are_no_text_stand_in_the_row_as_they_stand_in_the_file() -> None:
    mail = MailSummary(10**18, decode(b"\xff\xfe@x"), decode(b"\xc3("), None, 0, b"")
    assert listing.row_of(mail) == b"1000000000000000000: Email from \xff\xfe@x (\xc3()\n"

from dataclasses import replace

from mysmtp.message import Envelope, StoredMail
from mysmtp.mime import read_mail
from mysmtp.web.surveys import Surveys
from tests.web.letters import rich
from tests.web.posts import summary

MAIL = StoredMail(summary(1), rich('<img src="cid:logo@x">'), Envelope("alice@example.com", ("bob@example.com",)))


def titles(surveys: Surveys, stored: StoredMail) -> list[str]:
    return [finding.title for finding in surveys.of(stored, read_mail(stored.body)).found]


def test_the_page_is_looked_at_and_images_are_found_in_the_mail() -> None:
    assert titles(Surveys(), MAIL) == [
        "One image has no alternative text",
        "Lines of part 1.1.2.2 are longer than 76 characters",
    ]


def test_what_was_found_is_remembered_for_the_last_mails() -> None:
    surveys = Surveys(kept=1)
    mail = read_mail(MAIL.body)
    first = surveys.of(MAIL, mail)
    assert surveys.of(MAIL, mail) is first
    other = replace(MAIL, body=b"Hello\n")
    surveys.of(other, read_mail(other.body))
    assert surveys.of(MAIL, mail) is not first


def test_another_envelope_is_looked_at_anew() -> None:
    surveys = Surveys()
    assert "Blind copies" not in titles(surveys, MAIL)
    envelope = Envelope("alice@example.com", ("bob@example.com", "eve@example.com"))
    assert "Blind copies" in titles(surveys, replace(MAIL, envelope=envelope))

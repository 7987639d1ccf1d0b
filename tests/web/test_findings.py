from dataclasses import replace

from mysmtp.message import Envelope, StoredMail
from mysmtp.mime import read_mail
from mysmtp.web.findings import Findings
from tests.web.letters import rich
from tests.web.posts import summary

MAIL = StoredMail(summary(1), rich('<img src="cid:logo@x">'), Envelope("alice@example.com", ("bob@example.com",)))


def titles(findings: Findings, stored: StoredMail) -> list[str]:
    return [finding.title for finding in findings.of(stored, read_mail(stored.body))]


def test_the_page_is_looked_at_and_images_are_found_in_the_mail() -> None:
    assert titles(Findings(), MAIL) == [
        "One image has no alternative text",
        "Lines of part 1.1.2.2 are longer than 76 characters",
    ]


def test_what_was_found_is_remembered_for_the_last_mails() -> None:
    findings = Findings(kept=1)
    mail = read_mail(MAIL.body)
    first = findings.of(MAIL, mail)
    assert findings.of(MAIL, mail) is first
    other = replace(MAIL, body=b"Hello\n")
    findings.of(other, read_mail(other.body))
    assert findings.of(MAIL, mail) is not first


def test_another_envelope_is_looked_at_anew() -> None:
    findings = Findings()
    assert "Blind copies" not in titles(findings, MAIL)
    envelope = Envelope("alice@example.com", ("bob@example.com", "eve@example.com"))
    assert "Blind copies" in titles(findings, replace(MAIL, envelope=envelope))

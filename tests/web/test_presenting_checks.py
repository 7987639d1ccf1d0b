from mysmtp.mime.checks import Finding
from mysmtp.web.presenting_checks import found_of, grave_words, ruled

RFC = "https://www.rfc-editor.org/rfc/"


def test_rules_become_links_and_the_rest_stays() -> None:
    text = "Why (RFC 5322 section 3.6.2, RFC 7208)."
    pieces = ruled(text)
    assert "".join(piece.text for piece in pieces) == text
    assert [(piece.text, piece.url) for piece in pieces if piece.url] == [
        ("RFC 5322 section 3.6.2", f"{RFC}rfc5322#section-3.6.2"),
        ("RFC 7208", f"{RFC}rfc7208"),
    ]
    assert [piece.url for piece in ruled("RFC 5322 section 2.3.")] == [f"{RFC}rfc5322#section-2.3", None]


def test_what_a_peer_wrote_is_made_visible() -> None:
    (found,) = found_of([Finding("note", "a\x1b[2J", "b\u202e (RFC 2392)")])
    assert found.title == "a\\x1b[2J"
    assert found.why[0].text == "b\\u202e ("
    assert found.label == "Note"


def test_errors_and_warnings_are_counted_and_notes_are_not() -> None:
    note, warning, error = (Finding(level, "", "") for level in ("note", "warning", "error"))
    assert grave_words([note]) == ""
    assert grave_words([error, warning, warning, note]) == "1 error and 2 warnings"
    assert grave_words([error, error]) == "2 errors"

from mysmtp.client.wire import WireLog, hex_rows


def test_hex_rows() -> None:
    assert hex_rows(b"0123456789abcdef!") == [
        "   0000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66",
        "   0010  21",
    ]


def test_a_log_with_hex_and_marks() -> None:
    lines: list[str] = []
    log = WireLog(lines.append, with_hex=True, mark=lambda side: f"<{side}>")
    log.sent(b"HI")
    log.received(b"\n")
    assert lines == ["<C:> HI", "   0000  48 49", "<S:> \\n", "   0000  0a"]

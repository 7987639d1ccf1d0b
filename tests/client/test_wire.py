from mysmtp.client.wire import WireLog, hex_rows, lines_of, spelled


def test_line_ends_and_hidden_octets_are_spelled() -> None:
    assert spelled(b"RCPT TO: b@x\r\n") == "RCPT TO: b@x\\r\\n"
    assert spelled("é \\ \t".encode() + b"\x1b\xff\xc2\x9b") == "é \\\\ \\t\\x1b\\xff\\x9b"


def test_lines_are_cut_after_each_newline_only() -> None:
    assert lines_of(b"a\rb\n\nc") == [b"a\rb\n", b"\n", b"c"]
    assert lines_of(b"") == []


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

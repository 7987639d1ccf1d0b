"""The drawn machine against grids written by hand from RFC 5321, RFC 2033, RFC 1939 and docs/protocol.md."""

from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jinja2 import Environment, FileSystemLoader

import mysmtp
from mysmtp.inspector.machine import BOX_HEIGHT, LEFT, RIGHT, WIDTH, Box, Machine, draw
from mysmtp.inspector.protocols import known, name_of
from mysmtp.inspector.walk import Walk, walk_of
from mysmtp.protocol.my_smtp import MY_SMTP
from mysmtp.protocol.pop3 import POP3
from mysmtp.protocol.smtp import SMTP
from tests.protocol.taped import lines, recorded, taped

KNOWN = known()
TEMPLATES = Path(mysmtp.__file__).parent.parent / "templates"
STARTS_OVER = {(2, 1), (3, 1)}
# Each verb with the steps between two lanes that are drawn for it.
GRIDS = {
    "my_smtp": {"HELO": {(0, 1), *STARTS_OVER}, "MAIL": {(1, 2), (3, 2)}, "RCPT": {(2, 3)}, "DATA": {(3, 0)}},
    "smtp": {
        "EHLO": {(0, 1), *STARTS_OVER}, "HELO": {(0, 1), *STARTS_OVER}, "RSET": STARTS_OVER, "MAIL": {(1, 2)},
        "RCPT": {(2, 3)}, "DATA": {(3, 1)}, "STARTTLS": {(1, 0), (2, 0), (3, 0)},
    },
    "lmtp": {
        "LHLO": {(0, 1), *STARTS_OVER}, "RSET": STARTS_OVER, "MAIL": {(1, 2)}, "RCPT": {(2, 3)}, "DATA": {(3, 1)},
        "STARTTLS": {(1, 0), (2, 0), (3, 0)},
    },
    "pop3": {"USER": {(0, 1)}, "PASS": {(1, 2)}, "STLS": {(1, 0)}},
}  # fmt: skip
TURNS = {
    "my_smtp": {(1, "HELO"), (2, "MAIL FROM"), (3, "RCPT TO")},
    "smtp": {(1, "EHLO"), (1, "HELO"), (1, "RSET"), (3, "RCPT TO")},
    "lmtp": {(1, "LHLO"), (1, "RSET"), (3, "RCPT TO")},
    "pop3": {(0, "STLS"), (1, "USER")},
}
NAMES = {
    "my_smtp": ["initial", "greeted", "sender known", "recipient known"],
    "smtp": ["connected", "greeted", "sender known", "recipient known"],
    "lmtp": ["connected", "greeted", "sender known", "recipient known"],
    "pop3": ["authorization", "user given", "transaction"],
}


def drawn(protocol: str, *, tls: bool = True) -> Machine:
    return draw(KNOWN[protocol], Walk(KNOWN[protocol].dialect.initial), tls=tls)


@dataclass(frozen=True)
class Drawn:
    """A word with the room it takes on the page: no character of a face of 13 pixels is wider than 7.9."""

    text: str
    left: float
    right: float
    top: float
    bottom: float

    def lies_on(self, other: "Drawn") -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


def words_on(machine: Machine) -> list[Drawn]:
    """Return every word of the drawing as its page has it."""
    pages = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    pages.filters.update(shown=str, unparted=str)
    macros: Any = pages.get_template("_session.html").module
    drawing = ElementTree.fromstring(macros.machine_of(machine, None, {}, "x"))
    words = []
    for each in drawing.iter("text"):
        text = each.text or ""
        anchor = "middle" if each.get("class") == "n" else each.get("text-anchor", "start")
        width, x, y = 7.9 * len(text), float(each.get("x", "")), float(each.get("y", ""))
        left = x - {"start": 0, "middle": width / 2, "end": width}[anchor]
        words.append(Drawn(text, left, left + width, y - 10, y + 3))
    return words


def busy(protocol: str, count: int, codes: int) -> Walk:
    """Return a walk that took each step and turn so many times; in each lane so many codes refused as often."""
    walk = Walk(KNOWN[protocol].dialect.initial)
    refusing = ("403", "-ERR", "554")[:codes]
    walk.refusals.update({(lane, code): max(1, count) for lane in range(len(NAMES[protocol])) for code in refusing})
    if count:
        short = {name_of(verb): verb for verb in KNOWN[protocol].dialect.verbs}
        walk.steps.update({(lane, lane, short[verb]): count for lane, verb in TURNS[protocol]})
        walk.steps.update({(*step, verb): count for verb, steps in GRIDS[protocol].items() for step in steps})
        if "BDAT" in KNOWN[protocol].dialect.verbs:
            walk.steps[3, 1, "BDAT"] = count
    return walk


def words_of(box: Box) -> list[str]:
    return [each.words for each in box.refused]


def steps_of(machine: Machine) -> dict[str, set[tuple[int, int]]]:
    found: dict[str, set[tuple[int, int]]] = {}
    for edge in machine.edges:
        for verb in edge.verbs:
            found.setdefault(verb, set()).add((edge.source, edge.target))
    return found


@pytest.mark.parametrize("protocol", GRIDS)
def test_every_step_of_the_protocol_is_drawn_and_no_other(protocol: str) -> None:
    machine = drawn(protocol)
    assert steps_of(machine) == GRIDS[protocol]
    turns = {(round((word.y - 31) / 110), word.text[2:]) for word in machine.words if word.text.startswith("↺")}
    assert turns == TURNS[protocol]
    assert [box.name for box in machine.boxes] == NAMES[protocol]


@pytest.mark.parametrize("protocol", GRIDS)
def test_what_begins_tls_is_drawn_only_where_it_is_offered_or_was_done(protocol: str) -> None:
    plain = {verb: steps for verb, steps in GRIDS[protocol].items() if verb not in ("STARTTLS", "STLS")}
    machine = drawn(protocol, tls=False)
    assert steps_of(machine) == plain
    assert not [word for word in machine.words if "TLS" in word.text]
    assert "TLS" not in " ".join(machine.notes)
    walk = Walk(KNOWN[protocol].dialect.initial)
    begins = next((verb for verb in GRIDS[protocol] if verb not in plain), "")
    if begins:
        walk.steps[1, 0, begins] = 1
        assert steps_of(draw(KNOWN[protocol], walk)) == GRIDS[protocol]


@pytest.mark.parametrize("codes", [0, 1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 12, 999, 9_999, 123_456, 12_345_678])
@pytest.mark.parametrize("protocol", GRIDS)
def test_every_word_stands_inside_the_drawing_and_none_on_another(protocol: str, count: int, codes: int) -> None:
    machine = draw(KNOWN[protocol], busy(protocol, count, codes), tls=True)
    words = words_on(machine)
    for word in words:
        assert word.left >= -1, word
        assert word.right <= WIDTH + 1, word
        assert word.top >= 0, word
        assert word.bottom <= machine.height, word
    assert [(one, other) for one, other in combinations(words, 2) if one.lies_on(other)] == []
    for word, box in product(words, machine.boxes):
        beside = Drawn(box.name, LEFT - 5, RIGHT + 5, box.y - 5, box.y + BOX_HEIGHT + 5)  # with the halo round it
        assert word.text in (box.name, str(box.digit)) or not word.lies_on(beside), word
    assert 0 < LEFT < RIGHT < WIDTH


def test_the_notes_tell_what_is_not_drawn() -> None:
    assert drawn("my_smtp").notes == (
        "HELO is taken in any state and starts over in 1.",
        "LIST and GET_MAIL change no state.",
    )
    # Not those that are only read to be refused: EXPN; APOP and AUTH.
    assert drawn("smtp").notes[-2:] == (
        "NOOP, VRFY, AUTH and HELP change no state.",
        "BDAT is taken in 3 and stays there; with LAST it leads where DATA does.",  # RFC 3030, section 2
    )
    assert drawn("pop3").notes[-1] == "UTF8, STAT, LIST, UIDL, RETR, TOP, DELE, RSET, NOOP and CAPA change no state."


def test_a_walk_lights_where_the_session_is_and_counts_its_steps() -> None:
    tape = taped(
        MY_SMTP,
        *lines(
            "RCPT TO: b@x", "HELO x", "MAIL FROM: a@x", "RCPT TO: b@x", "DATA one", "HELO x", "MAIL FROM: a@y", end="\n"
        ),
    )
    machine = draw(KNOWN["my_smtp"], walk_of(tape.entries(), KNOWN["my_smtp"]))
    assert [box.look for box in machine.boxes] == ["seen", "now", "seen", "seen"]
    assert [words_of(box) for box in machine.boxes] == [["403 ×1"], ["400 ×1"], [], []]
    assert (machine.state, machine.digit) == ("greeted", 1)
    walked = {word.text for word in machine.words if word.walked}
    assert walked == {"HELO ×2", "MAIL FROM ×1", "RCPT TO ×1", "DATA ×1"}
    assert {(edge.source, edge.target) for edge in machine.edges if edge.walked} == {(0, 1), (1, 2), (2, 3), (3, 0)}
    # The box leads to the reply that entered it.
    assert machine.boxes[1].entered == 12


def test_a_walk_has_been_where_it_began_and_counts_what_led_on_though_it_came_to_nothing() -> None:
    began = draw(KNOWN["my_smtp"], walk_of(taped(MY_SMTP, b"HELO x\n").entries(), KNOWN["my_smtp"]))
    assert [(box.look, box.entered) for box in began.boxes[:3]] == [("seen", 2), ("now", 2), ("", None)]
    client, tape = recorded(MY_SMTP, limit=5)
    for said in lines("HELO x", "MAIL FROM: a@x", "RCPT TO: b@x", "DATA", "too large", ".", end="\n"):
        client.say(said)
    walk = walk_of(tape.entries(), KNOWN["my_smtp"])
    assert walk.state == "delivered"  # whatever came of it (docs/protocol.md)
    assert (walk.steps[3, 0, "DATA"], walk.refusals[3, "400"]) == (1, 1)
    lost = draw(KNOWN["pop3"], walk_of(taped(POP3, b"STAT\r\n").entries(), KNOWN["pop3"]))
    assert words_of(lost.boxes[0]) == ["-ERR ×1"]


def test_a_session_that_has_said_nothing_has_been_nowhere_else() -> None:
    assert [box.look for box in drawn("my_smtp").boxes] == ["now", "", "", ""]
    assert not [edge for edge in drawn("my_smtp").edges if edge.walked]


def test_a_box_of_two_states_is_called_after_the_one_that_is_meant() -> None:
    assert draw(KNOWN["my_smtp"], Walk("delivered")).boxes[0].name == "delivered"
    assert draw(KNOWN["smtp"], Walk("chunks")).boxes[3].name == "chunks"
    assert draw(KNOWN["smtp"], Walk("chunks")).boxes[0].name == "connected"


def test_a_step_is_walked_though_only_one_of_its_verbs_led_there() -> None:
    walk = Walk("greeted")
    walk.steps[0, 1, "EHLO"] = 1
    (edge,) = [edge for edge in draw(KNOWN["smtp"], walk).edges if edge.source == 0]
    assert (edge.walked, edge.verbs) == (True, ("EHLO", "HELO"))


def test_a_rail_that_was_walked_leads_all_the_way_from_where_it_was() -> None:
    walk = Walk("greeted")
    walk.steps[2, 1, "HELO"] = 1
    rails = {
        each.source: each for each in draw(KNOWN["my_smtp"], walk).edges if (each.target, each.verbs) == (1, ("HELO",))
    }
    walked, longest = rails[2], rails[3]
    assert (walked.walked, walked.arrow, longest.walked, longest.arrow) == (True, True, False, True)
    assert walked.path.split("V")[1] == longest.path.split("V")[1]  # both end in the same place
    (joining,) = [each for each in drawn("my_smtp").edges if (each.source, each.target) == (2, 1)]
    assert (joining.walked, joining.arrow) == (False, False)
    assert "V" not in joining.path  # it ends where it meets the other


@pytest.mark.parametrize("protocol", GRIDS)
def test_rails_leave_a_box_in_places_of_their_own(protocol: str) -> None:
    begins = [edge.path.split("H")[0] for edge in drawn(protocol).edges if "H" in edge.path]
    assert len(set(begins)) == len(begins)


def test_refusals_stand_on_the_drawing_and_none_is_left_uncounted() -> None:
    said = lines("RCPT TO: b@x", "FOO", "HELO", "DATA", "HELO x", "LIST b@x", "BAR", end="\n")
    machine = draw(KNOWN["my_smtp"], walk_of(taped(MY_SMTP, *said).entries(), KNOWN["my_smtp"]))
    assert [words_of(box) for box in machine.boxes] == [["403 ×2", "400 ×2"], ["401 ×1", "400 ×1"], [], []]
    crowd = lines("RCPT TO:<b@x>", "FOO", "HELO", "EXPN", "FOO", "DATA")  # 503, 500, 501, 502, 500, 503
    machine = draw(KNOWN["smtp"], walk_of(taped(SMTP, *crowd).entries(), KNOWN["smtp"]))
    assert words_of(machine.boxes[0]) == ["503 ×2", "other ×4"]


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ({"403": 1, "400": 1}, [("403 ×1", "soft"), ("400 ×1", "soft")]),
        ({"403": 1, "500": 1}, [("403 ×1", "soft"), ("500 ×1", "hard")]),
        ({"403": 1, "400": 2, "401": 3}, [("403 ×1", "soft"), ("other ×5", "soft")]),
        ({"403": 1, "500": 2, "554": 3}, [("403 ×1", "soft"), ("other ×5", "hard")]),
        ({"500": 1, "400": 2, "403": 3}, [("500 ×1", "hard"), ("other ×5", "soft")]),
        ({"500": 1, "452": 2, "501": 3}, [("500 ×1", "hard"), ("other ×5", "mixed")]),
        ({"-ERR": 7}, [("-ERR ×7", "hard")]),
        ({"403": 9_999, "400": 10_000}, [("403 ×9999", "soft"), ("400 ×10k", "soft")]),
        ({"403": 999_999, "400": 1_000_000}, [("403 ×999k", "soft"), ("400 ×1M", "soft")]),
    ],
)
def test_what_was_refused_has_the_class_of_its_replies_and_of_several_none(
    counts: dict[str, int], shown: list[tuple[str, str]]
) -> None:
    walk = Walk("initial")
    walk.refusals.update({(0, code): count for code, count in counts.items()})
    box = draw(KNOWN["my_smtp"], walk).boxes[0]
    assert [(each.words, each.look) for each in box.refused] == shown


def test_the_walk_can_be_seen_as_it_was() -> None:
    tape = taped(MY_SMTP, *lines("HELO x", "MAIL FROM: a@x", end="\n"))
    walk = walk_of(tape.entries()[:2], KNOWN["my_smtp"])
    assert walk.state == "greeted"


def test_a_chunk_that_is_the_last_leads_back_though_no_table_says_so() -> None:
    said = [*lines("EHLO x", "MAIL FROM:<a@x>", "RCPT TO:<b@x>"), b"BDAT 2 LAST\r\nhi"]
    machine = draw(KNOWN["smtp"], walk_of(taped(SMTP, *said).entries(), KNOWN["smtp"]))
    assert any((edge.walked and edge.verbs == ("DATA", "BDAT")) or "BDAT" in edge.verbs for edge in machine.edges)
    assert machine.state == "greeted"
    # Where there is no recipient BDAT is refused, so it turns in no other lane; and its path is told by the drawing.
    assert not [word for word in machine.words if word.text == "↺ BDAT"]
    assert "BDAT" not in " ".join(machine.notes)


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("count", [0, 1, 500])
def test_the_word_of_a_rail_that_leads_back_lies_on_no_other_rail(tls: bool, count: int) -> None:
    walk = Walk("greeted")
    walk.steps.update({(3, 1, "DATA"): count, (3, 1, "BDAT"): count} if count else {})
    machine = draw(KNOWN["smtp"], walk, tls=tls)
    rails = {int(edge.path.split("Q")[1].split()[0]): edge.verbs for edge in machine.edges if "Q" in edge.path}
    for verb in ("DATA", "BDAT") if count else ("DATA",):
        (word,) = [word for word in machine.words if word.text == verb]
        assert word.anchor == "middle"
        under = [verbs for x, verbs in rails.items() if abs(x - word.x) <= 7.9 * len(verb) / 2]
        assert [verb in verbs for verbs in under] == [True]
    assert ([word.text for word in machine.words if word.walked] == ["DATA", f"×{count}", "BDAT", f"×{count}"]) == (
        count > 0
    )

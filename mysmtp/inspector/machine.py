"""A protocol's state machine as a drawing, made from the table of verbs that the server runs: it cannot disagree.

Boxes stand on one spine, a lane each. One step on: down the spine. Back to where a session begins, or begins anew:
rails on the left. Other steps back: a rail on the right. A verb that leads to where the session is already: a turn
beside the box, below what was refused there, a row each. What never moves is told in words. No word lies on another,
however often anything was done. Pure geometry: a walk in, path data and words out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mysmtp.inspector.protocols import Known, name_of
from mysmtp.inspector.walk import Walk, is_hard, moves_of
from mysmtp.protocol.dialect import Verb

WIDTH, LEFT, BOX_WIDTH, BOX_HEIGHT, APART, TOP = 356, 92, 158, 46, 110, 8
RIGHT, SPINE = LEFT + BOX_WIDTH, LEFT + BOX_WIDTH // 2
RAILS = {1: (56,), 2: (56, 26), 3: (66, 40, 14)}
RIGHT_RAIL = 344
RAIL_SHIFT = 16  # from the middle of a box to where the rail on the right leaves it above, or comes to it below
LINE = 15  # from one word to the one below it
ROOM = 12  # characters that stand beside a box: the longest turn that is one word, done 9,999 times


@dataclass(frozen=True, slots=True)
class Refused:
    """What was refused: in `words` such as ``403 ×1``, and as the class of these replies: ``soft`` (4xx), ``hard``

    (5xx, -ERR), or ``mixed``. `y` is where the words stand.
    """

    words: str
    look: str
    y: int


@dataclass(frozen=True, slots=True)
class Box:
    """A lane's states: the box of a `y`, called after the state meant, `look` is ``now``, ``seen`` or empty.

    `entered` is the number of the entry that led there, None if none did; `refused` has a row for each code; of more
    than two codes the first is named, and how often all others came.
    """

    digit: int
    y: int
    name: str
    look: str
    entered: int | None
    refused: tuple[Refused, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """A step: its path, whether it was walked, from where to where, by which verbs. `arrow`: it ends in one."""

    path: str
    walked: bool
    source: int
    target: int
    verbs: tuple[str, ...]
    arrow: bool = True


@dataclass(frozen=True, slots=True)
class Word:
    """A verb beside its edge; `anchor` is SVG's."""

    x: int
    y: int
    anchor: str
    text: str
    walked: bool


@dataclass(frozen=True, slots=True)
class Machine:
    """A drawing of `WIDTH` by `height`. `end` is where the way out begins. `notes` tell what is not drawn."""

    height: int
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    words: tuple[Word, ...]
    end: int
    state: str
    digit: int
    notes: tuple[str, ...]


def middle(digit: int) -> int:
    """Return the height of a box's middle."""
    return TOP + BOX_HEIGHT // 2 + APART * digit


def draw(known: Known, walk: Walk, *, tls: bool = False) -> Machine:
    """Return the machine of a protocol with a walk on it; what begins TLS is drawn where it was offered (`tls`)."""
    lanes = sorted(map(int, known.places))
    walked = {verb for _, _, verb in walk.steps}
    moves = {
        verb: set(steps) for verb, steps in moves_of(known).items()
        if verb in walked or _is_offered(known.dialect.verbs[verb], tls=tls)
    }  # fmt: skip
    for source, target, verb in walk.steps:
        if source != target and verb in moves:
            moves[verb].add((source, target))  # what content led to: BDAT with LAST
    here = known.digit(walk.state)
    edges: list[Edge] = []
    words: list[Word] = []
    for source in lanes[:-1]:
        _put_forward(moves, walk, source, edges, words)
    _put_back(moves, walk, edges, words)
    boxes = []
    for lane in lanes:
        refusals, turns = _refusals(walk, lane), list(_turns(moves, walk, lane))
        first = _first_row(moves, lane, len(refusals) + len(turns))
        refused = tuple(Refused(text, look, first + LINE * at) for at, (text, look) in enumerate(refusals))
        words += _stacked(turns, first + LINE * len(refusals))
        boxes.append(_box(known, walk, lane, here, refused))
    end = middle(lanes[-1]) + BOX_HEIGHT // 2
    notes = tuple(_notes(known, moves))
    return Machine(end + 62, tuple(boxes), tuple(edges), tuple(words), end, walk.state, here, notes)


Moves = dict[str, set[tuple[int, int]]]


def _is_offered(rule: Verb, *, tls: bool) -> bool:
    """Return whether a command is done anywhere, and not only read to be refused."""
    return bool(set(rule.moves) - rule.vain) and (tls or not rule.upgrades)


def _box(known: Known, walk: Walk, lane: int, here: int, refused: tuple[Refused, ...]) -> Box:
    names = known.places[str(lane)]
    name = walk.state if walk.state in names else names[0]
    seen = lane in walk.entered
    look = "now" if lane == here else "seen" if seen else ""
    return Box(lane, TOP + APART * lane, name, look, walk.entered.get(lane), refused)


def _first_row(moves: Moves, lane: int, rows: int) -> int:
    """Return where the first of so many rows beside a box stands: in its midst; above or below a rail, if there is one.

    There are five at most, so that those of two boxes never meet.
    """
    y = middle(lane) + 4 - LINE * (rows - 1) // 2
    for back in _backs(moves):
        if back.target >= 2 and lane in back.sources:
            y = max(y, middle(lane) - RAIL_SHIFT + LINE)
        elif back.target >= 2 and lane == back.target:
            y = min(y, middle(lane) + RAIL_SHIFT - 6 - LINE * (rows - 1))
    return y


def _refusals(walk: Walk, lane: int) -> list[tuple[str, str]]:
    """Return in words and looks what was refused in a lane, in the two lines that there is room for."""
    counts = {code: count for (where, code), count in walk.refusals.items() if where == lane}
    if len(counts) < 3:
        return [(f"{code} {_times(count)}", _look([code])) for code, count in counts.items()]
    (first, count), *others = counts.items()
    return [
        (f"{first} {_times(count)}", _look([first])),
        (f"other {_times(sum(count for _, count in others))}", _look(code for code, _ in others)),
    ]


def _times(count: int) -> str:
    """Return how often, in five characters at most: ``×9999``, ``×10k``, ``×123M``."""
    if count < 10_000:
        return f"×{count}"
    return f"×{count // 1000}k" if count < 1_000_000 else f"×{count // 1_000_000}M"


def _look(codes: Iterable[str]) -> str:
    looks = {"hard" if is_hard(code) else "soft" for code in codes}
    return looks.pop() if len(looks) == 1 else "mixed"


def _label(walk: Walk, verb: str, steps: Iterable[tuple[int, int]]) -> tuple[str, bool]:
    count = sum(walk.steps[source, target, verb] for source, target in steps)
    return (f"{name_of(verb)} {_times(count)}", True) if count else (name_of(verb), False)


def _put_forward(moves: Moves, walk: Walk, source: int, edges: list[Edge], words: list[Word]) -> None:
    step = (source, source + 1)
    verbs = tuple(verb for verb, steps in moves.items() if step in steps)
    top, bottom = middle(source) + BOX_HEIGHT // 2, middle(source + 1) - BOX_HEIGHT // 2
    labels = [_label(walk, verb, [step]) for verb in verbs]
    walked = any(was for _, was in labels)
    edges.append(Edge(f"M{SPINE} {top}V{bottom - 1}", walked, *step, verbs))
    y = (top + bottom) // 2 + 4 - LINE * (len(labels) - 1) // 2
    words += [Word(SPINE + 9, y + LINE * at, "start", text, was) for at, (text, was) in enumerate(labels)]


@dataclass(frozen=True, slots=True)
class _Back:
    """Verbs that lead back from the same lanes to the same one."""

    sources: tuple[int, ...]
    target: int
    verbs: tuple[str, ...]


def _backs(moves: Moves) -> Sequence[_Back]:
    found: dict[tuple[tuple[int, ...], int], list[str]] = {}
    for verb, steps in moves.items():
        for target in sorted({after for before, after in steps if after < before}):
            sources = tuple(sorted(before for before, after in steps if after == target < before))
            found.setdefault((sources, target), []).append(verb)
    return [_Back(sources, target, tuple(verbs)) for (sources, target), verbs in found.items()]


def _put_back(moves: Moves, walk: Walk, edges: list[Edge], words: list[Word]) -> None:
    backs = _backs(moves)
    left = sorted((back for back in backs if back.target < 2), key=lambda back: (-back.target, -len(back.sources)))
    rails = RAILS.get(len(left), RAILS[3])
    for rank, back in enumerate(left):
        rail = rails[min(rank, len(rails) - 1)]
        edges += _rail(back, walk, rail, LEFT, rank * 9 - 9, rank * 9 - 9)
        y = middle(back.target) + APART // 2 + 4 if not back.target else middle(1 + min(rank, 1)) + APART // 2 + 8
        if back.target:  # how often stands below, where another rail is near
            words += _rail_words(back, walk, rail, y, "middle", apart=rank > 0)
        else:
            words += _rail_words(back, walk, *((rail, y, "middle") if rail > 40 else (4, y, "start")))
    for back in backs:
        if back.target >= 2:
            edges += _rail(back, walk, RIGHT_RAIL, RIGHT, RAIL_SHIFT, -RAIL_SHIFT)
            # Below the word of the way on, which may be as long.
            words += _rail_words(back, walk, WIDTH - 6, middle(back.target) + APART // 2 + 4 + LINE, "end")


def _rail(back: _Back, walk: Walk, rail: int, side: int, ends: int, begins: int) -> Iterator[Edge]:
    """Yield the edges of a rail: the longest with its arrow, and those that join it.

    It `begins` and `ends` so far below the middles of its boxes.
    """
    out = -1 if rail < side else 1
    corner, near = rail - 10 * out, side + out
    target = middle(back.target) + (ends if back.target else 0)
    *joining, longest = back.sources
    for source in (*joining, longest):
        y = middle(source) + begins
        walked = any(walk.steps[source, back.target, verb] for verb in back.verbs)
        path = f"M{side} {y}H{corner}Q{rail} {y} {rail} {y - 10}"
        if source == longest or walked:
            path += f"V{target + 10}Q{rail} {target} {corner} {target}H{near}"
        yield Edge(path, walked, source, back.target, back.verbs, arrow=source == longest or walked)


def _rail_words(back: _Back, walk: Walk, x: int, y: int, anchor: str, *, apart: bool = False) -> Iterator[Word]:
    y -= LINE * (len(back.verbs) - 1) // 2
    for verb in back.verbs:
        text, walked = _label(walk, verb, [(source, back.target) for source in back.sources])
        for line in text.split(" ") if apart else (text,):
            yield Word(x, y, anchor, line, walked)
            y += LINE


def _turns(moves: Moves, walk: Walk, lane: int) -> Iterator[tuple[str, bool]]:
    """Yield the verbs that lead to this lane from elsewhere, and are taken in it as well, a row each."""
    for verb, steps in moves.items():
        if (lane, lane) in steps and any(after == lane != before for before, after in steps):
            text, walked = _label(walk, verb, [(lane, lane)])
            turn = f"↺ {text}"
            if len(turn) <= ROOM:
                yield turn, walked
                continue
            turn, _, times = turn.rpartition(" ")
            yield turn, walked
            yield times, walked  # below, where it does not fit beside


def _stacked(turns: Iterable[tuple[str, bool]], y: int) -> Iterator[Word]:
    for at, (text, walked) in enumerate(turns):
        yield Word(RIGHT + (9 if text.startswith("↺") else 24), y + LINE * at, "start", text, walked)


def _notes(known: Known, moves: Moves) -> Iterator[str]:
    """Yield in words what the drawing leaves out."""
    lanes = len(known.places)
    anywhere = [verb for verb, steps in moves.items() if len({before for before, _ in steps}) == lanes]
    fresh = [verb for verb in anywhere if len({after for _, after in moves[verb]}) == 1]
    if fresh:
        words = "is taken in any state and starts" if len(fresh) == 1 else "are taken in any state and start"
        yield f"{_listed(fresh)} {words} over in {next(iter(moves[fresh[0]]))[1]}."
    still = [verb for verb in moves if _stays(known.dialect.verbs[verb])]
    if still:
        yield f"{_listed(still)} {'changes' if len(still) == 1 else 'change'} no state."
    chunks = [
        verb for verb, steps in moves.items() if verb not in still and all(here == there for here, there in steps)
    ]
    if chunks:
        yield f"{_listed(chunks)} is taken in 3 and stays there; with LAST it leads where DATA does."


def _stays(rule: Verb) -> bool:
    return all(before == after for before, after in rule.moves.items() if before not in rule.vain)


def _listed(verbs: Sequence[str]) -> str:
    names = [name_of(verb) for verb in verbs]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]

"""The parts of docs/ that are made from the code: `make docs` writes them, `tests/test_documents.py` compares them."""

from pathlib import Path

from mysmtp import config
from mysmtp.protocol.my_smtp import DIGIT, MY_SMTP
from mysmtp.web import snippets

DOCS = Path(__file__).resolve().parent.parent / "docs"
CLIENTS_BEGIN, CLIENTS_END = "<!-- settings: made by `make docs` -->", "<!-- end of settings -->"
BEGIN, END = "<!-- states: made by `make docs` -->", "<!-- end of states -->"


def state_diagram() -> str:
    """Return the state machine of My_SMTP as a Mermaid diagram and a table, both read from the dialect."""
    names = {state: state.replace(" ", "_") for state in DIGIT}
    arrows = [f"    [*] --> {names[MY_SMTP.initial]}"]
    rows = []
    for state in DIGIT:
        leads: dict[str, list[str]] = {}
        for verb, rule in MY_SMTP.verbs.items():
            if state in rule.moves and not rule.ends:
                leads.setdefault(rule.moves[state], []).append(verb)
        arrows += [f"    {names[state]} --> {names[after]}: {', '.join(verbs)}" for after, verbs in leads.items()]
        row = "; ".join(f"{', '.join(verbs)} → {after}" for after, verbs in leads.items())
        rows.append(f"| {DIGIT[state]} | {state} | {row} |")
    table = ["| | state | taken, and where it leads |", "| --- | --- | --- |", *rows]
    return "\n".join(["```mermaid", "stateDiagram-v2", *arrows, "```", "", *table])


def with_states(text: str) -> str:
    """Return docs/architecture.md with its state diagram made anew."""
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n{state_diagram()}\n{END}{rest.partition(END)[2]}"


def with_settings(text: str) -> str:
    """Return docs/clients.md with its settings made anew."""
    head, _, rest = text.partition(CLIENTS_BEGIN)
    return f"{head}{CLIENTS_BEGIN}\n{snippets.as_markdown()}\n{CLIENTS_END}{rest.partition(CLIENTS_END)[2]}"


def write() -> None:
    """Write every generated part."""
    (DOCS / "configuration.md").write_text(config.as_markdown())
    architecture = DOCS / "architecture.md"
    architecture.write_text(with_states(architecture.read_text()))
    clients = DOCS / "clients.md"
    clients.write_text(with_settings(clients.read_text()))


if __name__ == "__main__":
    write()

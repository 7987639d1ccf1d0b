"""What hundreds of applications of tests have in common is made once: the code of templates and of addresses."""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


def compile_addresses_once() -> None:
    """Let rules of the same words share the function that writes their address: compiling is most of an application."""
    compile_it: Callable[..., Any] = Rule._compile_builder
    compiled: dict[tuple[object, ...], Any] = {}

    def once(rule: Rule, append_unknown: bool = True) -> Any:
        key = (rule.rule, repr(rule.defaults), tuple(rule._trace), append_unknown)
        if key not in compiled:
            compiled[key] = compile_it(rule, append_unknown)
        return compiled[key]

    Rule._compile_builder = once  # type: ignore[assignment, method-assign]


def compile_templates() -> None:
    """Compile all templates now, for all applications of this process and those that are forked from it."""
    from mysmtp.events import Bus
    from mysmtp.store import open_store
    from mysmtp.web import Endpoints, Setup, create_app

    nowhere = ("127.0.0.1", 0)
    made = create_app(Setup(open_store("memory:"), Bus(), Endpoints(nowhere, nowhere, nowhere, nowhere)))
    for name in made.jinja_env.list_templates(["html"]):
        made.jinja_env.get_template(name)

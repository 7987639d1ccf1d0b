from collections.abc import Callable
from typing import TypeVar

from mysmtp.contracts import MessageStore
from mysmtp.events import Bus
from mysmtp.web import Setup, create_app
from tests.web.conftest import ENDPOINTS, client_of

T = TypeVar("T")


def test_templates_are_compiled_where_it_stops_nobody_and_once(store: MessageStore, bus: Bus) -> None:
    done: list[object] = []

    def offload(work: Callable[[], T]) -> T:
        done.append(work)
        return work()

    app = create_app(Setup(store, bus, endpoints=ENDPOINTS, offload=offload))
    app.jinja_env.bytecode_cache = None  # it holds what other tests have compiled
    client = client_of(app)
    first = client.get("/nothing")
    assert first.status_code == 404
    count = len(done)
    assert count >= 2  # the page and what it extends
    assert client.get("/nothing").data == first.data
    assert len(done) == count

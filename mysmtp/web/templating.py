"""Templates are compiled at their first use, where that stops nobody: a large one takes a tenth of a second.

And the application that has them.
"""

from types import CodeType
from typing import Any

from flask import Flask, Request
from flask.sansio.app import App
from flask.templating import Environment
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.exceptions import BadHost
from werkzeug.routing import MapAdapter

from mysmtp.contracts import Offload, run_here


class _Compiled(BytecodeCache):
    """What was compiled, for all applications of this process: a server makes one, its tests make hundreds."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _Compiled()


class Templates(Environment):
    """The environment of an application's templates; `offload` compiles them."""

    def __init__(self, app: App, **options: Any) -> None:
        super().__init__(app, bytecode_cache=_COMPILED, **options)
        self.offload: Offload = run_here

    def compile(self, *asked: Any, **options: Any) -> Any:
        return self.offload(lambda: super(Templates, self).compile(*asked, **options))


class Application(Flask):
    """A Flask application whose templates are compiled by way of the `offload` that is set on their environment."""

    jinja_environment = Templates
    jinja_env: Templates

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Bind a request to the addresses of this application; one for a host that no name can be, to localhost's.

        That one is refused like any other stranger's, and the page that says so has addresses too.
        """
        try:
            return super().create_url_adapter(request)
        except BadHost:
            assert request is not None
            here = {"HTTP_HOST": "localhost", "SERVER_NAME": "localhost"}
            return self.url_map.bind_to_environ({**request.environ, **here})

"""Templates are compiled at their first use, where that stops nobody: a large one takes a tenth of a second."""

from typing import Any

from flask import Flask
from flask.sansio.app import App
from flask.templating import Environment

from mysmtp.contracts import Offload, run_here


class Templates(Environment):
    """The environment of an application's templates; `offload` compiles them."""

    def __init__(self, app: App, **options: Any) -> None:
        super().__init__(app, **options)
        self.offload: Offload = run_here

    def compile(self, *asked: Any, **options: Any) -> Any:
        return self.offload(lambda: super(Templates, self).compile(*asked, **options))


class Application(Flask):
    """A Flask application whose templates are compiled by way of the `offload` that is set on their environment."""

    jinja_environment = Templates
    jinja_env: Templates

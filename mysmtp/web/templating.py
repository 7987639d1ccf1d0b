"""Templates are compiled at their first use, where that stops nobody: a large one takes a tenth of a second."""

from typing import Any

from flask import Flask
from flask.templating import Environment

from mysmtp.contracts import Offload, run_here


class Templates(Environment):
    """The environment of an application's templates; `offload` compiles them."""

    def __init__(self, app: Flask, **options: Any) -> None:
        super().__init__(app, **options)
        self.offload: Offload = run_here

    def compile(self, *asked: Any, **options: Any) -> Any:
        return self.offload(lambda: super(Templates, self).compile(*asked, **options))


def install(app: Flask, offload: Offload) -> None:
    """Have the templates of an application compiled by way of `offload`. Must come before they are used."""
    app.jinja_environment = Templates
    templates = app.jinja_env
    assert isinstance(templates, Templates)
    templates.offload = offload

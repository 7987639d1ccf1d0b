"""Templates made ready where that stops nobody: compiling one takes longer than the hub may be held."""

from flask import current_app, render_template

from mysmtp.web.site import site

_PARTS = ("base.html", "_parts.html", "_told.html")
_BESIDES = {
    "session.html": ("_session.html",),
    "search.html": ("_rows.html",),
    "mail.html": ("_mail_html.html", "_mail_parts.html"),
}


def page(template: str, **context: object) -> str:
    """Render a template, which is compiled off the hub if it has not been used yet."""
    environment = current_app.jinja_env
    missing = [name for name in (template, *_PARTS, *_BESIDES.get(template, ())) if not _is_ready(name)]
    if missing:
        site().offload(lambda: [environment.get_template(name) for name in missing])
    return render_template(template, **context)


def _is_ready(name: str) -> bool:
    cache, loader = current_app.jinja_env.cache, current_app.jinja_env.loader
    return cache is not None and any(key[1] == name for key in list(cache.keys())) if loader else True

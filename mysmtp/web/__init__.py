"""The pages: what lies in the mailboxes, as HTML. Knows store and bus by their contracts, no protocol and no file.

`create_app` makes the Flask application, `serve_web` serves it with gevent.
"""

from mysmtp.web.app import Setup, create_app
from mysmtp.web.site import Endpoints
from mysmtp.web.wsgi import serve_web

__all__ = ["Endpoints", "Setup", "create_app", "serve_web"]

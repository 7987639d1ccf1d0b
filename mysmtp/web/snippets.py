"""What to set in other programs so that they send to this server or read from it: one table for pages and docs.

Pure. `{{smtp_host}}` and its like in a text are replaced by the running addresses, never typed into a template.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from mysmtp.config import Config

Kind = Literal["terminal", "start", "framework", "language", "tool", "reader"]


@dataclass(frozen=True, slots=True)
class Snippet:
    """One program's settings: its name, which file they stand in or what they are, and the text to copy.

    `door` is the port that must be open: ``my_smtp``, ``smtp`` or ``pop3``. `language` is that of the text.
    """

    kind: Kind
    name: str
    where: str
    language: str
    text: str
    door: str = "smtp"


_BY_NC = """\
printf '%s\\n' 'HELO example.com' 'MAIL FROM: alice@example.com' \\
  'RCPT TO: bob@example.com' 'DATA Hello Bob' QUIT | nc {{my_smtp_host}} {{my_smtp_port}}"""

_BY_SMTPLIB = """\
import smtplib

mail = "Subject: Hello\\n\\nHello Bob"
with smtplib.SMTP("{{smtp_host}}", {{smtp_port}}) as server:
    server.sendmail("alice@example.com", ["bob@example.com"], mail)"""

_BY_HAND = """\
nc {{my_smtp_host}} {{my_smtp_port}}
HELO example.com
MAIL FROM: alice@example.com
RCPT TO: bob@example.com
DATA Hello Bob
QUIT"""

_DJANGO = """\
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = "{{smtp_host}}"
EMAIL_PORT = {{smtp_port}}
EMAIL_USE_TLS = False"""

_FLASK_MAIL = """\
app.config.update(
    MAIL_SERVER="{{smtp_host}}",
    MAIL_PORT={{smtp_port}},
    MAIL_USE_TLS=False,
    MAIL_DEFAULT_SENDER="app@example.com",
)"""

_RAILS = """\
config.action_mailer.delivery_method = :smtp
config.action_mailer.smtp_settings = { address: "{{smtp_host}}", port: {{smtp_port}} }
config.action_mailer.raise_delivery_errors = true"""

_LARAVEL = """\
MAIL_MAILER=smtp
MAIL_HOST={{smtp_host}}
MAIL_PORT={{smtp_port}}
MAIL_USERNAME=null
MAIL_PASSWORD=null
MAIL_ENCRYPTION=null"""

_SPRING = """\
spring.mail.host={{smtp_host}}
spring.mail.port={{smtp_port}}"""

_NODEMAILER = """\
const transport = require("nodemailer").createTransport({
  host: "{{smtp_host}}", port: {{smtp_port}}, secure: false, ignoreTLS: true,
});
transport.sendMail({
  from: "alice@example.com", to: "bob@example.com", subject: "Hello", text: "Hello Bob",
});"""

_PHP = 'sendmail_path = "{{command}} sendmail -t -i --host {{smtp_host}} --port {{smtp_port}}"'

_GO = """\
err := smtp.SendMail("{{smtp}}", nil, "alice@example.com", []string{"bob@example.com"},
\t[]byte("Subject: Hello\\r\\n\\r\\nHello Bob\\r\\n"))"""

_DOTNET = """\
using var client = new SmtpClient("{{smtp_host}}", {{smtp_port}});
client.Send("alice@example.com", "bob@example.com", "Hello", "Hello Bob");"""

_CURL = """\
printf 'Subject: Hello\\n\\nHello Bob\\n' | curl --crlf --upload-file - smtp://{{smtp}} \\
  --mail-from alice@example.com --mail-rcpt bob@example.com"""

_SWAKS = """\
swaks --server {{smtp_host}} --port {{smtp_port}} \\
  --from alice@example.com --to bob@example.com --header 'Subject: Hello'"""

_POP3 = """\
Protocol   POP3
Server     {{pop3_host}}
Port       {{pop3_port}}
Security   none
User name  bob@example.com (the mailbox to read)
Password   anything, unless logins are checked"""

_OUTGOING = """\
Server     {{smtp_host}}
Port       {{smtp_port}}
Security   none
Login      none, or anything unless logins are checked"""

SNIPPETS = (
    Snippet("terminal", "From a terminal", "a shell", "sh", _BY_NC, "my_smtp"),
    Snippet("start", "From a program", "Python", "python", _BY_SMTPLIB),
    Snippet("start", "By hand, one line at a time", "My_SMTP", "text", _BY_HAND, "my_smtp"),
    Snippet("framework", "Django", "settings.py", "python", _DJANGO),
    Snippet("framework", "Flask-Mail", "where the app is made", "python", _FLASK_MAIL),
    Snippet("framework", "Rails", "config/environments/development.rb", "ruby", _RAILS),
    Snippet("framework", "Laravel", ".env", "ini", _LARAVEL),
    Snippet("framework", "Spring Boot", "application.properties", "properties", _SPRING),
    Snippet("language", "Node", "nodemailer", "js", _NODEMAILER),
    Snippet("language", "PHP", "mail(), php.ini", "ini", _PHP),
    Snippet("language", "Go", "net/smtp", "go", _GO),
    Snippet("language", ".NET", "System.Net.Mail", "csharp", _DOTNET),
    Snippet("tool", "curl", "a mail from a pipe", "sh", _CURL),
    Snippet("tool", "swaks", "the SMTP test tool", "sh", _SWAKS),
    Snippet("reader", "Reading", "incoming mail", "text", _POP3, "pop3"),
    Snippet("reader", "Sending", "outgoing mail", "text", _OUTGOING),
)

GROUPS: Mapping[Kind, str] = {
    "framework": "From a framework",
    "language": "From a language",
    "tool": "From a shell",
    "reader": "In a mail program",
}


def filled(doors: Mapping[str, tuple[str, int]], command: str) -> Sequence[Snippet]:
    """Return what holds for the doors that are open, name to (host, port); `command` is `mysmtp` in full."""
    words = {"command": command}
    for name, (host, port) in doors.items():
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        words |= {name: place, f"{name}_host": host, f"{name}_port": str(port)}
    found = []
    for snippet in SNIPPETS:
        if snippet.door in doors:
            text = snippet.text
            for key, value in words.items():
                text = text.replace("{{" + key + "}}", value)
            found.append(replace(snippet, text=text))
    return found


def as_markdown() -> str:
    """Return the snippets with the usual addresses, for docs/clients.md."""
    usual = Config()
    ports = {"my_smtp": usual.port, "smtp": usual.smtp_port, "pop3": usual.pop3_port}
    doors = {name: (usual.host, port) for name, port in ports.items() if isinstance(port, int)}
    snippets = filled(doors, "/full/path/to/mysmtp")
    lines = []
    for kind, heading in {"start": "To begin with", **GROUPS}.items():
        lines += [f"## {heading}", ""]
        for each in snippets:
            if each.kind == kind:
                lines += [f"**{each.name}** ({each.where})", "", f"```{each.language}", each.text, "```", ""]
    return "\n".join(lines).rstrip()

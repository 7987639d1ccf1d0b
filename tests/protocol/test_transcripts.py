"""A conversation for each command of SMTP and POP3: what it is for, what it refuses, what comes after it.

Expectations: RFC 5321 sections 4.1.1 and 4.3.2 and appendix D, RFC 1939 sections 5 to 7, and their extensions.
"""

import pytest

from mysmtp.protocol.pop3 import POP3
from mysmtp.protocol.smtp import SMTP
from tests.protocol.conversation import Client, play
from tests.protocol.test_pop3 import MAILS, Pop3Client, filled

SMTP_TALK = {
    "EHLO": """
        C: MAIL FROM:<a@x>
        S: 503 5.5.1 Send EHLO first
        C: EHLO
        S: 501 5.5.2 Invalid syntax: say your domain or [address], one word
        C: ehlo [127.0.0.1]
        S: 250-localhost greets you
        S: 250-PIPELINING
        S: 250-8BITMIME
        S: 250-SMTPUTF8
        S: 250-CHUNKING
        S: 250-BINARYMIME
        S: 250-DSN
        S: 250-ENHANCEDSTATUSCODES
        S: 250-HELP
        S: 250-SIZE 1000000
        S: 250-AUTH PLAIN LOGIN
        S: 250 STARTTLS
        C: MAIL FROM:<a@x>
        S: 250 2.1.0 Sender OK
    """,
    "HELO": """
        C: HELO x.example
        S: 250 localhost greets you
        C: MAIL FROM:<a@x> BODY=8BITMIME
        S: 555 5.5.4 Parameters are offered to EHLO only
        C: MAIL FROM:<a@x>
        S: 250 2.1.0 Sender OK
        C: HELO x.example
        S: 250 localhost greets you
        C: RCPT TO:<b@y>
        S: 503 5.5.1 Send MAIL FROM first
    """,
    "MAIL": """
        C: HELO x
        S: 250 localhost greets you
        C: MAIL FROM:<>
        S: 250 2.1.0 Sender OK
        C: MAIL FROM:<a@x>
        S: 503 5.5.1 A mail is under way; RSET drops it
        C: RSET
        S: 250 2.0.0 OK
        C: MAIL FROM:<@relay.example:a@x>
        S: 250 2.1.0 Sender OK
        C: RSET
        S: 250 2.0.0 OK
        C: MAIL FROM:<a@x
        S: 501 5.1.3 Invalid address: write <local-part@domain>
    """,
    "RCPT": """
        C: HELO x
        S: 250 localhost greets you
        C: RCPT TO:<b@y>
        S: 503 5.5.1 Send MAIL FROM first
        C: MAIL FROM:<a@x>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<b@y>
        S: 250 2.1.5 Recipient OK
        C: RCPT TO:<no-domain>
        S: 501 5.1.3 Invalid address: an @ is missing
        C: RCPT TO:<"c d"@[IPv6:2001:db8::1]>
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 Enter message, end with a single dot (.) on a line of its own
    """,
    "DATA": """
        C: HELO x
        S: 250 localhost greets you
        C: MAIL FROM:<a@x>
        S: 250 2.1.0 Sender OK
        C: DATA
        S: 503 5.5.1 Send RCPT TO first
        C: RCPT TO:<b@y>
        S: 250 2.1.5 Recipient OK
        C: DATA
        S: 354 Enter message, end with a single dot (.) on a line of its own
        C: Subject: hello
        C:
        C: QUIT
        C: ..
        C: .
        S: 250 2.0.0 Message stored
        C: DATA
        S: 503 5.5.1 Send MAIL FROM first
    """,
    "BDAT": """
        C: EHLO x
        S: 250-localhost greets you
        S: 250-PIPELINING
        S: 250-8BITMIME
        S: 250-SMTPUTF8
        S: 250-CHUNKING
        S: 250-BINARYMIME
        S: 250-DSN
        S: 250-ENHANCEDSTATUSCODES
        S: 250-HELP
        S: 250-SIZE 1000000
        S: 250-AUTH PLAIN LOGIN
        S: 250 STARTTLS
        C: MAIL FROM:<a@x>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<b@y>
        S: 250 2.1.5 Recipient OK
        C: BDAT 6
        C: QUIT
        S: 250 2.0.0 6 octets received
        C: RCPT TO:<c@y>
        S: 503 5.5.1 Go on with BDAT, or send RSET
        C: BDAT 3 LAST
        C: .
        S: 250 2.0.0 Message stored
        C: BDAT 0 LAST
        S: 503 5.5.1 Send MAIL FROM first
    """,
    "RSET": """
        C: RSET
        S: 250 2.0.0 OK
        C: HELO x
        S: 250 localhost greets you
        C: MAIL FROM:<a@x>
        S: 250 2.1.0 Sender OK
        C: RCPT TO:<b@y>
        S: 250 2.1.5 Recipient OK
        C: RSET
        S: 250 2.0.0 OK
        C: DATA
        S: 503 5.5.1 Send MAIL FROM first
        C: RSET now
        S: 501 5.5.2 Invalid syntax: this command stands alone
    """,
    "NOOP": """
        C: NOOP
        S: 250 2.0.0 OK
        C: noop whatever it says
        S: 250 2.0.0 OK
    """,
    "VRFY": """
        C: VRFY
        S: 501 5.5.2 Invalid syntax: VRFY takes a name
        C: VRFY bob@example.com
        S: 252 2.1.5 Every address is taken; mail for it makes its mailbox
    """,
    "EXPN": """
        C: EXPN staff
        S: 502 5.5.1 Command not implemented
    """,
    "HELP": """
        C: HELP
        S: 214-2.0.0 Commands: EHLO HELO RSET NOOP VRFY QUIT HELP
        S: 214 2.0.0 RFC 5321 tells what they do
    """,
    "AUTH": """
        C: AUTH PLAIN AGFsaWNlAHg=
        S: 503 5.5.1 Send EHLO first
        C: HELO x
        S: 250 localhost greets you
        C: AUTH CRAM-MD5
        S: 504 5.5.4 AUTH takes PLAIN or LOGIN
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: *
        S: 501 5.7.0 AUTH was cancelled
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: YWxpY2U=
        S: 334 UGFzc3dvcmQ6
        C: eA==
        S: 235 2.7.0 Welcome
        C: AUTH PLAIN AGFsaWNlAHg=
        S: 503 5.5.1 Already logged in
    """,
    "STARTTLS": """
        C: STARTTLS
        S: 503 5.5.1 Send EHLO first
        C: HELO x
        S: 250 localhost greets you
        C: STARTTLS now
        S: 501 5.5.2 Invalid syntax: this command stands alone
        C: STARTTLS
        S: 220 2.0.0 Ready to start TLS
    """,
    "QUIT": """
        C: QUIT now
        S: 501 5.5.2 Invalid syntax: this command stands alone
        C: QUIT
        S: 221 2.0.0 Goodbye
    """,
}

IN = """
        C: USER bob@y
        S: +OK Send PASS
        C: PASS x
        S: +OK 3 messages
"""
POP3_TALK = {
    "USER": """
        C: USER
        S: -ERR Invalid syntax: USER takes a mailbox
        C: USER alice@x
        S: +OK Send PASS
        C: USER bob@y
        S: +OK Send PASS
        C: PASS x
        S: +OK 3 messages
        C: USER bob@y
        S: -ERR Already logged in
    """,
    "PASS": """
        C: PASS x
        S: -ERR Send USER and PASS first
        C: USER bob@y
        S: +OK Send PASS
        C: PASS words with  spaces
        S: +OK 3 messages
        C: PASS x
        S: -ERR Already logged in
    """,
    "APOP": """
        C: APOP bob@y c4c9334bac560ecc979e58001b3e22fb
        S: -ERR Not offered; send USER and PASS
    """,
    "AUTH": """
        C: AUTH
        S: -ERR Not offered; send USER and PASS
        C: AUTH PLAIN AGFsaWNlAHg=
        S: -ERR Not offered; send USER and PASS
    """,
    "STLS": """
        C: STLS now
        S: -ERR Invalid syntax: this command stands alone
        C: STLS
        S: +OK Begin TLS
    """,
    "UTF8": """
        C: UTF8
        S: +OK UTF-8 it is
        C: USER bob@y
        S: +OK Send PASS
        C: PASS x
        S: +OK 3 messages
        C: UTF8
        S: -ERR Already logged in
    """,
    "CAPA": """
        C: CAPA
        S: +OK
        S: USER
        S: TOP
        S: UIDL
        S: RESP-CODES
        S: AUTH-RESP-CODE
        S: PIPELINING
        S: UTF8 USER
        S: EXPIRE NEVER
        S: IMPLEMENTATION mysmtp
        S: STLS
        S: .
    """,
    "STAT": f"""{IN}
        C: STAT
        S: +OK 3 2047
        C: DELE 2
        S: +OK Message 2 goes when you QUIT
        C: STAT
        S: +OK 2 2042
    """,
    "LIST": f"""{IN}
        C: LIST
        S: +OK 3 messages
        S: 1 33
        S: 2 5
        S: 3 2009
        S: .
        C: LIST 2
        S: +OK 2 5
        C: LIST 4
        S: -ERR No such message
    """,
    "UIDL": f"""{IN}
        C: DELE 1
        S: +OK Message 1 goes when you QUIT
        C: UIDL
        S: +OK 2 messages
        S: 2 2.6476672e35000.4
        S: 3 3.6476672e35000.7d7
        S: .
        C: UIDL 2
        S: +OK 2 2.6476672e35000.4
        C: UIDL 1
        S: -ERR No such message
    """,
    "RETR": f"""{IN}
        C: RETR 1
        S: +OK 33 octets
        S: Subject: one
        S:
        S: ..dot
        S: ...
        S:
        S: end
        S: .
        C: RETR 2
        S: +OK 5 octets
        S: two
        S: .
        C: RETR
        S: -ERR Invalid syntax: one message number is needed
    """,
    "TOP": f"""{IN}
        C: TOP 1 0
        S: +OK
        S: Subject: one
        S:
        S: .
        C: TOP 1 2
        S: +OK
        S: Subject: one
        S:
        S: ..dot
        S: ...
        S: .
        C: TOP 1
        S: -ERR Invalid syntax: TOP takes a message number and a number of lines
    """,
    "DELE": f"""{IN}
        C: DELE 2
        S: +OK Message 2 goes when you QUIT
        C: DELE 2
        S: -ERR No such message
        C: RETR 2
        S: -ERR No such message
        C: LIST
        S: +OK 2 messages
        S: 1 33
        S: 3 2009
        S: .
    """,
    "RSET": f"""
        C: RSET
        S: -ERR Send USER and PASS first
        {IN}
        C: DELE 2
        S: +OK Message 2 goes when you QUIT
        C: RSET
        S: +OK 3 messages
        C: LIST 2
        S: +OK 2 5
    """,
    "NOOP": f"""
        C: NOOP
        S: -ERR Send USER and PASS first
        {IN}
        C: NOOP
        S: +OK
    """,
    "QUIT": f"""{IN}
        C: DELE 1
        S: +OK Message 1 goes when you QUIT
        C: QUIT
        S: +OK Goodbye
    """,
}  # fmt: skip


def without_blank_lines(talk: str) -> str:
    return "\n".join(filter(str.strip, talk.split("\n")))


@pytest.mark.parametrize("verb", SMTP_TALK)
def test_a_conversation_about_each_command_of_smtp(verb: str) -> None:
    client = play(SMTP_TALK[verb], Client(dialect=SMTP, upgrades=True))
    stored = {"DATA": [b"Subject: hello\r\n\r\nQUIT\r\n.\r\n"], "BDAT": [b"QUIT\r\n.\r\n"]}.get(verb, [])
    assert [client.bodies(box.name) for box in client.store.mailboxes()] == ([stored] if stored else [])


@pytest.mark.parametrize("verb", POP3_TALK)
def test_a_conversation_about_each_command_of_pop3(verb: str) -> None:
    client = play(without_blank_lines(POP3_TALK[verb]), Pop3Client(dialect=POP3, store=filled(*MAILS), upgrades=True))
    assert client.bodies("bob@y") == list(MAILS[1:] if verb == "QUIT" else MAILS)


def test_no_command_is_left_out() -> None:
    assert set(SMTP_TALK) == set(SMTP.verbs)
    assert set(POP3_TALK) == set(POP3.verbs)

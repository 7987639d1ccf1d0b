"""The faults, in mail words. A protocol turns them into its own reply codes, the web into its own status codes.

A fault carries what its catcher needs as attributes; `str(fault)` is a remark fit for the peer (it may be empty),
never a path of this machine or a cause that belongs in the log.
"""

import errno

_NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.ENOBUFS))


class MailFault(Exception):
    """Anything that keeps a mail, a command or a look-up from being done; the session goes on."""


class UnknownCommand(MailFault):
    """The first word of a line is no command of this protocol."""


class InvalidSyntax(MailFault):
    """The command is known, the rest of its line is not as it must be."""


class InvalidAddress(InvalidSyntax):
    """A word that should be an address has no `@` with text on both sides."""


class DomainMismatch(MailFault):
    """The sender's domain is not the one the client greeted with."""


class LineTooLong(MailFault):
    """A command line is longer than the protocol allows."""


class MessageTooLarge(MailFault):
    """A message is larger than this server takes."""


class BareNewline(MailFault):
    """A CR or an LF stands alone in a message whose protocol ends lines with both."""


class TooManyRecipients(MailFault):
    """One more recipient than a transaction may have."""


class OutOfOrder(MailFault):
    """A command that its session's state does not allow."""

    def __init__(self, verb: str, state: str) -> None:
        super().__init__(verb, state)
        self.verb = verb
        self.state = state


class NoSuchMailbox(MailFault):
    """No mailbox of this name exists."""

    def __init__(self, mailbox: str) -> None:
        super().__init__(mailbox)
        self.mailbox = mailbox


class NoSuchMail(MailFault):
    """The mailbox exists; a mail of this id was never given or is deleted."""

    def __init__(self, mailbox: str, mail_id: int) -> None:
        super().__init__(mailbox, mail_id)
        self.mailbox = mailbox
        self.mail_id = mail_id


class DamagedMail(MailFault):
    """The record of this mail is cut off or its checksum is wrong: it is never served as a mail."""

    def __init__(self, mailbox: str, mail_id: int) -> None:
        super().__init__(mailbox, mail_id)
        self.mailbox = mailbox
        self.mail_id = mail_id


class StoreFailed(MailFault):
    """The store could not do it (disk full, not a file, an I/O error). `__cause__` is for the log."""

    @property
    def for_want_of_room(self) -> bool:
        """Whether there was no room: on the disk, in a quota, or among the mails that come in or wait for the disk."""
        fault: BaseException | None = self
        for _ in range(4):  # that an earlier mail failed may be why this one did
            if isinstance(fault, StoreFailed):
                fault = fault.__cause__
        return isinstance(fault, OSError) and fault.errno in _NO_ROOM


def out_of_room() -> StoreFailed:
    """Return the fault of a mail that came while all others on their way in took the room there is for them."""
    fault = StoreFailed()
    fault.__cause__ = OSError(errno.ENOBUFS, "too many octets of mail are on their way in")
    return fault


def disk_full() -> StoreFailed:
    """Return the fault of a mail whose copies the disk has no room for."""
    fault = StoreFailed()
    fault.__cause__ = OSError(errno.ENOSPC, "the disk has no room for a copy for each recipient")
    return fault


class PasswordsUnreadable(StoreFailed):
    """The file of logins cannot be read, or understood; `str(fault)` says why, to the owner of the file."""


class WrongLogin(MailFault):
    """No such user has this password."""


class StartFailed(Exception):
    """The process cannot start; `str(fault)` is the one line to print."""


class Parting(MailFault):
    """The server says why, and closes."""


class ServerBusy(Parting):
    """More connections than the server holds, or one address may have; told at connect, then it is closed."""


class ShuttingDown(Parting):
    """The server is going down; told between two commands, then the connection is closed."""


class IdleTooLong(Parting):
    """The client completed no line for too long; told, then the connection is closed."""


class TooManyWrongLogins(Parting):
    """The client goes on guessing."""


class TooManyErrors(Parting):
    """The client goes on with what makes no sense."""


class OutOfStep(Parting):
    """Where the next command begins is no longer known, or the client did not wait where it must."""

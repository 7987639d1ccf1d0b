"""What one client's session and its mail transaction hold (RFC 5321 section 3.3); protocols share by having one."""

from dataclasses import dataclass, field

from mysmtp.address import Address, mailbox_name
from mysmtp.errors import TooManyRecipients
from mysmtp.message import Envelope, Parameters, Trace
from mysmtp.protocol.maildrop import Maildrop
from mysmtp.protocol.readers import Gathering

MAX_RECIPIENTS = 100  # RFC 5321 section 4.5.3.1.8 asks for no fewer
_SHAPE_KEPT = 200  # replies of a long session that its path remembers


@dataclass(slots=True)
class Transaction:
    """One mail on its way, from MAIL to the end of data; `parameters` are those of MAIL (`message.Trace`).

    `gathering` holds what came of it so far where it comes in chunks; `accepted` each recipient as often as it was
    named, where that counts (LMTP).
    """

    reverse_path: Address
    parameters: Parameters = ()
    most: int = MAX_RECIPIENTS
    gathering: Gathering | None = None
    accepted: list[str] = field(default_factory=list)
    _forward_paths: dict[str, str] = field(default_factory=dict)  # mailbox -> the path as it was given first
    _of_paths: dict[str, Parameters] = field(default_factory=dict)  # mailbox -> the parameters of that path

    def add_recipient(self, path: Address, parameters: Parameters = ()) -> None:
        """Add one recipient; a mailbox named twice stands once. Raises TooManyRecipients."""
        text = str(path)
        mailbox = mailbox_name(text)
        if mailbox in self._forward_paths:
            return
        if len(self._forward_paths) >= self.most:
            raise TooManyRecipients(f"a mail has at most {self.most}")
        self._forward_paths[mailbox] = text
        if parameters:
            self._of_paths[mailbox] = parameters

    @property
    def has_recipients(self) -> bool:
        """Whether there is anybody to store it for."""
        return bool(self._forward_paths)

    @property
    def copies(self) -> int:
        """How many mailboxes it is for."""
        return len(self._forward_paths)

    @property
    def envelope(self) -> Envelope:
        """The envelope as it stands now."""
        return Envelope(str(self.reverse_path), tuple(self._forward_paths.values()))

    @property
    def rcpt_parameters(self) -> tuple[Parameters, ...]:
        """The parameters of each forward path of the envelope, nothing when there are none at all."""
        return tuple(self._of_paths.get(mailbox, ()) for mailbox in self._forward_paths) if self._of_paths else ()


@dataclass(slots=True)
class Session:
    """One client's state: where in the protocol it is and how it got there, who it is, the transaction if one is open.

    `shape` is its path, a mark for each reply (`message.Trace`); it keeps the last ones only. `extended`: the client
    said EHLO, and may use what was offered. `in_lines`: replies go out in lines for good.
    `maildrop` is what a client of POP3 opened. `wrong_logins` counts on over `start_over`.
    """

    state: str
    via: str = ""
    id: int = 0
    peer: str = ""
    helo: str = ""
    extended: bool = False
    shape: str = ""
    tls: str = ""
    user: str = ""
    wrong_logins: int = 0
    in_lines: bool = False
    transaction: Transaction | None = None
    maildrop: Maildrop | None = None

    def start_over(self, initial: str) -> None:
        """Forget all but where the client is: what was said before TLS counts no more."""
        self.state, self.helo, self.extended, self.user, self.transaction = initial, "", False, "", None

    def remember(self, step: str) -> None:
        """Add one more reply to the path: its mark, or the digit of the state it led to."""
        self.shape = (self.shape + step)[-_SHAPE_KEPT:]

    def correct(self, mark: str, later: int) -> None:
        """Change the mark of a reply, which turned out to be a refusal, `later` ones having been remembered since."""
        at = len(self.shape) - 1 - later
        if at >= 0:
            self.shape = self.shape[:at] + mark + self.shape[at + 1 :]

    def trace(self, digit: str, transaction: Transaction | None = None) -> Trace:
        """Tell how a mail came in that is about to be stored, which leads to the state of this digit."""
        shape = self.shape + digit
        if transaction is None:
            return Trace(self.via, self.id, self.peer, self.helo, shape, self.tls, self.user)
        of_mail, of_rcpt = transaction.parameters, transaction.rcpt_parameters
        return Trace(self.via, self.id, self.peer, self.helo, shape, self.tls, self.user, of_mail, of_rcpt)

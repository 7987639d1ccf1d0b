"""What a stored mail says: its octets taken apart into heading, text, HTML, attachments and a tree of parts.

Pure: octets in, frozen values out, no exceptions, no sockets, no store, no pages. `read_mail` is the door,
`read_heading` the small one for lists; `html.sanitise`, `linked.pieces`, `checks.check` and `names` make what is found
fit to be shown.
"""

from mysmtp.mime.heading import Heading, read_heading
from mysmtp.mime.mail import Attachment, Mail, read_mail
from mysmtp.mime.part import Part

__all__ = ["Attachment", "Heading", "Mail", "Part", "read_heading", "read_mail"]

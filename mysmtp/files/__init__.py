"""Mail in files of other programs: mbox, Maildir, .eml; how they are found, read and written.

Knows no store and no server. `finding` looks for files, `reading` makes mails of them, `writing` writes them.
"""

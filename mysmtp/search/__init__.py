"""Searching all mail: what is asked for, an index of the words of every mail, and how it follows the mailboxes.

Knows the store only through `contracts`, and no page. Derived from the mailboxes, and never trusted over them.
"""

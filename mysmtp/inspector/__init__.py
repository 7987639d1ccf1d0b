"""The inspector: what was recorded of a session, made readable. Pure: a tape and tables of verbs in, values out.

Knows no sockets, no pages and no store. `lines` cuts entries into lines of a transcript, `machine` draws a protocol,
`explain` puts refusals into words, `doctor` finds what a client does wrong, `compare` lays two sessions side by side,
`export` is what can be taken along, `script` that again as something to play.
"""

"""The terminal client: a program of its own that talks to any My_SMTP server, this project's or the original."""

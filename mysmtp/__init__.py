"""mysmtp: a mail server you can see through. Importing it patches nothing and starts nothing."""

__version__ = "0.1.0"

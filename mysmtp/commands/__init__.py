"""The commands of `mysmtp`, a module for each kind; `group` puts them together.

Importing them is cheap and patches nothing: what a command needs it imports when it runs.
"""

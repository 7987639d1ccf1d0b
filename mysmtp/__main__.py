"""`python -m mysmtp`: the same commands as `mysmtp`."""

from mysmtp.cli import main

if __name__ == "__main__":
    main(prog_name="python -m mysmtp")

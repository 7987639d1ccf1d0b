"""Start everything: `python app.py [PORT]` serves mail and web in one process. Patches before anything else."""

from gevent import monkey

monkey.patch_all()

from mysmtp.cli import serve_main  # noqa: E402 - nothing of ours may be imported before the patching

if __name__ == "__main__":
    serve_main()

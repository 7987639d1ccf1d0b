"""Serving from the start of the process to its end: a post office, a console, and the signals that stop them.

The entry points patch before they import this; nothing else may import it.
"""

import logging
import os
import signal
import sys
import time
from contextlib import suppress

import gevent
from gevent.event import Event

from mysmtp.config import Config
from mysmtp.console import Console, HubReporter, hold_standard_descriptors, open_console
from mysmtp.errors import StartFailed
from mysmtp.events import Bus
from mysmtp.means import spare_the_collector
from mysmtp.narrator import NARRATED, WIRED, Narrator, WirePrinter, narrate
from mysmtp.postoffice import PostOffice
from mysmtp.securing import passwords_travel_bare
from mysmtp.welcome import welcome

log = logging.getLogger(__name__)

GRACE = 10.0  # seconds that messages under way get to finish after the first signal


def run(config: Config, started: float | None = None) -> int:
    """Serve until a signal, then drain; return the exit code. A second signal ends the process at once."""
    started = time.monotonic() if started is None else started
    hold_standard_descriptors()
    signalled = Event()
    # Held until the end: a watcher that is let go no longer watches.
    watchers = [gevent.signal_handler(number, _on_signal, signalled) for number in _stop_signals()]
    try:
        office = PostOffice(config)
    except StartFailed as fault:
        print(f"mysmtp: {fault}", file=sys.stderr)
        return 1
    console = _attach_console(config, office.bus)
    _warn(config)
    spare_the_collector()
    office.start()
    with suppress(OSError):  # whoever started it may not listen
        print(welcome(config, office.doors, office.web, time.monotonic() - started), flush=True)
    signalled.wait()
    log.info("stopping: messages under way get %d s to finish", GRACE)
    office.stop(GRACE)
    log.info("stopped")
    console.flush()
    for watcher in watchers:
        watcher.cancel()
    return 0


def _attach_console(config: Config, bus: Bus) -> Console:
    console = open_console(config.log_level)
    gevent.get_hub().print_exception = HubReporter()
    if config.log_level == "debug":
        bus.attach(narrate, *NARRATED)
    elif config.log_level == "info":
        Narrator(bus, gevent.spawn_later)
    if config.wire:
        bus.attach(WirePrinter(), *WIRED)
    return console


def _warn(config: Config) -> None:
    """Tell on the log of what a person might not have meant."""
    if passwords_travel_bare(config):
        log.warning("passwords can be read on their way to %s: there is no certificate, so no TLS", config.host)


def _stop_signals() -> list[int]:
    """The signals that end the process; a hang-up only if nobody (nohup) asked for it to be ignored."""
    hang_up = [signal.SIGHUP] if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN else []
    return [signal.SIGINT, signal.SIGTERM, *hang_up]


def _on_signal(signalled: Event) -> None:
    if signalled.is_set():
        os._exit(130)
    signalled.set()

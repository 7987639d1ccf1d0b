"""The mail ports that the settings open."""

import socket

import pytest

from mysmtp.config import Config
from mysmtp.doors import address_of, listen_on, mail_doors
from mysmtp.errors import StartFailed


def test_the_doors_are_those_that_are_not_off() -> None:
    doors = mail_doors(Config(port=0, lmtp_port=2424, pop3_port="off"))
    assert [(door.name, door.port) for door in doors] == [("my_smtp", 0), ("smtp", 1025), ("lmtp", 2424)]
    assert [door.setting for door in doors] == ["port", "smtp_port", "lmtp_port"]


def test_doors_into_tls_speak_the_same_from_the_start() -> None:
    doors = {door.name: door for door in mail_doors(Config(my_smtps_port=0, smtps_port=0, pop3s_port=0))}
    for plain, inside in (("my_smtp", "my_smtps"), ("smtp", "smtps"), ("pop3", "pop3s")):
        assert doors[plain].dialect is doors[inside].dialect
        assert (doors[plain].at_once, doors[inside].at_once) == (False, True)


def test_all_ports_are_listened_on_or_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with socket.create_server(("127.0.0.1", 0)) as probe:
            free = probe.getsockname()[1]
        with pytest.raises(StartFailed, match=f" port {port}: .*; --pop3-port chooses another port$"):
            listen_on("127.0.0.1", {"port": free, "pop3_port": port})
    listeners = listen_on("127.0.0.1", {"port": free, "web_port": 0})
    assert address_of(listeners[0]) == ("127.0.0.1", free)
    assert address_of(listeners[1])[1] > 0
    for listener in listeners:
        listener.close()

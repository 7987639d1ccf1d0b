"""What may stand between a browser and the server, and fail: it passes connections on until it is told to cut them."""

import contextlib
import socket
import struct
import threading

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST


class Proxy:
    """Passes every connection on to a door. `cut` ends those there are and takes no more until `mend`."""

    def __init__(self, door: tuple[str, int]) -> None:
        self._door = door
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._whole = True
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener is closed
            while True:
                self._join(self._listener.accept()[0])

    def _join(self, client: socket.socket) -> None:
        with self._lock:
            if not self._whole:
                client.close()
                return
            server = socket.create_connection(self._door)
            self._sockets |= {client, server}
            for pair in ((client, server), (server, client)):
                self._threads.append(threading.Thread(target=self._pass, args=pair))
                self._threads[-1].start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):  # cut, or ended by the other side
            while octets := source.recv(65536):
                self.hold(octets)
                target.sendall(octets)
            target.shutdown(socket.SHUT_WR)

    def hold(self, octets: bytes) -> None:
        """Hold octets back for a while before they are passed on. Here they never are."""

    def cut(self) -> None:
        """Break off every connection where it is."""
        with self._lock:
            self._whole = False
            for each in self._sockets:
                with contextlib.suppress(OSError):
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
            self._sockets.clear()

    def mend(self) -> None:
        """Take connections again."""
        self._whole = True

    def close(self) -> None:
        """End it all."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(20)

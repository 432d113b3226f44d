"""A small HTTP server for health checks, on a port of its own.

So probes are answered whatever the clients of the main port do. All worker processes accept from one socket
that `gunicorn_server` opens before it starts them. Knows nothing of the routes.
"""

import socket
import threading
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import WSGIApplication

_CLIENT_SECONDS = 5.0  # without a byte; the kubelet and Prometheus send their requests at once (guess)


def open_socket(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        OSError: the host has no such address, or the port is in use.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
        # Another process may accept a connection first; waiting for the next would hold the thread.
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def start(listener: socket.socket, app: WSGIApplication) -> None:
    """Serves the app in a thread until the process ends."""
    server = _Server(listener)
    server.set_app(app)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()


class _Handler(WSGIRequestHandler):
    timeout = _CLIENT_SECONDS

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        """Logs nothing: probes are too many."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(listener.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_name, self.server_port = listener.getsockname()[:2]
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores clients that send nothing or close their connection; the app logs its own errors."""

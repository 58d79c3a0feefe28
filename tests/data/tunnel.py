"""What `fly proxy` and `fly mpg proxy` do: a port on loopback that leads to a server.

python -IS tunnel.py LOCAL_PORT HOST PORT

Every backup of a test starts one, so it loads next to nothing.
"""

import socket
import sys
from _thread import start_new_thread


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()
        target.close()


def _serve(local: int, host: str, port: int) -> None:
    with socket.create_server(("127.0.0.1", local)) as server:
        while True:
            here, _ = server.accept()
            there = socket.create_connection((host, port))
            start_new_thread(_pump, (here, there))
            start_new_thread(_pump, (there, here))


if __name__ == "__main__":
    _serve(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))

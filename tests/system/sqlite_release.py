#!/usr/bin/env python3
"""Stands in for a release with SQLite: `shop eval …` migrates, `shop start` answers /tasks and /tasks?add=TITLE."""

import os
import signal
import sqlite3
import sys
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps
from urllib.parse import parse_qs, urlsplit


def connect() -> sqlite3.Connection:
    """The database, as ecto_sqlite3 opens it: WAL, synchronous normal."""
    db = sqlite3.connect(os.environ["DATABASE_PATH"], timeout=5, isolation_level=None)
    db.execute("pragma journal_mode = wal")
    db.execute("pragma synchronous = normal")
    return db


class Tasks(BaseHTTPRequestHandler):
    """The one page."""

    def do_GET(self) -> None:
        """Answer with all rows, after one more where it is asked for."""
        with closing(connect()) as db:
            for title in parse_qs(urlsplit(self.path).query).get("add", ()):
                db.execute("insert into tasks (title) values (?)", (title,))
            rows = [{"title": title} for (title,) in db.execute("select title from tasks order by id")]
        body = dumps(rows).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Run one of the two commands."""
    if sys.argv[1] == "eval":
        with closing(connect()) as db:
            if not db.execute("select 1 from sqlite_master where name = 'tasks'").fetchone():
                db.execute("create table tasks (id integer primary key autoincrement, title text not null)")
                db.execute("insert into tasks (title) values ('first')")
            if later := os.environ.get("MIGRATION"):
                db.execute("insert into tasks (title) values (?)", (later,))
        return
    assert os.environ["PHX_SERVER"] == "true"
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Tasks)
    server.daemon_threads = False
    # As the Erlang VM does: it ends with 0 when it is asked to, after the requests that it has.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.05)
    server.server_close()


main()

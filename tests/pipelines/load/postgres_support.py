"""A PostgreSQL server of the tests' own, in a temporary folder, on a socket there only; and what they ask it with psql."""
import csv
import ctypes
import io
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from support import LoadTest


def programs():
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    raise AssertionError("these tests need a PostgreSQL server (on Debian: apt-get install postgresql)")


class Server:
    """`start` and `stop` may be called again; what was committed stays. It goes with the test, also when that is killed."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="penstock-pg-"))
        self.owner = None
        if os.geteuid() == 0:  # as which the server refuses to run
            self.owner = pwd.getpwnam("postgres")
            os.chown(self.folder, self.owner.pw_uid, self.owner.pw_gid)
        self.data = self.folder / "data"
        self.process = None
        done = self.run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        if done.returncode != 0:
            raise AssertionError(done.stderr.decode())
        with open(self.data / "postgresql.auto.conf", "a") as settings:
            settings.write(f"fsync = off\nshared_buffers = 16MB\nlisten_addresses = ''\nmax_wal_size = 1GB\n"
                           f"unix_socket_directories = '{self.folder}'\n")
        self.start()

    def demote(self):
        if self.owner:
            os.setgroups([])
            os.setgid(self.owner.pw_gid)
            os.setuid(self.owner.pw_uid)
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG

    def run(self, program, *arguments):
        return subprocess.run([programs() / program, *map(str, arguments)], preexec_fn=self.demote, capture_output=True, cwd="/")

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([programs() / "postgres", "-D", self.data], preexec_fn=self.demote, stdout=log,
                                            stderr=log, cwd="/")
        for _ in range(3000):
            if self.psql("SELECT 1", check=False) is not None:
                return
            time.sleep(0.01)
        raise AssertionError("the server does not start: " + (self.folder / "log").read_text())

    def stop(self):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def uri(self):
        return f"postgres:///postgres?host={self.folder}&user=postgres"

    def psql(self, sql, check=True):
        """The rows of the last statement, as texts; NULL is None."""
        done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "--csv", "-t", "-P", "null=\x01", "-h", self.folder, "-U",
                               "postgres", "-d", "postgres", "-c", sql], capture_output=True)
        if done.returncode != 0:
            if check:
                raise AssertionError(done.stderr.decode())
            return None
        rows = csv.reader(io.StringIO(done.stdout.decode(), newline=""))
        return [tuple(None if cell == "\x01" else cell for cell in row) for row in rows]


class Relay:
    """Stands before the server, and keeps to itself what a client sends with these bytes in it for the `nth` time; `kept` is
    set then."""

    def __init__(self, server, words, nth):
        self.server, self.words, self.left = server, words, nth
        self.kept = threading.Event()
        self.folder = tempfile.mkdtemp(prefix="penstock-relay-")
        self.sockets = [socket.socket(socket.AF_UNIX)]
        self.sockets[0].bind(f"{self.folder}/.s.PGSQL.5432")
        self.sockets[0].listen()
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def uri(self):
        return f"postgres:///postgres?host={self.folder}&user=postgres"

    def accept(self):
        try:
            while True:
                client, _ = self.sockets[0].accept()
                behind = socket.socket(socket.AF_UNIX)
                behind.connect(f"{self.server.folder}/.s.PGSQL.5432")
                self.sockets += [client, behind]
                threading.Thread(target=self.carry, args=(client, behind, True), daemon=True).start()
                threading.Thread(target=self.carry, args=(behind, client, False), daemon=True).start()
        except OSError:
            pass

    def carry(self, source, to, looking):
        try:
            while data := source.recv(1 << 16):
                if looking and self.words in data:
                    self.left -= 1
                    if self.left == 0:
                        self.kept.set()
                        continue
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def remove(self):
        for each in self.sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class PostgresTest(LoadTest):
    """`self.query` and `self.rows` ask the server, `self.run_load` loads into it."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.remove)

    def setUp(self):
        super().setUp()
        self.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public")

    def command(self, *arguments, db=None):
        to = ["--to", self.server.uri] if "--to" not in arguments else []
        return super().command(*arguments, *to)

    def query(self, sql, db=None):
        return self.server.psql(sql)

    def rows(self, table="t", db=None):
        return self.query(f'SELECT * FROM "{table}" ORDER BY ctid')

    def rejects(self, name="postgres.t.rejects.ndjson"):
        return super().rejects(name)

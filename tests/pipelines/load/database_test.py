"""A destination that stands in the way: each case has a code of its own, and what was committed stays."""
import contextlib
import os
import shutil
import sqlite3
import subprocess
import unittest
from pathlib import Path

from support import (DISK_FULL, LOCKED, OTHER_COLUMNS, READ_ONLY, UNUSABLE, USAGE, LoadTest)

UNPRIVILEGED = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []


@contextlib.contextmanager
def small_disk(folder, size=2 << 20):
    """A folder on a file system with this much room, and a prefix for commands that are to see it: a tmpfs of its own
    where one may be mounted, else what is left of a small /dev/shm (as containers have) beside a ballast."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "penstock-test", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode == 0:
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)
        return
    shared = os.statvfs("/dev/shm")
    if shared.f_frsize * shared.f_blocks > 256 << 20:
        raise AssertionError("a full disk cannot be tested here: mounting a tmpfs is not permitted, "
                             "and /dev/shm is too large to be filled; run the tests as root")
    mine = Path(f"/dev/shm/penstock-test-{os.getpid()}")
    mine.mkdir()
    try:
        with open(mine / "ballast", "wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, shared.f_frsize * shared.f_bavail - size)
        yield mine
    finally:
        shutil.rmtree(mine)


class Table(LoadTest):
    def test_with_other_columns_is_left_alone(self):
        path = self.write("t.csv", "a,b\n1,2\n")
        for sql, says in [("CREATE TABLE t (a, c)", ["column 2 'c'", "t.csv has 'b'"]),
                          ("CREATE TABLE t (a)", ["1 columns", "t.csv has 2"]),
                          ("CREATE TABLE t (b, a)", ["column 1 'b'", "t.csv has 'a'"]),
                          ("CREATE TABLE t (a, b, c)", ["3 columns", "t.csv has 2"])]:
            with self.subTest(sql=sql):
                self.query(sql)
                self.refuses(OTHER_COLUMNS, path, says=['table "t"', *says])
                self.assertEqual(self.rows(), [])
                self.query("DROP TABLE t")

    def test_without_a_key_of_the_input(self):
        self.query("CREATE TABLE t (a)")
        self.refuses(OTHER_COLUMNS, self.write("t.ndjson", '{"a":1,"b":2}\n'), says="no column 'b'")

    def test_of_any_name(self):
        self.loads(self.write("t.csv", "a\n1\n"), "--table", 'select "x"; drop table y --')
        self.assertEqual(self.query('SELECT * FROM "select ""x""; drop table y --"'), [(1,)])

    def test_with_a_name_that_sqlite_keeps_for_itself(self):
        self.refuses(UNUSABLE, self.write("t.csv", "a\n1\n"), "--table", "sqlite_x", says="reserved")

    def test_with_more_columns_than_sqlite_has(self):
        names = ",".join(f"c{i}" for i in range(3000))
        self.refuses(UNUSABLE, self.write("t.csv", names + "\n"), says="too many columns")

    def test_with_a_rule_that_keeps_half_of_a_failed_statement_or_ignores_a_row(self):
        path = self.write("t.csv", "a\n1\n2\n1\n3\n")
        for rule in "FAIL", "IGNORE", "ABORT":
            with self.subTest(rule=rule):
                self.query("DROP TABLE IF EXISTS t")
                self.query(f"CREATE TABLE t (a UNIQUE ON CONFLICT {rule})")
                ended = self.loads(path)
                self.assertEqual(self.rows(), [(1,), (2,), (3,)])
                self.assertEqual((ended.report["rows_inserted"], ended.report["rows_rejected"]), (3, 1))

    def test_with_declared_types_keeps_its_own_rules(self):
        self.query("CREATE TABLE t (a INTEGER, b REAL, c TEXT)")
        self.loads(self.write("t.csv", "a,b,c\n007,7.50,007\nx,,1\n"))
        self.assertEqual(self.rows(), [(7, 7.5, "007"), ("x", "", "1")])


class File(LoadTest):
    def setUp(self):
        super().setUp()
        self.path = self.write("t.csv", "a\n1\n")

    def test_in_a_directory_that_is_not_there(self):
        self.refuses(UNUSABLE, self.path, db="no/such/t.db", says="no/such/t.db")

    def test_that_is_a_directory(self):
        self.refuses(UNUSABLE, self.path, db=self.folder, says=str(self.folder))

    def test_that_is_no_database(self):
        other = self.write("notes.txt", "not a database\n" * 100)
        self.refuses(UNUSABLE, self.path, db=other, says="notes.txt")
        self.assertEqual(other.read_bytes(), b"not a database\n" * 100)

    def test_in_a_read_only_directory(self):
        self.folder.chmod(0o555)
        self.addCleanup(self.folder.chmod, 0o755)
        self.refuses(READ_ONLY, self.path, says=["t.db", "read-only"], prefix=UNPRIVILEGED)

    def test_that_may_not_be_written(self):
        self.query("CREATE TABLE t (a)")
        self.db.chmod(0o444)
        self.refuses(READ_ONLY, self.path, says=["t.db", "read-only"], prefix=UNPRIVILEGED)

    def test_that_is_an_input(self):
        self.refuses(USAGE, self.path, db=self.path, says="t.csv is an input")
        self.refuses(USAGE, self.path, "--rejects", self.path, says="t.csv is an input")
        self.assertEqual(self.path.read_text(), "a\n1\n")
        self.query("CREATE TABLE t (a)")
        self.refuses(USAGE, self.path, "--rejects", self.db, says="rejected rows")

    def test_that_another_program_writes_to(self):
        self.query("CREATE TABLE t (a)")
        other = sqlite3.connect(self.db, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("INSERT INTO t VALUES (0)")
        other.execute("BEGIN IMMEDIATE")
        self.refuses(LOCKED, self.path, "--lock-timeout", "10ms", says=["t.db", "locked"])
        other.execute("COMMIT")
        self.loads(self.path)
        self.assertEqual(self.rows(), [(0,), (1,)])

    def test_that_another_program_holds_exclusively(self):
        self.query("CREATE TABLE t (a)")
        other = sqlite3.connect(self.db, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN EXCLUSIVE")
        self.refuses(LOCKED, self.path, "--lock-timeout", "0s", says=["t.db", "locked"])

    def test_a_lock_that_is_given_up_in_time_is_waited_for(self):
        self.query("PRAGMA journal_mode = WAL")
        self.query("CREATE TABLE t (a)")
        other = sqlite3.connect(self.db, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        load = subprocess.Popen(self.command(self.path, "--lock-timeout", "1h"), stdout=subprocess.PIPE)
        other.execute("COMMIT")
        other.close()
        load.communicate(timeout=120)
        self.assertEqual((load.returncode, self.rows()), (0, [(1,)]))


    def test_that_the_rejected_rows_would_overwrite(self):
        for rejects in "t.db", "./t.db", "t.db-wal", f"{self.folder}/t.db-shm":
            with self.subTest(rejects=rejects):
                self.refuses(USAGE, self.path, "--to", "sqlite:./t.db", "--rejects", rejects, says="rejected rows")
                self.assertFalse(self.db.exists())

    def test_that_two_loads_make_at_once(self):
        for _ in range(20):
            self.db.unlink(missing_ok=True)
            loads = [subprocess.Popen(self.command(self.path, "--fresh"), stdout=subprocess.DEVNULL) for _ in range(2)]
            self.assertEqual([load.wait(timeout=120) for load in loads], [0, 0])
            self.assertEqual(self.rows(), [(1,), (1,)])

    def test_that_would_grow_above_the_limit_of_a_file(self):
        path = self.write("t.csv", "a\n" + "".join(f"{i}\n" for i in range(300_000)))
        ended = self.refuses(DISK_FULL, path, says="rows are committed", prefix=["prlimit", "--fsize=1000000"])
        self.assertEqual([row[0] for row in self.rows()], list(range(ended.report["rows_inserted"])))


class FullDisk(LoadTest):
    def test_keeps_what_was_committed(self):
        lines = [f"{i},{'x' * 100}" for i in range(100_000)]
        path = self.write("t.csv", "a,b\n" + "\n".join(lines) + "\n")
        with small_disk(self.folder / "small") as disk:
            db = disk / "t.db"
            ended = self.refuses(DISK_FULL, path, "--batch", 100, db=db, says=["t.db", "full", "rows are committed"])
            count = ended.report["rows_inserted"]
            self.assertGreater(count, 0)
            self.assertGreater(ended.report["rows_not_loaded"], 0)
            elsewhere = self.folder / "copy"
            shutil.copytree(disk, elsewhere, ignore=lambda *_: {"ballast", "t.db-shm"})
            rows = self.rows(db=elsewhere / "t.db")
            self.assertEqual(self.query("PRAGMA integrity_check", elsewhere / "t.db"), [("ok",)])
        self.assertEqual([row[0] for row in rows], list(range(count)))

    def test_before_the_first_row(self):
        path = self.write("t.csv", "a\n1\n")
        with small_disk(self.folder / "small", 64 << 10) as disk:
            with open(disk / "rest", "wb") as rest, contextlib.suppress(OSError):
                while True:
                    os.write(rest.fileno(), bytes(4096))
            self.refuses(DISK_FULL, path, db=disk / "t.db", says="t.db")


if __name__ == "__main__":
    unittest.main()

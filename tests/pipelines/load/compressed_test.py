"""gzip and zstd inputs: loaded as what they hold, and a damaged one costs nothing that was committed."""
import gzip
import os
import subprocess
import unittest

from support import CHANGED, DAMAGED, NOTHING, OK, SANITIZED, Ended, LoadTest

LIMIT = 64_000_000


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


PACKED = {"gz": gzip.compress, "zst": zstd}


def numbers(first, last):
    return b"".join(b"%d,%06d\n" % (n, n) for n in range(first, last))


class Compressed(LoadTest):
    def each(self):
        for ending, pack in PACKED.items():
            with self.subTest(format=ending):
                for file in self.folder.glob("*.db*"):
                    file.unlink()
                yield ending, pack

    def check_rows(self, last, table="t"):
        # Not assertEqual: the difference of long lists takes minutes.
        self.assertTrue([row[0] for row in self.rows(table)] == list(range(last)))

    def test_files_are_known_by_their_names_and_bytes(self):
        for ending, pack in self.each():
            text = b"n,code\n" + numbers(0, 50_000)
            self.loads(self.write(f"t.csv.{ending}", pack(text)))
            self.check_rows(50_000)
            self.loads(self.write("u.csv", pack(text)))
            self.check_rows(50_000, "u")
            self.loads(self.write(f"v.{ending}", pack(b'{"n":0}\n{"n":1}\n')))
            self.check_rows(2, "v")
            self.loads(self.write(f"w.tsv.{ending}", pack(b"n\tx\n0\ta,b\n")))
            self.assertEqual(self.rows("w"), [(0, "a,b")])

    def test_standard_input_and_pipes_too(self):
        for _, pack in self.each():
            self.loads("-", "--table", "t", input=pack(b"n,code\n" + numbers(0, 50_000)))
            self.check_rows(50_000)
            os.mkfifo(self.folder / "pipe")
            load = subprocess.Popen(self.command(self.folder / "pipe", "--table", "u"), stdout=subprocess.DEVNULL)
            with open(self.folder / "pipe", "wb") as pipe:
                pipe.write(pack(b"n\n0\n1\n"))
            self.assertEqual(load.wait(timeout=120), OK)
            self.check_rows(2, "u")
            (self.folder / "pipe").unlink()

    def test_members_behind_one_another_are_one_input_and_so_are_files_of_all_kinds(self):
        for ending, pack in self.each():
            parts = pack(b"n,code\n" + numbers(0, 10_000)) + pack(numbers(10_000, 20_000)[:-3])
            first = self.write(f"a.csv.{ending}", parts + pack(numbers(10_000, 20_000)[-3:]))
            second = self.write("b.csv", b"n,code\n" + numbers(20_000, 30_000))
            third = self.write("c.csv.gz", gzip.compress(b"n,code\n" + numbers(30_000, 40_000)))
            ended = self.loads(first, second, third, "--table", "t")
            self.assertEqual(ended.report["rows_inserted"], 40_000)
            self.check_rows(40_000)

    def test_lines_of_rejected_rows_are_those_of_the_plain_text(self):
        for ending, pack in self.each():
            self.loads(self.write(f"t.csv.{ending}", pack(b"n,code\n" + numbers(0, 3000) + b"bad\n" + numbers(3000, 3010))))
            self.assertEqual([row["line"] for row in self.rejects()], [3002])

    def test_that_are_cut_off_or_damaged_keep_what_was_committed_and_go_on_when_they_are_whole(self):
        for ending, pack in self.each():
            first = pack(b"n,code\n" + numbers(0, 100_000))
            packed = first + pack(numbers(100_000, 200_000))
            broken = bytearray(packed)
            broken[len(first) - (5 if ending == "gz" else 1)] ^= 0xff  # of the checksum of the first part
            for fault, content in ("cut", packed[:len(packed) * 2 // 3]), ("damaged", bytes(broken)):
                with self.subTest(fault=fault):
                    path = self.write(f"{fault}.csv.{ending}", content)
                    ended = self.refuses(DAMAGED, path, "--table", fault, says=[path.name, "rows are committed"])
                    count = ended.report["rows_inserted"]
                    self.assertGreater(count, 1000)
                    self.check_rows(count, fault)
                    path.write_bytes(packed)
                    ended = self.loads(path, "--table", fault)
                    self.assertEqual(ended.report["earlier"]["rows_inserted"], count)
                    self.check_rows(200_000, fault)

    def test_whose_fault_shows_only_behind_rows_that_it_changed_cannot_go_on(self):
        for ending, pack in self.each():
            bad = b"n,code\n" + numbers(0, 50_000).replace(b"000007", b"000008") + numbers(50_000, 100_000)
            good = pack(b"n,code\n" + numbers(0, 100_000))
            path = self.write(f"t.csv.{ending}", pack(bad)[:-20])
            self.refuses(DAMAGED, path, says="t.csv")
            path.write_bytes(good)
            self.refuses(CHANGED, path, says=["t.csv", "--fresh"])

    def test_whose_name_promises_what_they_are_not_are_refused(self):
        for ending, _ in self.each():
            self.refuses(DAMAGED, self.write(f"t.csv.{ending}", b"n\n1\n"), says=["t.csv", "its name says so"])
            self.assertFalse(self.db.exists())
            self.refuses(NOTHING, self.write(f"t.csv.{ending}", b""), says="is empty")
            self.refuses(NOTHING, self.write(f"t.csv.{ending}", PACKED[ending](b"")), says="is empty")

    def test_take_no_more_memory_however_well_they_are_compressed(self):
        rows = b"0,some text that repeats\n" * 400_000
        for ending, pack in self.each():
            path = self.write(f"t.csv.{ending}", pack(b"n,text\n" + rows) + pack(rows) * (1 if SANITIZED else 9))
            load = subprocess.Popen(self.command(path), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            out, err = load.stdout.read(), load.stderr.read()
            load.stdout.close(), load.stderr.close()
            _, status, usage = os.wait4(load.pid, 0)
            load.returncode = os.waitstatus_to_exitcode(status)
            ended = Ended(load.returncode, out, err)
            self.assertEqual((ended.code, ended.err), (OK, b""))
            self.assertEqual(ended.report["rows_inserted"], 400_000 * (2 if SANITIZED else 10))
            if not SANITIZED:
                self.assertLess(usage.ru_maxrss * 1024, LIMIT)


if __name__ == "__main__":
    unittest.main()

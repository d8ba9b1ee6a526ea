"""The counts are those of `wc -lmw` in a UTF-8 locale, whatever the files hold."""
import os
import random
import subprocess
import sys
import unittest

from support import OK, TextStatsTest

MIB = 1 << 20


def wc(*paths, input=None):
    """For each path its lines, words and characters, as `wc` prints them."""
    out = subprocess.run(["wc", "-lmw", *map(str, paths)], env={**os.environ, "LC_ALL": "C.UTF-8"}, input=input,
                         capture_output=True, check=True).stdout
    return [tuple(map(int, line.split()[:3])) for line in out.splitlines()[:max(len(paths), 1)]]


# Up to some version, characters that do not print are no part of words for `wc`, which is what is counted here; later they
# are. There the texts of the tests have none.
NOT_PRINTING_ARE_NO_WORDS = wc(input=b"\x01")[0][1] == 0


class WordCount(TextStatsTest):
    def check(self, contents):
        paths = [self.write(f"{number:04}", content) for number, content in enumerate(contents)]
        for concurrency in 1, 5:
            ended = self.counts(self.texts, "--concurrency", concurrency)
            for path, expected in zip(paths, wc(*paths)):
                self.assertEqual(ended.files[str(path)], expected, path.read_bytes()[:200])
            if len(paths) > 1:
                self.assertEqual(ended.total, tuple(map(sum, zip(*ended.files.values()))))

    def needs_wc_that_passes_over_what_does_not_print(self):
        if not NOT_PRINTING_ARE_NO_WORDS:
            self.skipTest("this wc takes what does not print for a part of words")

    def test_of_plain_texts_empty_ones_and_ones_without_a_last_line_end(self):
        self.check([b"", b"\n", b"a", b"a\n", b" a", b"a ", b"a b\n\nc", b"one two\r\nthree\r\n", b"\t\v\f\r \n", b"a\tb\vc\fd\re",
                    b"word " * 10_000, b"\n" * 100_000, "Zürich, São Paulo, Łódź; 東京 – “naïve” 😀\n".encode() * 999])

    def test_of_every_white_space_that_unicode_has(self):
        spaces = [0x20, 0x1680, *range(0x2000, 0x200B), 0x205F, 0x3000, 0xA0, 0x202F, 0x2060, 0x2007]
        self.check([f"a{chr(c)}b{chr(c)}{chr(c)}c".encode() for c in spaces])

    def test_of_every_character_that_unicode_has(self):
        self.needs_wc_that_passes_over_what_does_not_print()
        every = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
        self.check(["".join(f"a{chr(c)}b {chr(c)} " for c in every[i:i + 50_000]).encode()
                    for i in range(0, len(every), 50_000)])

    def test_of_random_bytes(self):
        self.needs_wc_that_passes_over_what_does_not_print()
        rng = random.Random(1)
        self.check([rng.randbytes(rng.choice([10, 1000, 5000, 300_000])) for _ in range(100)] + [rng.randbytes(5 * MIB)])

    def test_of_control_characters_and_nul(self):
        self.needs_wc_that_passes_over_what_does_not_print()
        self.check([bytes([c]) + b"a" + bytes([c]) + b"b " + bytes([c]) for c in range(256)] + [bytes(6 * MIB)])

    def test_of_characters_over_every_border_of_pieces_and_buffers(self):
        text = ("東京 Zürich 😀\u3000" * 300_000).encode()
        self.check([b"x" * shift + text[:5 * MIB + shift] for shift in range(6)])

    def test_of_one_word_and_one_space_over_many_pieces(self):
        self.check([b"x" * (9 * MIB), b" " * (9 * MIB), b"x" * (4 * MIB) + b" " + b"x" * (4 * MIB)])

    def test_of_random_texts(self):
        rng = random.Random(2)
        letters = "abcdefghij .,;\n\tÄßéŁ東京😀\u2003\u00a0"
        self.check(["".join(rng.choices(letters, k=rng.randrange(3000))).encode() for _ in range(300)])

    def test_of_what_is_on_this_system(self):
        folder = "/usr/share/doc" if NOT_PRINTING_ARE_NO_WORDS else os.path.dirname(os.__file__) + "/json"
        ended = self.run_it(folder, "--glob", "*[a-z]")
        paths = [path for path in ended.files if os.path.isfile(path)][:2000]
        if not paths:
            self.skipTest(f"there are no files in {folder}")
        self.assertEqual([ended.files[path] for path in paths], wc(*paths)[:len(paths)])


if __name__ == "__main__":
    unittest.main()

"""The service answers requests, books what it accepted, and drains on SIGTERM.

usage: embedded_test.py PROGRAM
"""

import re
import signal
import socket
import subprocess
import sys
import unittest

PROGRAM = sys.argv.pop()


class Embedded(unittest.TestCase):
    def setUp(self):
        self.service = subprocess.Popen([PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.port = int(re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", self.service.stdout.readline())[1])

    def tearDown(self):
        self.service.kill()
        self.service.communicate()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def stop(self, number=signal.SIGTERM):
        self.service.send_signal(number)
        out, err = self.service.communicate(timeout=30)
        self.assertEqual(err, "")
        self.assertEqual(self.service.returncode, 0)
        return out

    def ask(self, client, line):
        client.sendall(line.encode())
        return client.makefile().readline()

    def test_books_what_it_accepted_and_skips_what_is_no_sample(self):
        with self.connect() as client:
            client.sendall(b"apples 2\npears 1\nnonsense\n" + b"apples 0.5\n" * 3000)
            # The answer comes after the lines before it were accepted.
            self.assertEqual(self.ask(client, "add 1 2 3\n"), "sum 6\n")
        out = self.stop()
        self.assertIn("ingest: completed", out)
        self.assertTrue(out.endswith("apples 1502\npears 1\n"), out)

    def test_answers_several_clients_at_once(self):
        clients = [self.connect() for _ in range(20)]
        for number, client in enumerate(clients):
            client.sendall(f"add {number} {number}\n".encode())
        for number, client in enumerate(clients):
            self.assertEqual(client.makefile().readline(), f"sum {2 * number}\n")
            client.close()
        self.stop(signal.SIGINT)

    def test_says_what_cannot_be_added(self):
        with self.connect() as client:
            self.assertEqual(self.ask(client, "add one\n"), "error: only numbers can be added\n")
        self.stop()

    def test_stops_while_clients_are_connected(self):
        with self.connect() as client:
            self.assertEqual(self.ask(client, "add 1\n"), "sum 1\n")
            self.stop()
            self.assertEqual(client.recv(1), b"")

    def test_refuses_a_port_that_is_taken_in_one_sentence(self):
        second = subprocess.run([PROGRAM, "--port", str(self.port)], capture_output=True, text=True, timeout=30)
        self.assertEqual(second.returncode, 1)
        self.assertEqual(second.stderr.count("\n"), 1)
        self.assertIn("Address already in use", second.stderr)


if __name__ == "__main__":
    unittest.main()

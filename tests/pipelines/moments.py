"""Random moments at which a program is killed while it works. Used by the tests of several programs."""
import time


class Moments:
    """Counts the kills that met the program at work. A run that was through before its moment is no such kill: the moments of
    those after it lie nearer to their beginning, so that a machine that became faster, or a guess that was too long, does not
    leave a test without kills."""

    def __init__(self, dice, wanted, within):
        self.dice, self.wanted, self.within = dice, wanted, within
        self.at_work = self.missed = 0

    def go_on(self):
        if self.missed > 20 * self.wanted:
            raise AssertionError(f"{self.at_work} kills met the program at work, {self.missed} came too late")
        return self.at_work < self.wanted

    def kill(self, run, resumed=False):
        """Whether the program was at work. One that goes on may have little to do, and says nothing of the rest."""
        moment = time.monotonic() + self.dice.uniform(0, self.within)
        while time.monotonic() < moment and run.poll() is None:
            time.sleep(0.0002)
        run.kill()
        run.communicate()
        if run.returncode >= 0:
            self.missed += 1
            self.within *= 1 if resumed else 0.8
            return False
        self.at_work += 1
        return True

"""How much of the clinic's server pages may take: less, the slower it answers. Decides; asks nothing."""

from dataclasses import dataclass

from agent.mis.reader import PAGE

SLOW_SECONDS = 0.05
"""Of one statement: longer than this nobody in the clinic shall wait for us."""
LEAST_LEVEL = 3
_QUICK_PAGES = 8


@dataclass
class Budget:
    """`share` of the server's time while it answers quickly. Each slow page halves the share and the rows of a statement, down to an
    eighth; eight quick ones in a row give half of it back."""

    share: float
    _level: int = 0
    _quick: int = 0

    @property
    def rows(self) -> int:
        """Of one statement."""
        return PAGE >> self._level

    def pause(self, seconds: float, haste: float = 1) -> float:
        """How long no page is read after one that kept the server busy for `seconds`; `haste` times the share may be taken."""
        share = min(1.0, self.share * haste / (1 << self._level))
        return seconds * (1 / share - 1)

    def took(self, slowest: float) -> None:
        """A page was read; the slowest of its statements took so long."""
        if slowest > SLOW_SECONDS:
            self.slow()
            return
        self._quick += 1
        if self._quick >= _QUICK_PAGES and self._level:
            self._level, self._quick = self._level - 1, 0

    def slow(self) -> None:
        """The server has better things to do."""
        self._level, self._quick = min(LEAST_LEVEL, self._level + 1), 0

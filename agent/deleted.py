"""A person's word to the running agent that rows which went away all at once are deleted. It holds for one pass, and not for long."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from agent import clock, files
from wire.errors import NeedsOperator

NAME = "deleted.json"
LONGEST = timedelta(hours=24)


@dataclass(frozen=True)
class Word:
    """In the state folder."""

    folder: Path
    now: Callable[[], datetime] = clock.now

    def give(self) -> None:
        """Say it."""
        until = self.now() + LONGEST
        files.replace(self.folder / NAME, json.dumps({"until": until.isoformat()}).encode())

    def take_back(self) -> None:
        """It was used, or is not meant any more."""
        (self.folder / NAME).unlink(missing_ok=True)

    def holds(self) -> bool:
        """Whether it was said. A file that cannot be read says nothing: rather too few deletions than too many."""
        try:
            raw = files.read(self.folder / NAME)
            now, until = self.now(), None if raw is None else datetime.fromisoformat(json.loads(raw)["until"])
            return until is not None and now < until <= now + LONGEST
        except (NeedsOperator, ValueError, KeyError, TypeError):
            return False

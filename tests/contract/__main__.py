"""`python -m tests.contract`: the contract suite against the SQL Server that MIS_TEST_DSN names; without it, one line."""

import os
import sys
from pathlib import Path

import pytest

from tests.contract.dsn import ENV, SERVER, unrun

FOLDER = str(Path(__file__).parent)


class _Count:
    """Hears what was not run."""

    count = 0

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """They are collected, and left out."""
        self.count += len(items)


def main() -> int:
    """The exit code: without a server nothing failed."""
    if os.environ.get(ENV):
        return pytest.main([FOLDER, "-k", SERVER, *sys.argv[1:]])
    heard = _Count()
    quiet = ["--collect-only", "-o", "addopts=", "-p", "no:terminal", "-p", "no:cacheprovider"]
    code = pytest.main([FOLDER, *quiet], plugins=[heard])
    print(unrun(heard.count))
    return code


if __name__ == "__main__":
    sys.exit(main())

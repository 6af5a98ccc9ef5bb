"""Which tests of the contract suite were not run for want of a SQL Server, and one line that says so. A pytest plugin."""

import os

import pytest

from tests.contract.dsn import ENV, SERVER, unrun

_COUNT = pytest.StashKey[int]()
_TOLD = "contract_not_run"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """They are no failure, and no skip among many either."""
    if os.environ.get(ENV):
        return
    left = [item for item in items if _needs_server(item)]
    config.stash[_COUNT] = len(left)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if not _needs_server(item)]
    if hasattr(config, "workeroutput"):
        config.workeroutput[_TOLD] = len(left)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Every worker has collected all of them."""
    told = getattr(node, "workeroutput", {}).get(_TOLD, 0)
    config: pytest.Config = getattr(node, "config")  # noqa: B009 pytest-xdist's, and it may not be there
    config.stash[_COUNT] = max(config.stash.get(_COUNT, 0), told)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line."""
    if count := terminalreporter.config.stash.get(_COUNT, 0):
        terminalreporter.write_line(unrun(count))


def _needs_server(item: pytest.Item) -> bool:
    spec = getattr(item, "callspec", None)
    return "/contract/" in str(item.path) and spec is not None and spec.params.get("backend") == SERVER

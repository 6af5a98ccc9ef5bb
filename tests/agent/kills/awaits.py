"""Every `await` of the agent's scan, outbox and link, numbered from the syntax tree; and an importer that lets a process die at one."""

import ast
import builtins
import importlib.abc
import importlib.machinery
import importlib.util
import os
import signal
import sys
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")
PARTS = ("scan", "outbox", "link", "keyed")
_AGENT = Path(__file__).parents[3] / "agent"
_NAME = "_dies_at"
KILLED = b"killed\n"
"""What a process says before it dies."""


@dataclass(frozen=True)
class Place:
    """One await."""

    number: int
    module: str
    function: str
    line: int

    def __str__(self) -> str:
        return f"{self.number} {self.module}:{self.line} {self.function}"


class _Numbered(ast.NodeTransformer):
    """Wraps the value of each await in a call that knows its number."""

    def __init__(self, module: str, first: int) -> None:
        self.places: list[Place] = []
        self._module, self._first, self._function = module, first, ""

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        self._function = node.name
        return self.generic_visit(node)

    def visit_Await(self, node: ast.Await) -> ast.AST:
        number = self._first + len(self.places)
        self.places.append(Place(number, self._module, self._function, node.lineno))
        self.generic_visit(node)
        call = ast.Call(func=ast.Name(_NAME, ast.Load()), args=[ast.Constant(number), node.value], keywords=[])
        return ast.copy_location(ast.Await(ast.fix_missing_locations(ast.copy_location(call, node))), node)


def _modules() -> list[tuple[str, Path]]:
    """Names and files, in an order that does not change."""
    files = sorted(path for part in PARTS for path in [*(_AGENT / part).glob("*.py"), *_AGENT.glob(f"{part}.py")])
    names = [".".join(("agent", *path.relative_to(_AGENT).with_suffix("").parts)) for path in files]
    return [(name.removesuffix(".__init__"), path) for name, path in zip(names, files, strict=True)]


def _numbered() -> dict[str, tuple[Path, ast.Module, list[Place]]]:
    found: dict[str, tuple[Path, ast.Module, list[Place]]] = {}
    first = 0
    for name, path in _modules():
        numbered = _Numbered(name, first)
        tree = numbered.visit(ast.parse(path.read_text("utf-8"), str(path)))
        found[name] = path, tree, numbered.places
        first += len(numbered.places)
    return found


def places() -> list[Place]:
    """All of them; a place's number is its index."""
    return [place for _, _, listed in _numbered().values() for place in listed]


class _Loader(importlib.abc.InspectLoader):
    def __init__(self, path: Path, tree: ast.Module) -> None:
        self._path, self._tree = path, tree

    def get_source(self, fullname: str) -> str:
        return self._path.read_text("utf-8")

    def is_package(self, fullname: str) -> bool:
        return self._path.stem == "__init__"

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._tree, str(self._path), "exec"), module.__dict__)  # noqa: S102 our own file, with numbers in it


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self) -> None:
        self._known = _numbered()

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self._known:
            return None
        path, tree, _ = self._known[fullname]
        parents = [str(path.parent)] if path.stem == "__init__" else None
        return importlib.util.spec_from_file_location(
            fullname, path, loader=_Loader(path, tree), submodule_search_locations=parents
        )


class Doom:
    """At which await this process dies: where it comes there for the `after`-th time."""

    number = -1
    after = 1


async def _dies_at(number: int, awaited: Awaitable[T]) -> T:
    if number == Doom.number:
        Doom.after -= 1
        if Doom.after == 0:
            os.write(1, KILLED)
            os.kill(os.getpid(), signal.SIGKILL)
    return await awaited


def install() -> None:
    """From now on these modules are imported with numbers in them."""
    builtins.__dict__[_NAME] = _dies_at
    sys.meta_path.insert(0, _Finder())

"""Where drivers lie on a computer that is no Windows: not everywhere are they registered with the driver manager."""

import importlib.metadata
import platform
from collections.abc import Iterator
from pathlib import Path

BUNDLED = "mssql-python-odbc"
"""A package that carries Microsoft's driver as a file."""
_MICROSOFT = ("/opt/microsoft/msodbcsql*/lib64", "libmsodbcsql-*.so*")
_FREETDS = (
    ("/usr/lib/*/odbc", "libtdsodbc.so"),
    ("/usr/lib64", "libtdsodbc.so*"),
    ("/usr/lib/odbc", "libtdsodbc.so"),
    ("/usr/local/lib", "libtdsodbc.so"),
)


def driver_files(root: Path = Path("/")) -> list[str]:
    """Driver files, the best one first."""
    microsoft = sorted(_matching(root, *_MICROSOFT), key=_version, reverse=True)
    free = [file for place in _FREETDS for file in _matching(root, *place)]
    return [*_bundled(), *map(str, microsoft), *map(str, free)]


def _matching(root: Path, folder: str, name: str) -> list[Path]:
    return sorted(root.glob(f"{folder.removeprefix('/')}/{name}"))


def _version(file: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in file.name.replace("-", ".").split(".") if part.isdigit())


def _bundled() -> Iterator[str]:
    """Microsoft's driver for this computer, where the package is installed."""
    try:
        files = importlib.metadata.files(BUNDLED) or []
    except importlib.metadata.PackageNotFoundError:
        return
    machine = platform.machine().lower()
    fitting = [file for file in files if "libmsodbcsql" in file.name and machine in map(str.lower, file.parts)]
    for file in sorted(fitting, key=lambda file: "debian_ubuntu" not in file.parts)[:1]:
        yield str(file.locate())

"""Each side installs and imports alone, from our wheel, in an environment that holds only its own locked packages."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("separation")  # two workers must not install into one environment at once
ROOT = Path(__file__).parent.parent
VENV = Path(sys.prefix)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our wheel, built as a clinic gets it."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    subprocess.run(["git", "clone", "-q", ROOT, source], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in listed.stdout.splitlines():  # the tree as it stands, not only what is committed
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder), str(source)]
    subprocess.run([sys.executable, *build], check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def alone(side: str, wheel: Path) -> Path:
    """The environment of one side, with our wheel in it; `make test` made it from the side's lock."""
    folder = VENV / f"{side}-alone"
    assert folder.is_dir(), f"run `make test` once: it makes {folder.name}"
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", str(wheel)]
    subprocess.run([folder / "bin" / "python", *install], check=True, capture_output=True)
    return folder / "bin"


def imports(python: Path, module: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True, text=True, check=False, cwd="/")


@pytest.mark.parametrize(
    ("side", "own", "foreign"),
    [
        (
            "agent",
            ["agent.__main__", "agent.app", "agent.link", "websockets"],
            ["aiohttp", "sqlalchemy", "jwt", "hub.app"],
        ),
        ("hub", ["hub.__main__", "hub.app", "hub.link", "aiohttp"], ["websockets", "pyodbc", "sqlglot", "agent.app"]),
    ],
)
def test_each_side_imports_with_only_its_own_packages(
    side: str, own: list[str], foreign: list[str], wheel: Path
) -> None:
    python = alone(side, wheel) / "python"

    assert {name: imports(python, name).stderr for name in own} == dict.fromkeys(own, "")
    assert [name for name in foreign if imports(python, name).returncode == 0] == []


@pytest.mark.parametrize("side", ["agent", "hub"])
def test_each_command_starts_from_the_wheel(side: str, wheel: Path) -> None:
    command = alone(side, wheel) / f"ident-{side}"

    shown = subprocess.run([command, "--help"], capture_output=True, text=True, check=True, cwd="/")

    assert f"ident-{side}" in shown.stdout


def test_the_wheel_holds_the_queries_and_the_migrations(wheel: Path) -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", wheel], capture_output=True, text=True, check=True
    ).stdout

    assert "agent/mis/queries/" in listed
    assert "hub/store/migrations/versions/" in listed

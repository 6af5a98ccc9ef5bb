"""Nobody comes by an account without the proof that hub/accounts.py asks for."""

import ast
from pathlib import Path

HUB = Path(__file__).parents[2] / "hub"


def calls(name: str, path: Path) -> list[int]:
    """Lines on which something of this name is called, however it was imported."""
    tree = ast.parse(path.read_text())
    renamed = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name == name
    } | {name}
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", None) in renamed or getattr(node.func, "attr", None) == name)
    ]


def test_only_the_grants_make_an_account() -> None:
    found = {path.relative_to(HUB).as_posix(): calls("Account", path) for path in HUB.rglob("*.py")}

    assert {path for path, lines in found.items() if lines} == {"accounts.py"}


def test_a_renamed_account_is_found_too(tmp_path: Path) -> None:
    sly = tmp_path / "sly.py"
    sly.write_text(
        "from hub.accounts import Account as Tenant\nimport hub.accounts\nTenant(1)\nhub.accounts.Account(2)\n"
    )

    assert calls("Account", sly) == [3, 4]


def test_the_store_hands_out_no_unit_without_an_account() -> None:
    tree = ast.parse((HUB / "store" / "engine.py").read_text())
    store = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Store")
    public = {node.name: node for node in store.body if isinstance(node, ast.AsyncFunctionDef) and node.name[0] != "_"}

    for name, method in public.items():
        asks = [ast.unparse(argument.annotation) for argument in method.args.args if argument.annotation]
        assert name.startswith("hub_") or asks == ["Account"], name

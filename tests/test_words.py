"""One concept, one word: the words that docs/glossary.md refuses stand nowhere in our code and documents."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
REFUSED = (
    "tenant_id", "organisation", "filial", "erp", "guarantor", "booking", "reception", "saldo", "opportunity", "watermark",
)  # fmt: skip
VENDORS_OWN = (
    "agent/mis/",
    "hub/amocrm/",
    "demo/",
    "tests/",
    "benchmarks/",
    "docs/glossary.md",
    "docs/fidelity.md",
)
PATTERN = re.compile(rf"(?<![a-z])({'|'.join(REFUSED)})s?(?![a-z])")


def refused_in(text: str) -> list[str]:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower()
    return PATTERN.findall(words)


def our_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    names = [name for name in listed.stdout.split() if name.endswith((".py", ".md", ".js"))]
    return [ROOT / name for name in names if not name.startswith(VENDORS_OWN)]


def test_our_code_uses_the_words_of_the_glossary() -> None:
    found = {
        str(path.relative_to(ROOT)): refused for path in our_files() if (refused := refused_in(path.read_text("utf-8")))
    }

    assert found == {}


@pytest.mark.parametrize("text", ["class Booking:", "last_watermark = 1", "ReceptionRow", "its receptions"])
def test_the_search_finds_a_refused_word(text: str) -> None:
    assert refused_in(text)


@pytest.mark.parametrize("text", ["booked", "perception", "enterprise"])
def test_the_search_leaves_other_words_alone(text: str) -> None:
    assert not refused_in(text)


def test_the_glossary_names_each_refused_word() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text("utf-8")

    assert [word for word in REFUSED if word not in glossary] == []

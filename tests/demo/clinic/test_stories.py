"""What a clinic does, told by acts and followed the whole way: what then stands in the CRM is what the oracle says."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

from tests.demo.clinic.little import Little
from tests.demo.clinic.whole import Whole

Follow: TypeAlias = Callable[[], AbstractAsyncContextManager[Whole]]


async def test_a_visit_comes_and_is_paid(clinic: Little, follow: Follow) -> None:
    clinic.patient()
    clinic.lead()
    clinic.visit(81, "15:00")
    async with follow() as whole:
        await whole.look("08:00")
        clinic.comes("15:00", 81, ends="15:30")

        assert (await whole.judged()).line() == "visits 1, deals 1, differences 0, wrong person 0, duplicates 0"

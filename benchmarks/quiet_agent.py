"""An agent whose clinic is stubbed: the product's own link and outbox, and a lookup that has its answer. Ready when its link is open."""

import asyncio
import json
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent import identity
from agent.app import software
from agent.link import Link
from agent.outbox import open_outbox
from agent.standing import Standing
from wire.frames import Ask
from wire.lookup import CardAnswer, CardPatient
from wire.model import Branch, Practitioner, Visit

DAY = datetime(2026, 12, 3, 14, 30, tzinfo=UTC)


class Ready:
    """Knows one patient."""

    def __init__(self, phone: str) -> None:
        visit = Visit(
            id="81234",
            patient_id="4410",
            status="booked",
            start=DAY,
            end=DAY.replace(hour=15),
            practitioner=Practitioner(id="31", name="Demo doctor"),
            branch=Branch(id="2", name="Demo branch"),
        )
        patient = CardPatient(id="4410", name="Demo patient", phones=(phone,), visits=(visit,))
        self._value = CardAnswer(patients=(patient,), read_at=DAY).dump()

    async def answer(self, _ask: Ask) -> dict[str, Any]:
        """At once."""
        return self._value


async def main(folder: Path, phone: str) -> None:
    """Serve until killed."""
    who = identity.identity(folder)
    if who is None:
        raise SystemExit("not enrolled")
    standing = Standing()
    standing.mis("ok")
    async with open_outbox(folder / "outbox.db", secrets.token_bytes(32), ()) as outbox:
        link = Link(who, outbox, standing, fields=(), state_every=10, software=software(), lookup=Ready(phone))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(link.run())
            while link.stand.phase != "open":
                link.changed.clear()
                await link.changed.wait()
            print(json.dumps({"ready": True, "bytes": len(json.dumps(await link_answer(phone)))}), flush=True)


async def link_answer(phone: str) -> dict[str, Any]:
    """What is answered, to be weighed."""
    return await Ready(phone).answer(Ask(id=1, ask="card", deadline_ms=1))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))

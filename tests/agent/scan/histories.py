"""Histories of a clinic: edits, transactions that overlap, steps, a line that breaks, power cuts. As data, so that hypothesis can shrink
them and a seed can repeat them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any, TypeAlias

from agent.keyed import PAGES
from agent.mis.forms import relations
from agent.mis.port import MisBusy
from agent.mis.statements import query
from tests.agent.mis.clinic import NOW
from tests.agent.scan.world import FIELDS, World
from wire.frames import LANES

Event: TypeAlias = tuple[str, int, int]
"""What, to which, and a number that decides the rest."""

BETRAYED = (
    *("visit", "visit", "mark", "move", "patient", "bill", "late bill", "pay", "deposit", "touch"),
    *("plan", "service", "done"),
    *("begin", "begin", "commit", "commit", "roll back", "between", "swap"),
)
SILENT = (
    "quiet patient",
    "quiet bill",
    "move bill",
    "quiet service",
    "delete visit",
    "delete patient",
    "delete service",
)
BULK = ("stamp", "hours")
"""What an update of IDENT does to tables of money, and time that goes by."""
STEPS = ("step", "step", "arrive")
TROUBLE = ("push", "lose push", "lose ack", "restart", "crash", "down", "busy", "dump", "restore")
MARKS = ("PatientAppeared", "ReceptionStarted", "ReceptionEnded", "CheckIssued", "ReceptionCanceled")
OTHER_FIELDS = ("visit.comment", "visit.services:off")
"""What may leave after an upgrade: comments too."""


@dataclass(frozen=True)
class Size:
    """How far edits are spread: over so many keys of a table, so many patients (of whom the last two have no card), so many days.
    `leads`: indexes of the clinic's own lead from owners to what is theirs."""

    keys: int = 12
    owners: int = 7
    days: int = 90
    leads: bool = False

    def owner(self, number: int) -> int:
        """Whose visit it is."""
        return number % self.owners + 1

    def payer(self, number: int) -> int:
        """Somebody with a card."""
        return number % (self.owners - 2) + 1

    def day(self, number: int) -> int:
        """Of a visit, from now on."""
        return number % self.days - 20


SMALL = Size()


@dataclass
class Player:
    """Plays a history in a world."""

    here: World
    size: Size = SMALL

    def furnish(self) -> None:
        """What was there before: patients whom nothing betrays, and old visits."""
        if self.size.leads:
            self.here.clinic.index(*(relation for page in PAGES for relation in relations(query(page).tree)))
        for key in range(1, 6):
            self._patient(key, 0, audit=False)
        for key in range(1, 6):
            self.here.clinic.visit(key, key, -400 if key % 2 else 1, Comment="У окна")
        self.here.clinic.pass_time(3600)

    async def play(self, event: Event) -> None:
        """One event."""
        what, key, number = event
        match what:
            case "step":
                await self.here.step()
            case "arrive":
                await self.here.step()
                await self.here.deliver()
            case "push" | "lose push" | "lose ack":
                await self.here.push(LANES[number % 2], loses=what.removeprefix("push").removeprefix("lose "))
            case "restart":
                await self.here.restart()
            case "upgrade":
                self.here.fields = OTHER_FIELDS if self.here.fields == FIELDS else FIELDS
                await self.here.restart()
            case "crash":
                await self.here.crash(1 + number % 20)
            case "down":
                self.here.is_down(down=True)
                await self.here.step()
                self.here.is_down(down=False)
            case "busy":
                self.here.mis.fails = lambda query: MisBusy("42000 1222") if query == "visits_by_key" else None
                await self.here.step()
                self.here.is_down(down=False)
            case "dump":
                self.here.dump = self.here.hub.copy()
            case "restore":
                if self.here.dump is not None:
                    self.here.hub = self.here.dump.copy()
                    await self.here.connect()
            case _:
                self.edit(what, key % self.size.keys + 1, number)

    def commit_all(self) -> None:
        """No transaction stays open for ever."""
        for version in list(self.here.mis.open):
            self.here.mis.commit(version)

    def edit(self, what: str, key: int, number: int) -> None:
        """One row, or one transaction; nothing else."""
        clinic, mis, size = self.here.clinic, self.here.mis, self.size
        match what:
            case "visit":
                clinic.visit(key, size.owner(number), size.day(number))
            case "mark":
                if clinic.holds("Receptions", key):
                    mark = MARKS[number % len(MARKS)]
                    cells: dict[str, Any] = {mark: None if number % 3 == 0 else clinic.now}
                    clinic.put("Receptions", key, **cells)
            case "move":
                if clinic.holds("Receptions", key):
                    start = NOW + timedelta(hours=number % (size.days * 6))
                    clinic.put("Receptions", key, PlanStart=start, PlanEnd=start + timedelta(minutes=30))
            case "patient" | "quiet patient":
                self._patient(key, number, audit=what == "patient")
            case "bill" | "quiet bill":
                self._bill(key, number, audit=what == "bill")
            case "move bill":
                if clinic.holds("Orders", key):
                    other = key % size.keys + 1
                    clinic.put(
                        "Orders", key, ID_Receptions=other, ID_Patients=clinic.patient_of(other) or 1, audit=False
                    )
            case "late bill":
                # No two at the same time: what a clock shows twice betrays nothing.
                own = 1 + 3 * int((clinic.now - NOW).total_seconds() % 333)
                self._bill(key, number, audit=True, ago=timedelta(seconds=number % 500, milliseconds=own))
            case "pay":
                self._pay(key, number)
            case "deposit":
                self._pay_in(size.payer(number), Decimal(number - 300))
            case "plan" | "service" | "quiet service" | "done" | "delete service":
                self._plan(what, key, number)
            case "touch":
                clinic.touch_all()
            case "stamp":
                self._stamp(number)
            case "hours":
                clinic.pass_time(3600)
            case "begin":
                mis.begin(lambda version: clinic.visit(key, size.owner(number), size.day(number), version=version))
            case "commit":
                if mis.open:
                    mis.commit(sorted(mis.open)[number % len(mis.open)])
            case "roll back":
                if mis.open:
                    mis.open.pop(sorted(mis.open)[number % len(mis.open)])
            case "swap":
                self._swap(key, number % size.keys + 1)
            case "between":
                mis.after["visit_versions"] = lambda: clinic.visit(key, size.owner(number), size.day(number))
            case "delete visit":
                clinic.delete("Receptions", key)
            case "delete patient":
                clinic.delete("Patients", key)

    def _swap(self, key: int, other: int) -> None:
        """Two visits take each other's time."""
        clinic, times = self.here.clinic, ("PlanStart", "PlanEnd")
        if clinic.holds("Receptions", key) and clinic.holds("Receptions", other):
            rows = [dict(zip(times, clinic.cells("Receptions", one, *times), strict=True)) for one in (key, other)]
            clinic.put("Receptions", key, **rows[1])
            clinic.put("Receptions", other, **rows[0])

    def _patient(self, key: int, number: int, *, audit: bool) -> None:
        self.here.clinic.put("Persons", key, Surname=f"Канарейкин {number}", Name="Пётр")
        self.here.clinic.put("Patients", key, audit=audit)

    def _bill(self, key: int, number: int, *, audit: bool, ago: timedelta = timedelta()) -> None:
        """`ago`: the changed-time comes from a slow clock, or from a transaction that was long open."""
        clinic = self.here.clinic
        marks: dict[str, Any] = {"DateTimeChanged": clinic.now - ago} if audit else {}
        if not clinic.holds("Orders", key):
            marks["ID_Patients"] = clinic.patient_of(key) or 1
        clinic.put("Orders", key, ID_Receptions=key, IsBillFormed=True, audit=False, **marks)
        net = Decimal(100 + number % 50)
        for name in ("Amount", "AmountWithDiscount", "Debt"):
            clinic.put("OrderPaymentsJournal", key, IsBillFormed=True, InsuranceAmount=Decimal(), **{name: net})  # type: ignore[arg-type]

    def _pay(self, key: int, number: int) -> None:
        """The debt goes down in silence; the payment names the patient of the visit."""
        clinic = self.here.clinic
        owner = clinic.patient_of(key)
        if clinic.holds("OrderPaymentsJournal", key) and owner is not None and owner == clinic.payer_of(key):
            clinic.put("OrderPaymentsJournal", key, Debt=Decimal(number % 100))
            self._pay_in(owner, Decimal(1))

    def _stamp(self, number: int) -> None:
        """All orders and payments bear one changed-time; the debts changed in silence."""
        clinic, moment = self.here.clinic, self.here.clinic.pass_time()
        for key in clinic.keys("Orders"):
            if clinic.holds("OrderPaymentsJournal", key):
                clinic.put("OrderPaymentsJournal", key, Debt=Decimal(number % 90))
        for table in ("Orders", "PaymentsIn"):
            for key in clinic.keys(table):
                clinic.put(table, key, DateTimeChanged=moment)

    def _plan(self, what: str, key: int, number: int) -> None:
        """Each plan has some services; whichever an order names stays named."""
        clinic, plan, order = self.here.clinic, key % (self.size.keys // 4) + 1, self.size.keys + 1
        match what:
            case "plan":
                clinic.put("TreatmentPlans", plan, ID_Patients=self.size.payer(number), IsActive=number % 4 > 0)
            case "service" | "quiet service":
                clinic.put("ServiceItemPrices", number % 5 + 1, Price=Decimal(100 * (number % 5 + 1)), audit=False)
                cells: dict[str, Any] = {"ID_TreatmentPlans": plan, "ID_ServicePrices": number % 5 + 1}
                clinic.put("TreatmentPlanElementRelations", key, audit=what == "service", **cells)
            case "done":
                cells = {"ID_Orders": order, "ID_TreatmentPlans": plan, "ID_TreatmentPlanElementRelations": key}
                clinic.put("Orders", order, ID_Patients=1, audit=False)
                clinic.put("OrderServiceRelation", key, **cells)
            case "delete service":
                clinic.delete("TreatmentPlanElementRelations", key)

    def _pay_in(self, patient: int, payment: Decimal) -> None:
        clinic = self.here.clinic
        clinic.put("PaymentsIn", clinic.next_key("PaymentsIn"), ID_Patients=patient, Payment=payment)


def made_up(seed: int, kinds: tuple[str, ...], length: int) -> list[Event]:
    """A history of its own for each seed."""
    return list(told(seed, kinds, length, 1000))


def told(seed: int, kinds: tuple[str, ...], length: int, numbers: int) -> Iterator[Event]:
    """The same event by event, with so many numbers."""
    random = Random(seed)  # noqa: S311 a history, no secret
    for _ in range(length):
        yield random.choice(kinds), random.randrange(numbers), random.randrange(numbers)


def shrunk(history: list[Event], fails: Callable[[list[Event]], bool]) -> list[Event]:
    """A shortest history that still fails, as far as leaving out goes: halves first, single events last."""
    size = len(history) // 2
    while size:
        for start in range(0, len(history), size):
            shorter = history[:start] + history[start + size :]
            if fails(shorter):
                history = shorter
                break
        else:
            size //= 2
    return history

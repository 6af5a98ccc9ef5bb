"""What a run of changes comes to for each key. Pure: no store, no clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from wire.errors import InvalidChange
from wire.frames import Change
from wire.model import Balance, Entity, Kind, Patient, Visit, entity, known

Key: TypeAlias = tuple[Kind, str]


@dataclass(frozen=True)
class Bad:
    """A change that cannot be read, and the names of its bad fields."""

    change: Change
    places: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """One key after the run. `entity` is the newest state that could be read, None where the run brought none; `bad` is
    the newest change where that could not be read. Whatever came, the key was seen at `arrival`."""

    arrival: int
    read_at: datetime
    entity: Entity | None = None
    vanished: bool = False
    bad: Bad | None = None


def fold(changes: Iterable[Change], first_arrival: int) -> dict[Key, Entry]:
    """The run in order; a later change of a key stands for the earlier ones."""
    entries: dict[Key, Entry] = {}
    for arrival, change in enumerate(changes, first_arrival):
        key = (change.kind, change.key)
        entries[key] = _after(entries.get(key), change, arrival)
    return entries


def _after(before: Entry | None, change: Change, arrival: int) -> Entry:
    held = before.entity if before else None
    if change.op == "vanished":
        return Entry(arrival, change.read_at, held, vanished=True)
    try:
        return Entry(arrival, change.read_at, read(change))
    except InvalidChange as invalid:
        read_at = before.read_at if before else change.read_at
        vanished = before.vanished if before else False
        return Entry(arrival, read_at, held, vanished, Bad(change, invalid.places))


def read(change: Change) -> Entity:
    """The entity of a change; it has to be the one that the change is filed under."""
    value = entity(change.kind, change.value)
    field, own = ("patient_id", value.patient_id) if isinstance(value, Balance) else ("id", value.id)
    if own != change.key:
        raise InvalidChange(change.kind, (field,))
    return value


def patient_of(value: Entity, former: str | None) -> str | None:
    """Whose it is. A visit's patient that could not be read stays who it was; a visit without patient card has none."""
    if isinstance(value, Patient):
        return value.id
    if isinstance(value, Visit) and not known(value, "patient_id"):
        return former
    return value.patient_id


def is_same_visit(before: Visit, after: Visit) -> bool:
    """Whether a visit that is another patient's now is the one that it was: booked at the very same time. Cards that were merged hand
    visits over; a key that was given out again names another one. Where that is unknown it counts as another."""
    if not (known(before, "booked_at") and known(after, "booked_at")):
        return False
    return before.booked_at is not None and before.booked_at == after.booked_at


def record_place(database: str, key: Key) -> str:
    """Where the value of a record is sealed: JSON of the entity, without the fields that are unknown."""
    return f"records:{database}:{key[0]}:{key[1]}"


def phones_of(entry: Entry) -> tuple[str, ...] | None:
    """By what numbers a patient is found from now on; None: as before."""
    if entry.vanished:
        return ()
    if isinstance(entry.entity, Patient) and known(entry.entity, "phones"):
        return entry.entity.phones
    return None


def to_look_at(
    entries: Mapping[Key, Entry], owners: Mapping[Key, str | None], former: Mapping[Key, str | None]
) -> dict[str, int]:
    """The patients whose deals may have to change, with the newest arrival: whose it is, and whose it was. "" stands for visits
    without patient card. What could not be read changes nothing, nor does the vanishing of what was never told."""
    found: dict[str, int] = {}
    for key, entry in entries.items():
        if entry.entity or (entry.vanished and key in former):
            for patient in {owners[key], former.get(key, owners[key])}:
                found[patient or ""] = max(entry.arrival, found.get(patient or "", 0))
    return found

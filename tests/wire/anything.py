"""Hypothesis strategies for frames and entities, with any of the optional fields absent."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from wire import frames
from wire.frames import AnyFrame
from wire.model import Entity, entity

ids = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=64)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.one_of(st.just(UTC), zones))  # noqa: DTZ001 the strategy puts the zone in
kinds = st.sampled_from(["visit", "patient", "balance", "checkup", "plan"])
lanes = st.sampled_from(["live", "backfill"])
seqs = st.integers(0, (1 << 62) - 3)
digests = st.one_of(st.just(""), st.text("0123456789abcdef", min_size=32, max_size=32))
positions = st.builds(frames.Position, seq=seqs, digest=digests)
generations = st.integers(0, (1 << 31) - 1)
flags = st.dictionaries(texts, st.booleans(), max_size=3)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 53), 1 << 53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, json_values, max_size=4)
seconds = st.floats(0, 1e6, allow_nan=False)


def some(of: Any, optional: dict[str, st.SearchStrategy[Any]], **required: st.SearchStrategy[Any]) -> Any:
    """A model with its required fields and any of the optional ones."""
    return st.fixed_dictionaries(required, optional=optional).map(lambda fields: of(**fields))


def _changes(start: int) -> st.SearchStrategy[list[frames.Change]]:
    steps = st.lists(st.integers(1, 1000), min_size=1, max_size=5)

    def numbered(gaps: list[int]) -> st.SearchStrategy[list[frames.Change]]:
        seqs = [start + sum(gaps[: index + 1]) for index in range(len(gaps))]
        return st.tuples(*[_change(seq) for seq in seqs]).map(list)

    return steps.flatmap(numbered)


def _change(seq: int) -> st.SearchStrategy[frames.Change]:
    found: st.SearchStrategy[frames.Change] = some(
        frames.Change,
        {"op": st.sampled_from(["upsert", "vanished"]), "value": st.none() | objects},
        seq=st.just(seq),
        kind=kinds,
        key=ids,
        read_at=times,
    )
    return found


pushes = st.integers(0, 1 << 40).flatmap(
    lambda prev: st.builds(frames.Push, lane=lanes, prev=st.just(prev), changes=_changes(prev).map(tuple))
)


def _marks(of: Any) -> st.SearchStrategy[Any]:
    return st.integers(0, 1 << 40).flatmap(
        lambda prev: st.builds(
            of, lane=lanes, prev=st.just(prev), seq=st.integers(prev + 1, prev + 9), generation=generations, kind=kinds
        )
    )


FRAMES: dict[str, st.SearchStrategy[AnyFrame]] = {
    "challenge": some(frames.Challenge, {}, nonce=texts, hub=ids, time=times),
    "hello": some(
        frames.Hello,
        {"protocol": texts, "capabilities": flags, "fields": st.lists(texts, max_size=3).map(tuple)},
        signature=texts,
        agent=ids,
        instance=ids,
        software=texts,
        database=st.builds(frames.DatabaseName, id=ids, fingerprint=st.text("abc 123/-", max_size=128)),
        generation=generations,
        lanes=st.dictionaries(lanes, st.lists(positions, max_size=3).map(tuple)),
    ),
    "welcome": some(
        frames.Welcome,
        {"credit": st.integers(0, 1 << 24), "beat_seconds": seconds},
        generation=generations,
        lanes=st.dictionaries(lanes, st.builds(frames.LaneStart, seq=seqs)),
    ),
    "push": pushes,
    "pass-begin": _marks(frames.PassBegin),
    "pass-end": _marks(frames.PassEnd),
    "ack": st.builds(frames.Ack, lane=lanes, seq=seqs),
    "state": some(
        frames.State,
        {
            "read_through": st.none() | times,
            "verified_through": st.none() | times,
            "outbox": st.builds(
                frames.OutboxDepth,
                live=st.integers(0, 1 << 29),
                backfill=st.integers(0, 1 << 29),
                oldest_seconds=seconds,
            ),
            "clock_offset_seconds": st.none() | st.floats(-1e6, 1e6),
            "capabilities": flags,
            "skipped": st.dictionaries(texts, st.integers(0, 1 << 20), max_size=3),
        },
        mis=st.sampled_from(["ok", "down", "refused", "busy"]),
    ),
    "resend": some(frames.Resend, {"keys": st.lists(ids, max_size=3).map(tuple)}, kind=kinds),
    "ask": some(
        frames.Ask,
        {"args": objects},
        id=st.integers(),
        ask=st.sampled_from(["card", "search"]),
        deadline_ms=st.integers(1, 30_000),
    ),
    "answer": some(
        frames.Answer, {"part": st.integers(1, 9), "parts": st.integers(1, 9)}, id=st.integers(), value=objects
    ),
    "cancel": st.builds(frames.Cancel, id=st.integers()),
    "fault": st.builds(
        frames.Fault,
        id=st.integers(),
        code=st.sampled_from(["mis_down", "mis_refused", "busy", "late", "not_supported", "bad_question"]),
    ),
    "goaway": some(
        frames.Goaway,
        {"after_seconds": seconds, "reason": st.sampled_from(["restart", "superseded", "revoked", "suspended"])},
    ),
}
"""One strategy for each frame, by its `t`."""


# Entities, as the data that an agent sends

names = st.none() | texts
iso = times.map(datetime.isoformat)
days = st.dates().map(str)
roubles = st.decimals(Decimal("-99999999999999.99"), Decimal("99999999999999.99"), places=2).map(str)
amounts = st.decimals(0, Decimal("99999999999999.99"), places=2).map(str)
references = st.fixed_dictionaries({"id": ids}, optional={"name": names})
phones = st.lists(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True), max_size=3)


def _any_of(strategy: st.SearchStrategy[Any], *fields: str) -> dict[str, st.SearchStrategy[Any]]:
    return dict.fromkeys(fields, st.none() | strategy)


sums = st.fixed_dictionaries(
    {},
    optional=_any_of(amounts, "planned", "billed", "gross", "discount", "debt", "insurance") | _any_of(roubles, "paid"),
)
VALUES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "visit": st.fixed_dictionaries(
        {"id": ids, "status": st.sampled_from(["booked", "arrived", "started", "fulfilled", "cancelled"])}
        | {"start": iso, "end": iso},
        optional=_any_of(
            iso, "booked_at", "arrived_at", "started_at", "ended_at", "billed_at", "cancelled_at", "notified_at"
        )
        | _any_of(references, "practitioner", "branch", "booked_by", "source", "cancelled_by", "cancel_reason")
        | _any_of(ids, "patient_id", "moved_from")
        | _any_of(sums, "sums")
        | {"billed": st.booleans(), "comment": names},
    ),
    "patient": st.fixed_dictionaries(
        {"id": ids},
        optional={"phones": phones}
        | _any_of(texts, "name", "card_number", "representative")
        | _any_of(days, "birth_date")
        | _any_of(references, "practitioner", "source")
        | _any_of(st.booleans(), "do_not_message", "archived", "staff"),
    ),
    "balance": st.fixed_dictionaries(
        {"patient_id": ids}, optional=_any_of(amounts, "debt", "advance") | _any_of(roubles, "net")
    ),
    "checkup": st.fixed_dictionaries(
        {"id": ids, "patient_id": ids},
        optional=_any_of(days, "due_on") | _any_of(references, "branch") | {"closed": st.booleans()},
    ),
    "plan": st.fixed_dictionaries(
        {"id": ids, "patient_id": ids},
        optional=_any_of(amounts, "agreed", "done", "unscheduled") | {"active": st.booleans()},
    ),
}
"""What travels as `value` of each kind."""


def _entities(kind: Any) -> st.SearchStrategy[Entity]:
    return VALUES[kind].map(lambda value: entity(kind, value))


entities = st.one_of([_entities(kind) for kind in VALUES])

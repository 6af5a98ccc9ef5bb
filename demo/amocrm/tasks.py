"""Tasks: how they are listed, made, changed and completed. Their filters are no paid option: they always hold."""

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from demo.amocrm.bodies import Item, Name, Part
from demo.amocrm.call import EMPTY, Answer, Call, Route, page, written
from demo.amocrm.checks import Checks, batch, existing, named, single
from demo.amocrm.errors import Problem, Refused
from demo.amocrm.model import Entity, Json, Task
from demo.amocrm.query import Spec, refuse_not_numbers, within
from demo.amocrm.store import ENTITIES, Account

TYPES = {1: ("Связаться", "FOLLOW_UP"), 2: ("Встреча", "MEETING")}
"""The types that every account has: name and code."""
_SIMPLE = ("text", "complete_till", "entity_id", "entity_type", "task_type_id", "responsible_user_id")
_PLAIN = (*_SIMPLE, "duration", "is_completed", "updated_by")
_IDS = ("id", "responsible_user_id", "created_by", "task_type_id", "entity_id")


class TaskResult(Part):
    text: Name


class TaskPatch(Item):
    id: int | None = None
    text: Name = "-"
    complete_till: int = 0
    entity_id: int | None = None
    entity_type: Entity | None = None
    task_type_id: int = 1
    responsible_user_id: int = 0
    duration: Annotated[int, Field(ge=0)] = 0
    is_completed: bool = False
    result: TaskResult | None = None
    updated_by: int = 0


class TaskCreate(Item):
    text: Name
    complete_till: int
    entity_id: int | None = None
    entity_type: Entity | None = None
    task_type_id: int = 1
    responsible_user_id: int = 0
    duration: Annotated[int, Field(ge=0)] = 0
    is_completed: bool = False
    result: TaskResult | None = None
    created_by: int = 0
    updated_by: int = 0


def _check(account: Account, body: TaskCreate | TaskPatch, checks: Checks, *, is_completed: bool) -> None:
    for name in body.model_fields_set & {"responsible_user_id", "created_by", "updated_by"}:
        user_id = getattr(body, name)
        checks.choice(name, user_id in account.users or (user_id == 0 and name != "responsible_user_id"))
    checks.choice("task_type_id", body.task_type_id in TYPES)
    if (body.entity_id is None) != (body.entity_type is None):
        checks.refuse(
            "FieldMissing", "entity_type" if body.entity_id else "entity_id", "A card is its type and its id."
        )
    elif body.entity_id is not None and body.entity_type is not None:
        checks.choice("entity_id", account.card(body.entity_type, body.entity_id) is not None)
    if body.result and not is_completed:
        checks.refuse("NotExpected", "result", "Not documented: the result of a task that is not completed.")


def new(account: Account, body: TaskCreate, checks: Checks) -> TaskCreate:
    """Check a task to be."""
    _check(account, body, checks, is_completed=body.is_completed)
    return body


def change(account: Account, task: Task, body: TaskPatch, checks: Checks) -> tuple[Task, TaskPatch]:
    """Check a patch."""
    _check(account, body, checks, is_completed=body.given("is_completed").get("is_completed", task.is_completed))
    return task, body


def create(account: Account, body: TaskCreate, by: int) -> Task:
    """Make what was checked."""
    now = account.now()
    created_by = body.given("created_by").get("created_by", by)
    task = Task(account.next_id("task"), body.text, body.complete_till, by, created_by, by, now, now)
    account.tasks[task.id] = task
    _set(account, task, body, by)
    account.happened("task_added", "tasks", task.id, created_by, [], [])
    account.announce("add_task", task)
    return task


def apply(account: Account, task: Task, body: TaskPatch, by: int) -> None:
    """Do what was checked. Webhooks hear twice of a task that was closed with a result."""
    was_responsible, was_open = task.responsible_user_id, not task.is_completed
    _set(account, task, body, by)
    if was_open and task.is_completed:
        account.happened("task_completed", "tasks", task.id, by, [], [])
    is_closed = {"action_close": 1} if was_open and task.is_completed else {}
    for _ in range(2 if is_closed and body.result else 1):
        account.announce("update_task", task, **is_closed)
    if task.responsible_user_id != was_responsible:
        account.announce("responsible_task", task)


def _set(account: Account, task: Task, body: TaskCreate | TaskPatch, by: int) -> None:
    stood_at = task.entity_type, task.entity_id
    task.updated_by, task.updated_at = by, account.now()
    for name, value in body.given(*_PLAIN).items():
        setattr(task, name, value)
    if body.result:
        task.result = body.result.text
    for entity, card_id in {stood_at, (task.entity_type, task.entity_id)}:
        card = account.card(entity, card_id) if entity and card_id else None
        if entity and card:
            open_tasks = [t for t in account.tasks.values() if t.entity_id == card_id and not t.is_completed]
            card.closest_task_at = min((t.complete_till for t in open_tasks), default=None)
            account.changed(entity, card.id)


def shape(call: Call, task: Task) -> Json:
    """A task, whole: an empty result is an empty array, as PHP writes it."""
    return {
        "id": task.id,
        "created_by": task.created_by,
        "updated_by": task.updated_by,
        "created_at": task.created_at,
        "updated_at": task.updated_at,
        "responsible_user_id": task.responsible_user_id,
        "group_id": call.account.users[task.responsible_user_id].group_id,
        "entity_id": task.entity_id,
        "entity_type": task.entity_type,
        "duration": task.duration,
        "is_completed": task.is_completed,
        "task_type_id": task.task_type_id,
        "text": task.text,
        "result": {"text": task.result} if task.result else [],
        "complete_till": task.complete_till,
        "account_id": call.account.id,
        "_links": call.itself(f"tasks/{task.id}"),
    }


def _list(call: Call) -> Answer:
    fits = _filter(call)
    name, down = call.query.order or ("id", False)
    found = [task for task in call.account.tasks.values() if call.sees(task) and fits(task)]
    found.sort(key=lambda task: (getattr(task, name), task.id), reverse=down)
    return page(call, "tasks", found, lambda task: shape(call, task))


def _filter(call: Call) -> Callable[[Task], bool]:
    """What the filters ask for; the type goes by both names that are in use."""
    wanted = call.query.wanted()
    if "task_type" in wanted:
        wanted["task_type_id"] = wanted.pop("task_type") | wanted.get("task_type_id", set())
    refuse_not_numbers(wanted, *_IDS, "updated_at", "updated_at from", "updated_at to")
    _refuse_words(wanted)
    ids = {name: set(map(int, wanted[name])) for name in _IDS if name in wanted}
    is_completed = wanted.get("is_completed")
    entities = wanted.get("entity_type")

    def fits(task: Task) -> bool:
        return (
            all(getattr(task, name) in values for name, values in ids.items())
            and (is_completed is None or str(int(task.is_completed)) in is_completed)
            and (entities is None or task.entity_type in entities)
            and within(task.updated_at, wanted, "updated_at")
        )

    return fits


def _refuse_words(wanted: dict[str, set[str]]) -> None:
    problems = []
    if wanted.get("is_completed", set()) - {"0", "1"}:
        problems.append(Problem("NotSupportedChoice", "filter[is_completed]", "1 or 0"))
    if wanted.get("entity_type", set()) - set(ENTITIES):
        problems.append(Problem("NotSupportedChoice", "filter[entity_type]", ", ".join(ENTITIES)))
    if "entity_id" in wanted and "entity_type" not in wanted:
        problems.append(Problem("FieldMissing", "filter[entity_type]", "filter[entity_id] needs it"))
    if problems:
        raise Refused(400, "; ".join(f"{p.path}: {p.detail}" for p in problems), tuple(problems))


def _one(call: Call) -> Answer:
    task = call.account.tasks.get(call.ids[0])
    return Answer(200, shape(call, task)) if task and call.sees(task) else EMPTY


def _create(call: Call) -> Answer:
    def prepare(body: TaskCreate, checks: Checks) -> TaskCreate:
        if body.entity_type and body.entity_id:
            call.mine(call.account.card(body.entity_type, body.entity_id))
        return new(call.account, body, checks)

    plans = batch(call.body, TaskCreate, prepare)
    made = [(name, create(call.account, body, call.actor.id)) for name, body in plans]
    items = [{"id": task.id, "request_id": name, "_links": call.itself(f"tasks/{task.id}")} for name, task in made]
    return written(call, "tasks", items)


def _patch_many(call: Call) -> Answer:
    seen: set[int] = set()

    def prepare(body: TaskPatch, checks: Checks) -> tuple[Task, TaskPatch] | None:
        task = call.mine(named(call.account.tasks, body.id, seen, checks))
        return change(call.account, task, body, checks) if task else None

    plans = [(name, plan) for name, plan in batch(call.body, TaskPatch, prepare) if plan]
    return written(call, "tasks", [_patched(call, name, *plan) for name, plan in plans])


def _patch_one(call: Call) -> Answer:
    task = existing(call.account.tasks, call.ids[0])
    call.mine(task)

    def prepare(body: TaskPatch, checks: Checks) -> tuple[Task, TaskPatch]:
        checks.choice("id", body.id in (None, task.id))
        return change(call.account, task, body, checks)

    plan = single(call.body, TaskPatch, prepare)
    return Answer(200, _patched(call, plan[1].request_id or "0", *plan))


def _patched(call: Call, name: str, task: Task, body: TaskPatch) -> Json:
    apply(call.account, task, body, call.actor.id)
    return {
        "id": task.id,
        "updated_at": task.updated_at,
        "request_id": name,
        "_links": call.itself(f"tasks/{task.id}"),
    }


_LIST = Spec(
    paged=True,
    order=frozenset({"created_at", "complete_till", "id"}),
    filters=(
        r"filter\[(id|responsible_user_id|created_by|task_type|task_type_id|entity_id)\](\[\d*\])?",
        r"filter\[(is_completed|entity_type)\]",
        r"filter\[updated_at\](\[(from|to)\])?",
    ),
)
ROUTES = [
    Route("GET", "tasks", _list, _LIST),
    Route("POST", "tasks", _create),
    Route("PATCH", "tasks", _patch_many),
    Route("GET", "tasks/{}", _one),
    Route("PATCH", "tasks/{}", _patch_one),
]

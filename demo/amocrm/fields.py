"""Custom fields and their groups, of leads, contacts and companies."""

from demo.amocrm.bodies import ChoiceBody, FieldCreate, FieldPatch, GroupCreate, StageRef
from demo.amocrm.call import EMPTY, Answer, Call, Route, page, total
from demo.amocrm.checks import Checks, batch, existing, named, nothing, single
from demo.amocrm.errors import Refused
from demo.amocrm.model import Choice, Entity, Field, Group, Json
from demo.amocrm.query import Spec
from demo.amocrm.store import ENTITIES, Account

AT_ONCE = 50
"""Fields on one page, whatever `limit` says: amoCRM documents both 50 and 250, so `_links.next` is the only way."""
_LISTS = ("select", "radiobutton", "multiselect")
_PHONE = ("WORK", "WORKDD", "MOB", "FAX", "HOME", "OTHER")
_EMAIL = ("WORK", "PRIV", "OTHER")


def predefine(account: Account) -> None:
    """The groups and the fields of contacts and companies that every account has."""
    for entity in ENTITIES:
        account.groups[entity]["default"] = Group("default", entity, "Основное", 1, is_predefined=True)
    account.groups["leads"]["statistic"] = Group("statistic", "leads", "Статистика", 2, is_predefined=True)
    for entity in ("contacts", "companies"):
        for name, code, enums in (("Телефон", "PHONE", _PHONE), ("Email", "EMAIL", _EMAIL)):
            choices = [Choice(account.next_id("choice"), enum, number, enum) for number, enum in enumerate(enums, 1)]
            found = Field(account.next_id("field"), entity, name, "multitext", code=code, is_predefined=True)
            found.choices = choices
            account.fields[entity][found.id] = found


def create(account: Account, entity: Entity, body: FieldCreate) -> Field:
    """Make what was checked."""
    field = Field(account.next_id("field"), entity, body.name, body.type, body.sort, body.code, body.group_id)
    account.fields[entity][field.id] = field
    _apply(account, field, body)
    return field


def check(account: Account, entity: Entity, body: FieldCreate, checks: Checks) -> FieldCreate:
    """Check a field to be."""
    codes = {field.code for field in account.fields[entity].values()}
    checks.choice("code", body.code is None or body.code not in codes)
    _check(account, entity, body.type, body, checks)
    return body


def _check(account: Account, entity: Entity, kind: str, body: FieldCreate | FieldPatch, checks: Checks) -> None:
    checks.choice("group_id", body.group_id is None or body.group_id in account.groups[entity])
    if kind in _LISTS and isinstance(body, FieldCreate) and not body.enums:
        checks.refuse("FieldMissing", "enums", "This field is missing.")
    if kind not in _LISTS and body.enums:
        checks.refuse("NotExpected", "enums", "A field of this type has no enums.")
    texts = [choice.value for choice in body.enums]
    checks.choice("enums", len(set(texts)) == len(texts))
    for name in ("required_statuses", "hidden_statuses"):
        for number, ref in enumerate(getattr(body, name)):
            checks.choice(f"{name}.{number}.status_id", _exists(account, ref))


def _exists(account: Account, ref: StageRef) -> bool:
    pipeline = account.pipelines.get(ref.pipeline_id)
    return pipeline is not None and ref.status_id in pipeline.statuses


def _apply(account: Account, field: Field, body: FieldCreate | FieldPatch) -> None:
    for name, value in body.given("name", "sort", "group_id", "is_api_only").items():
        setattr(field, name, value)
    for name in body.model_fields_set & {"required_statuses", "hidden_statuses"}:
        setattr(field, name, [ref.model_dump() for ref in getattr(body, name)])
    if "enums" in body.model_fields_set:
        field.choices = [_choice(account, choice) for choice in body.enums]
        _forget_lost_choices(account, field)


def _choice(account: Account, body: ChoiceBody) -> Choice:
    """An option keeps its id only when the id is sent."""
    return Choice(body.id or account.next_id("choice"), body.value, body.sort, body.code)


def _forget_lost_choices(account: Account, field: Field) -> None:
    known = {choice.id for choice in field.choices}
    for card in account.cards(field.entity).values():
        kept = [value for value in card.values.get(field.id, []) if value["enum_id"] in known]
        card.values.pop(field.id, None)
        if kept:
            card.values[field.id] = kept


def _patch_plan(account: Account, field: Field, body: FieldPatch, checks: Checks) -> tuple[Field, FieldPatch]:
    known = {choice.id for choice in field.choices}
    for number, choice in enumerate(body.enums):
        checks.choice(f"enums.{number}.id", choice.id is None or choice.id in known)
    _check(account, field.entity, field.type, body, checks)
    return field, body


def shape(call: Call, field: Field) -> Json:
    """A field, whole."""
    return {
        "id": field.id,
        "name": field.name,
        "type": field.type,
        "account_id": call.account.id,
        "code": field.code,
        "sort": field.sort,
        "is_api_only": field.is_api_only,
        "enums": [vars(choice) for choice in field.choices] or None,
        "group_id": field.group_id,
        "required_statuses": field.required_statuses,
        "hidden_statuses": field.hidden_statuses,
        "is_deletable": not field.is_predefined,
        "is_predefined": field.is_predefined,
        "is_computed": False,
        "is_visible": True,
        "is_required": False,
        "entity_type": field.entity,
        "settings": None,
        "remind": None,
        "currency": None,
        "nested": None,
        "chained_lists": None,
        "tracking_callback": None,
        "search_in": None,
        "_links": call.itself(f"{field.entity}/custom_fields/{field.id}"),
    }


def _group_shape(call: Call, group: Group) -> Json:
    return {
        "id": group.id,
        "name": group.name,
        "is_predefined": group.is_predefined,
        "type": "custom_field_group",
        "entity_type": group.entity,
        "sort": group.sort,
        "_links": call.itself(f"{group.entity}/custom_fields/groups/{group.id}"),
    }


def _routes(entity: Entity) -> list[Route]:
    """The routes of one kind of card."""

    def fields(call: Call) -> Answer:
        found = sorted(call.account.fields[entity].values(), key=lambda field: (field.sort, field.id))
        return page(call, "custom_fields", found, lambda field: shape(call, field), totals=True)

    def one(call: Call) -> Answer:
        field = call.account.fields[entity].get(call.ids[0])
        if field is None:
            raise Refused(404, "No such field.")
        return Answer(200, shape(call, field))

    def add(call: Call) -> Answer:
        plans = batch(call.body, FieldCreate, lambda body, checks: check(call.account, entity, body, checks))
        made = [(name, create(call.account, entity, body)) for name, body in plans]
        done = [{**shape(call, field), "request_id": name} for name, field in made]
        return total(call, "custom_fields", done, status=201)

    def patch_many(call: Call) -> Answer:
        seen: set[int] = set()

        def prepare(body: FieldPatch, checks: Checks) -> tuple[Field, FieldPatch] | None:
            field = named(call.account.fields[entity], body.id, seen, checks)
            return _patch_plan(call.account, field, body, checks) if field else None

        plans = [plan for _, plan in batch(call.body, FieldPatch, prepare) if plan]
        return total(call, "custom_fields", [_patched(call, *plan) for plan in plans])

    def patch_one(call: Call) -> Answer:
        field = existing(call.account.fields[entity], call.ids[0])
        plan = single(call.body, FieldPatch, lambda body, checks: _patch_plan(call.account, field, body, checks))
        return Answer(200, _patched(call, *plan))

    def delete(call: Call) -> Answer:
        nothing(call.body)
        field = call.account.fields[entity].get(call.ids[0])
        if field is None:
            raise Refused(404, "No such field.")
        if field.is_predefined:
            raise Refused(400, "This field cannot be deleted.")
        del call.account.fields[entity][field.id]
        for card in call.account.cards(entity).values():
            if card.values.pop(field.id, None):
                call.account.changed(entity, card.id)
        return EMPTY

    def groups(call: Call) -> Answer:
        found = sorted(call.account.groups[entity].values(), key=lambda group: group.sort)
        return total(call, "custom_field_groups", [_group_shape(call, group) for group in found])

    def group(call: Call) -> Answer:
        found = call.account.groups[entity].get(call.words[0])
        if found is None:
            raise Refused(404, "No such group.")
        return Answer(200, _group_shape(call, found))

    def add_groups(call: Call) -> Answer:
        plans = batch(call.body, GroupCreate, lambda body, _: body)
        done = []
        for name, body in plans:
            made = Group(f"{entity}_{call.account.next_id('group')}", entity, body.name, body.sort)
            call.account.groups[entity][made.id] = made
            done.append({**_group_shape(call, made), "request_id": name})
        return total(call, "custom_field_groups", done, status=201)

    base = f"{entity}/custom_fields"
    return [
        Route("GET", base, fields, Spec(paged=True, at_once=AT_ONCE)),
        Route("POST", base, add, admin=True),
        Route("PATCH", base, patch_many, admin=True),
        Route("GET", f"{base}/groups", groups),
        Route("POST", f"{base}/groups", add_groups, admin=True),
        Route("GET", f"{base}/groups/{{word}}", group),
        Route("GET", f"{base}/{{}}", one),
        Route("PATCH", f"{base}/{{}}", patch_one, admin=True),
        Route("DELETE", f"{base}/{{}}", delete, admin=True),
    ]


def _patched(call: Call, field: Field, body: FieldPatch) -> Json:
    _apply(call.account, field, body)
    return shape(call, field)


ROUTES = [route for entity in ENTITIES for route in _routes(entity)]

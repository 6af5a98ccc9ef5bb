"""What an account says of itself: its settings, people, loss reasons and tags."""

from datetime import datetime
from zoneinfo import ZoneInfo

from demo.amocrm import shapes
from demo.amocrm.bodies import TagCreate
from demo.amocrm.call import Answer, Call, Route, page, total
from demo.amocrm.checks import batch
from demo.amocrm.errors import Refused
from demo.amocrm.model import Entity, Json, Tag, User
from demo.amocrm.query import PAGES, Spec, refuse_not_numbers
from demo.amocrm.store import ENTITIES, Account
from demo.amocrm.tasks import TYPES

_PLAIN_WITH = frozenset({"amojo_id", "version", "is_api_filter_enabled", "drive_url"})
_EMBEDDED_WITH = frozenset({"users_groups", "task_types", "datetime_settings", "amojo_rights"})
_OPENED = 1_700_000_000
"""When the account was opened, by a robot."""
_NO_RIGHT = {"view": "D", "edit": "D", "add": "D", "delete": "D", "export": "D"}


def _account(call: Call) -> Answer:
    account, wanted = call.account, call.query.with_
    shape: Json = {
        "id": account.id,
        "name": account.subdomain,
        "subdomain": account.subdomain,
        "created_at": _OPENED,
        "created_by": 0,
        "updated_at": _OPENED,
        "updated_by": 0,
        "current_user_id": call.actor.id,
        "country": "RU",
        "currency": "RUB",
        "currency_symbol": "₽",
        "customers_mode": "unavailable",
        "is_unsorted_on": True,
        "mobile_feature_version": 0,
        "is_loss_reason_enabled": True,
        "is_helpbot_enabled": False,
        "is_technical_account": False,
        "contact_name_display_order": 1,
        "uuid": f"00000000-0000-4000-8000-{account.id:012d}",
        "_links": {"self": call.here()},
    }
    plain = {
        "amojo_id": f"00000000-0000-4000-9000-{account.id:012d}",
        "version": 11,
        "is_api_filter_enabled": account.filters,
        "drive_url": "https://drive-b.amocrm.ru",
    }
    shape |= {name: value for name, value in plain.items() if name in wanted}
    if chosen := {name: value for name, value in _account_embedded(account).items() if name in wanted}:
        shape["_embedded"] = chosen
    return Answer(200, shape)


def _account_embedded(account: Account) -> Json:
    moment = datetime.fromtimestamp(account.now(), ZoneInfo(account.timezone))
    groups = sorted({0} | {user.group_id for user in account.users.values()})
    return {
        "amojo_rights": {"can_direct": True, "can_create_groups": True},
        "users_groups": [{"id": one, "name": group_name(one), "uuid": None} for one in groups],
        "task_types": [
            {"id": number, "name": name, "color": None, "icon_id": None, "code": code}
            for number, (name, code) in TYPES.items()
        ],
        "datetime_settings": {
            "date_pattern": "d.m.Y H:i",
            "short_date_pattern": "d.m.Y",
            "short_time_pattern": "H:i",
            "date_formant": "d.m.Y",  # spelt so in the documentation's sample
            "time_format": "H:i:s",
            "timezone": account.timezone,
            "timezone_offset": moment.isoformat()[-6:],
        },
    }


def group_name(group_id: int) -> str:
    """Everybody is in one; who was put nowhere is in the first."""
    return f"Группа {group_id}" if group_id else "Отдел продаж"


def rights_of(user: User) -> Json:
    """The letters for leads, contacts and companies alike: A all, G the group's, M own, D none."""
    if not user.is_active or user.is_free:
        return _NO_RIGHT
    letter = "A" if user.is_admin else user.view
    return {**dict.fromkeys(_NO_RIGHT, letter), "add": "D" if letter == "D" else "A"}


def _user_shape(call: Call, user: User) -> Json:
    rights = rights_of(user)
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "lang": "ru",
        "rights": {
            **dict.fromkeys(("leads", "contacts", "companies"), rights),
            "tasks": {"edit": rights["edit"], "delete": rights["delete"]},
            "mail_access": False,
            "catalog_access": False,
            "status_rights": [],
            "is_admin": user.is_admin,
            "is_free": user.is_free,
            "is_active": user.is_active,
            "group_id": user.group_id,
            "role_id": None,
        },
        "_links": call.itself(f"users/{user.id}"),
        "_embedded": {"roles": [], "groups": [{"id": user.group_id, "name": group_name(user.group_id)}]},
    }


def _users(call: Call) -> Answer:
    return page(call, "users", list(call.account.users.values()), lambda user: _user_shape(call, user), totals=True)


def _user(call: Call) -> Answer:
    user = call.account.users.get(call.ids[0])
    if user is None:
        raise Refused(404, "No such user.")
    return Answer(200, _user_shape(call, user))


def _loss_reasons(call: Call) -> Answer:
    reasons = sorted(call.account.loss_reasons.values(), key=lambda reason: reason.sort)
    return page(call, "loss_reasons", reasons, lambda reason: shapes.loss_reason(call, reason.id))


def _tag_routes(entity: Entity) -> list[Route]:
    def tags(call: Call) -> Answer:
        wanted, text = call.query.wanted(), (call.query.text or "").casefold()
        refuse_not_numbers(wanted, "id")
        found = [
            tag
            for tag in call.account.tags[entity].values()
            if all(str(getattr(tag, name)) in values for name, values in wanted.items()) and text in tag.name.casefold()
        ]
        return page(call, "tags", found, _tag_shape)

    def add(call: Call) -> Answer:
        plans = batch(call.body, TagCreate, lambda body, _: body)
        made = [(name, call.account.tag_named(entity, body.name)) for name, body in plans]
        return total(call, "tags", [{**_tag_shape(tag), "request_id": name} for name, tag in made])

    return [Route("GET", f"{entity}/tags", tags, _TAGS), Route("POST", f"{entity}/tags", add)]


def _tag_shape(tag: Tag) -> Json:
    return {"id": tag.id, "name": tag.name, "color": None}


_TAGS = Spec(paged=True, text=True, filters=(r"filter\[id\](\[\d*\])?", r"filter\[name\]"))
ROUTES = [
    Route("GET", "account", _account, Spec(with_=_PLAIN_WITH | _EMBEDDED_WITH)),
    Route("GET", "users", _users, PAGES, admin=True),
    Route("GET", "users/{}", _user, admin=True),
    Route("GET", "leads/loss_reasons", _loss_reasons, PAGES),
    *(route for entity in ENTITIES for route in _tag_routes(entity)),
]

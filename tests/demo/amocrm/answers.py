"""The documentation's answers as forms: every key of a model and what its value may be, said in types; facts, no words of theirs.

A form is a type, None or a literal (this value), a tuple (one of them), a list (of none or more of one form) or a dict (exactly these
keys; those that end in `?` may be missing). What stands under `# peers` is not in the documentation: public clients read it there."""

from dataclasses import dataclass, field
from typing import Any

Form = Any
LINK: Form = {"href": str}
ITSELF: Form = {"self": LINK}
REF: Form = {"id": int, "_links": ITSELF}
LETTER: Form = ("A", "G", "M", "D")
RIGHTS: Form = dict.fromkeys(("view", "edit", "add", "delete", "export"), LETTER)
TAG: Form = {"id": int, "name": str, "color": None}
CHOSEN: Form = {"value": str, "enum_id": int, "enum_code": (str, None)}
OF_TYPE: dict[str, Form] = {
    "text": {"value": str},
    "numeric": {"value": str},
    "checkbox": {"value": bool},
    "date": {"value": int},
    "select": CHOSEN,
    "multitext": {"value": str, "enum_id": int, "enum_code": str},
}
"""A value by its field's type: figures are texts, dates are seconds."""


def _values(*kinds: str) -> Form:
    """The filled fields of a card, or none; leads have no multitext."""
    head: Form = {"field_id": int, "field_name": str, "field_code": (str, None)}
    return (None, [tuple({**head, "field_type": kind, "values": [OF_TYPE[kind]]} for kind in kinds)])


CARD: Form = {
    "id": int,
    "name": str,
    "responsible_user_id": int,
    "group_id": int,
    "created_by": int,
    "updated_by": int,
    "created_at": int,
    "updated_at": int,
    "closest_task_at": (int, None),
    "is_deleted": bool,
    "custom_fields_values": _values(*OF_TYPE),
    "account_id": int,
    "_links": ITSELF,
}
LOSS_REASON: Form = {"id": int, "name": str, "sort": int, "created_at": int, "updated_at": int, "_links": ITSELF}
LEAD: Form = {
    **CARD,
    "custom_fields_values": _values(*(kind for kind in OF_TYPE if kind != "multitext")),
    "price": int,
    "status_id": int,
    "pipeline_id": int,
    "loss_reason_id": (int, None),
    "closed_at": (int, None),
    "score": None,
    "labor_cost": None,
    "is_price_modified_by_robot": bool,
    "source_id": (int, None),
    "_embedded": {
        "tags": [TAG],
        "companies": [REF],
        "contacts": [{**REF, "is_main": bool}],
        "loss_reason": [LOSS_REASON],
        "catalog_elements": [],
        "source": ({"id": int, "name": str}, None),
    },
}
CONTACT: Form = {
    **CARD,
    "first_name": str,
    "last_name": str,
    "_embedded": {"tags": [TAG], "companies": [REF], "leads": [REF], "catalog_elements": []},
}
COMPANY: Form = {**CARD, "_embedded": {"tags": [TAG], "leads": [REF], "contacts": [REF], "catalog_elements": []}}
STATUS: Form = {
    "id": int,
    "name": str,
    "sort": int,
    "is_editable": bool,
    "pipeline_id": int,
    "color": str,
    "type": (0, 1),
    "account_id": int,
    "_links": ITSELF,
}
PIPELINE: Form = {
    "id": int,
    "name": str,
    "sort": int,
    "is_main": bool,
    "is_unsorted_on": bool,
    "is_archive": False,
    "account_id": int,
    "_links": ITSELF,
    "_embedded": {"statuses": [STATUS]},
}
FIELD: Form = {
    "id": int,
    "name": str,
    "type": str,
    "code": (str, None),
    "sort": int,
    "entity_type": ("leads", "contacts", "companies"),
    "is_computed": False,
    "is_predefined": bool,
    "is_deletable": bool,
    "is_visible": True,
    "is_required": False,
    "settings": None,
    "remind": None,
    "currency": None,
    "enums": ([{"id": int, "value": str, "sort": int, "code": (str, None)}], None),
    "nested": None,
    "is_api_only": bool,
    "group_id": (str, None),
    "required_statuses": [{"pipeline_id": int, "status_id": int}],
    "hidden_statuses": [],
    "chained_lists": None,
    "tracking_callback": None,
    "search_in": None,
    "_links": ITSELF,
    "account_id": int,  # peers
}
GROUP: Form = {
    "id": str,
    "name": str,
    "is_predefined": bool,
    "type": "custom_field_group",
    "entity_type": "leads",
    "sort": int,
    "_links": ITSELF,
}
NOTE: Form = {
    "id": int,
    "entity_id": int,
    "created_by": int,
    "updated_by": int,
    "created_at": int,
    "updated_at": int,
    "responsible_user_id": int,
    "group_id": int,
    "note_type": str,
    "params": ({"text": str}, {"service": str, "text": str}),
    "account_id": int,
    "_links": ITSELF,
}
TASK: Form = {
    "id": int,
    "created_by": int,
    "updated_by": int,
    "created_at": int,
    "updated_at": int,
    "responsible_user_id": int,
    "group_id": int,
    "entity_id": (int, None),
    "entity_type": ("leads", "contacts", "companies", None),
    "duration": int,
    "is_completed": bool,
    "task_type_id": int,
    "text": str,
    "result": ({"text": str}, []),
    "complete_till": int,
    "account_id": int,
    "_links": ITSELF,
}
EVENT: Form = {
    "id": str,
    "type": str,
    "entity_id": int,
    "entity_type": ("lead", "contact", "company", "task"),
    "created_by": int,
    "created_at": int,
    "value_after": [dict],
    "value_before": [dict],
    "account_id": int,
    "_links": ITSELF,
    "_embedded": {"entity": REF},
}
USER: Form = {
    "id": int,
    "name": str,
    "email": str,
    "lang": str,
    "rights": {
        **dict.fromkeys(("leads", "contacts", "companies"), RIGHTS),
        "tasks": {"edit": LETTER, "delete": LETTER},  # peers
        "mail_access": bool,
        "catalog_access": bool,
        "status_rights": [],
        "is_admin": bool,
        "is_free": bool,
        "is_active": bool,
        "group_id": int,
        "role_id": None,
    },
    "_links": ITSELF,
    "_embedded": {"roles": [], "groups": [{"id": int, "name": str}]},
}
ACCOUNT: Form = {
    "id": int,
    "name": str,
    "subdomain": str,
    "current_user_id": int,
    "country": str,
    "currency": str,
    "currency_symbol": str,
    "customers_mode": str,
    "is_unsorted_on": bool,
    "is_loss_reason_enabled": bool,
    "is_technical_account": bool,
    "contact_name_display_order": int,
    "uuid": str,
    "amojo_id": str,
    "version": int,
    "drive_url": str,
    "is_api_filter_enabled": bool,
    "created_at": int,  # peers, and the next five
    "created_by": int,
    "updated_at": int,
    "updated_by": int,
    "mobile_feature_version": int,
    "is_helpbot_enabled": bool,
    "_links": ITSELF,
    "_embedded": {
        "amojo_rights": {"can_direct": bool, "can_create_groups": bool},
        "users_groups": [{"id": int, "name": str, "uuid": None}],
        "task_types": [{"id": int, "name": str, "color": None, "icon_id": None, "code": str}],
        "datetime_settings": dict.fromkeys(
            (
                "date_pattern",
                "short_date_pattern",
                "short_time_pattern",
                "date_formant",
                "time_format",
                "timezone",
                "timezone_offset",
            ),
            str,
        ),
    },
}
UNSORTED: Form = {
    "uid": str,
    "source_uid": str,
    "source_name": str,
    "category": "forms",
    "pipeline_id": int,
    "created_at": int,
    "metadata": {
        **dict.fromkeys(("form_id", "form_name", "form_page", "ip", "referer"), str),
        "form_sent_at": int,
    },
    "account_id": int,
    "_links": ITSELF,
    "_embedded": {"leads": [REF], "contacts": [REF], "companies": [REF]},
}
WEBHOOK: Form = {
    "id": int,
    "destination": str,
    "created_at": int,
    "updated_at": int,
    "account_id": int,
    "created_by": int,
    "sort": int,
    "disabled": False,
    "settings": [str],
}
SOURCE: Form = {
    "id": int,
    "name": str,
    "pipeline_id": int,
    "external_id": str,
    "default": bool,
    "origin_code": (str, None),
    "services": [],
    "_links": ITSELF,
}
LINKED: Form = {
    "entity_id": int,
    "entity_type": "leads",
    "to_entity_id": int,
    "to_entity_type": ("contacts", "companies"),
    "metadata": ({"main_contact": bool}, None),
}
TOKEN: Form = {
    "token_type": "Bearer",
    "expires_in": 86400,
    "server_time": int,
    "access_token": str,
    "refresh_token": str,
}
COMPLEX: Form = {"id": int, "contact_id": (int, None), "company_id": (int, None), "request_id": [str], "merged": False}
MADE: Form = {"id": int, "request_id": str, "_links": ITSELF}
PATCHED: Form = {"id": int, "updated_at": int, "_links": ITSELF}
PROBLEM: Form = {
    "title": "Bad Request",
    "type": "https://httpstatus.es/400",
    "status": 400,
    "detail": "Request validation failed",
    "validation-errors": [{"request_id": str, "errors": [{"code": str, "path": str, "detail": str}]}],
}
UNAUTHORISED: Form = {
    "title": "Unauthorized",
    "type": "https://httpstatus.es/401",
    "status": 401,
    "detail": "Invalid user name or password",
}
NO_SOURCE: Form = {
    "title": "Bad Request",
    "type": "https://httpstatus.es/400",
    "status": 400,
    "detail": "Invalid request items",
    "errors": [{"request_id": str, "errors": {"code": "EntityNotFound", "path": "id", "detail": str}}],
}


def listed(name: str, form: Form) -> Form:
    """A list in pages."""
    links = {"self": LINK, "next?": LINK, "first?": LINK, "prev?": LINK}
    return {"_page": int, "_links": links, "_embedded": {name: [form]}}


def counted(name: str, form: Form) -> Form:
    """A list that comes whole."""
    return {"_total_items": int, "_links": ITSELF, "_embedded": {name: [form]}}


def counted_pages(name: str, form: Form) -> Form:
    """A list in pages that says how many there are."""
    links = {"self": LINK, "next?": LINK, "first?": LINK, "prev?": LINK, "last": LINK}
    return {
        "_total_items": int,
        "_page": int,
        "_page_count": int,
        "_links": links,
        "_embedded": {name: [form]},
    }


def written(name: str, form: Form) -> Form:
    """What a batch gives back."""
    return {"_links": ITSELF, "_embedded": {name: [form]}}


@dataclass
class Look:
    """Compares answers with forms, and remembers which alternatives and which lists with something in them were ever seen."""

    known: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)

    @property
    def never(self) -> set[str]:
        """Alternatives that no answer was like: a form that says too much holds nothing."""
        return self.known - self.seen

    def unlike(self, form: Form, value: Any, at: str) -> list[str]:
        """Where the value is not as the form says."""
        if isinstance(form, dict):
            return self._dict(form, value, at)
        if isinstance(form, list):
            return self._list(form, value, at)
        if isinstance(form, tuple):
            return self._one_of(form, value, at)
        good = type(value) is form if isinstance(form, type) else (type(value), value) == (type(form), form)
        return [] if good else [f"{at}: {value!r}"]

    def _dict(self, form: Form, value: Any, at: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{at}: no object"]
        forms = {key.removesuffix("?"): inner for key, inner in form.items()}
        optional = {key.removesuffix("?") for key in form if key.endswith("?")}
        wrong = [f"{at}.{key}: not documented" for key in value.keys() - forms.keys()]
        wrong += [f"{at}.{key}: missing" for key in forms.keys() - value.keys() - optional]
        return wrong + [
            problem
            for key in forms.keys() & value.keys()
            for problem in self.unlike(forms[key], value[key], f"{at}.{key}")
        ]

    def _list(self, form: Form, value: Any, at: str) -> list[str]:
        if not isinstance(value, list) or (value and not form):
            return [f"{at}: {value!r}"]
        if form:
            self.known.add(f"{at}[]")
            self.seen |= {f"{at}[]"} if value else set()
        return [problem for item in value for problem in self.unlike(form[0], item, f"{at}[]")]

    def _one_of(self, form: Form, value: Any, at: str) -> list[str]:
        if not all(isinstance(one, str) for one in form):  # of words any may do
            self.known |= {f"{at}|{number}" for number, _ in enumerate(form)}
        for number, one in enumerate(form):
            if not self.unlike(one, value, at):
                self.seen.add(f"{at}|{number}")
                return []
        return [f"{at}: {value!r}"]

"""«Неразобранное»: what came by a form or a call and nobody has taken. Until then its lead and contact are in no list and behind no id."""

import uuid
from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field

from demo.amocrm import leads, notes
from demo.amocrm.bodies import (
    ComplexCompany,
    ComplexContact,
    FieldValuesBody,
    Item,
    LeadComplex,
    Money,
    NoteBody,
    Part,
    TagsEmbedded,
)
from demo.amocrm.cards import Writer
from demo.amocrm.checks import Checks, single
from demo.amocrm.model import UNSORTED, Json, Lead, Pipeline, SortedOut, Unsorted
from demo.amocrm.store import Account


class FormData(Part):
    form_id: str
    form_name: str
    form_page: str
    form_sent_at: int
    ip: str = ""
    referer: str = ""


class CallData(Part):
    caller: str | int = Field(alias="from")
    phone: str
    called_at: int
    duration: int
    link: str
    service_code: str
    uniq: str
    is_call_event_needed: bool = False
    """Never read back."""


class WaitingLead(Part):
    """What a lead may say before it stands anywhere."""

    name: str = ""
    price: Money = 0
    custom_fields_values: list[FieldValuesBody] = Field(default_factory=list)
    embedded: TagsEmbedded = Field(default=TagsEmbedded(), alias="_embedded")


class Brought(Part):
    """As of `/leads/complex`, apart from each other."""

    leads: list[WaitingLead] = Field(default_factory=list, max_length=1)
    contacts: list[ComplexContact] = Field(default_factory=list, max_length=1)
    companies: list[ComplexCompany] = Field(default_factory=list, max_length=1)

    def lead(self, pipeline_id: int) -> Json:
        """The complex lead that they make."""
        given: Json = self.model_dump(by_alias=True, exclude_unset=True)
        lead: Json = next(iter(given.pop("leads", [])), {})
        return {**lead, "pipeline_id": pipeline_id, "_embedded": {**lead.get("_embedded", {}), **given}}


class _Came(Item):
    source_name: str
    source_uid: str
    pipeline_id: int = 0
    embedded: Brought = Field(default=Brought(), alias="_embedded")


class Form(_Came):
    metadata: FormData


class Sip(_Came):
    metadata: CallData


class Accept(Part):
    user_id: int = 0
    status_id: int = 0


class Decline(Part):
    user_id: int = 0


def check(account: Account, body: Form | Sip, checks: Checks, by: int) -> tuple[Form | Sip, Pipeline] | None:
    """A form or a call to be: what it brings is checked as if it came at once."""
    pipeline = account.pipelines.get(body.pipeline_id) if body.pipeline_id else account.main_pipeline()
    if not checks.choice("pipeline_id", pipeline is not None and _has_unsorted(pipeline)) or pipeline is None:
        return None
    if any(one.source_uid == body.source_uid for one in account.unsorted.values()):
        checks.refuse("Duplicate", "source_uid", "This is in «Неразобранное» already.")
    _check_lead(account, body.embedded.lead(pipeline.id), checks, by)
    return body, pipeline


def _has_unsorted(pipeline: Pipeline) -> bool:
    return any(status.type == UNSORTED for status in pipeline.statuses.values())


def _check_lead(account: Account, raw: Json, checks: Checks, by: int) -> None:
    """Of what is wrong each thing is named by where it stands in the form."""
    its = Checks()
    leads.new_complex(account, LeadComplex.model_validate(raw), its, Writer(by))
    for problem in its.problems:
        place = "" if problem.path.startswith("_embedded.co") else "_embedded.leads.0."
        checks.refuse(problem.code, place + problem.path, problem.detail)


def put(account: Account, body: Form | Sip, pipeline: Pipeline) -> Unsorted:
    """Let what was checked wait."""
    raw = body.embedded.lead(pipeline.id)
    ids = {"lead": account.next_id("lead")}
    cards: dict[str, Sequence[ComplexContact | ComplexCompany]] = {
        "contact": body.embedded.contacts,
        "company": body.embedded.companies,
    }
    for kind, given in cards.items():
        if given and given[0].id is None:
            ids[kind] = account.next_id(kind)
    metadata = body.metadata.model_dump(by_alias=True, exclude={"is_call_event_needed"})
    uid, now, category = uuid.uuid4().hex, account.now(), "forms" if isinstance(body, Form) else "sip"
    one = Unsorted(uid, body.source_uid, body.source_name, pipeline.id, now, metadata, raw, ids, category)
    one = replace(one, tells_call=isinstance(body, Sip) and body.metadata.is_call_event_needed)
    account.unsorted[one.uid] = one
    account.changed("leads", one.ids["lead"])
    return one


def accept(account: Account, one: Unsorted, given: Accept, by: int) -> Lead:
    """From now on the lead, its contact and its company are there, under the ids that were given out."""
    user_id = given.user_id or by
    raw: Json = {**one.raw, "responsible_user_id": user_id}
    if given.status_id:
        raw["status_id"] = given.status_id
    plan = single(raw, LeadComplex, lambda body, checks: leads.new_complex(account, body, checks, Writer(user_id)))
    _sort_out(account, one, is_accepted=True)
    with account.counting_from(one.ids):
        lead = leads.create(account, plan)
    if one.tells_call:
        _tell_call(account, lead, one, user_id)
    return lead


def _tell_call(account: Account, lead: Lead, one: Unsorted, by: int) -> None:
    """The call as it stands in a card's feed."""
    call = one.metadata
    params = {name: call[name] for name in ("uniq", "duration", "link", "phone")}
    params |= {"source": call["service_code"], "call_responsible": ""}
    notes.create(account, "leads", lead.id, NoteBody(note_type="call_in", params=params), by)


def _sort_out(account: Account, one: Unsorted, *, is_accepted: bool) -> None:
    del account.unsorted[one.uid]
    took = account.now() - one.created_at
    account.sorted_out.append(
        SortedOut(one.uid, one.category, one.pipeline_id, one.created_at, took, is_accepted=is_accepted)
    )


def decline(account: Account, one: Unsorted) -> None:
    """The lead and what came with it never were; their ids are never given out again."""
    _sort_out(account, one, is_accepted=False)
    account.changed("leads", one.ids["lead"])

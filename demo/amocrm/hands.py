"""What people and the account's own robots do at the cards: the same bodies as the API's, within a person's limits."""

from demo.amocrm import contacts, leads, merging, tasks, unsorted
from demo.amocrm.bodies import ContactCreate, ContactPatch, LeadComplex, LeadPatch
from demo.amocrm.cards import Writer
from demo.amocrm.checks import existing, single
from demo.amocrm.errors import Refused
from demo.amocrm.model import Contact, Json, Lead, Task, Unsorted
from demo.amocrm.store import Account

ROBOT = 0


def create_lead(account: Account, user_id: int, body: Json) -> Lead:
    """A new deal, by the body of `/leads/complex`: with a new contact, a known one, or none."""
    writer = _writer(account, user_id)
    plan = single(body, LeadComplex, lambda item, checks: leads.new_complex(account, item, checks, writer))
    return leads.create(account, plan)


def edit_lead(account: Account, user_id: int, lead_id: int, body: Json) -> Lead:
    """Move a deal, type a budget, edit fields: the body of `PATCH /leads/{id}`."""
    writer, lead = _writer(account, user_id), existing(account.leads, lead_id)
    plan = single(body, LeadPatch, lambda item, checks: leads.change(account, lead, item, checks, writer))
    leads.patch(account, lead, plan, by_robot=user_id == ROBOT)
    return lead


def check_lead(account: Account, user_id: int, lead_id: int, body: Json) -> None:
    """Raise where this edit would be refused."""
    writer, lead = _writer(account, user_id), existing(account.leads, lead_id)
    single(body, LeadPatch, lambda item, checks: leads.change(account, lead, item, checks, writer))


def create_contact(account: Account, user_id: int, body: Json) -> Contact:
    """A new contact, by the body of one item of `POST /contacts`."""
    writer = _writer(account, user_id)
    plan = single(body, ContactCreate, lambda item, checks: contacts.new(account, item, checks, writer))
    return contacts.create(account, plan)


def edit_contact(account: Account, user_id: int, contact_id: int, body: Json) -> Contact:
    """The body of `PATCH /contacts/{id}`."""
    writer, contact = _writer(account, user_id), existing(account.contacts, contact_id)
    plan = single(body, ContactPatch, lambda item, checks: contacts.change(account, item, checks, writer))
    contacts.patch(account, contact, plan)
    return contact


def create_task(account: Account, user_id: int, body: Json) -> Task:
    """The body of one item of `POST /tasks`."""
    by = _writer(account, user_id).user_id
    return tasks.create(
        account, single(body, tasks.TaskCreate, lambda item, checks: tasks.new(account, item, checks)), by
    )


def edit_task(account: Account, user_id: int, task_id: int, body: Json) -> Task:
    """The body of `PATCH /tasks/{id}`: to complete it, too."""
    by, task = _writer(account, user_id).user_id, existing(account.tasks, task_id)
    _, plan = single(body, tasks.TaskPatch, lambda item, checks: tasks.change(account, task, item, checks))
    tasks.apply(account, task, plan, by)
    return task


def delete_lead(account: Account, user_id: int, lead_id: int) -> Lead:
    """Put a deal into the bin."""
    return merging.delete_lead(account, lead_id, _writer(account, user_id))


def merge_contacts(account: Account, user_id: int, kept_id: int, other_ids: list[int]) -> Contact:
    """Make one contact of several."""
    return merging.merge_contacts(account, kept_id, other_ids, _writer(account, user_id))


def bring_form(account: Account, body: Json) -> Unsorted:
    """Somebody filled in a form on the site: one item of `POST /leads/unsorted/forms`, brought by the site."""
    plan = single(body, unsorted.Form, lambda item, checks: unsorted.check(account, item, checks, ROBOT))
    if plan is None:
        raise RuntimeError("a form was checked, and there is no plan")
    return unsorted.put(account, *plan)


def accept_form(account: Account, user_id: int, uid: str) -> Lead:
    """Take what waits in «Неразобранное»."""
    return unsorted.accept(account, _waiting(account, uid), unsorted.Accept(), _writer(account, user_id).user_id)


def decline_form(account: Account, user_id: int, uid: str) -> None:
    """Send it away."""
    _writer(account, user_id)
    unsorted.decline(account, _waiting(account, uid))


def _waiting(account: Account, uid: str) -> Unsorted:
    if uid not in account.unsorted:
        raise Refused(404, "Somebody was quicker.")
    return account.unsorted[uid]


def _writer(account: Account, user_id: int) -> Writer:
    if user_id != ROBOT and user_id not in account.users:
        raise Refused(404, "No such user; 0 is the robot.")
    return Writer(user_id, by_hand=True)

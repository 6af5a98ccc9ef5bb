"""What only people do to whole cards: merge contacts, delete deals. No API does it; a client sees what is left."""

from dataclasses import replace

from demo.amocrm.cards import Writer
from demo.amocrm.checks import existing
from demo.amocrm.errors import Refused
from demo.amocrm.model import Contact, Lead
from demo.amocrm.store import Account

_MANY = "multitext"


def delete_lead(account: Account, lead_id: int, writer: Writer) -> Lead:
    """Put a deal into the bin: nobody reads or writes it any more, its contacts have one deal less."""
    lead = existing(account.leads, lead_id)
    lead.updated_by, lead.updated_at = writer.user_id, account.now()
    del account.leads[lead.id]
    account.deleted_leads[lead.id] = lead
    account.gone.add(lead.id)
    for contact_id in lead.contacts:
        account.contacts[contact_id].leads.remove(lead.id)
    for company_id in lead.companies:
        account.companies[company_id].leads.remove(lead.id)
    account.happened("lead_deleted", "leads", lead.id, writer.user_id, [], [])
    account.changed("leads", lead.id)
    account.announce("delete_lead", lead)
    return lead


def merge_contacts(account: Account, kept_id: int, other_ids: list[int], writer: Writer) -> Contact:
    """Make one contact of several. What the kept one has stays, it gets what it lacks, and all phones; the others are gone."""
    kept = existing(account.contacts, kept_id)
    others = [existing(account.contacts, other_id) for other_id in other_ids]
    if not others or len({kept_id, *other_ids}) != len(others) + 1:
        raise Refused(400, "Name the contact that is kept, and others, each once.")
    for other in others:
        _take_over(account, kept, other)
        del account.contacts[other.id]
        account.gone.add(other.id)
    kept.updated_by, kept.updated_at = writer.user_id, account.now()
    account.index("contacts", kept)
    account.happened("entity_merged", "contacts", kept.id, writer.user_id, [], [])
    for contact in (kept, *others):
        account.changed("contacts", contact.id)
    for other in others:
        account.announce("delete_contact", other)
    account.announce("update_contact", kept)
    return kept


def _take_over(account: Account, kept: Contact, other: Contact) -> None:
    _values(account, kept, other)
    kept.tags += [tag for tag in other.tags if tag not in kept.tags]
    for lead in map(account.leads.__getitem__, other.leads):
        lead.contacts = list(dict.fromkeys(kept.id if one == other.id else one for one in lead.contacts))
        lead.main_contact = kept.id if lead.main_contact == other.id else lead.main_contact
        kept.leads += [lead.id] if lead.id not in kept.leads else []
        account.changed("leads", lead.id)
    for lead in account.deleted_leads.values():
        lead.contacts = [one for one in lead.contacts if one != other.id]
    _company(account, kept, other)
    for note_id in other.notes:
        account.notes["contacts"][note_id] = replace(account.notes["contacts"][note_id], entity_id=kept.id)
    kept.notes = sorted(kept.notes + other.notes)
    for task in account.tasks.values():
        if (task.entity_type, task.entity_id) == ("contacts", other.id):
            task.entity_id = kept.id
    due = [moment for moment in (kept.closest_task_at, other.closest_task_at) if moment is not None]
    kept.closest_task_at = min(due, default=None)


def _values(account: Account, kept: Contact, other: Contact) -> None:
    """Phones and addresses of both, each once; of other fields what the kept one has, else what the other has."""
    for field_id, values in other.values.items():
        own = kept.values.setdefault(field_id, [])
        if account.fields["contacts"][field_id].type == _MANY:
            known = {value["value"] for value in own}
            own += [value for value in values if value["value"] not in known]
        elif not own:
            own += values


def _company(account: Account, kept: Contact, other: Contact) -> None:
    """Nobody has two: the other's counts where the kept one has none."""
    for company_id in other.companies:
        company = account.companies[company_id]
        company.contacts.remove(other.id)
        if not kept.companies:
            kept.companies.append(company_id)
            company.contacts.append(kept.id)

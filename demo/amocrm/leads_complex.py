"""`POST /leads/complex`: a lead with its contact and its company in one request, and where duplicate control is on perhaps no new lead."""

from demo.amocrm import duplicates, leads
from demo.amocrm.bodies import LeadComplex
from demo.amocrm.call import Answer, Call, Route
from demo.amocrm.cards import Writer
from demo.amocrm.checks import batch
from demo.amocrm.leads import LeadPlan
from demo.amocrm.model import Json, Lead

MOST = 50


def _create(call: Call) -> Answer:
    call.adding()
    account, writer = call.account, Writer(call.actor.id)
    plans = batch(
        call.body, LeadComplex, lambda body, checks: leads.new_complex(account, body, checks, writer), most=MOST
    )
    # All are looked for before the first is written: what one request brings is never its own duplicate.
    known = [duplicates.found(account, plan) for _, plan in plans]
    return Answer(200, [_done(call, name, plan, same) for (name, plan), same in zip(plans, known, strict=True)])


def _done(call: Call, name: str, plan: LeadPlan, same: list[Lead]) -> Json:
    for lead in same:
        duplicates.merge(call.account, lead, plan)
    lead = same[-1] if same else leads.create(call.account, plan)
    whole = {"id": lead.id, "contact_id": lead.main_contact, "company_id": next(iter(lead.companies), None)}
    return {**whole, "request_id": [name], "merged": bool(same)}


ROUTES = [Route("POST", "leads/complex", _create)]

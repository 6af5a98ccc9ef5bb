"""What the serving process does for the command line: one method a verb. It opens nothing and decides nothing; it composes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar, cast

from sqlalchemy import select

from hub import agents, databases
from hub.accounts import Account, grant_operation
from hub.amocrm import prepare
from hub.amocrm.blueprint import Preset
from hub.amocrm.client import AmoCrm, AmoCrms
from hub.amocrm.limits import Priority
from hub.amocrm.plan import Plan
from hub.amocrm.schema import CrmSchema
from hub.install import Installer
from hub.jobs import Args, Handler, Say
from hub.links import persons
from hub.links.refusals import forget_refusals
from hub.links.settings import read_settings
from hub.rules.settings import Settings
from hub.store import tables
from hub.store.engine import Store, Unit
from wire.errors import NeedsOperator, Retry

T = TypeVar("T")

ATTEMPTS = 5
LONGEST_REST_SECONDS = 60.0


class Verbs:
    """The handlers of `hub.jobs`."""

    def __init__(self, store: Store, amocrms: AmoCrms, installer: Installer, public_url: str) -> None:
        self._store, self._amocrms, self._installer, self._public_url = store, amocrms, installer, public_url

    def handlers(self) -> Mapping[str, Handler]:
        """By the verb that a command asks with."""
        return {
            "install": self.install,
            "clinic-plan": self.plan_clinic,
            "clinic-add": self.add_clinic,
            "account-plan": self.plan_account,
            "account-prepare": self.prepare_account,
            "agent-code": self.make_code,
            "agent-revoke": self.revoke_agent,
            "agent-resume": self.resume_agent,
            "patient-settle": self.settle_patient,
        }

    async def install(self, args: Args, say: Say) -> str:
        """Exchange a code that a person copied from amoCRM."""
        account_id = await _patiently(say, lambda: self._installer.install(args["key"], args["code"], args["host"]))
        return (
            f"{args['key']} is installed in account {account_id}. Next: ident-hub clinic add --account {account_id} …"
        )

    async def plan_clinic(self, args: Args, say: Say) -> str:
        """What would be made in the account, one a line; nothing is made."""
        account = await self._account(args["account"])
        await self._refuse_known_name(account, args["name"])
        await say(f"Looking at amoCRM account {account.id}.")
        plan = await _patiently(say, lambda: self._plan(account, args["preset"], args["zone"]))
        return "\n".join(plan.lines())

    async def add_clinic(self, args: Args, say: Say) -> str:
        """Make what the account lacks, record the database, make the code of its agent."""
        account = await self._account(args["account"])
        await self._refuse_known_name(account, args["name"])
        await say(f"Making what amoCRM account {account.id} lacks.")
        schema, settings = await _patiently(say, lambda: self._prepared(account, args["preset"], args["zone"]))
        async with self._store.writing(account) as unit:
            await prepare.keep(unit, schema, settings)
            database = await databases.add(unit, args["name"], args["zone"])
            return await self._code(unit, database.id)

    async def plan_account(self, args: Args, say: Say) -> str:
        """What an account lacks that was prepared before, one a line; nothing is made."""
        account = await self._account(args["account"])
        preset, zone = await self._prepared_for(account)
        await say(f"Looking at amoCRM account {account.id}.")
        plan = await _patiently(say, lambda: self._plan(account, preset, zone))
        return "\n".join(plan.lines())

    async def prepare_account(self, args: Args, say: Say) -> str:
        """Make again what an account lacks; whatever was refused meanwhile is tried again."""
        account = await self._account(args["account"])
        preset, zone = await self._prepared_for(account)
        await say(f"Making what amoCRM account {account.id} lacks.")
        schema, settings = await _patiently(say, lambda: self._prepared(account, preset, zone))
        async with self._store.writing(account) as unit:
            await prepare.keep(unit, schema, settings)
            await forget_refusals(unit)
        return f"Account {account.id} is prepared. Stages that were made anew are to be chosen on the widget's settings page."

    async def make_code(self, args: Args, _say: Say) -> str:
        """A new one-time code for a database's agent."""
        account = await self._account(args["account"])
        async with self._store.writing(account) as unit:
            return await self._code(unit, args["database"])

    async def revoke_agent(self, args: Args, _say: Say) -> str:
        """Cut an agent off."""
        agent = args["agent"]
        async with self._store.writing(await self._account_of(agent)) as unit:
            was_active = await agents.revoke(unit, agent)
        return f"{agent} is cut off." if was_active else f"{agent} had been cut off before."

    async def resume_agent(self, args: Args, _say: Say) -> str:
        """Let an agent speak again that was suspended."""
        agent = args["agent"]
        async with self._store.writing(await self._account_of(agent)) as unit:
            was_suspended = await agents.resume(unit, agent)
        return f"{agent} may speak again." if was_suspended else f"{agent} was not suspended."

    async def settle_patient(self, args: Args, _say: Say) -> str:
        """Take the change of a patient's card that waits for a person's word."""
        database, patient = args["database"], args["patient"]
        async with self._store.writing(await self._account(args["account"])) as unit:
            change = await persons.waiting(unit, database, patient)
            if change is None:
                raise NeedsOperator(f"Nothing waits about patient {patient} of {database} (ident-hub parked).")
            await persons.settle(unit, database, change, is_another=args["is_another"])
        return f"Patient {patient} is {'another person: a contact of its own is made' if args['is_another'] else 'the same as before'}."

    async def _account_of(self, agent: str) -> Account:
        known = select(tables.agents.c.account_id).where(tables.agents.c.id == agent)
        async with self._store.hub_reading() as connection:
            account_id = (await connection.execute(known)).scalar_one_or_none()
        if account_id is None:
            raise NeedsOperator("Name an agent that enrolled here: ident-agent check in the clinic tells its id, ag_…")
        return grant_operation(account_id)

    async def _prepared_for(self, account: Account) -> tuple[str, str]:
        """The preset and the zone that the account was prepared for when its first clinic was added."""
        async with self._store.reading(account) as unit:
            known, settings = await prepare.known_schema(unit), await read_settings(unit)
        if known is None or settings is None:
            raise NeedsOperator(f"Add a clinic first: ident-hub clinic add --account {account.id} …")
        return settings.preset, known.zone

    async def _plan(self, account: Account, preset: str, zone: str) -> Plan:
        async with self._store.reading(account) as unit:
            known = await prepare.known_schema(unit)
        return await prepare.prepare(self._crm(account), cast(Preset, preset), zone, known)

    async def _prepared(self, account: Account, preset: str, zone: str) -> tuple[CrmSchema, Settings]:
        """Always by a fresh plan: an attempt that was broken off may have made a part."""
        return await prepare.apply(self._crm(account), await self._plan(account, preset, zone))

    def _crm(self, account: Account) -> AmoCrm:
        return self._amocrms.crm_of(account, Priority.OPERATOR)

    async def _account(self, account_id: Any) -> Account:
        known = select(tables.accounts.c.id).where(tables.accounts.c.id == account_id)
        async with self._store.hub_reading() as connection:
            if (await connection.execute(known)).one_or_none() is None:
                raise NeedsOperator(f"Install an integration in account {account_id} first (ident-hub install).")
        return grant_operation(account_id)

    async def _refuse_known_name(self, account: Account, name: str) -> None:
        """A command whose answer was lost is given again: it must not make a second record of the same database."""
        async with self._store.reading(account) as unit:
            same = [known.id for known in await databases.listed(unit) if known.name == name]
        if same:
            raise NeedsOperator(
                f"Choose another name, or make a new code for the database that bears this one: "
                f"ident-hub agent code --account {account.id} --database {same[0]}"
            )

    async def _code(self, unit: Unit, database: str) -> str:
        code = await agents.new_code(unit, database)
        within = f"within {agents.CODE_LIVES.total_seconds() / 60:.0f} minutes"
        return f"{database}: type on the clinic's computer, {within}: ident-agent enroll {self._public_url} {code}"


async def _patiently(say: Say, work: Callable[[], Awaitable[T]]) -> T:
    """A person waits for it: a short rest that amoCRM asks for is no reason to fail."""
    for attempt in range(1, ATTEMPTS):
        try:
            return await work()
        except Retry as later:
            rest = later.after or 2.0**attempt
            if rest > LONGEST_REST_SECONDS:
                raise
            await say(f"amoCRM is busy ({type(later).__name__}): once more in {rest:.0f} s.")
            await asyncio.sleep(rest)
    return await work()

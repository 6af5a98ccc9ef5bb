"""An amoCRM account: the tenant, the unit of order, rate, failure and erasure.

`Account` is the key to a clinic's rows: the store hands out none without one, and the functions named `grant_*` here are the only way to
come by one. Each states the proof that was checked first; nobody else may call the constructor (tests/hub/test_accounts.py looks)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Account:
    """A proof that whoever holds it may act for this amoCRM account."""

    id: int


def grant_agent(account_id: int) -> Account:
    """The agent's signature over our nonce was verified, and the agent belongs to this account."""
    return Account(account_id)


def grant_install(account_id: int) -> Account:
    """amoCRM exchanged an authorisation code of ours into a token of this account."""
    return Account(account_id)


def grant_widget(account_id: int) -> Account:
    """amoCRM's disposable token was verified with the secret of an integration that is installed in this account."""
    return Account(account_id)


def grant_hook(account_id: int) -> Account:
    """amoCRM signed a hook about this account with the secret of an integration of ours."""
    return Account(account_id)


def grant_operation(account_id: int) -> Account:
    """The integrator acts: a job of the command line, or the hub's own delivery for a row that already stands in the store."""
    return Account(account_id)

"""What may stand in the clear. A new column fails here first: whoever adds it decides, and is seen to decide, that it holds no person."""

import re

import pytest
from sqlalchemy import BigInteger, Boolean, Column, Integer, Table

from hub.store.columns import Big, Moment
from hub.store.schema import metadata

IN_THE_CLEAR = {
    "integrations": {"key", "kind", "client_id", "redirect_uri"},
    "accounts": {"host", "settings", "crm_schema", "blocked"},
    "installations": {"integration"},
    "codes": {"code_hash", "integration", "host"},
    "databases": {"id", "name", "zone", "fingerprint", "mis", "state"},
    "lanes": {"database", "lane", "digest"},
    "passes": {"database", "kind"},
    "agents": {"id", "database", "public_key"},
    "enrolments": {"code_hash", "database"},
    "records": {"database", "kind", "key", "patient", "status"},
    "phones": {"database", "patient"},
    "parked": {"database", "kind", "key", "reason"},
    "dirty": {"database", "patient"},
    "dues": {"database", "patient"},
    "visit_links": {"database", "visit", "patient"},
    "deals": {"database", "patient"},
    "contact_links": {"database", "patient"},
    "outcomes": {"database", "subject", "patient", "outcome", "reason", "detail"},
    "intents": {"key", "kind", "digest"},
    "choices": {"database", "patient"},
    "confirmations": {"database", "visit", "branch"},
    "accesses": {"action", "subjects", "digest"},
    "settings_changes": {"settings"},
    "jobs": {"id", "verb", "state", "progress"},
}
"""Text and bytes that are ids, codes, hashes, public keys, or words of the integrator's own; never a patient's."""


def says_nothing(column: Column[object]) -> bool:
    """Figures, times and marks; sealed bytes; hashes under the account's key."""
    return (
        isinstance(column.type, BigInteger | Integer | Boolean | Moment)
        or column.type is Big
        or re.match(r"sealed_|.*_mac$", column.name) is not None
    )


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: str(table.name))
def test_no_column_in_the_clear_holds_a_person(table: Table) -> None:
    clear = {column.name for column in table.columns if not says_nothing(column)}

    assert clear == IN_THE_CLEAR.get(table.name, set())


def test_what_belongs_to_an_account_says_to_which() -> None:
    above = {table.name for table in metadata.sorted_tables if "account_id" not in table.columns}

    assert above == {"integrations", "accounts", "codes"}  # of a code, the account is not known yet

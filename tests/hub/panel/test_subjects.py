"""What a card is about, as far as amoCRM's contacts say it."""

import pytest

from hub.accounts import grant_operation
from hub.crm import SeenContact
from hub.panel.streams import StreamKey
from hub.panel.subjects import Seen, read_subject
from hub.store.engine import Store
from tests.hub.panel.opened import contact

OLGA, PAVEL = "Сидорова Ольга", "Сидоров Павел"
FIRST, SECOND = "+79990001201", "+79990001299"
TYPED = SeenContact(5, OLGA, (), ("домашний 12-34",))


@pytest.mark.parametrize(
    ("contacts", "name", "phone"),
    [
        ((contact(1, OLGA, FIRST), contact(2, PAVEL, SECOND)), OLGA, FIRST),
        ((contact(1, OLGA), contact(2, PAVEL, SECOND)), PAVEL, SECOND),  # both of Павел, not Ольга with his phone
        ((contact(1, "Заявка с сайта", FIRST), contact(2, PAVEL, SECOND)), None, FIRST),
        ((contact(1, "Заявка с сайта", FIRST), contact(2, PAVEL)), PAVEL, FIRST),
        ((contact(1, OLGA), contact(2, "89990001299", SECOND)), OLGA, SECOND),
        ((contact(1, ""), contact(2, OLGA)), OLGA, None),
        ((TYPED,), OLGA, "домашний 12-34"),
        ((), None, None),
    ],
)
async def test_the_name_and_the_phone_to_copy_are_one_persons(
    lite: Store, contacts: tuple[SeenContact, ...], name: str | None, phone: str | None
) -> None:
    async with lite.reading(grant_operation(1)) as unit:
        subject = await read_subject(unit, Seen(StreamKey("deal", 1), contacts))

    assert (subject.typed_name, subject.typed_phone) == (name, phone)

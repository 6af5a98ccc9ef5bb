"""Who asks through the widget, and how a refusal is told. Knows nothing of tokens and of HTTP."""

from dataclasses import dataclass

from hub.accounts import Account


@dataclass(frozen=True)
class Visitor:
    """A user of amoCRM whose disposable token was verified."""

    account: Account
    user_id: int
    origin: str
    """Of the account's pages, e.g. https://example.amocrm.ru."""


class Told(Exception):
    """An answer other than 200: `reason` is a Russian sentence for the operator that says what to do."""

    def __init__(self, status: int, code: str, reason: str, retry_after: int | None = None) -> None:
        super().__init__(status, code)
        self.status, self.code, self.reason, self.retry_after = status, code, reason, retry_after

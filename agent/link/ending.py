"""Why a connection ended, and what follows from it: when to dial again, and what to tell a person. Pure."""

import ssl
from dataclasses import dataclass, replace
from enum import Enum

from websockets.exceptions import InvalidProxy, InvalidProxyStatus, InvalidStatus

from wire.errors import LinkError
from wire.frames import Goaway

NORMAL, GOING_AWAY = 1000, 1001


class Then(Enum):
    """When to dial again."""

    SOON = "soon"
    """with full jitter"""
    GIVEN = "given"
    """after the time that the hub named"""
    SLOWLY = "slowly"
    """a person has to act first, and may do so without telling us"""
    LATER = "later"
    """another instance has our place: if it was no restart of ours, it hears of us then"""


@dataclass(frozen=True)
class Ending:
    """One end of a connection, or of an attempt. `close` is the code that we close with."""

    code: str
    then: Then = Then.SOON
    hint: str | None = None
    after: float = 0
    close: int = NORMAL
    computer: str | None = None
    """Where the other agent runs. People are shown it, no log is."""

    @property
    def told(self) -> str | None:
        """The hint, for people."""
        return SUPERSEDED_BY.format(computer=self.computer) if self.computer else self.hint


UNKNOWN = (
    "Хаб больше не знает этого агента. Если клиника перешла на другой компьютер, остановите здесь службу ident-agent; "
    "если нет, возьмите у интегратора новый код и выполните ident-agent enroll."
)
SUSPENDED = "Хаб не принимает этого агента с этой базой: позвоните интегратору."
SUPERSEDED = (
    "Второй агент этой клиники работает на другом компьютере: оставьте один, на лишнем остановите службу ident-agent."
)
SUPERSEDED_BY = "Второй агент этой клиники работает на компьютере {computer}: оставьте один, на лишнем остановите службу ident-agent."
OLD = "Хаб не понимает эту версию агента: обновите агент."
OTHER_HUB = "По адресу связи отвечает другой хаб: выполните ident-agent enroll с новым кодом."
NOT_A_HUB = "По адресу связи отвечает не хаб: проверьте прокси и антивирус на этом компьютере, затем адрес хаба."
NO_NETWORK = "Хаб не отвечает: проверьте выход в интернет с этого компьютера."
BUSY = "Хаб сейчас не принимает агентов: подождите, агент повторит сам."
CERTIFICATE = (
    "Сертификат хаба не подошёл: проверьте дату и время на этом компьютере, затем антивирус с проверкой https."
)
PROXY = "Прокси не пропускает агента: разрешите ему адрес хаба без пароля."
MISUNDERSTOOD = "Агент и хаб не поняли друг друга: сообщите интегратору и обновите агент."

SILENT = Ending("silent", hint=NO_NETWORK)

_CLOSES = {
    4400: Ending("malformed", hint=MISUNDERSTOOD),
    4409: Ending("unexpected", hint=MISUNDERSTOOD),
    4401: Ending("unknown", Then.SLOWLY, UNKNOWN),
    4403: Ending("suspended", Then.SLOWLY, SUSPENDED),
    4408: Ending("superseded", Then.LATER, SUPERSEDED),
}
_STATUSES = {
    400: Ending("version", Then.SLOWLY, OLD),
    401: Ending("unknown", Then.SLOWLY, UNKNOWN),
    403: Ending("forbidden", Then.SLOWLY, SUSPENDED),
    404: Ending("not_found", hint=NOT_A_HUB),
}


def of_close(code: int | None) -> Ending:
    """The hub, or the line, closed."""
    return _CLOSES.get(code or 0, Ending("closed"))


def of_goaway(frame: Goaway) -> Ending:
    """The hub asked us to leave."""
    match frame.reason:
        case "superseded":
            return replace(_CLOSES[4408], computer=frame.computer)
        case "revoked":
            return _CLOSES[4401]
        case "suspended":
            return _CLOSES[4403]
        case "restart":
            return Ending("goaway", Then.GIVEN, after=frame.after_seconds)


def of_failure(error: Exception) -> Ending:
    """No connection came about."""
    if isinstance(error, InvalidStatus):
        return _STATUSES.get(error.response.status_code, Ending("status", hint=BUSY))
    if isinstance(error, InvalidProxyStatus | InvalidProxy | ImportError):  # SOCKS wants a library
        return Ending("proxy", hint=PROXY)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Ending("certificate", hint=CERTIFICATE)
    return Ending("unreachable", hint=NO_NETWORK)


def of_misunderstanding(error: LinkError) -> Ending:
    """The hub broke the rules of the wire."""
    return Ending("misunderstood", hint=MISUNDERSTOOD, close=error.close_code)

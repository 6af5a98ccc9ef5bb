"""How the stand-in says no, in amoCRM's shapes; knows no entity and no HTTP server."""

from dataclasses import dataclass

from demo.amocrm.model import Json

TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with one item: `path` is dotted, as in `custom_fields_values.0.field_id`."""

    code: str
    path: str
    detail: str

    def shape(self) -> Json:
        return {"code": self.code, "path": self.path, "detail": self.detail}


class Refused(Exception):
    """The request does not fit what is documented."""

    def __init__(self, status: int, detail: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail
        self.problems = problems

    def body(self) -> Json:
        return {
            "title": TITLES[self.status],
            "type": f"https://httpstatus.es/{self.status}",
            "status": self.status,
            "detail": self.detail,
        }


class Denied(Refused):
    """The route is documented, this user or this account may not use it so. Which answer amoCRM gives is not documented."""

    def __init__(self, detail: str = "No rights to view this card.") -> None:
        super().__init__(403, detail)


class Invalid(Refused):
    """Items of the body are wrong; nothing of the whole batch was applied."""

    def __init__(self, items: list[tuple[str, list[Problem]]]) -> None:
        super().__init__(400, "Request validation failed", tuple(p for _, problems in items for p in problems))
        self.items = items

    def body(self) -> Json:
        errors = [{"request_id": name, "errors": [p.shape() for p in problems]} for name, problems in self.items]
        return {"validation-errors": errors, **super().body()}


class NotThere(Refused):
    """Items name things that do not exist: of sources this second shape of a refusal is documented."""

    def __init__(self, names: list[str]) -> None:
        problem = Problem("EntityNotFound", "id", "Entity not found")
        super().__init__(400, "Invalid request items", (problem,) * len(names))
        self.names = names

    def body(self) -> Json:
        items = zip(self.names, self.problems, strict=True)
        return {"errors": [{"request_id": name, "errors": p.shape()} for name, p in items], **super().body()}


def unauthorised() -> Refused:
    return Refused(401, "Invalid user name or password")

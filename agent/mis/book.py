"""Which statements are asked: those of `queries/` and, in place of some of them, an integrator's own. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.mis.forms import formed
from agent.mis.port import Columns
from agent.mis.statements import Query, Source, names, query


@dataclass(frozen=True)
class Book:
    """`overrides` stand in place of the statements of the same name."""

    overrides: Mapping[str, Query] = field(default_factory=dict)

    def query(self, name: str) -> Query:
        """The statement of this name, in one of its `forms`."""
        file, _, form = name.partition("/")
        return formed(self.overrides.get(file) or query(file), form)

    def wanted(self) -> dict[str, set[str]]:
        """All tables and columns that the statements name."""
        found: dict[str, set[str]] = {}
        for name in names():
            for table, column in self.query(name).sources:
                found.setdefault(table, set()).add(column)
        return found

    def replaced(self, columns: Columns) -> frozenset[Source]:
        """The columns that nobody needs any more: each statement that named one is overridden, and what it names instead can be read."""
        known = {(table.lower(), column.lower()) for table, of in columns.items() for column in of}
        good = {
            name
            for name, override in self.overrides.items()
            if all((table.lower(), column.lower()) in known for table, column in override.sources)
        }
        users: dict[Source, set[str]] = {}
        for name in names():
            for source in query(name).sources:
                users.setdefault(source, set()).add(name)
        return frozenset(source for source, of in users.items() if of <= good)


SHIPPED = Book()
"""Nothing is overridden."""

"""How each partner says it: a folder is a partner, a file is machinery shared by all of them."""

import importlib
import pkgutil
from functools import cache

from partners.checks import TableError
from partners.dialect import Dialect

__all__ = ["Dialect", "TableError", "find", "names"]


@cache
def names() -> tuple[str, ...]:
    """The dialects there are, sorted: one for every folder beside this file.

    Read once, because the folders of an installation do not change while it runs.
    """
    return tuple(sorted(entry.name for entry in pkgutil.iter_modules(__path__) if entry.ispkg))


def find(name: str) -> Dialect | None:
    """The dialect of that folder, or None where there is no such folder.

    The first call for a name reads and checks its tables and raises TableError if they do not
    hold together, so the roof asks for every name once, at start-up.
    """
    if name not in names():
        return None
    dialect: Dialect = importlib.import_module(f"{__name__}.{name}").DIALECT
    if dialect.name != name:
        raise TableError("name", f"the folder is called {name!r}, the dialect {dialect.name!r}")
    return dialect

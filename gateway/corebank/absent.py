"""The bank that is not there: a live gateway without a connector says so and moves no money."""

from typing import Any, NoReturn

from contracts import errors


class AbsentBank:
    """Answers every question of the ``CoreBank`` port with ``CoreBankUnavailable``."""

    def __getattr__(self, operation: str) -> Any:
        """Any operation of the port; attributes that are not operations do not exist."""
        if operation.startswith("_"):
            raise AttributeError(operation)

        async def refuse(*_arguments: Any, **_named: Any) -> NoReturn:
            raise errors.CoreBankUnavailable("No core bank is connected to this gateway.")

        return refuse

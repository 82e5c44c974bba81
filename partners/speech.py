"""Speech: every error of the one tree in a partner's four words, none of them unspeakable."""

from collections.abc import Mapping
from typing import Any

import msgspec

from contracts.errors import GatewayError
from partners import fields
from partners.tables import Errors, Spoken


def spoken_for(table: Errors, error: type[GatewayError] | GatewayError) -> Spoken:
    """The entry for an error's code, else for its status, else for its family; always one."""
    entry = table.codes.get(error.code) or table.families.get(str(error.status))
    entry = entry or table.families[f"{error.status // 100}xx"]
    kebab = error.code.replace("_", "-").replace(".", "-")
    return msgspec.structs.replace(
        entry, sub_code=_fill(entry.sub_code, code=error.code, kebab=kebab)
    )


def speak_error(table: Errors, error: GatewayError, words: Mapping[str, str]) -> dict[str, Any]:
    """The members of a failure: the four words, then what the error adds about its reason.

    ``words`` are our names of the operation's fields and theirs, so that a field refused by a
    service is named as the partner sent it.
    """
    extras = msgspec.to_builtins(error.extras, enc_hook=str)
    field = extras.get("field")
    if isinstance(field, str):
        extras["field"] = words.get(field.split(".")[0], field)
    spoken = spoken_for(table, error)
    if extras.pop("problem", None) == "missing":
        name = str(extras.get("field", ""))
        word = table.missing_names.get(name, name.replace("_", "-"))
        spoken = msgspec.structs.replace(
            table.missing, sub_code=_fill(table.missing.sub_code, field=word)
        )
    members, rest = fields.split(table.rows, {"next_action": error.next_action} | extras)
    if rest:
        members[table.rest] = rest
    detail = error.detail or error.title
    return {
        "code": spoken.code,
        "msg": spoken.msg,
        "sub_code": spoken.sub_code,
        "sub_msg": f"{spoken.sub_msg}: {detail}" if spoken.sub_msg else detail,
    } | members


def _fill(template: str, **words: str) -> str:
    for name, word in words.items():
        template = template.replace("{" + name + "}", word)
        template = template.replace("{" + name.upper() + "}", word.upper().replace(".", "_"))
    return template

"""How far a caller's consent reaches: what was taken out of it is out of reach here too."""

from gateway.kit.caller import Caller


def reaches(caller: Caller, component: str) -> bool:
    """Whether the consent, as the customer has it now, still names the component."""
    return any(entry.get("component") == component for entry in caller.authorization_details)

"""Where an account or a mandate comes from: whose it is, and the order line that made it."""

import msgspec


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Partner, customer and consent behind an account or a mandate, and its order line."""

    partner_id: str
    client_id: str
    consent_id: str
    customer_id: str
    order_id: str
    component: str

"""Capabilities: the limits of an account turned into figures the next movement will keep."""

from gateway.corebank.port import AccountCapabilities, LegRoom, Room
from gateway.corebank.sandbox import store
from gateway.corebank.sandbox.limits import Leg, Sum, acceptable
from gateway.corebank.sandbox.office import Moment, yuan


def capabilities(
    standing: store.StandingRow, moment: Moment, rule_pack: str
) -> AccountCapabilities:
    """From the very bounds that movements are checked against, so the two cannot differ."""
    limits = moment.limits
    needs = limits.inflow_needs(standing)
    live = standing.status == "active"
    next_debit = acceptable(limits.bounds_out(standing, "spend")) if live else 0
    next_top_up = acceptable(limits.bounds_in(standing, "bound_account")) if live else 0
    next_credit = acceptable(limits.bounds_in(standing, "transfer")) if live else 0
    return AccountCapabilities(
        account_id=standing.account_id,
        tier=standing.tier,
        status=standing.status,
        balance=yuan(standing.balance),
        outgoing=_leg_room(standing, moment, "out"),
        incoming=_leg_room(standing, moment, "in"),
        balance_room=_balance_room(standing, moment),
        next_debit=yuan(next_debit),
        next_top_up=yuan(next_top_up),
        next_credit=yuan(0 if needs else next_credit),
        nonbound_inflow="closed" if needs else "open",
        nonbound_inflow_needs=needs,
        rules=limits.rules(standing, "CN-ACC-06"),
        rule_pack=rule_pack,
        bank_day=moment.day,
        as_of=moment.at,
    )


def _leg_room(standing: store.StandingRow, moment: Moment, leg: Leg) -> LegRoom | None:
    sums = moment.limits.sums(standing, leg, "transfer")
    if not sums:
        return None
    day, year = (_room(used) for used in sums)
    return LegRoom(day, year)


def _room(used: Sum) -> Room:
    return Room(yuan(used.cap), yuan(used.used), yuan(used.left))


def _balance_room(standing: store.StandingRow, moment: Moment) -> Room | None:
    if standing.tier != "T3":
        return None
    cap = moment.limits.balance_cap(standing.tier)
    left = moment.limits.balance_left(standing)
    return Room(yuan(cap), yuan(standing.balance), yuan(left))

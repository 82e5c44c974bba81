"""Refusals of money: a limit, a balance, a mandate, the bank's own word."""

from contracts.error_root import Refused


class LimitExceeded(Refused):
    status = 422
    code = "limit.exceeded"
    title = "A limit would be passed"
    next_action = "lower_amount"


class LimitPerDebit(LimitExceeded):
    code = "limit.per_debit"
    title = "The amount is above the mandate's cap per debit"


class LimitMandateDay(LimitExceeded):
    code = "limit.mandate_day"
    title = "The mandate's cap for today would be passed"
    next_action = "wait_next_day"


class LimitDay(LimitExceeded):
    code = "limit.day"
    title = "The account's limit for today would be passed"
    next_action = "wait_next_day"


class LimitYear(LimitExceeded):
    code = "limit.year"
    title = "The account's limit for this year would be passed"
    next_action = "wait_next_year"


class LimitBalance(LimitExceeded):
    code = "limit.balance"
    title = "The account's highest balance would be passed"


class BalanceInsufficient(Refused):
    status = 422
    code = "balance.insufficient"
    title = "The account does not hold the amount"
    next_action = "top_up"


class MandateNotLive(Refused):
    status = 422
    code = "mandate.not_live"
    title = "The mandate is not active"
    next_action = "ask_customer"


class PaymentDeclined(Refused):
    status = 422
    code = "payment.declined"
    title = "The bank declined the payment"
    next_action = "show_reason"

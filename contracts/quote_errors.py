"""Refusals around quotes: who may ask, with what, and which quote an order may name."""

from contracts.error_root import Refused


class QuoteNotUsable(Refused):
    status = 409
    code = "quote.not_usable"
    title = "The quote cannot be used"
    next_action = "quote_again"


class QuoteMismatch(QuoteNotUsable):
    code = "quote.mismatch"
    title = "The quote is not for what was asked"


class QuoteExpired(QuoteNotUsable):
    code = "quote.expired"
    title = "The quote has expired"


class QuoteOutOfBounds(Refused):
    status = 422
    code = "quote.out_of_bounds"
    title = "No plan of the component takes this amount and term"
    next_action = "correct_amount"


class QuoteReferred(Refused):
    status = 403
    code = "quote.referred"
    title = "Only the bank's own pages quote this component"
    next_action = "refer_customer"


class TooManyQuotes(Refused):
    status = 429
    code = "quote.too_many"
    title = "The order has been quoted too often"
    next_action = "use_earlier_quote"


class DirectFeedForbidden(Refused):
    status = 403
    code = "credit.direct_feed_forbidden"
    title = "This may reach the bank only through a licensed credit bureau"
    next_action = "leave_out"


class MemberForbidden(Refused):
    status = 422
    code = "member.forbidden"
    title = "The package must not be told this about a customer"
    next_action = "leave_out"


class PartnerNotListed(Refused):
    status = 403
    code = "partner.not_listed"
    title = "The partner is not on the bank's published list for credit"
    next_action = "ask_bank"


class PackageNotOrderable(Refused):
    status = 422
    code = "package.not_orderable"
    title = "This gateway cannot carry out a component of the package yet"
    next_action = "order_without_component"

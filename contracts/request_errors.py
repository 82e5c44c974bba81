"""Refusals of a request for its form alone: its body, its fields, its method."""

from contracts.error_root import Refused


class MalformedBody(Refused):
    code = "body.malformed"
    title = "The body is not well-formed"


class InvalidField(Refused):
    status = 422
    code = "field.invalid"
    title = "A field has a wrong type, value or name"
    next_action = "correct_field"


class BodyTooLarge(Refused):
    status = 413
    code = "body.too_large"
    title = "The body is larger than this operation accepts"
    next_action = "shorten_body"


class UnsupportedMediaType(Refused):
    status = 415
    code = "media_type.unsupported"
    title = "The media type is not one this operation reads"
    next_action = "correct_media_type"


class MethodNotAllowed(Refused):
    status = 405
    code = "method.not_allowed"
    title = "The resource does not answer this method"
    next_action = "correct_method"

"""JSON bodies, decoded strictly: the framework by itself would take ``"1"`` for 1."""

from collections.abc import Generator
from typing import Any, Generic, TypeVar

import msgspec
from litestar.dto import AbstractDTO, DTOFieldDefinition
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition

from contracts import errors
from gateway.kit import jose

Body = TypeVar("Body", bound=msgspec.Struct)


class StrictJson(AbstractDTO[Body], Generic[Body]):
    """For a handler with ``data: JSONBody[Shape]``: ``dto=StrictJson[Shape], return_dto=None``.

    Raises ``UnsupportedMediaType``, ``MalformedBody`` or ``InvalidField``.
    """

    def decode_bytes(self, value: bytes) -> Any:
        """The body as the handler's shape, without coercing any type.

        A member that stands twice is refused: others on the way may have read the other one.
        """
        if self.asgi_connection.content_type[0] != "application/json":  # type: ignore[attr-defined]
            raise errors.UnsupportedMediaType("Send application/json.")
        try:
            jose.refuse_duplicates(value)
        except jose.JoseRefused as refusal:
            raise errors.MalformedBody(f"{refusal}.") from None
        return msgspec.json.decode(value, type=self.model_type)

    @classmethod
    def generate_field_definitions(
        cls, model_type: type[Any]
    ) -> Generator[DTOFieldDefinition, None, None]:
        """None: the shape itself is what is decoded."""
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        """None: see ``generate_field_definitions``."""
        return False

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: Any = None
    ) -> None:
        """Needs no preparation."""

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: Any
    ) -> Reference | Schema:
        """The shape's own schema."""
        schema: Reference | Schema = schema_creator.for_field_definition(field_definition)
        return schema

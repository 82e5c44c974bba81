"""One PostgreSQL function that runs a whole group of units in a single round trip.

Every declared statement becomes one arm of the function, so its plan is cached by the session;
every unit runs in a subtransaction of its own, so it stands or falls alone. The function lives
in the session's temporary schema: nothing is left behind, and two versions of the gateway never
meet each other's. `docs/decisions/002-units-and-groups.md` has the measurements.
"""

from collections.abc import Sequence

from gateway.database.statements import Query, Statement

MISSED = "TS001"
UNPREPARED = "TS002"

_FUNCTION = """
create or replace function pg_temp.tessera_group(v_units jsonb, v_locks text[])
returns setof text language plpgsql as $tessera$
#variable_conflict use_column
declare
  v_unit jsonb; v_call jsonb; v_args jsonb; v_arm int; v_count bigint; v_rows json;
  v_answer text; v_index int; v_state text; v_message text;
begin
  if cardinality(v_locks) > 0 then
    perform pg_advisory_xact_lock(ordered.lock_key) from (
      select distinct hashtextextended(named.lock_name, 0) as lock_key
      from unnest(v_locks) as named(lock_name) order by 1
    ) as ordered;
  end if;
  for v_unit in select jsonb_array_elements(v_units) loop
    begin
      v_answer := ''; v_index := 0;
      for v_call in select jsonb_array_elements(v_unit) loop
        v_arm := (v_call->>0)::int; v_args := v_call->2;
{arms}
        if v_call->>1 is not null and v_count <> (v_call->>1)::bigint then
          raise exception using errcode = 'TS001', message = 'guard';
        end if;
        v_index := v_index + 1;
      end loop;
      return next '[' || v_answer || ']';
    exception when others then
      get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
      return next json_build_object('state', v_state, 'index', v_index, 'message', v_message);
    end;
  end loop;
end $tessera$
"""


def numbered(statement: Statement) -> str:
    """The statement with ``$n`` parameters, as PostgreSQL prepares it to tell their types."""
    numbers = {name: f"${index + 1}" for index, name in enumerate(statement.names)}
    return statement.rewrite(numbers.__getitem__, "for update skip locked")


def group_function(statements: Sequence[Statement], types: Sequence[Sequence[str] | str]) -> str:
    """The function's source; ``types`` tells each statement's parameter types, or its fault."""
    arms = [_arm(statement, kinds) for statement, kinds in zip(statements, types, strict=True)]
    return _FUNCTION.replace("{arms}", _tree(arms, 0, len(arms)))


def _arm(statement: Statement, kinds: Sequence[str] | str) -> str:
    if isinstance(kinds, str):
        reason = kinds.replace("'", "''").replace("%", "%%")
        return f"raise exception using errcode = '{UNPREPARED}', message = '{reason}';"
    casts = {
        name: f"(v_args->>{index})::{kind}"
        for index, (name, kind) in enumerate(zip(statement.names, kinds, strict=True))
    }
    text = statement.rewrite(casts.__getitem__, "for update skip locked")
    if not isinstance(statement, Query):
        return f"{text}; get diagnostics v_count = row_count;"
    return (  # the text is a statement of ours, never a caller's
        f"with answered as ({text}) select count(*), coalesce(json_agg(answered), '[]'::json) "  # noqa: S608
        "into v_count, v_rows from answered; "
        "v_answer := v_answer || case v_answer when '' then '' else ',' end || v_rows::text;"
    )


def _tree(arms: Sequence[str], low: int, high: int) -> str:
    # PL/pgSQL tries the arms of a CASE one by one; a binary tree of IFs needs log2 of them.
    if high - low == 1:
        return arms[low]
    middle = (low + high) // 2
    return (
        f"if v_arm < {middle} then {_tree(arms, low, middle)}\n"
        f"else {_tree(arms, middle, high)} end if;"
    )

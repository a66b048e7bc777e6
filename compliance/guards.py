"""SQL for tables that Postgres itself keeps honest, whatever code or person writes to them.

Used by migrations; `name` tells two guards of one kind on one table apart. The triggers belong to
the owner's role; the application's role owns no table and so can neither drop nor disable them.
"""

from collections.abc import Iterable

from django.db.migrations import RunSQL

REFUSE = """
CREATE OR REPLACE FUNCTION lethe_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0]
        USING ERRCODE = 'insufficient_privilege';
END $$;
"""


def append_only(table: str) -> RunSQL:
    """Refuse UPDATE, DELETE and TRUNCATE on `table`."""
    return _refusals(table, "append_only", "UPDATE OR DELETE", "its rows are only ever added")


def no_removal(table: str) -> RunSQL:
    """Refuse DELETE and TRUNCATE on `table`."""
    return _refusals(table, "no_removal", "DELETE", "its rows are never removed")


def removable_after(table: str, column: str, other: str, states: Iterable[str]) -> RunSQL:
    """Refuse DELETE while the row of `other` that `column` names is not in one of `states`.

    TRUNCATE is refused already, or never granted.
    """
    listed = ", ".join(f"'{state}'" for state in states)
    return RunSQL(
        f"""
        CREATE FUNCTION {table}_check_removal() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (
                SELECT FROM {other} WHERE id = OLD.{column} AND state NOT IN ({listed})
            ) THEN
                RAISE EXCEPTION 'DELETE on % is refused: it is needed yet', TG_TABLE_NAME
                    USING ERRCODE = 'insufficient_privilege';
            END IF;
            RETURN OLD;
        END $$;
        CREATE TRIGGER {table}_removal BEFORE DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION {table}_check_removal();
        """,
        reverse_sql=f"DROP TRIGGER {table}_removal ON {table};"
        f"DROP FUNCTION {table}_check_removal();",
    )


def no_longer_append_only(table: str) -> RunSQL:
    """Let rows be changed and removed as other guards have it; TRUNCATE stays refused."""
    return RunSQL(
        f"DROP TRIGGER {table}_append_only ON {table};",
        reverse_sql=f"""
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION lethe_refuse('its rows are only ever added');
        """,
    )


def written_by(table: str, columns: Iterable[str], moves: Iterable[tuple[str, str]]) -> RunSQL:
    """Refuse to set any of `columns` other than in the UPDATE that makes one of `moves`."""
    listed = ", ".join(f"('{source}', '{target}')" for source, target in moves)
    names = list(columns)
    changed = " OR ".join(
        f"(NEW.{each} IS NOT NULL AND NEW.{each} IS DISTINCT FROM OLD.{each})" for each in names
    )
    condition = f"({changed}) AND (OLD.state, NEW.state) NOT IN ({listed})"
    return update_guard(table, f"with_{names[0]}", condition, "only the decision says so")


def final_states(table: str, states: Iterable[str], *, column: str = "state") -> RunSQL:
    """Refuse any UPDATE of a row whose `column` is one of `states`."""
    listed = ", ".join(f"'{state}'" for state in states)
    return update_guard(table, "final", f"OLD.{column} IN ({listed})", "it has been answered")


def one_way(table: str, columns: Iterable[str], *, name: str = "one_way") -> RunSQL:
    """Refuse to change or clear any of `columns` once it is set."""
    changed = " OR ".join(
        f"(OLD.{each} IS NOT NULL AND NEW.{each} IS DISTINCT FROM OLD.{each})" for each in columns
    )
    return update_guard(table, name, changed, "what it says once stays so")


def only_cleared(table: str, columns: Iterable[str], *, name: str = "only_cleared") -> RunSQL:
    """Refuse to change any of `columns`, save for clearing it."""
    changed = " OR ".join(
        f"(NEW.{each} IS NOT NULL AND NEW.{each} IS DISTINCT FROM OLD.{each})" for each in columns
    )
    return update_guard(table, name, changed, "it can only be cleared")


def set_once(table: str, columns: Iterable[str], *, name: str = "set_once") -> RunSQL:
    """Refuse to change any of `columns` once it is set, save for clearing it."""
    changed = " OR ".join(
        f"(OLD.{each} IS NOT NULL AND NEW.{each} IS NOT NULL AND NEW.{each} <> OLD.{each})"
        for each in columns
    )
    return update_guard(table, name, changed, "what it says once stays so until it is cleared")


def unchangeable(table: str, columns: Iterable[str], *, name: str = "unchangeable") -> RunSQL:
    """Refuse to change any of `columns`."""
    changed = " OR ".join(f"NEW.{each} IS DISTINCT FROM OLD.{each}" for each in columns)
    return update_guard(table, name, changed, "it says what the row is about")


def never_less(table: str, column: str) -> RunSQL:
    """Refuse to lower `column`."""
    return update_guard(
        table, "never_less", f"NEW.{column} < OLD.{column}", f"{column} only ever rises"
    )


def state_machine(table: str, initial: str, transitions: dict[str, list[str]]) -> RunSQL:
    """Refuse rows that start elsewhere than in `initial` and moves that `transitions` lacks.

    A later migration calls it again with another table of moves, which then replaces the first.
    """
    moves = ", ".join(
        f"('{source}', '{target}')" for source, targets in transitions.items() for target in targets
    )
    return RunSQL(
        f"""
        CREATE OR REPLACE FUNCTION {table}_check_state() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                IF NEW.state = '{initial}' THEN RETURN NEW; END IF;
                RAISE EXCEPTION 'a row of % starts as {initial}, not as %', TG_TABLE_NAME, NEW.state
                    USING ERRCODE = 'check_violation';
            END IF;
            IF NEW.state = OLD.state OR (OLD.state, NEW.state) IN ({moves}) THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'a row of % cannot go from % to %',
                TG_TABLE_NAME, OLD.state, NEW.state USING ERRCODE = 'check_violation';
        END $$;
        CREATE OR REPLACE TRIGGER {table}_state BEFORE INSERT OR UPDATE OF state ON {table}
            FOR EACH ROW EXECUTE FUNCTION {table}_check_state();
        """,
        reverse_sql=f"DROP TRIGGER {table}_state ON {table}; DROP FUNCTION {table}_check_state();",
    )


def _refusals(table: str, name: str, operations: str, reason: str) -> RunSQL:
    """Refuse `operations` on rows, and TRUNCATE."""
    return RunSQL(
        REFUSE
        + f"""
        CREATE TRIGGER {table}_{name} BEFORE {operations} ON {table}
            FOR EACH ROW EXECUTE FUNCTION lethe_refuse('{reason}');
        CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION lethe_refuse('{reason}');
        """,
        reverse_sql=f"""
        DROP TRIGGER {table}_{name} ON {table};
        DROP TRIGGER {table}_no_truncate ON {table};
        """,
    )


def update_guard(table: str, name: str, condition: str, reason: str) -> RunSQL:
    """Refuse an UPDATE for which `condition` holds."""
    return RunSQL(
        REFUSE
        + f"""
        CREATE TRIGGER {table}_{name} BEFORE UPDATE ON {table}
            FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION lethe_refuse('{reason}');
        """,
        reverse_sql=f"DROP TRIGGER {table}_{name} ON {table};",
    )

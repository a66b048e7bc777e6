"""SQL for tables that Postgres itself keeps honest, whatever code or person writes to them.

Used by migrations. The triggers belong to the owner's role; the application's role owns no table
and so can neither drop nor disable them.
"""

from django.db.migrations import RunSQL

REFUSE = """
CREATE OR REPLACE FUNCTION lethe_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: its rows are only ever added', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
"""


def append_only(table: str) -> RunSQL:
    """Refuse UPDATE, DELETE and TRUNCATE on `table`."""
    return RunSQL(
        REFUSE
        + f"""
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION lethe_refuse();
        CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION lethe_refuse();
        """,
        reverse_sql=f"""
        DROP TRIGGER {table}_append_only ON {table};
        DROP TRIGGER {table}_no_truncate ON {table};
        """,
    )


def no_removal(table: str) -> RunSQL:
    """Refuse DELETE and TRUNCATE on `table`."""
    return RunSQL(
        REFUSE
        + f"""
        CREATE TRIGGER {table}_no_removal BEFORE DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION lethe_refuse();
        CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION lethe_refuse();
        """,
        reverse_sql=f"""
        DROP TRIGGER {table}_no_removal ON {table};
        DROP TRIGGER {table}_no_truncate ON {table};
        """,
    )


def state_machine(table: str, initial: str, transitions: dict[str, list[str]]) -> RunSQL:
    """Refuse rows that start elsewhere than in `initial` and moves that `transitions` lacks."""
    moves = ", ".join(
        f"('{source}', '{target}')" for source, targets in transitions.items() for target in targets
    )
    return RunSQL(
        f"""
        CREATE FUNCTION {table}_check_state() RETURNS trigger LANGUAGE plpgsql AS $$
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
        CREATE TRIGGER {table}_state BEFORE INSERT OR UPDATE OF state ON {table}
            FOR EACH ROW EXECUTE FUNCTION {table}_check_state();
        """,
        reverse_sql=f"DROP TRIGGER {table}_state ON {table}; DROP FUNCTION {table}_check_state();",
    )

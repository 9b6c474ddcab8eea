"""What the database itself refuses to do to the ledger: change, remove, replace, leave gaps.

SQL by dialect, in the order in which it is run. `INSERT OR REPLACE` that collides with a second
unique index deletes the old row without firing SQLite's delete trigger, so the insert trigger looks
for any collision. PostgreSQL's triggers are enabled ALWAYS: they fire under
`session_replication_role = replica` too. The owner of the database can drop all of it; then the
tree shows what was done (AU-9).
"""

from __future__ import annotations

SQLITE = {
    "ledger_refuses_update": """\
CREATE TRIGGER ledger_refuses_update BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is not changed'); END""",
    "ledger_refuses_delete": """\
CREATE TRIGGER ledger_refuses_delete BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is not shortened'); END""",
    "ledger_refuses_gaps_and_replacement": """\
CREATE TRIGGER ledger_refuses_gaps_and_replacement BEFORE INSERT ON ledger
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM ledger)
OR EXISTS (SELECT 1 FROM ledger WHERE leaf = NEW.leaf)
BEGIN SELECT RAISE(ABORT, 'the ledger only grows, one entry after the other'); END""",
}

_REFUSE = """\
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
RAISE EXCEPTION 'the ledger is neither changed nor shortened'
USING ERRCODE = 'integrity_constraint_violation'; END $$"""

_REQUIRE_NEXT = """\
CREATE FUNCTION ledger_require_next() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF NEW.seq IS DISTINCT FROM (SELECT coalesce(max(seq), 0) + 1 FROM ledger) THEN
RAISE EXCEPTION 'the ledger only grows, one entry after the other'
USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"""

_TRIGGERS = {
    "ledger_refuses_change": "BEFORE UPDATE OR DELETE ON ledger FOR EACH ROW "
    "EXECUTE FUNCTION ledger_refuse()",
    "ledger_refuses_truncate": "BEFORE TRUNCATE ON ledger FOR EACH STATEMENT "
    "EXECUTE FUNCTION ledger_refuse()",
    "ledger_refuses_gaps": "BEFORE INSERT ON ledger FOR EACH ROW "
    "EXECUTE FUNCTION ledger_require_next()",
}

POSTGRESQL = (
    _REFUSE,
    _REQUIRE_NEXT,
    *(f"CREATE TRIGGER {name} {rule}" for name, rule in _TRIGGERS.items()),
    *(f"ALTER TABLE ledger ENABLE ALWAYS TRIGGER {name}" for name in _TRIGGERS),
)

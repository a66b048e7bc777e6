"""The map itself, grouped by what the tables are for."""

from compliance.datamap.columns import Table
from compliance.datamap.tables.access import ACCESS
from compliance.datamap.tables.evidence import EVIDENCE
from compliance.datamap.tables.learning import LEARNING
from compliance.datamap.tables.messages import MESSAGES
from compliance.datamap.tables.people import PEOPLE
from compliance.datamap.tables.requests import REQUESTS

GROUPS: dict[str, list[Table]] = {
    "People and their records": PEOPLE,
    "What was learned": LEARNING,
    "Requests": REQUESTS,
    "Jobs and messages": MESSAGES,
    "Evidence": EVIDENCE,
    "Staff, clients and the framework": ACCESS,
}
TABLES: dict[str, Table] = {table.name: table for group in GROUPS.values() for table in group}

"""The walls between tenants, as every table of a dealer's has them. What is written here is never changed:
migrations that have run were made of it."""

from collections.abc import Iterable

#: Those whose rows this transaction may see.
MINE = "any (nullif(current_setting('app.dealers', true), '')::bigint[])"


def walls(tables: Iterable[str], seen: str = f"dealer_id = {MINE}") -> str:
    """SQL: the web sees the rows of which `seen` is true, the clockwork all."""
    return "".join(
        f"alter table {table} enable row level security;\n"
        f"create policy tenant on {table} to leadbell_app using ({seen}) with check ({seen});\n"
        f"create policy clockwork on {table} to leadbell_clockwork using (true) with check (true);\n"
        for table in tables
    )

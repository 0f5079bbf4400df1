"""Which dealers a dealer can be compared with: those below the importer above it."""

from typing import Any

from django.db import connection

from leadbell.metrics.monthly.peers import Member, Network

#: From the topmost importer above (or the topmost organisation, where there is none) down to its dealers; a dealer's
#: house is what stands right below the importer.
_NETWORK = """
with recursive up(id, parent_id, kind, name, height) as (
    select id, parent_id, kind, name, 0 from leadbell_organisation where id = %s
    union all
    select o.id, o.parent_id, o.kind, o.name, up.height + 1 from leadbell_organisation o join up on o.id = up.parent_id
), top as (
    select id, kind, name from up order by kind = 'importer' desc, height desc limit 1
), down(id, kind, name, brands, house) as (
    select o.id, o.kind, o.name, o.brands, case when o.kind <> 'importer' then o.id end
    from leadbell_organisation o join top on o.id = top.id
    union all
    select o.id, o.kind, o.name, o.brands, coalesce(down.house, o.id)
    from leadbell_organisation o join down on o.parent_id = down.id
)
select top.name, down.id, down.name, down.brands, down.house from down cross join top
where down.kind = 'dealer' order by down.name, down.id
"""


def network_of(organisation: int) -> Network:
    """The network this dealer, group or importer belongs to; without dealers where it has none."""
    with connection.cursor() as cursor:
        cursor.execute(_NETWORK, [organisation])
        rows = cursor.fetchall()
    return Network(rows[0][0] if rows else "", tuple(_member(*row[1:]) for row in rows))


def _member(number: int, name: str, brands: list[Any], house: int) -> Member:
    return Member(number, name, house, frozenset(str(brand).strip().casefold() for brand in brands))

"""The demo's own history, written as a CRM would export it: `python -m tests.audit.example` writes examples/ anew."""

import csv
import io
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from leadbell.lead.history import History
from leadbell.metrics.rows.exchange import LeadOf, Rows, rows_of
from leadbell.metrics.tables import LEADS, TOUCHES, VISITS
from tests.demo.conftest import NOW, tell

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DAYS = timedelta(days=60)
SEED = "the example"
ZONE = ZoneInfo("Europe/Amsterdam")
#: Column of the CRM → column of the exchange format.
LEAD_COLUMNS = {
    "Lead ID": "ref", "Created": "received_ms", "Dealer": "dealer", "Salesperson": "salesperson", "Lead type": "origin",
    "Lead source": "source", "Make": "brand", "In opening hours": "in_hours", "Phone": "by_phone",
    "Forwarded": "forwarded", "Salesperson free": "somebody_free", "First opened": "opened_ms",
    "Quote sent": "quoted_ms",
    "Appointment made": "booked_ms", "Appointment confirmed": "confirmed_ms", "Showed": "shown_ms",
    "Missed appointments": "no_shows", "Handed over": "handed_over_ms", "Dropped at first contact": "dropped",
    "Status": "status", "Sold date": "sold_ms", "Lost date": "lost_ms", "Lost reason": "lost_reason",
    "Closed at": "ended_ms",
}  # fmt: skip
TOUCH_COLUMNS = {
    "Lead ID": "lead", "Start time": "started_ms", "Connected at": "connected_ms", "End time": "ended_ms",
    "Talk time (ms)": "talk_ms", "Type": "channel", "Direction": "direction", "Made by": "made_by", "User": "person",
    "Result": "outcome", "Agreed": "agreed",
}  # fmt: skip


def history() -> Rows:
    """The exchange format's rows of the demo's told past: the same on every day."""
    past, _houses = tell(SEED, days=DAYS)
    leads = []
    for lead in past.leads:
        house = lead.house
        staff = (*house.workers, *house.bdc)
        about = LeadOf(
            lead.number, house.company.name, house.hours, {worker.number for worker in house.bdc},
            names={worker.number: worker.player.name for worker in staff},
        )  # fmt: skip
        leads.append((about, History(tuple(one.fact for one in lead.told))))
    return rows_of(leads)


def exported(rows: Rows) -> tuple[str, str]:
    """(leads, activities) as CSV."""
    leads = [dict(zip(LEADS.names, row, strict=True)) for row in rows.leads]
    for lead in leads:
        lead["status"] = "Sold" if lead["sold_ms"] else "Lost" if lead["ended_ms"] else "Open"
    touches = [dict(zip(TOUCHES.names, row, strict=True)) for row in rows.touches]
    return _csv(LEAD_COLUMNS, leads), _csv(TOUCH_COLUMNS, touches)


def visits_of(rows: Rows) -> str:
    """Visits to the website as CSV."""
    visits = [dict(zip(VISITS.names, row, strict=True)) for row in rows.visits]
    return _csv({"Lead ID": "lead", "Seen at": "seen_ms"}, visits)


def _csv(columns: dict[str, str], rows: list[dict[str, object]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(name, row[name]) for name in columns.values()] for row in rows)
    return out.getvalue()


def _cell(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith("_ms") and name != "talk_ms" and isinstance(value, int):
        at = datetime.fromtimestamp(value // 1000, ZONE) + timedelta(milliseconds=value % 1000)
        return at.isoformat(sep=" ", timespec="milliseconds")
    return "" if value is None else str(value)


if __name__ == "__main__":
    for name, text in zip(("crm-export.csv", "crm-activities.csv"), exported(history()), strict=True):
        (EXAMPLES / name).write_text(text, "utf-8")
        print(name, NOW.isoformat(), len(text))

"""A million leads with ten million touches, and fifty million visits: the figures beside SQL written by hand."""

import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.figures import Figure, said
from benchmarks.house import VAR
from leadbell.metrics.answers import ask
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.engines.duck import Duck, open_duck
from leadbell.metrics.reports.studies import STUDIES, tabulate
from leadbell.metrics.reports.verdict import process_verdict

AS_OF = 1_798_758_000_000
#: At most so much slower than what somebody would write for the one figure.
WITHIN = 1.2
#: All figures, studies and the verdict, and unlost alone.
WHOLE_S, UNLOST_S = 30.0, 10.0
THREADS, MEMORY = 2, "4GB"

_LEADS = """
select i::bigint as lead, 'dealer ' || (i % 200) as dealer, 'seller ' || (i % 1400) as salesperson,
    case when h % 10 < 7 then 'online' when h % 10 = 7 then 'call' when h % 10 = 8 then 'walk_in' else 'direct_mail' end
        as origin,
    'source ' || (h % 9) as source, 1764547200000 + (i * 31536) as received_ms,
    (20250000 + 100 * (1 + i * 12 // {n}) + 1 + i % 28)::integer as received_on, h % 3 > 0 as in_hours, true as by_phone,
    true as forwarded, h % 2 = 0 as somebody_free,
    case when h % 11 = 0 then 1764547200000 + (i * 31536) + 5000 end as opened_ms,
    case when h % 5 = 0 then 1764547200000 + (i * 31536) + 600000 end as booked_ms,
    case when h % 7 = 0 then 1764547200000 + (i * 31536) + 86400000 end as shown_ms,
    0::integer as no_shows,
    case when h % 9 = 0 then 1764547200000 + (i * 31536) + (h % 60) * 86400000 end as sold_ms,
    case when h % 9 = 0 then 20250101 + (h % 28)::integer end as sold_on,
    case when h % 9 = 0 then (1 + h % 7)::integer end as sold_weekday,
    case when h % 4 = 1 then 1764547200000 + (i * 31536) + 1728000000 end as lost_ms,
    case when h % 4 = 1 then 'price' end as lost_reason,
    case when h % 4 = 1 or h % 9 = 0 then 1764547200000 + (i * 31536) + 1728000000 end as ended_ms
from (select i, (hash(i) >> 1)::bigint as h from range({n}) as r(i))
"""
_TOUCHES = """
select (i // 10)::bigint as lead, (1 + i % 10)::integer as nr,
    1764547200000 + (i // 10) * 31536 + (i % 10) * (i % 10) * 14400000 + h % 900000 as started_ms,
    case when h % 3 = 0 then 1764547200000 + (i // 10) * 31536 + (i % 10) * (i % 10) * 14400000 + h % 900000 + 9000 end
        as connected_ms,
    null::bigint as ended_ms, case when h % 3 = 0 then (h % 400) * 1000 end as talk_ms,
    (i % 10) * (i % 10) * 3600000 + h % 900000 as open_ms, null::bigint as connected_open_ms,
    case when i % 10 in (0, 1, 3, 6) then 'phone' else 'email' end as channel,
    case when i % 10 = 8 then 'in' else 'out' end as direction,
    case when i % 10 in (4, 7) and (i // 10) % 3 = 0 then 'automation' else 'human' end as made_by,
    'seller ' || ((i // 10) % 1400) as person,
    case when i % 10 in (0, 1, 3, 6) then case when h % 3 = 0 then 'conversation' else 'voicemail' end end as outcome,
    case when h % 6 = 0 then h % 12 = 0 end as opportunity, case when h % 12 = 0 then 'appointment' end as agreed
from (select i, (hash(i) >> 1)::bigint as h from range({n} * 10) as r(i))
"""
_VISITS = """
select (hash(i) % ({n} // 2))::bigint as lead, 1764547200000 + (hash(i) % ({n} // 2))::bigint * 31536
    + (hash(i + 7) % 2592000000)::bigint as seen_ms from range({n} * 50) as r(i)
"""
_ATTEMPTS = """
select lead, min(started_ms) as first from touches
where channel = 'phone' and made_by = 'human' and (direction = 'out' or outcome = 'conversation') group by lead
"""
#: What somebody would write for one figure, to the same result.
BY_HAND = {
    "attempted_rate": f"""
select count(first), count(*) from leads l left join ({_ATTEMPTS}) a using (lead)
where origin in ('online', 'call', 'chat') and in_hours and forwarded
""",
    "response_time": f"""
select sum(ms), count(ms), quantile_cont(ms, 0.1), quantile_cont(ms, 0.5), quantile_cont(ms, 0.9)
from (select first - received_ms as ms from leads l join ({_ATTEMPTS}) a using (lead)
    where origin in ('online', 'call', 'chat') and in_hours and forwarded)
where ms between 0 and 31536000000
""",
    "sales_conversion": """
select count(sold_ms), count(*) from leads where origin in ('online', 'call', 'chat', 'walk_in')
""",
    "unlost_rate_7": f"""
with activity as (
    select lead, started_ms as moment from touches where made_by = 'human'
    union all select lead, received_ms from leads
), silent as (
    select lead, min(case when later is null or later - moment >= 604800000 then moment + 604800000 end) as gone
    from (select lead, moment, lead(moment) over (partition by lead order by moment) as later from activity) group by lead
), seen as (select lead, max(seen_ms) as seen from visits group by lead)
select count(case when seen > lost then 1 end), count(*)
from (
    select lead, sold_ms, case when lost_ms <= gone then lost_ms else gone end as lost from leads join silent using (lead)
) left join seen using (lead)
where (sold_ms is null or lost < sold_ms) and lost <= {AS_OF}
""",
}


def measure(quick: bool) -> Iterator[Figure]:
    """Over Parquet files on this machine's disk, warm, with two threads and 4 GB."""
    folder = VAR / "studies"
    leads = 100_000 if quick else 1_000_000
    turns = 3 if quick else 5
    try:
        files = _files(folder, leads)
        duck = open_duck(files, threads=THREADS, memory=MEMORY)
        about = f"{leads:,} leads, {leads * 10:,} touches, {leads * 50:,} visits"
        for name, by_hand in BY_HAND.items():
            ours, hand = _beside(duck, name, by_hand, turns)
            beside = f"by hand {said(hand, 's')}, ours {said(ours, 's')}; {about}"
            yield Figure(
                "studies", f"{name}, against SQL written by hand", ours / hand, "×", WITHIN, False, beside
            )
            if name == "unlost_rate_7":
                yield Figure("studies", "unlost, over all visits", ours, "s", UNLOST_S, False, about)
        whole = _took(lambda: _whole(open_duck(files, threads=THREADS, memory=MEMORY)))
        beside = f"{len(METRICS)} figures, {len(STUDIES)} studies, the verdict; {about}"
        yield Figure("studies", "everything an audit says, from Parquet", whole, "s", WHOLE_S, False, beside)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _whole(duck: Duck) -> None:
    duck.keep()
    ask(duck, METRICS.values(), AS_OF)
    for key in ("dealer", "salesperson", "received_month"):
        ask(duck, METRICS.values(), AS_OF, by=(key,))
    for study in STUDIES.values():
        tabulate(duck, study, AS_OF)
    process_verdict(duck, AS_OF)


def _files(folder: Path, leads: int) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    maker = duckdb.connect()
    maker.execute(f"set threads = {THREADS}")
    maker.execute("set enable_progress_bar = false")
    files = {}
    for name, sql in (("leads", _LEADS), ("touches", _TOUCHES), ("visits", _VISITS)):
        files[name] = folder / f"{name}.parquet"
        maker.execute(f"copy ({sql.format(n=leads)}) to '{files[name]}' (format parquet)")
    return files


def _beside(duck: Duck, name: str, by_hand: str, turns: int) -> tuple[float, float]:
    """Median seconds of both, in turns; they have to say the same."""
    ours: list[float] = []
    hand: list[float] = []
    answers: list[Any] = []
    for _ in range(turns + 1):
        ours.append(_took(lambda: answers.append(ask(duck, [METRICS[name]], AS_OF).of(name))))
        hand.append(_took(lambda: answers.append(duck.connection.execute(by_hand).fetchone())))
    answer, row = answers[-2:]
    if (answer.numerator, answer.denominator) != (int(row[0]), int(row[1])):
        raise RuntimeError(f"{name}: {answer.numerator} of {answer.denominator} against {row} by hand")
    return statistics.median(ours[1:]), statistics.median(hand[1:])


def _took(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began

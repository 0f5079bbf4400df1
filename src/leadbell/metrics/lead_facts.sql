-- One row per lead: everything the figures are counted from (docs/exchange-format.md, docs/figures.md).
--
-- Written in DuckDB's dialect, in the part of SQL that PostgreSQL and Spark share; sqlglot translates it. A row depends
-- on its lead's facts only, never on the day it is asked: what grows with time (lost by silence, ripe cohorts) is a
-- moment here and is compared with `as_of` by the figure. Whatever a figure doesn't need is taken out before it runs.
with calls as (
    -- Tries by a person to reach the customer by phone, and calls from customers that somebody took.
    select
        t.lead, t.started_ms, t.connected_ms, t.open_ms, t.connected_open_ms, t.direction, t.outcome, t.opportunity,
        t.agreed, coalesce(t.talk_ms, t.ended_ms - t.connected_ms) as talk_ms
    from touches as t
    where t.channel = 'phone' and t.made_by = 'human' and (t.direction = 'out' or t.outcome = 'conversation')
), called as (
    select
        c.lead,
        min(c.started_ms) as first_attempt_ms,
        sum(case when c.direction = 'out' then 1 else 0 end) as attempts,
        sum(case when c.outcome = 'conversation' then 1 else 0 end) as conversations,
        sum(case when c.opportunity is not null then 1 else 0 end) as reviewed,
        sum(case when c.opportunity then 1 else 0 end) as opportunities,
        sum(case when c.opportunity and c.agreed = 'appointment' then 1 else 0 end) as appointments_of_opportunities,
        sum(case when c.opportunity is not null and c.agreed = 'appointment' then 1 else 0 end)
            as appointments_of_reviewed
    from calls as c
    group by c.lead
), first_call as (
    select
        c.lead,
        min(c.open_ms) as open_ms,
        max(case when c.outcome = 'conversation' then 1 when c.outcome is not null then 0 end) as contact
    from calls as c
    join called as f on f.lead = c.lead and f.first_attempt_ms = c.started_ms
    group by c.lead
), talked as (
    select c.lead, min(c.started_ms) as started_ms
    from calls as c
    where c.outcome = 'conversation'
    group by c.lead
), first_talk as (
    select
        c.lead,
        min(c.connected_ms) as connected_ms,
        min(c.connected_open_ms) as connected_open_ms,
        max(c.talk_ms) as talk_ms
    from calls as c
    join talked as f on f.lead = c.lead and f.started_ms = c.started_ms
    where c.outcome = 'conversation'
    group by c.lead
), touched as (
    select
        t.lead,
        count(distinct case when t.made_by = 'human' then t.person end) as hands,
        min(case when t.direction = 'out' then t.started_ms end) as first_touch_ms,
        min(case when t.direction = 'out' and t.channel = 'email' then t.started_ms end) as first_email_ms,
        min(case when t.direction = 'out' and t.channel = 'chat' and t.made_by = 'human' then t.started_ms end)
            as first_chat_ms,
        min(case when t.direction = 'out' and t.channel = 'sms' then t.started_ms end) as first_text_ms,
        min(case when t.direction = 'out' and t.channel = 'chat' then t.started_ms end) as first_line_ms,
        max(case when t.direction = 'in' then t.started_ms end) as last_in_ms,
        max(case when t.direction = 'in' and t.channel = 'email' then t.started_ms end) as last_email_in_ms,
        max(case when t.direction = 'in' and t.channel = 'sms' then t.started_ms end) as last_text_in_ms,
        max(case when t.direction = 'in' and t.channel = 'chat' then t.started_ms end) as last_line_in_ms,
        sum(case when t.direction = 'out' and t.channel = 'email' then 1 else 0 end) as emails,
        sum(case when t.direction = 'out' and t.channel = 'sms' then 1 else 0 end) as texts,
        sum(case when t.direction = 'out' and t.channel = 'chat' then 1 else 0 end) as chat_lines,
        sum(case when t.direction = 'out' and t.made_by = 'automation' then 1 else 0 end) as automated_touches,
        sum(case when t.direction = 'out' and t.made_by = 'human' and t.channel <> 'phone' then 1 else 0 end)
            as human_messages,
        sum(case when t.direction = 'out' and t.made_by = 'human' and t.channel = 'phone' then 1 else 0 end)
            as human_calls,
        sum(case when t.direction = 'out' and t.channel = 'phone' and t.outcome = 'conversation' then 1 else 0 end)
            as calls_answered
    from touches as t
    group by t.lead
), replied as (
    -- Most leads have no answer at all: their touches needn't be put in order.
    select t.lead from touches as t where t.direction = 'in' group by t.lead
), turns as (
    select
        t.lead, t.started_ms, t.nr,
        case
            when t.direction = 'out' and t.channel <> 'phone' then 'wrote'
            when t.direction = 'in' then 'customer'
        end as turn
    from touches as t
    join replied as r on r.lead = t.lead
), in_order as (
    select
        t.lead, t.turn,
        lead(t.turn) over (partition by t.lead order by t.started_ms, t.nr) as next_turn
    from turns as t
), answers as (
    -- A message is answered when the next thing is the customer's; a call when it became a conversation.
    select o.lead, sum(case when o.turn = 'wrote' and o.next_turn = 'customer' then 1 else 0 end) as messages_answered
    from in_order as o
    group by o.lead
), activity as (
    -- Automation is no activity: it is no work of anybody [S4].
    select t.lead, t.started_ms as at_ms from touches as t where t.made_by = 'human'
    union all
    select l.lead, l.received_ms as at_ms from leads as l
), gaps as (
    select
        a.lead, a.at_ms,
        lead(a.at_ms) over (partition by a.lead order by a.at_ms) as next_ms
    from activity as a
), silent as (
    -- Since when nobody had done anything for 7, 14, 21 days, the first time; without an end it is a moment to come.
    select
        g.lead,
        min(case when g.next_ms is null or g.next_ms - g.at_ms >= 604800000 then g.at_ms + 604800000 end)
            as silent_7_ms,
        min(case when g.next_ms is null or g.next_ms - g.at_ms >= 1209600000 then g.at_ms + 1209600000 end)
            as silent_14_ms,
        min(case when g.next_ms is null or g.next_ms - g.at_ms >= 1814400000 then g.at_ms + 1814400000 end)
            as silent_21_ms
    from gaps as g
    group by g.lead
), seen as (
    select v.lead, max(v.seen_ms) as last_seen_ms
    from visits as v
    group by v.lead
), measured as (
    select
        l.lead, l.ref, l.dealer, l.salesperson, l.origin, l.source, l.campaign, l.channel, l.brand, l.set_aside,
        l.received_ms, l.received_on, l.in_hours, l.somebody_free, l.opened_ms, l.quoted_ms, l.booked_ms,
        l.confirmed_ms, l.shown_ms, l.handed_over_ms, l.dropped, l.bdc_agent, l.received_by, l.sold_ms, l.sold_on, l.sold_weekday,
        l.lost_ms, l.lost_reason, l.ended_ms, l.cost_cents, l.margin_cents,
        l.origin in ('online', 'call', 'chat', 'walk_in') as active,
        l.origin in ('online', 'call', 'chat') as rings,
        coalesce(l.forwarded, true) as forwarded,
        coalesce(l.by_phone, true) as by_phone,
        coalesce(l.no_shows, 0) as no_shows,
        called.first_attempt_ms,
        first_call.contact as first_contact,
        first_call.open_ms as raw_response_open_ms,
        called.first_attempt_ms - l.received_ms as raw_response_ms,
        first_talk.connected_ms - l.received_ms as raw_connect_ms,
        first_talk.connected_open_ms as raw_connect_open_ms,
        first_talk.talk_ms as raw_talk_ms,
        l.sold_ms - l.received_ms as raw_sale_ms,
        case when l.origin = 'chat' then touched.first_chat_ms - l.received_ms end as raw_chat_ms,
        coalesce(called.attempts, 0) as attempts,
        coalesce(called.conversations, 0) as conversations,
        coalesce(called.reviewed, 0) as reviewed,
        coalesce(called.opportunities, 0) as opportunities,
        coalesce(called.appointments_of_opportunities, 0) as appointments_of_opportunities,
        coalesce(called.appointments_of_reviewed, 0) as appointments_of_reviewed,
        coalesce(touched.hands, 0) as hands,
        coalesce(touched.automated_touches, 0) as automated_touches,
        coalesce(touched.human_messages, 0) as human_messages,
        coalesce(touched.human_calls, 0) as human_calls,
        coalesce(touched.calls_answered, 0) as calls_answered,
        coalesce(touched.emails, 0) as emails,
        coalesce(touched.texts, 0) as texts,
        coalesce(touched.chat_lines, 0) as chat_lines,
        coalesce(touched.calls_answered, 0) + coalesce(answers.messages_answered, 0) as touches_answered,
        touched.first_touch_ms, touched.first_email_ms, touched.last_in_ms, touched.last_email_in_ms,
        touched.first_text_ms, touched.last_text_in_ms, touched.first_line_ms, touched.last_line_in_ms,
        seen.last_seen_ms,
        case when l.lost_ms <= silent.silent_7_ms then l.lost_ms else silent.silent_7_ms end as gone_7_ms,
        case when l.lost_ms <= silent.silent_14_ms then l.lost_ms else silent.silent_14_ms end as gone_14_ms,
        case when l.lost_ms <= silent.silent_21_ms then l.lost_ms else silent.silent_21_ms end as gone_21_ms
    from leads as l
    left join called on called.lead = l.lead
    left join first_call on first_call.lead = l.lead
    left join first_talk on first_talk.lead = l.lead
    left join touched on touched.lead = l.lead
    left join answers on answers.lead = l.lead
    left join silent on silent.lead = l.lead
    left join seen on seen.lead = l.lead
)
-- Durations: up to a minute below zero is a clock that was set, and counts as zero; what is further below, longer than
-- a year (a talk: than four hours) or a sale before the lead is absurd: it is in no mean, and is counted as odd.
select
    m.lead, m.ref, m.dealer, m.salesperson, m.origin, m.source, m.campaign, m.channel, m.brand, m.set_aside,
    m.received_ms, m.received_on, m.in_hours, m.somebody_free, m.opened_ms, m.quoted_ms, m.booked_ms, m.confirmed_ms,
    m.shown_ms, m.handed_over_ms, m.dropped, m.bdc_agent, m.received_by, m.sold_ms, m.sold_on, m.sold_weekday, m.lost_ms, m.lost_reason,
    m.ended_ms, m.cost_cents, m.margin_cents, m.active, m.rings, m.forwarded, m.by_phone, m.no_shows,
    m.first_attempt_ms, m.first_contact, m.attempts, m.conversations, m.reviewed, m.opportunities,
    m.appointments_of_opportunities, m.appointments_of_reviewed, m.hands, m.automated_touches, m.human_messages,
    m.human_calls, m.calls_answered, m.touches_answered, m.first_touch_ms, m.first_email_ms, m.last_in_ms,
    m.last_email_in_ms, m.last_seen_ms, m.emails, m.texts, m.chat_lines, m.first_text_ms, m.last_text_in_ms,
    m.first_line_ms, m.last_line_in_ms,
    case
        when m.raw_response_ms between -60000 and -1 then 0
        when m.raw_response_ms between 0 and 31536000000 then m.raw_response_ms
    end as response_ms,
    case when m.raw_response_ms between -60000 and 31536000000 and m.raw_response_open_ms >= 0
        then m.raw_response_open_ms end as response_open_ms,
    case
        when m.raw_connect_ms between -60000 and -1 then 0
        when m.raw_connect_ms between 0 and 31536000000 then m.raw_connect_ms
    end as connect_ms,
    case when m.raw_connect_ms between -60000 and 31536000000 and m.raw_connect_open_ms >= 0
        then m.raw_connect_open_ms end as connect_open_ms,
    case when m.raw_talk_ms between 0 and 14400000 then m.raw_talk_ms end as talk_ms,
    case when m.raw_chat_ms between 0 and 86400000 then m.raw_chat_ms end as chat_response_ms,
    case when m.raw_sale_ms >= 0 then m.raw_sale_ms end as sale_ms,
    case when m.raw_response_ms < -60000 or m.raw_response_ms > 31536000000 then 1 else 0 end as odd_response,
    case when m.raw_connect_ms < -60000 or m.raw_connect_ms > 31536000000 then 1 else 0 end as odd_connect,
    case when m.raw_talk_ms < 0 or m.raw_talk_ms > 14400000 then 1 else 0 end as odd_talk,
    case when m.raw_sale_ms < 0 then 1 else 0 end as odd_sale,
    case when m.sold_ms is null or m.gone_7_ms < m.sold_ms then m.gone_7_ms end as lost_7_ms,
    case when m.sold_ms is null or m.gone_14_ms < m.sold_ms then m.gone_14_ms end as lost_14_ms,
    case when m.sold_ms is null or m.gone_21_ms < m.sold_ms then m.gone_21_ms end as lost_21_ms
from measured as m

"""Every page and every resource a form posts to."""

from django.urls import include, path

from leadbell.desk import desk, lead, leads, me, resources, start

OF_A_LEAD = [
    path("", lead.lead, name="lead"),
    path("acceptance/", resources.acceptance, name="acceptance"),
    path("passing-on/", resources.passing_on, name="passing-on"),
    path("taking/", resources.taking, name="taking"),
    path("owner/", resources.owner, name="owner"),
    path("attempt/", resources.attempt, name="attempt"),
    path("attempt/connection/", resources.connection, name="connection"),
    path("attempt/outcome/", resources.outcome, name="outcome"),
    path("nothing-agreed/", resources.nothing_agreed, name="nothing-agreed"),
    path("message/", resources.message, name="message"),
    path("call-back/", resources.call_back, name="call-back"),
    path("quote/", resources.quote, name="quote"),
    path("note/", resources.note, name="note"),
    path("opt-out/", resources.opt_out, name="opt-out"),
    path("appointment/", resources.visit, name="appointment"),
    path("appointment/confirmation/", resources.confirmation, name="confirmation"),
    path("appointment/attendance/", resources.attendance, name="attendance"),
    path("appointment/cancellation/", resources.cancellation, name="cancellation"),
    path("appointment.ics", resources.calendar, name="calendar"),
    path("sale/", resources.sold, name="sale"),
    path("loss/", resources.loss, name="loss"),
    path("reopening/", resources.reopening, name="reopening"),
]

urlpatterns = [
    path("", start.home, name="home"),
    path("start/", start.start, name="start"),
    path("me/shift/", me.shift, name="shift"),
    path("me/language/", me.language, name="language"),
    path("me/theme/", me.theme, name="theme"),
    path("me/bell/", me.bell, name="bell"),
    path("desk/", desk.desk, name="desk"),
    path("leads/", leads.leads, name="leads"),
    path("leads/<int:number>/", include(OF_A_LEAD)),
]

"""The addresses of listening back, and of coaching."""

from django.urls import path

from leadbell.desk.reviewing import call, coaching, criteria, queue, search, transcript

LISTENING = [
    path("review/", queue.queue, name="review"),
    path("review/next/", queue.following, name="review-next"),
    path("review/words/", search.search, name="review-search"),
    path("review/<uuid:call>/", call.call, name="review-call"),
    path("review/<uuid:call>/marks/", call.marks, name="review-marks"),
    path("review/<uuid:call>/moments/", call.moments, name="review-moments"),
    path(
        "review/<uuid:call>/moments/<int:number>/removal/", call.moment_removal, name="review-moment-removal"
    ),
    path(
        "review/<uuid:call>/machine/setting-aside/", call.machine_set_aside, name="review-machine-set-aside"
    ),
    path("review/<uuid:call>/transcript/", transcript.transcript, name="review-transcript"),
    path(
        "review/<uuid:call>/transcript/<int:number>/correction/",
        transcript.correction,
        name="review-correction",
    ),
    path(
        "review/<uuid:call>/transcript/setting-aside/",
        transcript.set_aside,
        name="review-transcript-set-aside",
    ),
    path("coaching/", coaching.team, name="coaching"),
    path("coaching/<int:number>/", coaching.person, name="coaching-person"),
    path("coaching/<int:number>/agreements/", coaching.agreement, name="coaching-agreement"),
    path("coaching/<int:number>/agreements/<int:action>/closing/", coaching.closing, name="coaching-closing"),
    path("calls/<uuid:call>/listening/", call.wanted, name="review-wanted"),
]
OF_A_DEALER = [
    path("review/", criteria.criteria, name="dealer-review"),
    path("review/amount/", criteria.amount, name="dealer-review-amount"),
    path("review/<int:number>/removal/", criteria.removal, name="dealer-criterion-removal"),
]

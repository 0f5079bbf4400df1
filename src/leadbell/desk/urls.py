"""Every page and every resource a form posts to."""

from django.urls import path

from leadbell.desk import me, start

urlpatterns = [
    path("", start.home, name="home"),
    path("start/", start.start, name="start"),
    path("me/shift/", me.shift, name="shift"),
    path("me/language/", me.language, name="language"),
    path("me/theme/", me.theme, name="theme"),
    path("me/bell/", me.bell, name="bell"),
]

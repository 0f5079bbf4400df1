from django.urls import include, path

urlpatterns = [path("", include("leadbell.desk.urls")), path("account/", include("allauth.account.urls"))]

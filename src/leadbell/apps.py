from django.apps import AppConfig


class Leadbell(AppConfig):
    name = "leadbell"
    verbose_name = "Leadbell"

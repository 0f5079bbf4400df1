"""How values are said on screen."""

from django import template

register = template.Library()

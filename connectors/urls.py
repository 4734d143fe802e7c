"""Addresses of this app."""

from django.urls import path

from connectors.views import health

app_name = "connectors"
urlpatterns = [
    path("health/", health.overview, name="health"),
]

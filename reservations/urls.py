"""Addresses of this app."""

from django.urls import path

from reservations.views import people

app_name = "reservations"
urlpatterns = [
    path("people/", people.people, name="people"),
    path("people/<str:public_id>/", people.person, name="person"),
    path("people/<str:public_id>/<slug:action>/", people.person_act, name="person-act"),
]

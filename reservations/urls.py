"""Addresses of this app."""

from django.urls import path

from reservations.views import people, sequences

app_name = "reservations"
urlpatterns = [
    path("people/", people.people, name="people"),
    path("people/<str:public_id>/", people.person, name="person"),
    path("people/<str:public_id>/<slug:action>/", people.person_act, name="person-act"),
    path("sequences/", sequences.sequences, name="sequences"),
    path("sequences/forecast/", sequences.calendar, name="forecast"),
    path("sequences/<str:public_id>/", sequences.sequence, name="sequence"),
    path("sequences/<str:public_id>/publish/", sequences.publish, name="publish-sequence"),
    path("sequences/<str:public_id>/state/<slug:how>/", sequences.change_state, name="sequence-state"),
    path("scheduled/<str:public_id>/<slug:how>/", sequences.scheduled, name="scheduled"),
]

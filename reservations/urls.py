"""Addresses of this app."""

from django.urls import path

from reservations.views import editor, forecast, people, requests, results, sequences, stays, work

app_name = "reservations"
urlpatterns = [
    path("people/", people.people, name="people"),
    path("people/<str:public_id>/", people.person, name="person"),
    path("people/<str:public_id>/<slug:action>/", people.person_act, name="person-act"),
    path("sequences/", sequences.sequences, name="sequences"),
    path("sequences/forecast/", forecast.show, name="forecast"),
    path("sequences/results/", results.overview, name="all-results"),
    path("sequences/new/", editor.create, name="create-sequence"),
    path("sequences/<str:public_id>/", editor.editor, name="sequence"),
    path("sequences/<str:public_id>/results/", results.results, name="results"),
    path("sequences/<str:public_id>/results/<slug:what>/", results.listed, name="result-list"),
    path("sequences/<str:public_id>/name/", editor.rename, name="rename-sequence"),
    path("sequences/<str:public_id>/steps/", editor.steps, name="sequence-steps"),
    path("sequences/<str:public_id>/steps/<slug:key>/", editor.save, name="save-step"),
    path("sequences/<str:public_id>/steps/<slug:key>/preview/", editor.preview, name="preview"),
    path("sequences/<str:public_id>/steps/<slug:key>/stays/", editor.stays, name="preview-stays"),
    path("sequences/<str:public_id>/steps/<slug:key>/missing/", editor.missing, name="missing"),
    path("sequences/<str:public_id>/steps/<slug:key>/try/", editor.try_step, name="try-step"),
    path("sequences/<str:public_id>/versions/", editor.versions, name="versions"),
    path("sequences/<str:public_id>/versions/<int:number>/restore/", editor.restore, name="restore-version"),
    path("sequences/<str:public_id>/publish/", sequences.publish, name="publish-sequence"),
    path("sequences/<str:public_id>/state/<slug:how>/", sequences.change_state, name="sequence-state"),
    path("stays/<str:public_id>/sequences/", stays.put_on, name="put-on"),
    path("stays/<str:public_id>/messages/<slug:how>/", stays.pause, name="pause-stay"),
    path("stays/<str:public_id>/hold/<slug:how>/", stays.hold, name="legal-hold"),
    path("stays/<str:public_id>/requests/", requests.ask, name="ask"),
    path("stays/<str:public_id>/work/", work.order, name="order-work"),
    path("ordered/<str:public_id>/again/", work.order_again, name="order-again"),
    path("work/<str:public_id>/state/", work.set_state, name="work-state"),
    path("requests/<str:public_id>/<slug:how>/", requests.decide, name="decide-request"),
    path("scheduled/<str:public_id>/<slug:how>/", sequences.scheduled, name="scheduled"),
]

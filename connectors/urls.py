"""Addresses of this app."""

from django.urls import path

from connectors.views import cases, connect, drift, health, ownership, proof, public, replay

app_name = "connectors"
urlpatterns = [
    path("drift/", drift.list_page, name="drift"),
    path("drift/act/", drift.act, name="drift-act"),
    path("drift/compare/", drift.compare_now, name="drift-compare"),
    path("drift/<str:public_id>/", drift.detail, name="drift-detail"),
    path("ownership/", ownership.log_page, name="ownership"),
    path("ownership/<str:public_id>/reviewed/", ownership.mark, name="rules-reviewed"),
    path("ownership/<str:public_id>/sign-off/", ownership.sign_off, name="rules-sign-off"),
    path("ownership/<str:public_id>/<slug:entity>/<slug:field>/", ownership.field_page, name="rule"),
    path("health/", health.overview_page, name="health"),
    path("health/connect/", connect.choose, name="connect"),
    path("health/connect/<slug:slug>/", connect.add, name="connect-to"),
    path("health/connections/<str:public_id>/", health.detail, name="detail"),
    path("health/connections/<str:public_id>/replay/", replay.replay_range, name="replay-range"),
    path("health/connections/<str:public_id>/credentials/", health.reauthenticate, name="reauthenticate"),
    path("health/connections/<str:public_id>/ledger/", proof.ledger_page, name="ledger"),
    path("health/connections/<str:public_id>/ledger/publish/", proof.publish_ledger, name="publish-ledger"),
    path("proof/<str:token>/", public.ledger_page, name="public-ledger"),
    path("health/connections/<str:public_id>/stage/", proof.stage_page, name="stage"),
    path("health/connections/<str:public_id>/stage/change/", proof.change_stage, name="change-stage"),
    path("health/connections/<str:public_id>/rehearsals/", proof.rehearsals_page, name="rehearsals"),
    path(
        "health/connections/<str:public_id>/rehearsals/start/", proof.start_rehearsal, name="start-rehearsal"
    ),
    path("health/rehearsals/<str:public_id>/", proof.rehearsal_page, name="rehearsal"),
    path("health/connections/<str:public_id>/<slug:action>/", health.connection_act, name="connection-act"),
    path("health/deliveries/<int:number>/", health.delivery_page, name="delivery"),
    path("health/deliveries/<int:number>/<slug:action>/", health.delivery_act, name="delivery-act"),
    path("health/commands/<str:public_id>/cancel/", health.cancel_command, name="cancel-command"),
    path("cases/<slug:kind>/<str:public_id>/", cases.case_page, name="case"),
    path("cases/<slug:kind>/<str:public_id>/open/", cases.open_case, name="open-case"),
    path("health/incidents/<str:public_id>/close/", cases.close_case, name="close-case"),
    path("health/incidents/<str:public_id>/acknowledge/", health.acknowledge, name="acknowledge"),
]

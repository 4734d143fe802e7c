"""Addresses of this app."""

from django.urls import path

from connectors.views import health

app_name = "connectors"
urlpatterns = [
    path("health/", health.overview_page, name="health"),
    path("health/connections/<str:public_id>/", health.detail, name="detail"),
    path("health/connections/<str:public_id>/credentials/", health.reauthenticate, name="reauthenticate"),
    path("health/connections/<str:public_id>/<slug:action>/", health.connection_act, name="connection-act"),
    path("health/deliveries/<int:number>/", health.delivery_page, name="delivery"),
    path("health/deliveries/<int:number>/<slug:action>/", health.delivery_act, name="delivery-act"),
    path("health/commands/<str:public_id>/cancel/", health.cancel_command, name="cancel-command"),
    path("health/incidents/<str:public_id>/acknowledge/", health.acknowledge, name="acknowledge"),
]

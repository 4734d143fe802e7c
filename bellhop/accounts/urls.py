"""Addresses of this app."""

from django.urls import path

from bellhop.accounts import views

app_name = "accounts"
urlpatterns = [
    path("settings/", views.own_settings, name="settings"),
    path("settings/organization/", views.house_rules, name="house-rules"),
    path("settings/keys/", views.own_keys, name="keys"),
    path("invite/<str:token>/", views.invite, name="invite"),
    path("audit/", views.audit_log, name="audit"),
    path("settings/theme/", views.theme, name="theme"),
]

"""Addresses of this app."""

from django.urls import path

from inbox.views import bulk, notices, pages, preferences, triage, writing

app_name = "inbox"
urlpatterns = [
    path("", pages.home, name="home"),
    path("inbox/<slug:view>/", pages.thread_list, name="list"),
    path("inbox/<slug:view>/rows/", pages.thread_rows, name="rows"),
    path("inbox/<slug:view>/filters/", pages.filters, name="filters"),
    path("inbox/<slug:view>/bulk/", bulk.change, name="bulk"),
    path("inbox/<slug:view>/<str:public_id>/", pages.thread_page, name="thread"),
    path("counts/", pages.counts, name="counts"),
    path("search/", pages.search, name="search"),
    path("bulk/undo/", bulk.undo, name="bulk-undo"),
    path("bulk/menu/<slug:what>/", bulk.menu, name="bulk-menu"),
    path("views/", triage.save_view, name="save-view"),
    path("views/<str:public_id>/delete/", triage.delete_view, name="delete-view"),
    path("notices/", notices.menu, name="notices"),
    path("notices/count/", notices.count, name="notices-count"),
    path("notices/read/", notices.read, name="notices-read"),
    path("notices/mute/", notices.mute, name="notices-mute"),
    path("notices/browser/", notices.browser, name="notices-browser"),
    path("settings/inbox/", preferences.preferences, name="preferences"),
    path("snoozes/<str:public_id>/remove/", preferences.remove_snooze, name="remove-snooze"),
    path("threads/<str:public_id>/log/", pages.log, name="log"),
    path("threads/<str:public_id>/head/", pages.head, name="head"),
    path("threads/<str:public_id>/row/", pages.row, name="row"),
    path("threads/<str:public_id>/read/", triage.mark_read, name="read"),
    path("threads/<str:public_id>/reply/", writing.send_reply, name="reply"),
    path("threads/<str:public_id>/note/", writing.add_note, name="note"),
    path("threads/<str:public_id>/draft/", writing.save_draft, name="draft"),
    path("threads/<str:public_id>/take-over/", writing.take_over, name="take-over"),
    path("threads/<str:public_id>/canned/", writing.canned_replies, name="canned"),
    path("threads/<str:public_id>/candidates/", triage.candidates, name="candidates"),
    path("threads/<str:public_id>/door-code/", triage.door_code, name="door-code"),
    path("threads/<str:public_id>/stay/<slug:how>/", triage.link, name="link"),
    path("threads/<str:public_id>/do/<slug:action>/", triage.act, name="act"),
    path("messages/<str:public_id>/undo/", writing.undo, name="undo"),
    path("messages/<str:public_id>/later/", writing.change_later, name="later"),
    path("messages/<str:public_id>/send-now/", writing.send_now, name="send-now"),
    path("messages/<str:public_id>/send-again/", writing.send_again, name="send-again"),
    path("messages/<str:public_id>/arrived/", writing.mark_arrived, name="arrived"),
    path("notes/<str:public_id>/to-pms/", writing.note_to_pms, name="note-to-pms"),
]

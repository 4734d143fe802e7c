/** Asks the server for its state every second, and turns buttons into control requests. */

import { PMS, control, filled } from "./dom.js";
import * as panels from "./panels.js";

const byId = (id) => document.getElementById(id);
let open = new URLSearchParams(location.search).get("thread");
let view = null;
let shownDates = "";
let changing = null;

async function refresh() {
  view = await control("GET", open ? `/overview?thread=${encodeURIComponent(open)}` : "/overview");
  show();
}

function show() {
  byId("now").textContent = view.now.slice(0, 19).replace("T", " ");
  panels.pms(view);
  panels.units(view);
  panels.rooms(view, (id, state) => act("Changed", () => control("POST", `/units/${id}/cleaning`, { state })));
  panels.tasks(view, (id, status) => act("Changed", () => control("POST", `/tasks/${id}`, { status })));
  panels.threads(view, open, choose);
  panels.stays(view, open, choose, byId("stay-filter").value);
  panels.opened(view, "/notes/{id}" in view.pms.lacks ? null : editNote);
  panels.faults(view, flip);
  panels.webhooks(view, (id) => act("Sent again", () => control("POST", "/redeliver", { id })));
  panels.requests(view);
  const stay = view.open?.stay;
  const dates = stay ? [stay.id, ...Object.values(panels.datesOf(stay))].join() : "";
  if (dates !== shownDates) panels.fillDates(stay);
  shownDates = dates;
}

function say(text, tone = "") {
  byId("said").textContent = text;
  byId("said").dataset.tone = tone;
}

/** Do something, say how it went, show what came of it. */
async function act(done, deed) {
  try {
    const answer = await deed();
    say(typeof done === "function" ? done(answer) : done);
    await refresh();
    return answer;
  } catch (error) {
    say(error.message, "bad");
    return null;
  }
}

async function choose(thread) {
  open = thread;
  changeNote(null);
  history.replaceState(null, "", PMS === "guesty" ? `?thread=${thread}` : `?pms=${PMS}&thread=${thread}`);
  await refresh();
  byId("post-box").scrollTop = byId("post-box").scrollHeight;
  byId("p-open").focus();
}

/** A note goes into the form for notes, or away. */
function editNote(row, keep) {
  if (keep) changeNote(row);
  else act("Deleted", () => control("DELETE", `/notes/${row.id}`));
}

function changeNote(row) {
  changing = row?.id ?? null;
  byId("s-note").value = row?.body ?? "";
  byId("note-send").textContent = row ? "Change note" : "Add note";
  byId("note-leave").hidden = !row;
  if (row) byId("s-note").focus();
}

/** Where what is said goes to: a note that is being changed has a place of its own. */
function sayPath(kind) {
  return changing && kind === "staff-notes" ? `/notes/${changing}` : `/conversations/${open}/${kind}`;
}

function flip(kind, on) {
  const body = { enabled: on, ...JSON.parse(byId("how-often").value) };
  act(on ? `${kind} is on` : `${kind} is off`, () =>
    on ? control("PUT", `/faults/${kind}`, body) : switchOff(kind));
}

/** Every fault of the kind, whatever it is called: tests give them names of their own. */
async function switchOff(kind) {
  const { faults } = await control("GET", "/faults");
  const named = faults.filter((fault) => fault.kind === kind);
  await Promise.all(named.map((fault) => control("PATCH", `/faults/${encodeURIComponent(fault.id)}`, { enabled: false })));
}

function onSubmit(form, deed) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    deed(form);
  });
}

for (const form of document.querySelectorAll("[data-say]")) {
  onSubmit(form, async () => {
    const said = await act("Posted", () => control("POST", sayPath(form.dataset.say), filled(form)));
    if (said) form.elements.body.value = "";
    if (said && form.dataset.say === "staff-notes") changeNote(null);
    byId("post-box").scrollTop = byId("post-box").scrollHeight;
  });
}
onSubmit(byId("book"), async (form) => {
  const values = filled(form);
  const told = (answer) => `Booked ${answer.reservation.code || answer.reservation.id} in ${answer.reservation.unit}`;
  const made = await act(told, () => control("POST", "/book", values));
  if (made) await choose(made.reservation.conversation_id);
});
onSubmit(byId("dates"), (form) => {
  const { stay } = view.open;
  const shown = panels.datesOf(stay);
  const changed = Object.entries(filled(form)).filter(([name, value]) => shown[name] !== value);
  act("Dates changed", () => control("POST", `/reservations/${stay.id}/dates`, Object.fromEntries(changed)));
});
/** The first room that isn't assigned yet, where a stay has several. */
onSubmit(byId("move"), (form) => {
  const { stay } = view.open;
  const room = Math.max(stay.rooms.findIndex((row) => row.room === null), 0);
  act("Moved", () => control("POST", `/reservations/${stay.id}/move`, { ...filled(form), room }));
});
onSubmit(byId("add-task"), async (form) => {
  const made = await act("Task added", () => control("POST", "/tasks", { ...filled(form), reservation: view?.open?.stay?.id }));
  if (made) form.reset();
});
byId("note-leave").addEventListener("click", () => changeNote(null));
for (const button of document.querySelectorAll("[data-deed]")) {
  button.addEventListener("click", () => act("Done", () =>
    control("POST", `/reservations/${view.open.stay.id}/${button.dataset.deed}`, {})));
}
for (const button of document.querySelectorAll("[data-clock]")) {
  button.addEventListener("click", () => act("Clock moved", () =>
    control("POST", "/clock", { forward: Number(button.dataset.clock) })));
}
byId("real-time").addEventListener("click", () => act("Real time", () => control("POST", "/clock", { offset: 0 })));
byId("reset").addEventListener("click", () => {
  open = null;
  act("All is as at the first start", () => control("POST", "/reset", { keep: ["subscriptions", "tokens"] }));
});
byId("stay-filter").addEventListener("input", () => view && show());

/** One request at a time; none while nobody looks. */
async function keepFresh() {
  if (!document.hidden) await refresh().catch(() => say("The sandbox doesn't answer", "bad"));
  setTimeout(keepFresh, 1000);
}
await keepFresh();

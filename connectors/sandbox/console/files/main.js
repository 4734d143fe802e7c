/** Asks the server for its state every second, and turns buttons into control requests. */

import { control, filled } from "./dom.js";
import * as panels from "./panels.js";

const byId = (id) => document.getElementById(id);
let open = new URLSearchParams(location.search).get("thread");
let view = null;
let shownDates = "";

async function refresh() {
  view = await control("GET", open ? `/overview?thread=${encodeURIComponent(open)}` : "/overview");
  show();
}

function show() {
  byId("now").textContent = view.now.slice(0, 19).replace("T", " ");
  panels.units(view);
  panels.threads(view, open, choose);
  panels.stays(view, open, choose, byId("stay-filter").value);
  panels.opened(view);
  panels.faults(view, flip);
  panels.webhooks(view, (id) => act("Sent again", () => control("POST", "/redeliver", { id })));
  panels.requests(view);
  const stay = view.open?.stay;
  const dates = stay ? [stay.id, stay.arrival, stay.departure, stay.planned_arrival, stay.planned_departure].join() : "";
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
  history.replaceState(null, "", `?thread=${thread}`);
  await refresh();
  byId("post-box").scrollTop = byId("post-box").scrollHeight;
  byId("p-open").focus();
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
    const said = await act("Posted", () => control("POST", `/conversations/${open}/${form.dataset.say}`, filled(form)));
    if (said) form.elements.body.value = "";
    byId("post-box").scrollTop = byId("post-box").scrollHeight;
  });
}
onSubmit(byId("book"), async (form) => {
  const values = filled(form);
  const told = (answer) => `Booked ${answer.reservation.code} in ${answer.reservation.unit}`;
  const made = await act(told, () => control("POST", "/book", values));
  if (made) await choose(made.reservation.conversation_id);
});
onSubmit(byId("dates"), (form) => act("Dates changed", () =>
  control("POST", `/reservations/${view.open.stay.id}/dates`, filled(form))));
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

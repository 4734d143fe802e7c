/** One function per panel: takes the overview that the server sent and shows its part. */

import { clock, el, sync } from "./dom.js";

const byId = (id) => document.getElementById(id);
const WHO = { inbound: "guest", outbound: "front desk", note: "note", log: "log" };
const PRESENCE = { checked_in: "IN HOUSE", checked_out: "LEFT", no_show: "NO SHOW" };

export function threads(view, open, choose) {
  byId("thread-count").textContent = view.threads.length;
  const rows = view.threads.map((row) => ({ ...row, open: row.id === open }));
  sync(byId("threads"), rows, (row) => row.id, (row) =>
    el("li", {}, el("button", { type: "button", "aria-pressed": String(row.open), click: () => choose(row.id) },
      el("b", {}, row.unit), el("bdi", { class: row.read ? "" : "unread" }, row.guest),
      el("span", {}, row.kind === "owner" ? "OWNER" : row.read ? "" : "NEW"),
      el("small", { dir: "auto" }, row.last))));
}

export function stays(view, open, choose, wanted) {
  const fits = (row) => `${row.unit} ${row.guest} ${row.code}`.toLowerCase().includes(wanted.toLowerCase());
  const rows = view.stays.filter(fits).map((row) => ({ ...row, open: row.thread === open }));
  byId("stay-count").textContent = rows.length;
  sync(byId("stays"), rows, (row) => row.id, (row) =>
    el("li", {}, el("button", { type: "button", "aria-pressed": String(row.open), click: () => choose(row.thread) },
      el("b", {}, row.unit), el("bdi", {}, row.guest),
      el("span", {}, standing(row, view.pms.statuses[0])),
      el("small", {}, `${row.arrival} to ${row.departure}, ${row.code}`))));
}

/** What is worth saying beside a stay: nothing if it is as stays are before somebody comes. */
function standing(row, usual) {
  if (row.status !== usual) return PRESENCE[row.status] ?? row.status.toUpperCase();
  return PRESENCE[row.presence] ?? "";
}

export function opened(view, edit) {
  const open = view.open;
  byId("nothing-open").hidden = Boolean(open);
  byId("opened").hidden = !open;
  if (!open) return;
  const heading = byId("p-open");
  heading.firstChild.textContent = `${open.stay?.unit ?? ""} ${open.conversation.guest_name ?? ""} `;
  heading.lastElementChild.textContent = open.stay?.code ?? "";
  byId("stay-part").hidden = !open.stay;
  if (open.stay) facts(open.stay);
  sync(byId("posts"), open.posts, (row) => row.id, (row) => post(row, edit));
}

function facts(stay) {
  const times = [stay.planned_arrival && `in ${stay.planned_arrival}`, stay.planned_departure && `out ${stay.planned_departure}`];
  const rooms = stay.room_names.map((room) => `${room.name}${room.state ? ` ${room.state.replaceAll("_", " ")}` : ""}`).join(", ");
  const parts = [stay.status, rooms || null, stay.presence === "not_set" ? null : PRESENCE[stay.presence].toLowerCase(),
    `${stay.arrival} to ${stay.departure}`, ...times, stay.property, stay.source, stay.note || null];
  byId("stay-facts").textContent = parts.filter(Boolean).join(" · ");
}

/** Put the stay's dates into the form; only when another thread is opened or the dates were changed. */
export function fillDates(stay) {
  const form = byId("dates");
  const shown = datesOf(stay);
  for (const name of Object.keys(shown)) form.elements[name].value = shown[name];
}

/** Dates and times of a stay as the form has them; one PMS keeps whole hours. */
export function datesOf(stay) {
  const hour = (value) => (typeof value === "number" ? `${String(value).padStart(2, "0")}:00` : "");
  return {
    arrival: stay?.arrival ?? "",
    departure: stay?.departure ?? "",
    planned_arrival: stay?.planned_arrival ?? hour(stay?.extra.checkInTime),
    planned_departure: stay?.planned_departure ?? hour(stay?.extra.checkOutTime),
  };
}

function post(row, edit) {
  const who = row.author === "api" ? (row.direction === "note" ? "api note" : "api") : WHO[row.direction];
  const mine = row.direction === "outbound" ? "us" : "";
  return el("li", { class: mine }, el("b", {}, who), el("span", { dir: "auto" }, row.body),
    el("small", {}, `${clock(row.created_at)} ${row.module} ${row.author_name} postId ${row.id}`),
    edit && row.direction === "note" ? el("span", { class: "row" },
      el("button", { type: "button", click: () => edit(row, true) }, "edit"),
      el("button", { type: "button", click: () => edit(row, false) }, "delete")) : null);
}

export function faults(view, flip) {
  byId("fault-count").textContent = `${view.faults.filter((fault) => fault.on).length} on`;
  sync(byId("faults"), view.faults, (fault) => fault.kind, (fault) =>
    el("li", {}, el("input", { type: "checkbox", id: `f-${fault.kind}`, checked: fault.on,
      "aria-describedby": `h-${fault.kind}`, change: (event) => flip(fault.kind, event.target.checked) }),
      el("label", { for: `f-${fault.kind}` }, fault.label),
      el("span", { id: `h-${fault.kind}` }, String(fault.hits), el("span", { class: "sr" }, " hits"))));
}

export function webhooks(view, again) {
  byId("hook-count").textContent = `${view.owed} owed`;
  sync(byId("hooks"), view.deliveries, (row) => row.id, (row) => {
    const last = row.attempts.at(-1);
    const tone = { delivered: "good", pending: "" }[row.state] ?? "bad";
    const answer = last ? String(last.status ?? last.error) : "";
    return el("tr", {}, el("td", {}, clock(row.created_at)), el("td", {}, row.event), el("td", { class: tone }, row.state),
      el("td", {}, String(row.tries)), el("td", {}, answer), el("td", {}, row.state === "pending" ? clock(row.due_at) : ""),
      el("td", {}, row.message_id), el("td", {}, row.faults.join(", ")),
      el("td", {}, el("button", { type: "button", "aria-label": `Send ${row.message_id} again`, click: () => again(row.id) }, "again")));
  });
}

export function requests(view) {
  byId("wire-count").textContent = `last ${view.requests.length}`;
  sync(byId("wire"), view.requests, (row) => String(row.number), (row) =>
    el("tr", {}, el("td", {}, clock(row.at)), el("td", {}, `${row.method} ${row.path}`),
      el("td", { class: row.status >= 200 && row.status < 400 ? "good" : "bad" }, row.status ? String(row.status) : "cut"),
      el("td", {}, String(row.ms)), el("td", {}, row.faults.join(", "))));
}

/** What the PMS lacks isn't offered; why is said in a sentence. */
export function pms(view) {
  const { name, title, lacks } = view.pms;
  document.title = `SANDBOX PMS console: ${title}, not Bellhop`;
  for (const link of byId("pms").children) {
    if (link.dataset.pms === name) link.setAttribute("aria-current", "page");
  }
  for (const part of document.querySelectorAll("[data-path]")) part.hidden = part.dataset.path in lacks;
  const reason = lacks["/conversations/{id}/guest-writes"];
  byId("lacking").hidden = !reason;
  byId("lacking").textContent = reason ?? "";
  byId("room-panel").hidden = !view.pms.conditions.length;
  byId("task-panel").hidden = !view.pms.task_statuses.length;
  options("b-source", view.pms.sources);
  options("b-status", view.pms.statuses.map((status) => [status, status]));
  options("s-module", [["", "as before"], ...view.pms.modules.map((module) => [module, module])]);
}

function options(id, pairs) {
  sync(byId(id), pairs, (pair) => pair[0], ([value, label]) => el("option", { value }, label));
}

export function rooms(view, change) {
  byId("room-count").textContent = `${view.rooms.filter((room) => room.condition === "dirty").length} dirty`;
  states("rooms", view.rooms, (room) => room.name, (room) => room.condition, view.pms.conditions, change);
}

export function tasks(view, change) {
  byId("task-count").textContent = view.tasks.length;
  states("tasks", view.tasks, (task) => task.title, (task) => task.status, view.pms.task_statuses, change);
}

function states(id, rows, label, state, known, change) {
  sync(byId(id), rows, (row) => row.id, (row) => {
    const names = known.includes(state(row)) ? known : [...known, state(row)];
    const choice = el("select", { id: `${id}-${row.id}`, change: (event) => change(row.id, event.target.value) },
      ...names.map((name) => el("option", { selected: name === state(row) }, name)));
    return el("li", {}, el("label", { for: `${id}-${row.id}` }, label(row)), choice);
  });
}

export function units(view) {
  options("b-unit", [["", "any"], ...view.units.map(([name, key]) => [key, name])]);
  options("m-unit", view.units.map(([name, key]) => [key, name]));
}

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
      el("span", {}, row.status === "confirmed" ? PRESENCE[row.presence] ?? "" : row.status.toUpperCase()),
      el("small", {}, `${row.arrival} to ${row.departure}, ${row.code}`))));
}

export function opened(view) {
  const open = view.open;
  byId("nothing-open").hidden = Boolean(open);
  byId("opened").hidden = !open;
  if (!open) return;
  const heading = byId("p-open");
  heading.firstChild.textContent = `${open.stay?.unit ?? ""} ${open.conversation.guest_name ?? ""} `;
  heading.lastElementChild.textContent = open.stay?.code ?? "";
  byId("stay-part").hidden = !open.stay;
  if (open.stay) facts(open.stay);
  sync(byId("posts"), open.posts, (post) => post.id, post);
}

function facts(stay) {
  const times = [stay.planned_arrival && `in ${stay.planned_arrival}`, stay.planned_departure && `out ${stay.planned_departure}`];
  const parts = [stay.status, stay.presence === "not_set" ? null : PRESENCE[stay.presence].toLowerCase(),
    `${stay.arrival} to ${stay.departure}`, ...times, stay.property, stay.source, stay.note || null];
  byId("stay-facts").textContent = parts.filter(Boolean).join(" · ");
}

/** Put the stay's dates into the form; only when another thread is opened or the dates were changed. */
export function fillDates(stay) {
  const form = byId("dates");
  for (const name of ["arrival", "departure", "planned_arrival", "planned_departure"]) {
    form.elements[name].value = stay?.[name] ?? "";
  }
}

function post(row) {
  const who = row.author === "api" ? (row.direction === "note" ? "api note" : "api") : WHO[row.direction];
  const mine = row.direction === "outbound" ? "us" : "";
  return el("li", { class: mine }, el("b", {}, who), el("span", { dir: "auto" }, row.body),
    el("small", {}, `${clock(row.created_at)} ${row.module} ${row.author_name} postId ${row.id}`));
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

export function units(view) {
  const select = byId("b-unit");
  sync(select, [["any", ""], ...view.units], (unit) => unit[1], ([name, key]) => el("option", { value: key }, name));
}

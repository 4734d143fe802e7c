/** The guests' phones: what is on the screen, what is written, what is the matter with them. */

import { ask, clock, el, filled, linked, sync } from "./dom.js";
import { act, keepFresh, readFiles, showProvider } from "./providers.js";

const byId = (id) => document.getElementById(id);
const MARKS = [["airplane", "Airplane mode"], ["landline", "Landline"], ["blocked", "Blocks the property"],
  ["whatsapp", "Has WhatsApp"], ["receipts", "Read receipts"], ["hides_number", "Hides its number"],
  ["stops_marketing", "No marketing by WhatsApp"]];
const STATES = { read: "read", delivered: "arrived" };
let open = new URLSearchParams(location.search).get("phone");
let app = new URLSearchParams(location.search).get("app") ?? "sms";
let view = null;
let shownPhone = null;

const doing = (done, deed) => act(done, deed, refresh);
const phonePath = (rest) => `/phones/${encodeURIComponent(open)}${rest}`;

async function refresh() {
  view = await ask("GET", "/phones");
  byId("now").textContent = view.now.slice(0, 19).replace("T", " ");
  showPhones();
  showLines();
  if (open) showPhone(await ask("GET", phonePath("/messages?all=1")));
  const { templates } = await ask("GET", "/whatsapp/templates");
  showTemplates(templates);
  await showProvider(byId("f-provider").value, refresh);
}

function showPhones() {
  const wanted = byId("phone-filter").value.toLowerCase();
  const rows = view.phones.filter((row) => `${row.name} ${row.id}`.toLowerCase().includes(wanted))
    .sort((a, b) => (b.last_at ?? "").localeCompare(a.last_at ?? ""));
  byId("phone-count").textContent = view.phones.length;
  byId("no-phones").hidden = rows.length > 0;
  sync(byId("phones"), rows.map((row) => ({ ...row, open: row.id === open })), (row) => row.id, (row) =>
    el("li", {}, el("button", { type: "button", "aria-pressed": String(row.open), click: () => choose(row.id) },
      el("b", {}, row.name), el("span", {}, row.last_at ? clock(row.last_at) : ""),
      el("small", { dir: "auto" }, `${row.id} ${row.last_body}`))));
}

function showPhone({ phone, messages }) {
  byId("nothing-open").hidden = true;
  byId("opened").hidden = byId("mark-panel").hidden = false;
  byId("p-open").firstChild.textContent = `${phone.name} `;
  byId("p-open").lastElementChild.textContent = phone.id;
  for (const tab of document.querySelectorAll("[data-app]")) tab.setAttribute("aria-pressed", String(tab.dataset.app === app));
  const here = messages.filter((row) => row.kind === app);
  const arrived = here.filter((row) => row.inbound || ["delivered", "read"].includes(row.state));
  const underway = here.filter((row) => !row.inbound && !["delivered", "read"].includes(row.state));
  byId("underway").textContent = underway.length ? `${underway.length} not arrived: ${underway.at(-1).state} ${underway.at(-1).error || ""}` : "";
  byId("empty").hidden = arrived.length > 0;
  const screen = byId("screen");
  const atEnd = screen.scrollTop + screen.clientHeight >= screen.scrollHeight - 40;
  sync(byId("bubbles"), arrived, (row) => row.id, bubble);
  if (atEnd || shownPhone !== phone.id + app) screen.scrollTop = screen.scrollHeight;
  if (shownPhone !== phone.id + app) showTargets();
  if (shownPhone?.slice(0, -app.length) !== phone.id) fillCodes(phone);
  shownPhone = phone.id + app;
  showMarks(phone);
}

function bubble(row) {
  const ticks = row.inbound ? (row.read_at ? "seen by the property" : "") : (row.read_at ? "read" : STATES[row.state] ?? row.state);
  const who = row.author === "provider" ? "automatic" : "";
  const special = row.extra.type && row.extra[row.extra.type] && !row.body ? JSON.stringify(row.extra[row.extra.type]) : "";
  return el("li", { class: row.inbound ? "mine" : row.read_at ? "" : "unread" },
    ...row.files.map(file), row.body || special ? el("span", { dir: "auto" }, ...linked(row.body || special)) : null,
    ...(row.extra.buttons ?? []).map((title) => el("button", { type: "button", click: () => press(row, title) }, title)),
    el("small", {}, [clock(row.created_at), who, ticks].filter(Boolean).join(", ")));
}

function file(row) {
  const name = row.filename || row.mime;
  if (row.mime.startsWith("image/")) return el("img", { src: row.url, alt: name });
  if (row.mime.startsWith("audio/")) return el("audio", { src: row.url, controls: true });
  if (row.mime.startsWith("video/")) return el("video", { src: row.url, controls: true });
  return el("a", { href: row.url, download: name }, name);
}

function press(row, title) {
  const button_reply = { id: title, title };
  doing("Pressed", () => ask("POST", phonePath("/whatsapp"),
    { type: "interactive", interactive: { type: "button_reply", button_reply }, body: title, quotes: row.id, to: row.ours }));
}

function showTargets() {
  const lines = view.lines.filter((line) => line.kind === app);
  const first = lines.toSorted((a, b) => b.provider.localeCompare(a.provider));
  sync(byId("w-to"), first, (line) => line.id, (line) => el("option", { value: line.id }, `${line.id} (${line.provider})`));
}

function fillCodes(phone) {
  byId("c-refuses").value = phone.refuses_with;
  byId("c-fails").value = phone.fails_with;
}

function showMarks(phone) {
  const rows = MARKS.map(([name, label]) => ({ name, label, on: phone[name] }));
  sync(byId("marks"), rows, (row) => row.name, (row) =>
    el("li", {}, el("input", { type: "checkbox", id: `m-${row.name}`, checked: row.on, change: (event) => mark(row, event.target.checked) }),
      el("label", { for: `m-${row.name}` }, row.label), el("span", {}, "")));
}

function mark(row, on) {
  doing(`${row.label}: ${on ? "on" : "off"}`, () => row.name === "stops_marketing"
    ? ask("POST", phonePath("/preference"), { value: on ? "stop" : "resume" })
    : ask("PATCH", phonePath(""), { [row.name]: on }));
}

function showLines() {
  const rows = view.lines.filter((line) => line.provider === "twilio");
  sync(byId("lines"), rows, (line) => line.id, (line) => {
    const field = (name, label) => el("p", {}, el("label", { for: `${line.id}-${name}` }, label),
      el("input", { id: `${line.id}-${name}`, name, type: "url", value: line[name] }));
    const form = el("form", { autocomplete: "off" }, el("b", {}, `${line.name} ${line.id.slice(0, 14)}`),
      field("inbound_url", "A message comes in"), field("fallback_url", "That fails"),
      line.kind === "service" ? field("status_url", "Statuses") : null, el("button", {}, "Save"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      doing("Saved", () => ask("PATCH", `/phones/lines/${encodeURIComponent(line.id)}`, Object.fromEntries(new FormData(form))));
    });
    return form;
  });
}

function showTemplates(rows) {
  byId("template-count").textContent = rows.length;
  const decide = (row, event) => doing(`${row.name}: ${event}`, () => ask("POST", `/whatsapp/templates/${row.id}`, { event }));
  sync(byId("templates"), rows, (row) => row.id, (row) =>
    el("tr", {}, el("td", {}, row.name), el("td", {}, row.language), el("td", {}, row.category), el("td", {}, row.status),
      el("td", {}, row.components.map((part) => part.text ?? "").join(" ")),
      el("td", {}, ...["APPROVED", "REJECTED", "PAUSED"].filter((event) => event !== row.status).map((event) =>
        el("button", { type: "button", "aria-label": `${event} ${row.name} ${row.language}`, click: () => decide(row, event) }, event.toLowerCase())))));
}

async function choose(number) {
  open = number;
  remember();
  await refresh();
  byId("p-open").focus();
}

function remember() {
  history.replaceState(null, "", `?${new URLSearchParams({ phone: open ?? "", app })}`);
}

async function send(body) {
  const files = await readFiles(byId("w-files"));
  if (!body && !files.length) return;
  const message = { body, files, to: byId("w-to").value };
  const sent = await doing("Sent", () => ask("POST", phonePath(app === "sms" ? "/text" : "/whatsapp"), message));
  if (!sent) return;
  byId("write").reset();
  byId("screen").scrollTop = byId("screen").scrollHeight;
}

function onSubmit(id, deed) {
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    deed(event.target);
  });
}

onSubmit("write", () => send(byId("w-body").value.trim()));
byId("w-body").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    byId("write").requestSubmit();
  }
});
for (const button of document.querySelectorAll("[data-word]")) button.addEventListener("click", () => send(button.dataset.word));
for (const tab of document.querySelectorAll("[data-app]")) {
  tab.addEventListener("click", () => {
    app = tab.dataset.app;
    remember();
    refresh();
  });
}
onSubmit("add", async (form) => {
  const made = await doing("Added", () => ask("POST", "/phones", filled(form)));
  if (!made) return;
  form.reset();
  await choose(made.id);
});
onSubmit("codes", (form) => doing("Codes set", () => ask("PATCH", phonePath(""),
  Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, Number(value)])))));
byId("read").addEventListener("click", () => doing("Read", () => ask("POST", phonePath("/read"), { kind: app })));
byId("phone-filter").addEventListener("input", () => view && showPhones());
byId("f-provider").addEventListener("change", () => refresh());
for (const button of document.querySelectorAll("[data-clock]")) {
  button.addEventListener("click", () => doing("Clock moved", () => ask("POST", "/phones/clock", { forward: Number(button.dataset.clock) })));
}
byId("real-time").addEventListener("click", () => doing("Real time", () => ask("POST", "/phones/clock", { offset: 0 })));
byId("reset").addEventListener("click", () => doing("All is as at the first start", () => ask("POST", "/phones/reset", {})));
await keepFresh(refresh);

/** The guests' mailboxes, and the hotel's: read, answer, write, be away, not exist. */

import { ask, clock, el, filled, linked, sync } from "./dom.js";
import { act, keepFresh, readFiles, showProvider } from "./providers.js";

const byId = (id) => document.getElementById(id);
const POPUPS = "allow-popups allow-popups-to-escape-sandbox";
const asked = new URLSearchParams(location.search);
let open = asked.get("box");
let folder = "INBOX";
let letterId = null;
let view = null;
let shownBox = null;

const doing = (done, deed) => act(done, deed, refresh);
const boxPath = (rest) => `/mail/${encodeURIComponent(open)}${rest}`;

async function refresh() {
  view = await ask("GET", "/mail");
  byId("now").textContent = view.now.slice(0, 19).replace("T", " ");
  byId("servers").textContent = `SMTP ${view.host}:${view.smtp_port}, IMAP ${view.host}:${view.imap_port}, login ${view.hotel}`;
  showBoxes();
  if (open) showBox(await ask("GET", boxPath(`/letters?folder=${folder}`)));
  await showProvider(byId("f-provider").value, refresh);
}

function showBoxes() {
  const wanted = byId("box-filter").value.toLowerCase();
  const rows = view.mailboxes.filter((row) => `${row.name} ${row.id}`.toLowerCase().includes(wanted));
  byId("box-count").textContent = view.mailboxes.length;
  byId("no-boxes").hidden = rows.length > 0;
  sync(byId("boxes"), rows.map((row) => ({ ...row, open: row.id === open })), (row) => row.id, (row) =>
    el("li", {}, el("button", { type: "button", "aria-pressed": String(row.open), click: () => choose(row.id) },
      el("b", {}, row.name), el("span", {}, row.letters ? String(row.letters) : ""), el("small", {}, row.id))));
}

function showBox({ mailbox, letters }) {
  byId("nothing-open").hidden = true;
  byId("opened").hidden = byId("mark-panel").hidden = byId("new-panel").hidden = false;
  byId("p-open").firstChild.textContent = `${mailbox.name} `;
  byId("p-open").lastElementChild.textContent = mailbox.id;
  for (const tab of document.querySelectorAll("[data-folder]")) tab.setAttribute("aria-pressed", String(tab.dataset.folder === folder));
  byId("empty").hidden = letters.length > 0;
  sync(byId("letters"), letters.map((row) => ({ ...row, open: row.id === letterId })), (row) => row.id, (row) =>
    el("li", {}, el("button", { type: "button", "aria-pressed": String(row.open), click: () => read(row.id) },
      el("b", { dir: "auto" }, row.subject || "(no subject)"), el("span", {}, clock(row.received_at)),
      el("small", { dir: "auto" }, folder === "Sent" ? `to ${row.to}` : row.from))));
  const letter = letters.find((row) => row.id === letterId);
  byId("letter-panel").hidden = !letter;
  byId("unsubscribe").hidden = !letter?.headers["List-Unsubscribe-Post"];
  byId("reply").hidden = folder === "Sent" || mailbox.ours;
  if (letter) showLetter(letter);
  if (shownBox !== mailbox.id) fillMarks(mailbox);
  shownBox = mailbox.id;
}

function showLetter(letter) {
  const facts = [["From", letter.from], ["To", letter.to], ["Subject", letter.subject], ["Date", letter.date],
    ...Object.entries(letter.headers), ["Message-ID", letter.message_id], ["Envelope", `${letter.envelope.sender || "<>"} to ${letter.envelope.recipient || "nobody"}`]];
  byId("p-letter").lastElementChild.textContent = letter.provider ? `by ${letter.provider}` : "";
  sync(byId("letter"), [letter], (row) => row.id, (row) => el("div", { class: "letter" },
    el("dl", {}, ...facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", { dir: "auto" }, value)])),
    row.html ? el("iframe", { src: row.html, sandbox: POPUPS, title: "The mail as HTML" })
      : el("pre", { dir: "auto" }, ...linked(row.text)),
    ...row.files.map((file) => el("a", { href: file.url, download: file.filename }, file.filename)),
    el("a", { href: row.raw }, "Source")));
}

function fillMarks(mailbox) {
  byId("m-state").value = mailbox.state;
  byId("m-away").value = mailbox.away;
  byId("w-to").value = mailbox.ours ? "" : view.hotel;
}

/** Set where the chosen provider reports, and show what is set. */
async function pointProvider(body) {
  const told = await ask("POST", `/${byId("k-provider").value}/webhooks-to`, body);
  byId("k-inbound").value = told.inbound_url;
  byId("k-tracking").value = told.tracking_url;
  const waiting = Object.entries(told.confirmed ?? {}).filter(([key, yes]) => !yes && told[`${key}_url`]).map(([key]) => key);
  byId("k-told").textContent = `Mail to ${told.domain} comes in there.`
    + (waiting.length ? ` Not confirmed when this was shown: ${waiting.join(", ")}.` : "");
}

async function choose(address) {
  open = address;
  letterId = null;
  history.replaceState(null, "", `?${new URLSearchParams({ box: address })}`);
  await refresh();
  byId("p-open").focus();
}

async function read(id) {
  letterId = id;
  await refresh();
  byId("p-letter").focus();
}

function onSubmit(id, deed) {
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    deed(event.target);
  });
}

onSubmit("reply", async (form) => {
  const body = { ...filled(form), letter: letterId, files: await readFiles(byId("r-files")) };
  if (await doing("Sent", () => ask("POST", boxPath("/reply"), body))) form.reset();
});
onSubmit("write", async (form) => {
  const body = { ...filled(form), files: await readFiles(byId("w-files")) };
  if (!await doing("Sent", () => ask("POST", boxPath("/send"), body))) return;
  form.reset();
  byId("w-to").value = view.hotel;
});
onSubmit("marks", (form) => doing("Set", () => ask("PATCH", boxPath(""), Object.fromEntries(new FormData(form)))));
onSubmit("reports", (form) => doing("Saved", () => pointProvider(Object.fromEntries(new FormData(form)))));
byId("unsubscribe").addEventListener("click", () => doing("Unsubscribed", () => ask("POST", "/mail/unsubscribe", { letter: letterId })));
byId("spam").addEventListener("click", () => doing("Complained", () => ask("POST", "/mail/complain", { letter: letterId })));
for (const tab of document.querySelectorAll("[data-folder]")) {
  tab.addEventListener("click", () => {
    folder = tab.dataset.folder;
    refresh();
  });
}
byId("box-filter").addEventListener("input", () => view && showBoxes());
byId("f-provider").addEventListener("change", () => refresh());
byId("k-provider").addEventListener("change", () => pointProvider({}));
await pointProvider({});
await keepFresh(refresh);

/** What the pages of the guests' side share: faults, webhooks and requests of one provider. */

import { ask, clock, el, sync } from "./dom.js";

const byId = (id) => document.getElementById(id);

export function say(text, tone = "") {
  byId("said").textContent = text;
  byId("said").dataset.tone = tone;
}

/** Do something, say how it went, then show what came of it. */
export async function act(done, deed, refresh) {
  try {
    const answer = await deed();
    say(done);
    await refresh();
    return answer;
  } catch (error) {
    say(error.message, "bad");
    return null;
  }
}

/** Faults, webhooks and requests of a provider, with their buttons. */
export async function showProvider(name, refresh) {
  const [{ kinds }, { faults }, hooks, wire] = await Promise.all([
    ask("GET", `/${name}/kinds`), ask("GET", `/${name}/faults`),
    ask("GET", `/${name}/deliveries?limit=20`), ask("GET", `/${name}/requests?limit=20`)]);
  showFaults(name, kinds, faults, refresh);
  showHooks(name, hooks, refresh);
  byId("wire-count").textContent = `last ${wire.requests.length}`;
  sync(byId("wire"), wire.requests, (row) => `${name}${row.number}`, (row) =>
    el("tr", {}, el("td", {}, clock(row.at)), el("td", {}, `${row.method} ${row.path}`),
      el("td", { class: row.status >= 200 && row.status < 400 ? "good" : "bad" }, row.status ? String(row.status) : "cut"),
      el("td", {}, String(row.ms)), el("td", {}, row.faults.join(", "))));
}

function showFaults(name, kinds, faults, refresh) {
  const rows = kinds.map((kind) => {
    const set = faults.filter((fault) => fault.kind === kind.kind);
    return { ...kind, name, on: set.some((fault) => fault.enabled), hits: set.reduce((sum, fault) => sum + fault.hits, 0) };
  });
  byId("fault-count").textContent = `${rows.filter((row) => row.on).length} on`;
  const flip = (kind, on) => act(on ? `${kind} is on` : `${kind} is off`, () => on
    ? ask("PUT", `/${name}/faults/${kind}`, { enabled: true, ...JSON.parse(byId("how-often").value) })
    : Promise.all(faults.filter((fault) => fault.kind === kind).map((fault) =>
      ask("PATCH", `/${name}/faults/${encodeURIComponent(fault.id)}`, { enabled: false }))), refresh);
  sync(byId("faults"), rows, (row) => `${name}-${row.kind}`, (row) =>
    el("li", {}, el("input", { type: "checkbox", id: `f-${row.kind}`, checked: row.on, "aria-describedby": `h-${row.kind}`,
      change: (event) => flip(row.kind, event.target.checked) }),
    el("label", { for: `f-${row.kind}` }, row.label),
    el("span", { id: `h-${row.kind}` }, String(row.hits), el("span", { class: "sr" }, " hits"))));
}

function showHooks(name, hooks, refresh) {
  byId("hook-count").textContent = `${hooks.count} in all`;
  const again = (id) => act("Sent again", () => ask("POST", `/${name}/redeliver`, { id }), refresh);
  sync(byId("hooks"), hooks.deliveries, (row) => row.id, (row) => {
    const last = row.attempts.at(-1);
    const tone = { delivered: "good", pending: "" }[row.state] ?? "bad";
    return el("tr", {}, el("td", {}, clock(row.created_at)), el("td", {}, row.event), el("td", { class: tone }, row.state),
      el("td", {}, String(row.tries)), el("td", {}, last ? [last.status ?? last.error, last.remark].filter(Boolean).join(" ") : ""), el("td", {}, row.url ?? ""),
      el("td", {}, row.faults.join(", ")),
      el("td", {}, el("button", { type: "button", "aria-label": `Send ${row.event} again`, click: () => again(row.id) }, "again")));
  });
}

/** Files of an input as the control API takes them. */
export function readFiles(input) {
  return Promise.all([...input.files].map(async (file) => {
    const bytes = new Uint8Array(await file.arrayBuffer());
    let text = "";
    for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return { mime: file.type || "application/octet-stream", filename: file.name, data: btoa(text) };
  }));
}

/** Ask again every second while somebody looks; one request at a time. */
export async function keepFresh(refresh) {
  if (!document.hidden) await refresh().catch(() => say("The sandbox doesn't answer", "bad"));
  setTimeout(() => keepFresh(refresh), 1000);
}

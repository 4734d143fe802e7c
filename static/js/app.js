// Starts what the page has. Failures of requests are said in words, and nothing that was typed is lost.
import * as live from "./live.js"
import * as panes from "./panes.js"
import * as list from "./list.js"
import * as thread from "./thread.js"
import * as drafts from "./drafts.js"
import * as canned from "./canned.js"
import * as composer from "./composer.js"
import * as files from "./files.js"
import * as mail from "./mail.js"
import * as panel from "./panel.js"
import * as viewer from "./viewer.js"
import * as keys from "./keys.js"
import * as menus from "./menus.js"
import * as notices from "./notices.js"
import * as palette from "./palette.js"
import * as paper from "./paper.js"
import * as sequence from "./sequence.js"
import * as portalLink from "./portal_link.js"
import * as session from "./session.js"

for (const part of [panes, list, thread, drafts, canned, files, mail, panel, viewer, composer, keys, menus, notices, palette, paper, portalLink, sequence, session]) part.start()
live.on("connection", () => document.body.dispatchEvent(new CustomEvent("bellhop:connection")))
live.on("incident", () => document.body.dispatchEvent(new CustomEvent("bellhop:connection")))
live.on("signed-out", session.signedOut)
session.whenBack(live.again)
live.start()

document.addEventListener("htmx:response:error", (event) => {
  const status = event.detail.ctx?.response?.status
  if (![409, 422].includes(status)) session.failed(status)
})
// While the line is down the bar says so; only what a person sent needs a word of its own.
document.addEventListener("htmx:error", (event) => {
  const method = event.detail.ctx?.request?.method ?? "GET"
  if (method !== "GET" || (navigator.onLine && live.state.live)) session.failed(0)
})

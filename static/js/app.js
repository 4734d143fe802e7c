// Starts what the page has. Failures of requests are said in words, and nothing that was typed is lost.
import { words, toast } from "./ui.js"
import * as live from "./live.js"
import * as list from "./list.js"
import * as thread from "./thread.js"
import * as composer from "./composer.js"
import * as keys from "./keys.js"

list.start()
thread.start()
composer.start()
keys.start()
live.on("connection", () => document.body.dispatchEvent(new CustomEvent("bellhop:connection")))
live.on("incident", () => document.body.dispatchEvent(new CustomEvent("bellhop:connection")))
live.start()

function failed(status) {
  document.querySelectorAll("[data-optimistic]").forEach((bubble) => bubble.remove())
  if (status === 401) {
    const link = `/accounts/login/?next=${encodeURIComponent(location.pathname + location.search)}`
    toast(words("signedOut"), { tone: "bad", link })
  } else toast(words("error", { status: status || "–" }), { tone: "bad" })
}

document.addEventListener("htmx:response:error", (event) => {
  const status = event.detail.ctx?.response?.status
  if (![409, 422].includes(status)) failed(status)
})
// While the line is down the bar says so; only what a person sent needs a word of its own.
document.addEventListener("htmx:error", (event) => {
  const method = event.detail.ctx?.request?.method ?? "GET"
  if (method !== "GET" || (navigator.onLine && live.state.live)) failed(0)
})

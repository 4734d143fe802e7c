// The open thread: refreshed when told, read after a second of attention, who else is here.
import { shell, words, announce, toast, post, debounced } from "./ui.js"
import { on, send, state } from "./live.js"
import { neighbour } from "./list.js"
import { countNotices } from "./notices.js"
import { openThread, open, back } from "./panes.js"
import { refreshWays } from "./ways.js"

const HEARTBEAT = 15000
const GONE_AFTER = 45000
const WRITING_GONE_AFTER = 6000
const READ_AFTER = 1000

const others = new Map()
let here = "viewing"
let fresh = 0

const log = () => document.getElementById("log")

function since() {
  const oldest = log()?.querySelector(".msg time, .event time")
  return oldest ? encodeURIComponent(oldest.dateTime) : ""
}

export const shownSince = () => {
  const oldest = log()?.querySelector(".msg time, .event time")
  return oldest ? oldest.dateTime : ""
}

const atEnd = () => Math.abs(document.getElementById("log-body")?.scrollTop ?? 0) < 40

// A day that an earlier page and this one share is named once, above its first entry.
function onlyOnce() {
  const seen = new Set()
  for (const day of document.querySelectorAll("#log .day")) {
    if (seen.has(day.id)) day.remove()
    seen.add(day.id)
  }
}

// Each part asks as itself: requests of one source wait for each other, and all but the first that wait are dropped.
let refreshing = null
async function refreshLog() {
  const id = openThread()
  if (!id || !log()) return
  if (refreshing) return void (refreshing.again = true)
  refreshing = { again: false }
  try {
    await window.htmx.ajax("GET", `/threads/${id}/log/?since=${since()}`, { source: "#log", target: "#log", swap: "innerMorph" })
  } finally {
    const { again } = refreshing
    refreshing = null
    if (again) refreshLog()
  }
}

const refreshHead = debounced(120, () => {
  const id = openThread()
  const view = document.getElementById("thread")?.dataset.view ?? "all"
  if (id) window.htmx.ajax("GET", `/threads/${id}/head/?view=${view}`, { source: "#thread-head", target: "#thread-head", swap: "outerMorph" })
})

const refreshPanel = debounced(120, () => {
  const id = openThread()
  if (id && document.getElementById("context")) window.htmx.ajax("GET", `/threads/${id}/panel/`, { source: "#context", target: "#context", swap: "outerMorph" })
})

const refreshAround = () => (refreshHead(), refreshPanel())

async function changed(event) {
  if (event.id !== openThread()) return
  if (event.inbound) fresh += atEnd() && document.hasFocus() ? 0 : 1
  if (event.inbound || ["state", "stay"].includes(event.what)) refreshWays()
  await refreshLog()
  if (["state", "stay", "message"].includes(event.what)) refreshHead()
  if (["state", "stay"].includes(event.what)) refreshPanel()
  if (event.inbound) {
    const bubble = document.querySelector(`[data-message="${event.message}"] .bubble`)
    announce(`${event.who}: ${bubble?.textContent.trim().slice(0, 200) ?? ""}`)
    read()
  }
  showJump()
}

function showJump() {
  const jump = document.getElementById("jump")
  if (!jump) return
  jump.hidden = atEnd()
  if (atEnd()) fresh = 0
  jump.querySelector("span").textContent = fresh ? words("fresh", { n: fresh }) : jump.dataset.word
}

// Read: one second of attention, and never for a window that nobody looks at.
const read = debounced(READ_AFTER, async () => {
  const id = openThread()
  if (!id || !document.hasFocus()) return
  const newest = Math.max(0, ...[...document.querySelectorAll("#log [data-message]")].map((m) => Number(m.dataset.message)))
  if (document.querySelector(`#thread[data-kept-unread="${id}"]`)) return
  await post(`/threads/${id}/read/`, { up_to: newest }).catch(() => undefined)
  document.getElementById(`row-${id}`)?.removeAttribute("data-unread")
  countNotices()
})

// --- presence ---
export function presence(state, asks = false) {
  here = state
  const id = openThread()
  if (id) send({ type: "presence", thread: id, state, asks })
}

function heard(message) {
  const key = `${message.thread}/${message.user}`
  if (message.state === "left") others.delete(key)
  else others.set(key, { ...message, at: Date.now() })
  showPresence()
}

function showPresence() {
  const now = Date.now()
  for (const [key, other] of others) {
    if (now - other.at > GONE_AFTER) others.delete(key)
    else if (other.state !== "viewing" && now - other.at > WRITING_GONE_AFTER) other.state = "viewing"
  }
  const place = document.getElementById("presence")
  const inThread = [...others.values()].filter((other) => other.thread === openThread())
  place?.replaceChildren(...inThread.map((other) => avatar(other)))
  for (const slot of document.querySelectorAll(".presence-slot")) {
    const id = slot.closest(".thread-row").dataset.thread
    slot.replaceChildren(...[...others.values()].filter((other) => other.thread === id).map((other) => avatar(other)))
  }
}

function avatar(other) {
  const element = document.createElement("span")
  element.className = "avatar"
  element.setAttribute("role", "img")
  element.dataset.presence = other.state
  const text = words(other.state, { name: other.name })
  element.setAttribute("aria-label", text)
  element.title = text
  element.textContent = other.initials
  return element
}

function opened() {
  fresh = 0
  shell?.querySelector("#thread")?.removeAttribute("data-kept-unread")
  presence("viewing", true)
  read()
  showPresence()
  const body = document.getElementById("log-body")
  body?.addEventListener("scroll", showJump, { passive: true })
  const unread = document.getElementById("unread-line")
  if (unread && location.hash === "") unread.scrollIntoView({ block: "center" })
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView({ block: "center" })
}

export function start() {
  on("thread", changed)
  on("connection", () => {
    refreshAround()
    if (document.querySelector("#log .undo, #log [data-state=sending]")) refreshLog()
  })
  on("refresh", () => (refreshLog(), refreshAround(), refreshWays()))
  on("presence", heard)
  on("ready", () => presence(here, true))
  setInterval(() => presence(here === "left" ? "viewing" : here), HEARTBEAT)
  setInterval(showPresence, 2000)
  let shown = openThread()
  document.addEventListener("htmx:after:swap", () => {
    // While the socket is away nobody tells this screen what it just did.
    if (!state.live && document.querySelector("#log [data-optimistic]")) refreshLog()
    onlyOnce()
    if (openThread() !== shown) {
      if (shown) send({ type: "presence", thread: shown, state: "left" })
      shown = openThread()
      if (shown) opened()
    }
  })
  if (shown) opened()
  window.addEventListener("focus", () => openThread() && read())
  window.addEventListener("pagehide", () => presence("left"))
  document.addEventListener("click", (event) => {
    if (event.target.closest("#jump")) document.getElementById("log-body").scrollTo({ top: 0 })
    if (event.target.closest("[data-mark-unread]")) {
      const id = openThread()
      document.getElementById("thread").dataset.keptUnread = id
      document.getElementById(`row-${id}`)?.setAttribute("data-unread", "")
    }
    const copy = event.target.closest("[data-copy], [data-copy-text]")
    if (copy) {
      if (copy.matches("a") && !event.ctrlKey && !event.metaKey) event.preventDefault()
      const text = copy.dataset.copy
        ? new URL(copy.dataset.copy, location.href).href
        : document.querySelector(`#${copy.dataset.copyText} .bubble`)?.textContent.trim()
      navigator.clipboard?.writeText(text ?? "").then(() => toast(words("copied")))
    }
    const menu = event.target.closest("[popover] button")
    if (menu && !menu.closest(".menu-form, .filter-menu, .notices")) menu.closest("[popover]").hidePopover?.()
  })
  document.addEventListener("bellhop:day", refreshAround)
  // After closing or snoozing: on to the next one of the list.
  document.addEventListener("bellhop:next", () => {
    const next = neighbour(openThread(), 1) ?? neighbour(openThread(), -1)
    if (next && next !== openThread()) open(next)
    else back()
  })
}

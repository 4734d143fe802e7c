// The list of threads: rows replaced in place, moved when nobody is pointing at them, opened, selected.
import { shell, words, debounced } from "./ui.js"
import { on } from "./live.js"
import { openThread, markOpen } from "./panes.js"

const me = shell?.dataset.user
const pending = new Map()

const list = () => document.getElementById("list")
const rows = () => document.getElementById("rows")
const rowOf = (id) => document.getElementById(`row-${id}`)

const belongs = {
  "needs-reply": (row) => row.dataset.status === "open" && row.dataset.waiting !== "",
  mine: (row) => row.dataset.assignee === me && row.dataset.status !== "closed",
  unassigned: (row) => row.dataset.status === "open" && row.dataset.assignee === "",
  snoozed: (row) => row.dataset.status === "snoozed",
  closed: (row) => row.dataset.status === "closed",
  failed: (row) => ["failed", "unconfirmed"].includes(row.dataset.problem),
  "not-in-pms": (row) => row.dataset.problem !== "",
  all: () => true,
}

const isBusy = () => Boolean(rows()?.matches(":hover")) || rows()?.contains(document.activeElement)

function sorting() {
  const sort = new URLSearchParams(list().dataset.query).get("sort") ?? ""
  if (["arrival", "oldest"].includes(sort)) return null
  return sort === "waiting" || (!sort && list().dataset.view === "needs-reply") ? "waiting" : "activity"
}

function parse(html) {
  const holder = document.createElement("template")
  holder.innerHTML = html.trim()
  return holder.content.firstElementChild
}

// What is personal in a row isn't pushed: it stays as this person has it.
function personal(fresh, old, isNewMessage) {
  const id = fresh.dataset.thread
  const isOpen = id === openThread() && document.hasFocus()
  fresh.toggleAttribute("data-unread", Boolean(!isOpen && (isNewMessage || old?.hasAttribute("data-unread"))))
  fresh.toggleAttribute("data-has-draft", Boolean(old?.hasAttribute("data-has-draft")))
  const pick = fresh.querySelector(".pick")
  if (pick && old) pick.checked = old.querySelector(".pick")?.checked ?? false
  if (id === openThread()) fresh.querySelector(".who").setAttribute("aria-current", "true")
  const slot = old?.querySelector(".presence-slot")
  if (slot) fresh.querySelector(".presence-slot")?.replaceChildren(...slot.childNodes)
}

function place(fresh) {
  const order = sorting()
  const body = rows()
  document.getElementById("no-rows")?.remove()
  const comesBefore = (other) =>
    order === "waiting" ? fresh.dataset.waiting < other.dataset.waiting : fresh.dataset.activity > other.dataset.activity
  const next = [...body.querySelectorAll(".thread-row")].find((other) => other !== fresh && comesBefore(other))
  if (next) return next.before(fresh)
  const more = document.getElementById("more-rows")
  return more ? fresh.remove() : body.append(fresh)
}

function staysInPlace(fresh, old) {
  const order = sorting()
  if (!order) return true
  return order === "waiting" ? fresh.dataset.waiting === old.dataset.waiting : fresh.dataset.activity === old.dataset.activity
}

function apply(id, html, isNewMessage) {
  const fresh = parse(html)
  const old = rowOf(id)
  personal(fresh, old, isNewMessage)
  const isMember = belongs[list().dataset.view]?.(fresh)
  const hadFocus = old?.contains(document.activeElement)
  if (old && isMember !== false && staysInPlace(fresh, old)) old.replaceWith(fresh)
  else if (isMember === false) {
    if (hadFocus) (old.nextElementSibling ?? old.previousElementSibling)?.querySelector?.(".who")?.focus()
    old?.remove()
  } else if (old || sorting()) {
    old?.remove()
    place(fresh)
  }
  if (hadFocus && fresh.isConnected) fresh.querySelector(".who").focus()
  decorate(fresh)
}

function showPending() {
  const button = document.getElementById("updates")
  if (!button) return
  button.hidden = pending.size === 0
  button.querySelector("span").textContent = words("updates", { n: pending.size })
}

export function flush() {
  const waiting = [...pending]
  pending.clear()
  for (const [id, change] of waiting) apply(id, change.html, change.isNewMessage)
  showPending()
}

// Changes that come while a row is pressed: a row replaced under the pointer would lose its click.
let held = null

function release() {
  const changes = held ?? []
  held = null
  setTimeout(() => changes.forEach((change) => take(...change)))
}

function take(event, html) {
  if (!list() || !html) return
  if (held) return void held.push([event, html])
  const isNewMessage = event.what === "message" && event.inbound
  const query = new URLSearchParams(list().dataset.query)
  query.delete("sort")
  const canPlace = belongs[list().dataset.view] && query.size === 0
  const old = rowOf(event.id)
  if (!canPlace) refreshRowsSoon()
  if (!canPlace && !old) return
  const fresh = parse(html)
  const moves = !old || (canPlace && !belongs[list().dataset.view](fresh)) || !staysInPlace(fresh, old)
  if (moves && isBusy() && rows().querySelector(".thread-row")) {
    pending.set(event.id, { html, isNewMessage: isNewMessage || pending.get(event.id)?.isNewMessage })
    if (old) personalOnly(old, isNewMessage)
    showPending()
  } else apply(event.id, html, isNewMessage)
}

function personalOnly(row, isNewMessage) {
  if (isNewMessage && row.dataset.thread !== openThread()) row.setAttribute("data-unread", "")
}

function relative(date) {
  const passed = Math.max(0, Math.floor((Date.now() - date) / 60000))
  if (passed < 1) return words("now")
  if (passed < 60) return words("waiting", { n: passed })
  if (passed < 2880) return words("hours", { h: Math.floor(passed / 60), m: String(passed % 60).padStart(2, "0") })
  return words("days", { n: Math.floor(passed / 1440) })
}

function decorate(scope) {
  for (const element of scope.querySelectorAll("[data-relative]")) element.textContent = relative(new Date(element.dateTime))
  for (const element of scope.querySelectorAll("[data-wait-since]")) {
    element.textContent = relative(new Date(element.dataset.waitSince))
    const share = (Date.now() - new Date(element.dataset.waitSince)) / 60000 / Number(element.dataset.target)
    const holder = element.closest(".wait")
    if (share >= 0.8) holder.dataset.level = share >= 1 ? "over" : "soon"
  }
}

export function neighbour(id, step) {
  const all = [...document.querySelectorAll("#rows .thread-row")]
  const here = all.findIndex((row) => row.dataset.thread === id)
  return all[here < 0 ? 0 : here + step]?.dataset.thread
}

const refreshCounts = debounced(250, () => {
  const nav = document.getElementById("nav-views")
  if (nav) window.htmx.ajax("GET", `/counts/?view=${list()?.dataset.view ?? ""}&${list()?.dataset.query ?? ""}`, { source: "#nav-views", target: "#nav-views", swap: "outerMorph" })
})

export function reload() {
  const here = list()
  if (!here) return
  pending.clear()
  // What a selection came to, or is about to, outlives the list: its place is the same element.
  const result = document.getElementById("bulk-result")
  const asked = window.htmx.ajax("GET", `/inbox/${here.dataset.view}/?${here.dataset.query}`, { source: "#list", target: "#list", swap: "outerHTML" })
  asked?.then?.(() => result && document.getElementById("bulk-result")?.replaceWith(result))
}

// History comes in by the hundred: the list is fetched anew, and not while somebody points at it.
const reloadSoon = debounced(800, () => (isBusy() && rows()?.querySelector(".thread-row") ? reloadSoon() : reload()))

export function start() {
  on("thread", take)
  on("batch", (events) => events.some((event) => event.topic === "thread") && refreshCounts())
  on("refresh", () => (reload(), refreshCounts()))
  on("connection", (event) => event.imported && (reloadSoon(), refreshCounts()))
  document.addEventListener("click", (event) => {
    if (event.target.closest("#updates")) flush()
    if (event.target.closest("[data-unpick]")) unpick()
    if (event.target.closest("[data-dismiss-result]")) document.getElementById("bulk-result").replaceChildren()
  })
  document.addEventListener("mouseout", (event) => {
    if (pending.size && event.target.closest?.("#rows") && !event.relatedTarget?.closest?.("#rows") && !isBusy()) flush()
  })
  document.addEventListener("pointerdown", (event) => rows()?.contains(event.target) && (held ??= []), true)
  for (const end of ["pointerup", "pointercancel", "dragend"]) document.addEventListener(end, release, true)
  document.addEventListener("focusout", () => setTimeout(() => pending.size && !isBusy() && flush(), 0))
  document.addEventListener("change", (event) => event.target.matches(".pick, #bulk-all") && showSelection())
  document.addEventListener("keydown", enterInBulk, true)
  document.addEventListener("click", pickRange)
  setInterval(() => list() && (decorate(list()), newDay()), 30000)
  if (list()) {
    decorate(list())
    if (openThread()) markOpen(openThread())
  }
  document.addEventListener("htmx:after:swap", (event) => {
    if (!list()) return
    if (event.detail.ctx?.target?.id === "bulk-result") afterBulk()
    decorate(list())
    if (openThread()) markOpen(openThread())
  })
}

let lastPicked = null

function pickRange(event) {
  const pick = event.target.closest(".pick")
  if (!pick) return
  if (event.shiftKey && lastPicked) {
    const all = [...document.querySelectorAll("#rows .pick")]
    const [from, to] = [all.indexOf(lastPicked), all.indexOf(pick)].sort((a, b) => a - b)
    for (const other of all.slice(from, to + 1)) other.checked = pick.checked
    showSelection()
  }
  lastPicked = pick
}

// Enter in a field of the selection's menus means that menu's first button, not the form's.
function enterInBulk(event) {
  if (event.key !== "Enter" || !event.target.matches?.("#bulk .menu-form input")) return
  event.preventDefault()
  event.target.closest(".menu-form").querySelector("button").click()
}

const PAGE = 50
// Only the server knows what a filter lets in: its first page is asked for anew. Longer lists are left to the reader.
function refreshRows() {
  const { view, query } = list().dataset
  pending.clear()
  showPending()
  window.htmx.ajax("GET", `/inbox/${view}/rows/?${query}`, { source: "#rows", target: "#rows", swap: "innerMorph" })
}
const refreshRowsSoon = debounced(1500, () => {
  if (!list() || rows().querySelectorAll(".thread-row").length > PAGE || rows().querySelector(".pick:checked")) return
  if (isBusy() && rows().querySelector(".thread-row")) refreshRowsSoon()
  else refreshRows()
})

// At a property's midnight the phases of its stays change: what is shown is asked for anew.
function newDay() {
  const isOver = (row) => new Date(row.dataset.dayEnds) < Date.now()
  const over = [...rows().querySelectorAll("[data-day-ends]")].filter(isOver)
  if (!over.length || (pending.size && isBusy())) return
  refreshRows()
  if (over.some((row) => row.dataset.thread === openThread())) document.dispatchEvent(new CustomEvent("bellhop:day"))
}

// Rows that no longer belong here go, and what is personal in the others (read, unread) is as it is now.
function afterBulk() {
  for (const menu of document.querySelectorAll("#bulk [popover]:popover-open")) menu.hidePopover()
  if (!document.getElementById("bulk").hidden) unpick()
  refreshRows()
  refreshCounts()
}

function unpick() {
  for (const pick of document.querySelectorAll("#rows .pick:checked")) pick.checked = false
  document.getElementById("bulk-all").checked = false
  showSelection()
  document.querySelector("#rows .who[aria-current], #rows .who")?.focus()
}

function showSelection() {
  const count = document.querySelectorAll("#rows .pick:checked").length
  const bar = document.getElementById("bulk")
  if (!bar) return
  bar.hidden = count === 0
  const all = document.getElementById("bulk-all")
  document.getElementById("bulk-count").textContent = words(all.checked ? "allSelected" : "selected", { n: count })
}

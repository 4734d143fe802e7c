// The keyboard of ux §1: single letters act outside text fields only, and can be switched off.
import { shell } from "./ui.js"
import { neighbour, flush } from "./list.js"
import { open, openThread, back, closeDrawer, drawerIsOpen } from "./panes.js"
import { palette } from "./palette.js"
import { undo } from "./composer.js"

const isText = (element) => element?.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]")
let afterG = 0

const click = (selector) => document.querySelector(selector)?.click()
const focusTab = (key) => {
  click(`[role=tab][data-key=${key}]`)
  document.getElementById("body")?.focus()
}

const row = () => document.activeElement?.closest?.(".thread-row")

function step(by) {
  const current = row()?.dataset.thread ?? openThread()
  const next = neighbour(current, by)
  const link = next && document.querySelector(`#row-${next} .who`)
  if (!link) return
  if (openThread() && document.getElementById("panes").dataset.pane !== "list") open(next)
  else link.focus()
}

function problem(by) {
  const all = [...document.querySelectorAll("#log .problem, #log .request")]
  if (!all.length) return
  const here = all.indexOf(document.activeElement?.closest?.(".problem, .request"))
  const next = all[(here + by + all.length) % all.length]
  next.tabIndex = -1
  next.focus()
  next.scrollIntoView({ block: "center" })
}

// What a letter acts on: the selection while there is one, else the open thread.
const act = (key) => click(document.querySelector("#bulk:not([hidden])") ? `#bulk [data-bulk-key=${key}]` : `#thread-head [data-key=${key}]`)

const actions = {
  next: () => step(1),
  previous: () => step(-1),
  open: () => row()?.querySelector(".who").click(),
  back: () => openThread() && back(),
  reply: () => focusTab("r"),
  note: () => focusTab("n"),
  close: () => act("e"),
  assign: () => act("a"),
  "assign-me": () => click("[data-key=m]"),
  snooze: () => act("z"),
  "snooze-tomorrow": () => click("[data-key=Z]"),
  tag: () => act("t"),
  unread: () => act("U"),
  select: () => (row() ?? document.getElementById(`row-${openThread()}`))?.querySelector(".pick").click(),
  channel: () => document.querySelector(".composer-channel")?.focus(),
  "previous-problem": () => problem(-1),
  "next-problem": () => problem(1),
  search: () => palette(),
  help: () => document.getElementById("shortcuts")?.showModal(),
  go: () => (afterG = Date.now()),
}
// A person's own keys: character → what it does.
const singles = () => new Map(Object.entries(JSON.parse(shell?.dataset.keys || "{}")).map(([action, key]) => [key, actions[action]]))
const places = { i: "/inbox/needs-reply/", h: "/housekeeping/", s: "/sequences/", d: "/health/" }

// From one pane to the next: where the focus was in it, else its first place.
function nextPane(by) {
  const stops = [".nav", "#list", "#log", "#composer", "#context"]
  const places = [["a[aria-current]", "a"], [".who[aria-current]", ".who", "button"], [], ["#body"], [".pane-body"]]
  const shown = stops
    .map((stop, index) => [document.querySelector(stop), places[index]])
    .filter(([stop]) => stop?.checkVisibility({ visibilityProperty: true }))
  const here = shown.findIndex(([stop]) => stop.contains(document.activeElement))
  const [stop, inside] = shown[(here + by + shown.length) % shown.length] ?? []
  const target = inside?.map((place) => stop.querySelector(place)).find(Boolean) ?? stop
  target?.focus()
}

function escape() {
  if (drawerIsOpen()) return closeDrawer()
  const composer = document.activeElement?.closest?.("#composer")
  if (composer) return document.getElementById("log")?.focus()
  const picked = document.querySelectorAll(".pick:checked")
  if (picked.length) return picked.forEach((pick) => pick.click())
  return flush()
}

export function start() {
  document.addEventListener("keydown", (event) => {
    const control = event.ctrlKey || event.metaKey
    if (control && event.key.toLowerCase() === "k") return event.preventDefault(), palette()
    if (control && event.key.toLowerCase() === "z" && !isText(event.target)) return event.preventDefault(), undo()
    if (event.key === "F6") return event.preventDefault(), nextPane(event.shiftKey ? -1 : 1)
    if (event.key === "Escape" && !document.querySelector("dialog[open], :popover-open")) return escape()
    if (control || event.altKey || isText(event.target) || shell?.dataset.singleKeys !== "on") return undefined
    if (document.querySelector("dialog[open]")) return undefined
    if (Date.now() - afterG < 1000 && places[event.key]) return (location.href = places[event.key])
    const does = event.key && singles().get(event.key)
    if (does) return event.preventDefault(), does()
    return undefined
  })
}

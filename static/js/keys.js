// The keyboard of ux §1: single letters act outside text fields only, and can be switched off.
import { shell, words } from "./ui.js"
import { open, openThread, neighbour, back, flush } from "./list.js"
import { undo } from "./composer.js"

const isText = (element) => element?.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]")
let afterG = 0

const click = (selector) => document.querySelector(selector)?.click()
const focusTab = (key) => {
  click(`[role=tab][data-key=${key}]`)
  document.getElementById("body")?.focus()
}

function step(by) {
  const current = document.activeElement?.closest?.(".thread-row")?.dataset.thread ?? openThread()
  const next = neighbour(current, by)
  const link = next && document.querySelector(`#row-${next} .who`)
  if (!link) return
  if (openThread()) open(next)
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

const singles = {
  j: () => step(1),
  k: () => step(-1),
  o: () => document.activeElement?.closest?.(".thread-row")?.querySelector(".who").click(),
  u: () => openThread() && back(),
  r: () => focusTab("r"),
  n: () => focusTab("n"),
  e: () => click("#thread-head [data-key=e]"),
  a: () => click("#thread-head [data-key=a]"),
  m: () => click("[data-key=m]"),
  z: () => click("#thread-head [data-key=z]"),
  Z: () => click("[data-key=Z]"),
  t: () => click("[data-key=t]"),
  U: () => click("[data-key=U]"),
  x: () => document.activeElement?.closest?.(".thread-row")?.querySelector(".pick").click(),
  c: () => document.querySelector(".composer-channel")?.focus(),
  "[": () => problem(-1),
  "]": () => problem(1),
  "/": () => palette(),
  "?": () => document.getElementById("shortcuts")?.showModal(),
}
const places = { i: "/inbox/needs-reply/", h: "/health/" }

export function palette() {
  const dialog = document.getElementById("palette")
  if (!dialog) return
  dialog.showModal()
  const input = document.getElementById("palette-input")
  input.value = ""
  input.focus()
  find("")
}

const commands = () => [
  [words("inbox"), "/inbox/needs-reply/"],
  [words("health"), "/health/"],
  [words("settings"), "/settings/"],
  ...[...document.querySelectorAll("#nav-views a")].map((link) => [link.firstChild.textContent.trim(), link.href]),
]

let asked = 0
async function find(text) {
  const shown = commands().filter(([label]) => label.toLowerCase().includes(text.toLowerCase()))
  document.getElementById("palette-commands").replaceChildren(
    ...shown.slice(0, 8).map(([label, href]) => Object.assign(document.createElement("a"), { href, textContent: label })),
  )
  const results = document.getElementById("palette-results")
  const mine = ++asked
  if (text.trim().length < 2) return results.replaceChildren()
  const answer = await fetch(`/search/?q=${encodeURIComponent(text)}`, { headers: { "HX-Request": "true" } })
  if (answer.ok && mine === asked) results.innerHTML = await answer.text()
  return undefined
}

function movePalette(by) {
  const items = [...document.querySelectorAll("#palette a")]
  const here = items.indexOf(document.activeElement)
  items[(here + by + items.length) % items.length]?.focus()
}

function nextPane() {
  const panes = ["#nav-views a, .nav a", "#rows .who", "#log", "#body", "#context .pane-body"]
  const found = panes.map((selector) => document.querySelector(selector)).filter(Boolean)
  const here = found.findIndex((element) => element.closest(".pane, .nav, form")?.contains(document.activeElement))
  found[(here + 1) % found.length]?.focus()
}

function escape() {
  const composer = document.activeElement?.closest?.("#composer")
  if (composer) return document.getElementById("log")?.focus()
  for (const pick of document.querySelectorAll(".pick:checked")) pick.click()
  return flush()
}

export function start() {
  document.addEventListener("keydown", (event) => {
    const control = event.ctrlKey || event.metaKey
    if (control && event.key.toLowerCase() === "k") return event.preventDefault(), palette()
    if (control && event.key.toLowerCase() === "z" && !isText(event.target)) return event.preventDefault(), undo()
    if (event.key === "F6") return event.preventDefault(), nextPane()
    if (event.key === "Escape" && !document.querySelector("dialog[open], :popover-open")) return escape()
    if (document.getElementById("palette")?.open) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") return event.preventDefault(), movePalette(event.key === "ArrowDown" ? 1 : -1)
      if (event.key === "Enter" && event.target.id === "palette-input") return event.preventDefault(), document.querySelector("#palette a")?.click()
    }
    if (control || event.altKey || isText(event.target) || shell?.dataset.singleKeys !== "on") return undefined
    if (document.querySelector("dialog[open]")) return undefined
    if (Date.now() - afterG < 1000 && places[event.key]) return (location.href = places[event.key])
    if (event.key === "g") return (afterG = Date.now())
    if (singles[event.key]) return event.preventDefault(), singles[event.key]()
    return undefined
  })
  document.addEventListener("click", (event) => event.target.closest("[data-search]") && palette())
  document.getElementById("palette-input")?.addEventListener("input", (event) => find(event.target.value))
}

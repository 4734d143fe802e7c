// The cards of the page: put in, moved to their group, counted; what is one's own is said.
import { shell, words } from "../ui.js"

const PARTS = ["going", "clean", "inspected"]
const board = () => document.getElementById("board")

export const all = () => [...document.querySelectorAll("#board .unit-card")]
export const byUnit = (unit) => document.getElementById(`u-${unit}`)

function parsed(html) {
  const holder = document.createElement("template")
  holder.innerHTML = html
  return holder.content.querySelector(".unit-card")
}

export function personal(card) {
  const who = card.querySelector(".unit-who")
  if (!who || card.dataset.who !== shell.dataset.user) return
  who.dataset.me = ""
  who.querySelector("[data-who-name]").textContent = words("you")
}

const isHere = (card) => ["all", card.dataset.property].includes(shell.dataset.property)

function hides(card) {
  return shell.dataset.whose === "mine" && card.dataset.who !== shell.dataset.user
}

// Focus stays on the same thing of the card; where that is gone, on the card; where the card is, on the one after it.
function focusOf(card) {
  const held = card.contains(document.activeElement) ? document.activeElement : null
  if (!held) return () => {}
  const name = held.matches("[data-more]") ? "[data-more]" : held.matches("[data-next]") ? "[data-next]" : ""
  const [every, unit] = [all(), card.dataset.unit]
  const at = every.indexOf(card)
  const next = (every[at + 1] ?? every[at - 1])?.dataset.unit
  return () => {
    const fresh = byUnit(unit) ?? byUnit(next) ?? board()
    const same = name && fresh?.dataset.unit === unit ? fresh.querySelector(name) : null
    ;(same ?? fresh)?.focus({ preventScroll: true })
  }
}

// What to call once the page is drawn anew.
export function focusHeld() {
  const card = document.activeElement?.closest?.("#board .unit-card")
  return card ? focusOf(card) : () => {}
}

// A card of another day or property is not of this page.
export function put(html, { fresh = false } = {}) {
  const card = parsed(html)
  if (!card || card.dataset.when !== shell.dataset.when) return null
  const old = byUnit(card.dataset.unit)
  if (!old && !isHere(card)) return null
  const refocus = old ? focusOf(old) : () => {}
  if (hides(card)) {
    old?.remove()
    refocus()
    recount()
    return null
  }
  personal(card)
  if (old && old.dataset.group === card.dataset.group && old.dataset.order === card.dataset.order) {
    old.replaceWith(card)
  } else {
    old?.remove()
    insert(card)
  }
  refocus()
  if (fresh) card.dataset.fresh = ""
  recount()
  return card
}

function insert(card) {
  const list = board()?.querySelector(`section[data-group="${card.dataset.group}"] ul`)
  if (!list) return
  const after = [...list.children].find((one) => one.dataset.order > card.dataset.order)
  list.insertBefore(card, after ?? null)
}

export function recount() {
  const counts = {}
  for (const card of all()) counts[card.dataset.counts] = (counts[card.dataset.counts] ?? 0) + 1
  for (const place of document.querySelectorAll("[data-sum]")) place.textContent = counts[place.dataset.sum] ?? 0
  const blocked = document.querySelector('[data-sum="blocked"]')?.parentElement
  if (blocked) blocked.hidden = !counts.blocked
  for (const section of document.querySelectorAll(".board-group")) {
    const count = section.querySelectorAll(".unit-card").length
    section.querySelector("[data-count]").textContent = count
    section.hidden = !count
  }
  draw(counts)
}

function draw(counts) {
  const picture = document.querySelector("#board-sum svg")
  const total = Math.max(1, all().length)
  picture?.setAttribute("viewBox", `0 0 ${total} 4`)
  picture?.querySelector(".s-left").setAttribute("width", total)
  let at = 0
  for (const part of [...PARTS].reverse()) {
    const bar = picture?.querySelector(`[data-part="${part}"]`)
    bar?.setAttribute("x", at)
    bar?.setAttribute("width", counts[part] ?? 0)
    at += counts[part] ?? 0
  }
}

// A tap that waits for a line: the card shows what it will be, and what the next tap would do.
const NEXT = { dirty: "started", "": "started", pickup: "clean", going: "clean", clean: "inspected", out_of_order: "dirty", out_of_service: "dirty" }

export function showWaiting(card, act) {
  const state = act === "started" ? "going" : act
  card.dataset.waits = ""
  if (!["refused", "welcome", "seen", "retry"].includes(act)) {
    card.dataset.was = card.dataset.state = state
    card.dataset.counts = ["going", "clean", "inspected"].includes(state) ? state : "left"
    card.querySelector("[data-state-words]").textContent = words(state === "going" ? "stateGoing" : label(state))
    offerNext(card, NEXT[state] ?? "")
  }
  if (!card.querySelector("footer [data-waits]")) {
    card.querySelector("footer .receipt")?.remove()
    card.querySelector("footer .unit-act")?.before(document.getElementById("waiting").content.cloneNode(true))
  }
  recount()
}

const label = (act) => `act${act[0].toUpperCase()}${act.slice(1)}`

function offerNext(card, act) {
  const button = card.querySelector("[data-next]")
  if (!button) return
  button.hidden = !act
  button.value = act
  if (act) button.querySelector("[data-next-words]").textContent = words(label(act))
}

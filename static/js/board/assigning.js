// Who cleans what: by drag, by menu, by Alt and an arrow; what colleagues change is drawn anew.
import * as live from "../live.js"
import { alarm, announce, debounced, shell, words } from "../ui.js"
import { NoLine, fixed, post, unitUrl } from "./send.js"

let chosen = null
let dragged = null

const people = () => document.getElementById("people")
const shares = () => document.getElementById("shares")
const button = (unit) => document.getElementById(`a-${unit}`)

function toast(text) {
  const item = document.getElementById("undo").content.firstElementChild.cloneNode(true)
  item.querySelector("span").textContent = text
  document.getElementById("toasts").replaceChildren(item)
  setTimeout(() => item.remove(), 5000)
}

function put(html) {
  const held = document.activeElement?.dataset?.unit
  const top = shares().scrollTop
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("shares")
  if (!fresh) return
  shares().replaceWith(fresh)
  shares().scrollTop = top
  if (held) button(held)?.focus({ preventScroll: true })
  if (fresh.dataset.said) announce(fresh.dataset.said)
  drawSum()
}

function drawSum() {
  const picture = document.querySelector("#board-sum svg")
  let at = 0
  for (const part of ["inspected", "clean", "going"]) {
    const count = Number(document.querySelector(`[data-sum="${part}"]`)?.textContent ?? 0)
    const bar = picture?.querySelector(`[data-part="${part}"]`)
    bar?.setAttribute("x", at)
    bar?.setAttribute("width", count)
    at += count
  }
}

// Not under somebody's hands: a menu is anchored to its unit, a drag to what it holds.
const isBusy = () => dragged || people().matches(":popover-open")

async function send(url, values) {
  try {
    const answer = await post(url, { ...fixed(), ...values }, { html: true })
    if (answer.status === 0) return location.reload()
    if (answer.status >= 400) return complain(answer.text)
    return isBusy() ? again() : put(answer.text)
  } catch (error) {
    if (!(error instanceof NoLine)) throw error
    return complain(words("notReached"))
  }
}

function complain(text) {
  alarm(text)
  toast(text)
}

async function give(unit, person) {
  const name = button(unit)?.dataset.name ?? ""
  await send(shell.dataset.assign, { unit, person })
  const to = document.querySelector(`.share[data-person="${person}"]`)
  announce(words("given", { unit: name, person: to?.dataset.name ?? "" }))
  button(unit)?.focus({ preventScroll: false })
}

const again = debounced(400, async () => {
  if (isBusy()) return again()
  const url = new URL(location.href)
  url.searchParams.set("part", "1")
  const answer = await fetch(url, { cache: "no-store" }).catch(() => null)
  if (!answer?.ok || answer.redirected) return undefined
  const html = await answer.text()
  return isBusy() ? again() : put(html)
})

function onClick(event) {
  const unit = event.target.closest(".share-unit")
  if (unit) {
    chosen = unit.dataset.unit
    document.getElementById("people-title").textContent = words("give", { unit: unit.dataset.name })
    document.getElementById("minutes-input").value = unit.dataset.minutes
  }
  const to = event.target.closest("[data-give]")
  if (to && chosen) {
    people().hidePopover()
    give(chosen, to.dataset.give)
  }
  if (event.target.closest("#spread")) send(shell.dataset.spread, {})
}

function onSubmit(event) {
  event.preventDefault()
  const values = Object.fromEntries(new FormData(event.target))
  event.target.closest("[popover]")?.hidePopover()
  if (event.target.id === "minutes" && chosen) send(`${unitUrl(chosen)}minutes/`, values)
  if (event.target.id === "usual-form") send(shell.dataset.usual, values)
}

function onKey(event) {
  const unit = event.target.closest?.(".share-unit")
  if (!unit) return
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
  if (step && event.altKey) {
    event.preventDefault()
    const all = [...document.querySelectorAll(".share")]
    const next = all[all.indexOf(unit.closest(".share")) + (document.dir === "rtl" ? -step : step)]
    if (next) give(unit.dataset.unit, next.dataset.person)
    return
  }
  const along = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (!along) return
  event.preventDefault()
  const units = [...unit.closest(".share").querySelectorAll(".share-unit")]
  units[units.indexOf(unit) + along]?.focus()
}

function drags() {
  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.(".share-unit")?.dataset.unit ?? null
    if (dragged) event.dataTransfer.setData("text/plain", dragged)
  })
  const over = (event) => {
    const share = dragged && event.target.closest?.(".share")
    for (const one of document.querySelectorAll(".share[data-over]")) if (one !== share) delete one.dataset.over
    if (!share) return
    event.preventDefault()
    share.dataset.over = ""
  }
  document.addEventListener("dragover", over)
  document.addEventListener("drop", (event) => {
    const share = dragged && event.target.closest?.(".share")
    if (!share) return
    event.preventDefault()
    give(dragged, share.dataset.person)
  })
  document.addEventListener("dragend", () => {
    dragged = null
    for (const one of document.querySelectorAll(".share[data-over]")) delete one.dataset.over
  })
}

function start() {
  document.addEventListener("click", onClick)
  document.addEventListener("submit", onSubmit)
  document.addEventListener("keydown", onKey)
  drags()
  drawSum()
  live.on("board", again)
  live.on("refresh", again)
  live.on("signed-out", () => location.reload())
  live.start()
}

if (shell?.dataset.property) start()

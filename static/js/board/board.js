// The board: one tap, undo, what waits for a line, what changes elsewhere.
import * as live from "../live.js"
import { announce, alarm, shell, words } from "../ui.js"
import * as cards from "./cards.js"
import * as queue from "./queue.js"
import * as report from "./report.js"
import * as reports from "./reports.js"
import { Fails, NoLine, fixed, newToken, post, unitUrl } from "./send.js"

const UNDO_MS = 5000
const AGAIN_MS = 8000
const KEEP_MS = 10_000
const KEPT = "bellhop-board-1" // as in worker.js
const WHOSE = "bellhop.board.whose"
let chosen = null

// --- one tap ---
async function tap(url, values, card) {
  const entry = { url, token: newToken(), unit: card.dataset.unit, name: card.dataset.name, ...values }
  const counted = !["seen", "retry", "found-done"].includes(entry.do) && !url.endsWith("/undo/")
  if (counted && queue.holdsUp(entry.unit)) return wait(entry, card)
  try {
    const answer = await post(url, { ...fixed(), ...entry })
    if (answer.status === 0 && counted) queue.add(entry)
    return await settle(entry, answer)
  } catch (error) {
    if (!(error instanceof NoLine)) throw error
    return counted ? wait(entry, card) : alarmed(words("notReached"))
  }
}

function wait(entry, card) {
  if (!queue.add(entry)) return alarmed(words("notKept", { unit: entry.name }))
  cards.showWaiting(card, entry.do)
  countWaiting()
  return announce(words("waiting", { n: queue.waiting().length }))
}

// "done", "drop" or "stop", for the queue. Who is not in any more signs in; who is in instead has a page of their own.
async function settle(entry, { status, told }) {
  if (status === 0) {
    location.reload()
    return "stop"
  }
  if (status === 409) {
    const sure = await ask(told.ask)
    if (sure) return settle(entry, await post(entry.url, { ...fixed(), ...entry, was: told.was, sure: "1" }))
    if (told.card) cards.put(told.card)
    return "drop"
  }
  if (told.card) cards.put(told.card)
  if (status === 422) alarmed(told.refused)
  else if (status >= 400) alarmed(words("gone", { unit: entry.name }))
  if (told.said) announce(told.said)
  if (told.undo) offerUndo(entry, told)
  return status < 400 ? "done" : "drop"
}

function alarmed(text) {
  alarm(text)
  toast(text)
}

function ask(question) {
  const dialog = document.getElementById("ask")
  document.getElementById("ask-words").textContent = question
  return new Promise((resolve) => {
    dialog.returnValue = ""
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true })
    dialog.showModal()
  })
}

// --- undo ---
function toast(text) {
  const shown = document.getElementById("undo").content.firstElementChild.cloneNode(true)
  shown.querySelector("span").textContent = text
  shown.querySelector("button").remove()
  show(shown)
}

function show(item) {
  const box = document.getElementById("toasts")
  box.replaceChildren(item)
  setTimeout(() => item.remove(), UNDO_MS)
}

function offerUndo(entry, told) {
  const shown = document.getElementById("undo").content.firstElementChild.cloneNode(true)
  shown.querySelector("span").textContent = told.said
  shown.querySelector("button").addEventListener("click", async () => {
    shown.remove()
    const card = cards.byUnit(entry.unit)
    if (card) await tap(`${entry.url}undo/`, { token: told.undo }, card)
  })
  show(shown)
}

// --- what waits ---
async function countWaiting() {
  const found = await reports.waiting()
  const n = found.length + queue.waiting().length
  const place = document.getElementById("board-waiting")
  if (place) place.hidden = !n
  if (place) place.lastElementChild.textContent = words("waiting", { n })
}

function showAllWaiting() {
  for (const entry of queue.waiting()) {
    const card = cards.byUnit(entry.unit)
    if (card) cards.showWaiting(card, entry.do)
  }
  countWaiting()
}

async function replay() {
  if (queue.waiting().length) await replayTaps()
  await report.replay()
  countWaiting()
}

async function replayTaps() {
  await queue.replay(async (entry) => {
    try {
      return await settle(entry, await post(entry.url, { ...fixed(), ...entry }))
    } catch (error) {
      if (error instanceof Fails) return "pass"
      if (error instanceof NoLine) return "stop"
      throw error
    }
  })
  showAllWaiting()
}

// --- what changes elsewhere ---
let wanted = 0
let meanwhile = {}

function told(fresh) {
  keepSoon()
  if (wanted) Object.assign(meanwhile, fresh)
  const waits = new Set(queue.waiting().map((entry) => entry.unit))
  for (const [unit, days] of Object.entries(fresh)) {
    const html = days[shell.dataset.when]
    if (html && !waits.has(unit)) cards.put(html, { fresh: true })
  }
}

// One at a time. A page that was asked for may be older than the cards that came while it was on its way.
async function refresh() {
  wanted += 1
  if (wanted > 1) return
  try {
    for (let seen = 0; seen !== wanted; ) {
      seen = wanted
      meanwhile = {}
      await redraw()
    }
  } finally {
    wanted = 0
  }
}

async function redraw() {
  const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null)
  if (!answer?.ok || answer.redirected) return
  const page = new DOMParser().parseFromString(await answer.text(), "text/html")
  const main = page.getElementById("main")
  if (!main || page.querySelector(".shell")?.dataset.user !== shell.dataset.user) return
  const top = document.getElementById("board")?.scrollTop ?? 0
  const refocus = cards.focusHeld()
  document.getElementById("main").replaceChildren(...main.childNodes)
  document.getElementById("board")?.scrollTo({ top })
  refocus()
  ready()
  told(meanwhile)
}

function ready() {
  cards.all().forEach(cards.personal)
  cards.recount()
  showAllWaiting()
}

// --- what the person does ---
function onSubmit(event) {
  const button = event.submitter
  if (event.target.id !== "act" || !button) return
  event.preventDefault()
  const card = button.closest(".unit-card") ?? (chosen && cards.byUnit(chosen))
  if (!card) return
  const url = button.hasAttribute("formaction") ? new URL(button.formAction).pathname : unitUrl(card.dataset.unit)
  document.getElementById("states")?.hidePopover()
  const values = button.name === "token" ? { token: button.value } : { do: button.value, was: card.dataset.was, mark: card.dataset.mark ?? "" }
  tap(url, values, card)
}

function onClick(event) {
  const more = event.target.closest("[data-more]")
  if (more) choose(more.closest(".unit-card"))
  if (event.target.closest("[data-report]") && chosen) report.open(cards.byUnit(chosen))
  const answer = event.target.closest("#ask [data-answer]")
  if (answer) document.getElementById("ask").close(answer.dataset.answer)
}

function choose(card) {
  chosen = card.dataset.unit
  document.getElementById("states-title").textContent = words("setTo", { unit: card.dataset.name })
  for (const one of document.querySelectorAll("#states [data-only]")) {
    one.hidden = (one.dataset.only === "refused") !== (card.dataset.blocked === "refused")
  }
  for (const one of document.querySelectorAll("#states [name=do]")) {
    one.disabled = one.value === card.dataset.was
  }
}

// One swipe to the other day.
function swipes() {
  let from = null
  document.addEventListener("touchstart", (event) => (from = event.touches.length === 1 ? event.touches[0] : null), { passive: true })
  document.addEventListener("touchend", (event) => {
    const to = event.changedTouches[0]
    if (!from || Math.abs(to.clientX - from.clientX) < 90 || Math.abs(to.clientY - from.clientY) > 50) return
    const back = (to.clientX > from.clientX) !== (document.dir === "rtl")
    const link = document.getElementById(back ? "day-today" : "day-tomorrow")
    if (link && !link.hasAttribute("aria-current")) link.click()
  }, { passive: true })
}

function language() {
  const choice = document.getElementById("language-choice")
  choice?.addEventListener("change", () => choice.form.requestSubmit())
}

// The worker answers for pages that are opened after it began: this one is kept for it here. What another person of
// this phone saw goes.
async function keep() {
  if (!("serviceWorker" in navigator)) return
  if (localStorage.getItem(WHOSE) !== shell.dataset.user) await caches.delete(KEPT)
  localStorage.setItem(WHOSE, shell.dataset.user)
  await navigator.serviceWorker.register(shell.dataset.worker, { scope: shell.dataset.scope })
  await navigator.serviceWorker.ready
  const files = performance.getEntriesByType("resource").map((entry) => entry.name.split("#")[0])
  const own = [...new Set(files)].filter((url) => new URL(url).pathname.startsWith("/static/"))
  const kept = await caches.open(KEPT)
  await kept.addAll([location.href, ...own])
}

// What is read without a line is older than what was seen by so much at most: the worker keeps what passes it.
let keeping = 0

function keepSoon() {
  if (!navigator.serviceWorker?.controller) return
  keeping ||= setTimeout(() => {
    keeping = 0
    fetch(location.href, { cache: "no-store" }).catch(() => {}) // without a line the last one stays
  }, KEEP_MS)
}

function start() {
  document.addEventListener("submit", onSubmit)
  document.addEventListener("click", onClick)
  swipes()
  language()
  report.start({ settle, count: countWaiting })
  ready()
  live.on("cards", told)
  live.on("board", (event) => event.what === "day" && refresh())
  live.on("refresh", refresh)
  live.on("ready", () => replay())
  live.on("signed-out", () => location.assign(`/accounts/login/?next=${encodeURIComponent(location.pathname + location.search)}`))
  window.addEventListener("online", () => replay())
  setInterval(replay, AGAIN_MS)
  live.start()
  keep().catch(() => {}) // private windows keep nothing; the board works without
}

if (shell?.dataset.property) start()

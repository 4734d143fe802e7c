// Writing: two modes with a draft each, one send per message however often it is pressed, undo while it counts.
import { words, announce, shell } from "./ui.js"
import { on } from "./live.js"
import { presence, shownSince } from "./thread.js"
import { keepDraft, restoreDraft, pauseDraft, forgetDraft } from "./drafts.js"
import { watch, blanks } from "./canned.js"
import { isBusy, hasFiles, settled as filesKept } from "./files.js"
import { segments, LONGEST } from "./counter.js"
import { dressWay, isSms, most, needsTemplate } from "./ways.js"

const form = () => document.getElementById("composer")
const text = () => form()?.querySelector("#body")
const mode = () => form()?.dataset.mode ?? "reply"
const field = (name) => form().querySelector(`[name=${name}]`)

function setMode(wanted) {
  const composer = form()
  if (!composer || composer.dataset.mode === wanted) return text()?.focus()
  const other = composer.querySelector("#other-draft")
  const body = text()
  ;[body.value, other.value] = [other.value, body.value]
  composer.dataset.mode = wanted
  dress()
  return body.focus()
}

// The look of the mode: label, button, tint. The mode itself never changes without the person.
function dress() {
  const composer = form()
  if (!composer?.dataset.mode) return
  const isNote = mode() === "note"
  const body = text()
  if (isNote && !composer.dataset.dressed) {
    const other = composer.querySelector("#other-draft")
    if (other.value && !body.value) [body.value, other.value] = [other.value, body.value]
  }
  composer.dataset.dressed = "yes"
  body.setAttribute("aria-label", isNote ? body.dataset.noteLabel : body.dataset.replyLabel)
  const button = composer.querySelector("#send")
  composer.querySelector("#send-word").textContent = isNote ? button.dataset.noteWord : button.dataset.replyWord
  for (const tab of composer.querySelectorAll("[role=tab]")) {
    const isChosen = tab.dataset.mode === mode()
    tab.setAttribute("aria-selected", String(isChosen))
    tab.tabIndex = isChosen ? 0 : -1
  }
  for (const element of composer.querySelectorAll(".note-only")) element.hidden = !isNote
  for (const element of composer.querySelectorAll(".reply-only, .composer-channel")) element.hidden = isNote
  composer.querySelector("#composer-panel").setAttribute("aria-labelledby", isNote ? "tab-note" : "tab-reply")
  dressWay()
  measure()
}

// Length and blanks, as the channel and the server will see them; only trouble gets a colour.
function measure() {
  const counter = form()?.querySelector("#counter")
  if (!counter) return
  const value = text().value
  const { size, parts, room } = segments(value)
  const limit = mode() === "reply" ? Math.min(most(), LONGEST) : LONGEST
  const isLong = value.length > limit
  if (!value || needsTemplate()) counter.textContent = ""
  else if (isLong) counter.textContent = words("tooLong", { n: value.length, room: limit })
  else if (isSms() && mode() === "reply")
    counter.textContent = words(parts === 1 ? "segment" : "segments", { n: size, room, parts })
  else counter.textContent = words("characters", { n: value.length })
  counter.toggleAttribute("data-level", isLong)
  if (isLong) counter.dataset.level = "over"
  showBlanks(mode() === "reply" ? blanks() : [])
}

function showBlanks(found) {
  const line = form().querySelector("#blanks")
  line.hidden = found.length === 0
  line.querySelectorAll(".blank").forEach((old) => old.remove())
  for (const name of new Set(found)) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "blank", textContent: name })
    line.append(button)
  }
}

// What is on screen when a draft begins is what it answers: later arrivals are asked about (ux C11).
function notice() {
  if (!form()?.dataset.thread || text().value.trim()) return
  const shown = [...document.querySelectorAll("#log [data-message]")].map((message) => Number(message.dataset.message))
  field("seen").value = Math.max(Number(field("seen").value) || 0, ...shown)
}

function typed() {
  measure()
  keepDraft()
  presence(mode() === "note" ? "noting" : "replying")
}

// --- sending ---
function prepare(event) {
  const composer = form()
  if (event.target !== composer) return
  const limit = mode() === "reply" ? Math.min(most(), LONGEST) : LONGEST
  if (!navigator.onLine || text().value.length > limit) {
    event.preventDefault()
    event.stopImmediatePropagation()
    if (!navigator.onLine) keepForLater()
    return
  }
  if (mode() === "reply" && isBusy()) {
    event.preventDefault()
    event.stopImmediatePropagation()
    sendWhenKept(composer, event.submitter)
    return
  }
  pauseDraft()
  field("client_token").value ||= newToken()
  field("since").value = shownSince()
  composer.dataset.sending = mode()
  if (mode() === "reply" && text().value.trim()) optimistic()
}

// Pressed while files are on their way: once, and only if all of them are kept and the person is still here.
async function sendWhenKept(composer, submitter) {
  if (composer.dataset.waits) return
  composer.dataset.waits = "yes"
  const label = composer.querySelector("#draft-state")
  label.textContent = words("waitsForFiles")
  announce(words("waitsForFiles"))
  const areKept = await filesKept()
  delete composer.dataset.waits
  label.textContent = ""
  if (areKept && composer.isConnected) composer.requestSubmit(submitter?.isConnected ? submitter : null)
}

function keepForLater() {
  form().dataset.asks = "yes"
  tellOffline(words("willAsk"), false)
  announce(words("willAsk"))
}

function tellOffline(said, isBack) {
  const note = form().querySelector("#offline-note")
  note.hidden = !said
  note.querySelector("span").textContent = said
  note.querySelector("button").hidden = !isBack
}

// Nothing leaves unattended: back on line, the send is offered, not done.
function offerSend() {
  if (!form()?.dataset.asks) return
  delete form().dataset.asks
  tellOffline(words("back"), true)
  announce(words("back"))
  keepDraft()
}

// randomUUID exists only on HTTPS and localhost; a property's own network may be neither.
const newToken = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")

function optimistic() {
  const article = document.createElement("article")
  article.className = "msg"
  article.dataset.kind = "out"
  article.dataset.optimistic = "yes"
  const bubble = Object.assign(document.createElement("div"), { className: "bubble", dir: "auto" })
  bubble.append(Object.assign(document.createElement("p"), { textContent: text().value }))
  article.append(bubble)
  document.getElementById("log")?.append(article)
  // Exactly the end: one pixel off, and what the server adds below would not be in view.
  document.getElementById("log-body")?.scrollTo({ top: 0 })
}

function submit(then = "", more = {}) {
  const composer = form()
  const isEmpty = !text().value.trim() && !needsTemplate() && !(mode() === "reply" && (hasFiles() || isBusy()))
  if (!composer?.requestSubmit || isEmpty) return
  field("then").value = then
  for (const [name, value] of Object.entries(more)) field(name).value = value
  composer.requestSubmit()
}

function settled(context) {
  const composer = context.sourceElement
  if (composer?.id !== "composer" || !composer.dataset.sending) return
  if (context.response?.status === 200) forgetDraft(composer.dataset.thread, composer.dataset.sending)
}

// --- undo ---
function countdown() {
  for (const holder of document.querySelectorAll(".undo[data-due]")) {
    const left = Math.ceil((new Date(holder.dataset.due) - Date.now()) / 1000)
    const label = holder.querySelector(".receipt")
    if (left > 0 && left <= 60) label.textContent = words("leavesIn", { n: left })
  }
}

export function undo() {
  const buttons = document.querySelectorAll("[data-undo]")
  buttons[buttons.length - 1]?.click()
}

// --- events ---
function clicked(event) {
  const tab = event.target.closest("#composer [role=tab]")
  if (tab && !tab.disabled) setMode(tab.dataset.mode)
  const way = event.target.closest("[data-send]")?.dataset
  if (way?.send === "close") submit("close")
  if (way?.send === "snooze") submit("snooze", { snooze: way.snooze })
  if (way?.send === "later") later()
  const review = event.target.closest("[data-review]")
  if (review) {
    field("seen").value = review.dataset.review
    review.closest(".banner").remove()
    text().focus()
    keepDraft()
  }
}

function later() {
  const moment = document.getElementById("send-at")
  if (!moment.value) return moment.focus()
  document.getElementById("send-more").hidePopover?.()
  return submit("", { send_at: moment.value })
}

function pressed(event) {
  if (event.target.matches?.("#composer [role=tab]") && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
    const other = form().querySelector("[role=tab][aria-selected=false]:not(:disabled)")
    if (other) setMode(other.dataset.mode)
    return form().querySelector("[role=tab][aria-selected=true]").focus()
  }
  if (event.target !== text() || event.key !== "Enter" || event.isComposing) return undefined
  const control = event.ctrlKey || event.metaKey
  if (!control && (shell?.dataset.enterSends !== "on" || event.shiftKey)) return undefined
  event.preventDefault()
  return submit(control && event.shiftKey ? "close" : "")
}

let hadFocus = false
function swapped() {
  const composer = form()
  if (!composer || composer.dataset.dressed) return
  if (document.querySelector(".undo[data-due]")) announce(words("sent"))
  dress()
  restoreDraft()
  if (hadFocus && document.activeElement === document.body) text()?.focus()
  hadFocus = false
}

export function start() {
  document.addEventListener("submit", prepare, true)
  document.addEventListener("htmx:config:request", (event) => {
    const context = event.detail.ctx
    if (context.sourceElement === form() && mode() === "note") context.request.action = form().dataset.noteUrl
  })
  document.addEventListener("beforeinput", (event) => event.target === text() && notice())
  document.addEventListener("input", (event) => {
    if (event.target !== text()) return
    typed()
    watch()
  })
  document.addEventListener("bellhop:way", measure)
  document.addEventListener("keydown", pressed)
  document.addEventListener("click", clicked)
  document.addEventListener("htmx:before:swap", () => (hadFocus ||= Boolean(document.activeElement?.closest("#composer, [data-undo], .undo, .problem"))))
  document.addEventListener("htmx:after:request", (event) => settled(event.detail.ctx))
  document.addEventListener("htmx:after:swap", swapped)
  on("ready", offerSend)
  window.addEventListener("online", offerSend)
  setInterval(countdown, 250)
  dress()
  restoreDraft()
}

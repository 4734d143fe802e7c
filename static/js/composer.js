// Writing: two drafts kept on the server, one send per message however often it is pressed, undo, canned replies.
import { words, announce, clock, post, debounced, shell } from "./ui.js"
import { state, on } from "./live.js"
import { presence, shownSince } from "./thread.js"

const SAVE_AFTER = 500
const device = (sessionStorage.device ??= Math.random().toString(36).slice(2, 12))

const form = () => document.getElementById("composer")
const text = () => form()?.querySelector("#body")
const mode = () => form()?.dataset.mode ?? "reply"

function setMode(wanted) {
  const composer = form()
  if (!composer || composer.dataset.mode === wanted) return
  const other = composer.querySelector("#other-draft")
  const body = text()
  ;[body.value, other.value] = [other.value, body.value]
  composer.dataset.mode = wanted
  dress()
  body.focus()
}

// The look of the mode: label, button, tint. The mode itself never changes without the person.
function dress() {
  const composer = form()
  if (!composer?.dataset.mode) return
  const isNote = mode() === "note"
  if (isNote && !composer.dataset.dressed) {
    const other = composer.querySelector("#other-draft")
    const body = text()
    if (other.value && !body.value) [body.value, other.value] = [other.value, body.value]
  }
  composer.dataset.dressed = "yes"
  composer.toggleAttribute("data-note", isNote)
  const body = text()
  body.setAttribute("aria-label", isNote ? body.dataset.noteLabel : body.dataset.replyLabel)
  const button = composer.querySelector("#send")
  composer.querySelector("#send-word").textContent = isNote ? button.dataset.noteWord : button.dataset.replyWord
  for (const tab of composer.querySelectorAll("[role=tab]")) tab.setAttribute("aria-selected", String(tab.dataset.mode === mode()))
  for (const element of composer.querySelectorAll(".note-only")) element.hidden = !isNote
  for (const element of composer.querySelectorAll(".reply-only")) element.hidden = isNote
  composer.querySelector("#composer-panel").setAttribute("aria-labelledby", isNote ? "tab-note" : "tab-reply")
  count()
  grow()
}

function count() {
  const counter = form()?.querySelector("#counter")
  if (counter) counter.textContent = text().value ? words("characters", { n: text().value.length }) : ""
}

function grow() {
  const body = text()
  if (body) body.rows = Math.min(12, Math.max(3, body.value.split("\n").length + 1))
}

// --- drafts ---
const localKey = () => `draft:${form().dataset.thread}:${mode()}`

const save = debounced(SAVE_AFTER, async () => {
  const composer = form()
  if (!composer?.dataset.draftUrl) return
  const [body, kept, thread] = [text().value, mode(), composer.dataset.thread]
  const label = composer.querySelector("#draft-state")
  try {
    const answer = await post(composer.dataset.draftUrl, {
      mode: kept, body, seen: composer.querySelector("[name=seen]").value, device,
    })
    const told = await answer.json()
    localStorage.removeItem(`draft:${thread}:${kept}`)
    if (label) label.textContent = told.saved_at ? words("saved", { at: clock() }) : ""
    if (told.elsewhere) offerOther(told.elsewhere)
    document.getElementById(`row-${thread}`)?.toggleAttribute("data-has-draft", Boolean(body.trim()))
  } catch {
    if (label) label.textContent = words("notSaved")
  }
})

function offerOther(other) {
  const label = form().querySelector("#draft-state")
  const button = document.createElement("button")
  button.type = "button"
  button.className = "btn"
  button.dataset.size = "sm"
  button.textContent = words("show")
  button.addEventListener("click", () => {
    text().value = other
    typed()
  })
  label.replaceChildren(words("elsewhere"), " ", button)
}

// What is on screen when a draft begins is what it answers: later arrivals are asked about (ux C11).
function notice() {
  const composer = form()
  if (!composer?.dataset.thread || text().value.trim()) return
  const shown = [...document.querySelectorAll("#log [data-message]")].map((message) => Number(message.dataset.message))
  const seen = composer.querySelector("[name=seen]")
  seen.value = Math.max(Number(seen.value) || 0, ...shown)
}

function typed() {
  count()
  grow()
  if (text().value) localStorage.setItem(localKey(), text().value)
  else localStorage.removeItem(localKey())
  save()
  presence(mode() === "note" ? "noting" : "replying")
}

function restore() {
  const composer = form()
  if (!composer?.dataset.thread) return
  const kept = localStorage.getItem(localKey())
  if (kept && !text().value) {
    text().value = kept
    save()
  }
}

// --- sending ---
function prepare(event) {
  const composer = form()
  if (event.target !== composer) return
  if (!navigator.onLine || !state.live) {
    if (!navigator.onLine) {
      event.preventDefault()
      event.stopImmediatePropagation()
      composer.querySelector("#offline-note").hidden = false
      composer.dataset.asks = "yes"
      announce(words("willAsk"))
      return
    }
  }
  const token = composer.querySelector("[name=client_token]")
  token.value ||= newToken()
  composer.querySelector("[name=since]").value = shownSince()
  localStorage.removeItem(localKey())
  if (mode() === "reply" && text().value.trim()) optimistic()
}

// randomUUID exists only on HTTPS and localhost; a property's own network may be neither.
const newToken = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")

function optimistic() {
  const log = document.getElementById("log")
  const article = document.createElement("article")
  article.className = "msg"
  article.dataset.kind = "out"
  article.dataset.optimistic = "yes"
  const bubble = document.createElement("div")
  bubble.className = "bubble"
  bubble.dir = "auto"
  const line = document.createElement("p")
  line.textContent = text().value
  bubble.append(line)
  article.append(bubble)
  log?.append(article)
}

function submit(then = "", more = {}) {
  const composer = form()
  if (!composer?.requestSubmit || !text().value.trim()) return
  composer.querySelector("[name=then]").value = then
  for (const [name, value] of Object.entries(more)) composer.querySelector(`[name=${name}]`).value = value
  composer.requestSubmit()
}

// --- canned replies and values ---
let insertAt = null

async function showCanned(query = "") {
  const holder = document.getElementById("canned-list")
  const url = form()?.dataset.cannedUrl
  if (!holder || !url) return
  const answer = await fetch(`${url}?q=${encodeURIComponent(query)}`, { headers: { "HX-Request": "true" } })
  if (answer.ok) holder.innerHTML = await answer.text()
}

function openCanned(start) {
  insertAt = start
  document.getElementById("canned")?.showPopover?.()
  document.getElementById("canned-search")?.focus()
}

function insert(value) {
  const body = text()
  const start = insertAt ?? body.selectionStart
  const end = body.selectionStart
  body.setRangeText(value, Math.min(start, end), end, "end")
  insertAt = null
  document.getElementById("canned")?.hidePopover?.()
  body.focus()
  const blank = body.value.indexOf("{{")
  if (blank >= 0) body.setSelectionRange(blank, body.value.indexOf("}}", blank) + 2)
  typed()
}

function watchTyping() {
  const body = text()
  const before = body.value.slice(0, body.selectionStart)
  if (/(^|\n)\/$/.test(before)) openCanned(before.length - 1)
  else if (before.endsWith("{{")) openCanned(before.length - 2)
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

export function start() {
  document.addEventListener("submit", prepare, true)
  document.addEventListener("htmx:config:request", (event) => {
    const context = event.detail.ctx
    if (context.sourceElement === form() && mode() === "note") context.request.action = form().dataset.noteUrl
  })
  document.addEventListener("beforeinput", (event) => event.target === text() && notice())
  document.addEventListener("input", (event) => {
    if (event.target === text()) {
      typed()
      watchTyping()
    }
    if (event.target.id === "canned-search") showCanned(event.target.value)
  })
  document.addEventListener("keydown", (event) => {
    if (event.target !== text() || event.key !== "Enter" || event.isComposing) return
    const enterSends = shell?.dataset.enterSends === "on" && !event.shiftKey
    if (event.ctrlKey || event.metaKey || enterSends) {
      event.preventDefault()
      submit(event.shiftKey && (event.ctrlKey || event.metaKey) ? "close" : "")
    }
  })
  document.addEventListener("click", (event) => {
    const tab = event.target.closest("#composer [role=tab]")
    if (tab && !tab.disabled) setMode(tab.dataset.mode)
    const way = event.target.closest("[data-send]")?.dataset
    if (way?.send === "close") submit("close")
    if (way?.send === "snooze") submit("snooze", { snooze: way.snooze })
    if (way?.send === "later") submit("", { send_at: document.getElementById("send-at").value })
    const chosen = event.target.closest("[data-insert]")
    if (chosen) insert(chosen.dataset.insert)
    const review = event.target.closest("[data-review]")
    if (review) {
      form().querySelector("[name=seen]").value = review.dataset.review
      review.closest(".banner").remove()
      text().focus()
      save()
    }
  })
  document.addEventListener("toggle", (event) => event.target.id === "canned" && event.newState === "open" && showCanned(), true)
  document.addEventListener("htmx:after:swap", () => {
    const composer = form()
    if (!composer || composer.dataset.dressed) return
    const sent = document.querySelector(".undo[data-due]")
    if (sent) announce(words("sent"))
    dress()
    restore()
  })
  on("ready", () => {
    const composer = form()
    if (composer?.dataset.asks) {
      composer.querySelector("#offline-note").hidden = true
      delete composer.dataset.asks
      announce(words("back"))
      save()
    }
  })
  window.addEventListener("online", () => form()?.dataset.asks && save())
  setInterval(countdown, 250)
  dress()
  restore()
}

// Drafts: kept on the server within a second of the last key, and here until the server has them.
import { words, clock, post } from "./ui.js"
import { checkSession } from "./session.js"

const SAVE_AFTER = 500
const device = (sessionStorage.device ??= Math.random().toString(36).slice(2, 12))

const form = () => document.getElementById("composer")
const body = () => form()?.querySelector("#body")
const key = (thread, mode) => `draft:${thread}:${mode}`
const isOpen = (thread) => form()?.dataset.thread === thread

let waiting = null
let timer = 0

function say(thread, text) {
  const label = isOpen(thread) ? form().querySelector("#draft-state") : null
  if (label) label.textContent = text
}

// What is kept is taken at the time of typing: text never follows the person into another thread.
export function keepDraft() {
  const { thread, mode, draftUrl } = form().dataset
  const text = body().value
  if (text) localStorage.setItem(key(thread, mode), text)
  else localStorage.removeItem(key(thread, mode))
  const seen = form().querySelector("[name=seen]").value
  if (waiting && (waiting.thread !== thread || waiting.mode !== mode)) flushDraft()
  waiting = { thread, mode, url: draftUrl, text, seen }
  clearTimeout(timer)
  timer = setTimeout(flushDraft, SAVE_AFTER)
}

export async function flushDraft() {
  clearTimeout(timer)
  const draft = waiting
  waiting = null
  if (!draft) return
  const { thread, mode, text } = draft
  try {
    const answer = await post(draft.url, { mode, body: text, seen: draft.seen, device }, { keepalive: true })
    const told = await answer.json()
    if (localStorage.getItem(key(thread, mode)) === text) localStorage.removeItem(key(thread, mode))
    say(thread, told.saved_at ? words("saved", { at: clock() }) : "")
    if (told.elsewhere && isOpen(thread)) offer(told.elsewhere)
    document.getElementById(`row-${thread}`)?.toggleAttribute("data-has-draft", Boolean(told.saved_at))
  } catch (error) {
    say(thread, words("notSaved"))
    if (["401", "403"].includes(error.message)) checkSession()
  }
}

// A save on its way must not bring back what is being sent.
export function pauseDraft() {
  clearTimeout(timer)
  waiting = null
}

export const forgetDraft = (thread, mode) => localStorage.removeItem(key(thread, mode))

// What the server never got, because the line or the browser went away in between.
export function restoreDraft() {
  if (!form()?.dataset.thread) return
  const kept = localStorage.getItem(key(form().dataset.thread, form().dataset.mode))
  if (!kept || kept === body().value) return
  body().value = kept
  keepDraft()
}

function offer(other) {
  const label = form().querySelector("#draft-state")
  const button = document.createElement("button")
  button.type = "button"
  button.className = "btn"
  button.dataset.size = "sm"
  button.textContent = words("show")
  button.addEventListener("click", () => {
    body().value = other
    body().dispatchEvent(new Event("input", { bubbles: true }))
    body().focus()
  })
  label.replaceChildren(words("elsewhere"), " ", button)
}

export function start() {
  window.addEventListener("pagehide", flushDraft)
}

// Canned replies (`/` at the start of a line) and today's values (`{{`): looked up, shown filled, put in, never sent.
const LIST = "canned-list"
const menu = () => document.getElementById("canned")
const body = () => document.getElementById("body")
const form = () => document.getElementById("composer")

let from = null
let onlyValues = false
let asked = 0

async function show(query = "") {
  const url = form()?.dataset.cannedUrl
  if (!url) return
  const mine = ++asked
  const search = new URLSearchParams({ q: query, ...(onlyValues && { values: "1" }) })
  const answer = await fetch(`${url}?${search}`, { headers: { "HX-Request": "true" } })
  if (answer.ok && mine === asked) document.getElementById(LIST).innerHTML = await answer.text()
}

function openAt(start, values) {
  from = start
  onlyValues = values
  if (menu()?.showPopover) menu().showPopover({ source: document.getElementById("canned-button") })
  document.getElementById("canned-search")?.focus()
}

function put(value) {
  const text = body()
  const end = text.selectionStart
  text.setRangeText(value, Math.min(from ?? end, end), end, "end")
  menu()?.hidePopover?.()
  text.focus()
  text.dispatchEvent(new Event("input", { bubbles: true }))
  selectBlank()
}

export const blanks = () => body()?.value.match(/\{\{[^{}]*(\}\}|$)|\{%/g) ?? []

export function selectBlank(name = "{{") {
  const at = body().value.indexOf(name)
  if (at < 0) return
  const end = body().value.indexOf("}}", at)
  body().focus()
  body().setSelectionRange(at, end < 0 ? body().value.length : end + 2)
}

function move(event) {
  const items = [...document.querySelectorAll(`#${LIST} button:not(:disabled)`)]
  if (!items.length || !["ArrowDown", "ArrowUp"].includes(event.key)) return
  event.preventDefault()
  const here = items.indexOf(document.activeElement)
  items[(here + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length].focus()
}

export function watch() {
  const before = body().value.slice(0, body().selectionStart)
  if (/(^|\n)\/$/.test(before)) openAt(before.length - 1, false)
  else if (before.endsWith("{{")) openAt(before.length - 2, true)
}

export function start() {
  document.addEventListener("click", (event) => {
    if (event.target.closest("#canned-button")) [from, onlyValues] = [null, false]
    const chosen = event.target.closest("[data-insert]")
    if (chosen) put(chosen.dataset.insert)
    const blank = event.target.closest("#blanks .blank")
    if (blank) selectBlank(blank.textContent)
  })
  document.addEventListener("input", (event) => event.target.id === "canned-search" && show(event.target.value))
  document.addEventListener("keydown", (event) => {
    if (!event.target.closest?.("#canned")) return
    move(event)
    if (event.key === "Enter" && event.target.id === "canned-search") {
      event.preventDefault()
      document.querySelector(`#${LIST} button[data-insert]`)?.click()
    }
  })
  document.addEventListener("toggle", (event) => {
    if (event.target.id !== "canned") return
    if (event.newState === "open") {
      document.getElementById("canned-search").value = ""
      show()
      document.getElementById("canned-search").focus()
    } else if (document.activeElement === document.body) body()?.focus()
  }, true)
}

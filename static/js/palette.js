// One box for search and commands (Ctrl K, /): guests and messages found, views, places, what can be done here.
import { words } from "./ui.js"
import { askAll } from "./menus.js"

const dialog = () => document.getElementById("palette")
const input = () => document.getElementById("palette-input")

export function palette() {
  if (!dialog() || dialog().open) return
  dialog().showModal()
  askAll()
  input().value = ""
  input().focus()
  find("")
}

// What the buttons of the page do, under the names they have; a click here is a click there.
function actions() {
  const found = document.querySelectorAll("#thread-head [data-key], #thread-head [popover] button, #composer [role=tab]")
  return [...found]
    .filter((button) => !button.disabled)
    .map((button) => [(button.getAttribute("aria-label") ?? button.textContent).trim(), () => button.click()])
    .filter(([label]) => label)
}

const places = () => [
  ...[...document.querySelectorAll("#nav-views a")].map((link) => [link.firstChild.textContent.trim(), link.href]),
  ...[...document.querySelectorAll(".nav > ul > li > a")].map((link) => [link.querySelector(".label").textContent.trim(), link.href]),
  [words("keyboard"), () => document.getElementById("shortcuts")?.showModal()],
]

function entry([label, does]) {
  const link = document.createElement("a")
  link.textContent = label
  link.href = typeof does === "string" ? does : "#"
  if (typeof does !== "string") {
    link.addEventListener("click", (event) => {
      event.preventDefault()
      dialog().close()
      does()
    })
  }
  return link
}

let asked = 0
async function find(text) {
  const wanted = text.trim().toLowerCase()
  const fits = ([label]) => label.toLowerCase().includes(wanted)
  const seen = new Set()
  const shown = [...(wanted ? actions() : []), ...places()].filter(fits).filter(([label]) => !seen.has(label) && seen.add(label))
  document.getElementById("palette-commands").replaceChildren(...shown.slice(0, wanted ? 8 : 14).map(entry))
  const results = document.getElementById("palette-results")
  const mine = ++asked
  if (wanted.length < 2) return results.replaceChildren()
  const answer = await fetch(`/search/?q=${encodeURIComponent(text)}`, { headers: { "HX-Request": "true" } })
  if (answer.ok && mine === asked) results.innerHTML = await answer.text()
  return undefined
}

function move(by) {
  const items = [...dialog().querySelectorAll("a")]
  const here = items.indexOf(document.activeElement)
  if (here + by < 0) return input().focus()
  return items[Math.min(here + by, items.length - 1)]?.focus()
}

export function start() {
  document.addEventListener("click", (event) => event.target.closest("[data-search]") && palette())
  let timer = 0
  input()?.addEventListener("input", (event) => {
    clearTimeout(timer)
    timer = setTimeout(() => find(event.target.value), 120)
  })
  dialog()?.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault()
      move(event.key === "ArrowDown" ? 1 : -1)
    }
    if (event.key === "Escape") {
      event.preventDefault() // a search field would only empty itself
      document.activeElement.blur()
      dialog().close()
    }
    if (event.key === "Enter" && event.target === input()) {
      event.preventDefault()
      dialog().querySelector("a")?.click()
    }
  })
}

// The editor of sequences: what the server can't know of a form. Saving itself is htmx's.
import { send, on } from "./live.js"
import { words } from "./ui.js"

let pressed = false
const form = () => document.getElementById("step-form")

function act(value) {
  const button = document.getElementById("act")
  button.value = value
  form().requestSubmit(button)
  button.value = ""
}

function showLanguage(code) {
  form().querySelector("#shown").value = code
  for (const variant of form().querySelectorAll("[data-variant]")) variant.hidden = variant.dataset.variant !== code
  for (const button of form().querySelectorAll("[data-language]")) button.setAttribute("aria-pressed", String(button.dataset.language === code))
}

function insert(name, into) {
  const area = document.getElementById(into)
  area.setRangeText(`{{ ${name} }}`, area.selectionStart, area.selectionEnd, "end")
  area.dispatchEvent(new Event("input", { bubbles: true }))
  area.focus()
}

function clicked(event) {
  pressed = Boolean(event.target.closest("#step-form button[name=act]"))
  const language = event.target.closest("[data-language]")
  if (language) return showLanguage(language.dataset.language)
  const variable = event.target.closest("[data-variable]")
  if (variable) {
    variable.closest("[popover]").hidePopover()
    return insert(variable.dataset.variable, variable.dataset.into)
  }
  if (event.target.closest("[data-keep-mine]")) {
    document.getElementById("conflict").close()
    const over = Object.assign(document.createElement("input"), { type: "hidden", name: "over", value: "1" })
    form().append(over)
    act("refresh")
    over.remove()
  }
}

function changed(event) {
  if (event.target.matches("[data-add-language]") && event.target.value) {
    const code = event.target.value
    form().querySelector("#shown").value = code
    act(`language-in:${code}`)
  } else if (event.target.matches("[data-structural]")) act("refresh")
}

function swapped() {
  const conflict = document.getElementById("conflict")
  if (conflict.childElementCount && !conflict.open) conflict.showModal()
  // A button that is gone (the first channel can't go up) leaves the focus nowhere.
  if (pressed && document.activeElement === document.body) document.getElementById("open-title")?.focus()
  pressed = false
}

// Who else has this sequence open.
function presence(id) {
  const place = document.getElementById("sequence-presence")
  const others = new Map()
  const tell = (state, asks = false) => send({ type: "presence", thread: id, state, asks })
  on("presence", (told) => {
    if (told.thread !== id) return
    if (told.state === "left") others.delete(told.user)
    else others.set(told.user, told)
    place.replaceChildren(...[...others.values()].map((other) => {
      const avatar = Object.assign(document.createElement("span"), { className: "avatar", textContent: other.initials })
      avatar.setAttribute("role", "img")
      avatar.setAttribute("aria-label", words("alsoHere", { name: other.name }))
      avatar.title = words("alsoHere", { name: other.name })
      return avatar
    }))
  })
  on("ready", () => tell("viewing", true))
  window.addEventListener("pagehide", () => tell("left"))
}

export function start() {
  const editor = document.getElementById("editor")
  if (!editor) return
  document.addEventListener("click", clicked)
  document.addEventListener("change", changed)
  document.addEventListener("htmx:after:swap", swapped)
  document.getElementById("conflict").addEventListener("close", (event) => event.target.replaceChildren())
  presence(editor.dataset.sequence)
}

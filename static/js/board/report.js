// What somebody found: words and a photo. Without a line it stays in the dialog.
import { words } from "../ui.js"
import { NoLine, fixed, newToken, post, unitUrl } from "./send.js"

const dialog = () => document.getElementById("report")
let unit = null
let token = ""
let settled = () => {}

function complain(text) {
  const place = document.getElementById("report-refused")
  place.textContent = text
  place.hidden = !text
}

export function open(card) {
  if (!card) return
  unit = { id: card.dataset.unit, name: card.dataset.name }
  token = newToken()
  document.getElementById("states")?.hidePopover()
  document.getElementById("report-title").textContent = words("report", { unit: unit.name })
  complain("")
  dialog().showModal()
  document.getElementById("report-note").focus()
}

async function send(event) {
  event.preventDefault()
  const values = new FormData(event.target)
  values.set("token", token)
  for (const [name, value] of Object.entries(fixed())) values.set(name, value)
  if (!values.get("photo")?.size) values.delete("photo")
  const button = event.target.querySelector("[type=submit]")
  button.disabled = true
  try {
    const answer = await post(`${unitUrl(unit.id)}report/`, values)
    if (answer.status >= 400) return complain(answer.told.refused ?? words("gone", { unit: unit.name }))
    event.target.reset()
    dialog().close()
    return await settled({ unit: unit.id, name: unit.name }, answer)
  } catch (error) {
    if (!(error instanceof NoLine)) throw error
    return complain(words("notReached"))
  } finally {
    button.disabled = false
  }
}

export function start(settle) {
  settled = settle
  dialog()?.querySelector("form").addEventListener("submit", send)
  dialog()?.querySelector("[data-close]").addEventListener("click", () => dialog().close())
}

// What is noted about an address, in the panel.
import { announce, words } from "./ui.js"

function noted(event) {
  const form = event.target.closest?.("#reached form")
  if (!form) return
  const box = form.closest("details")
  form.reset()
  box.open = false
  box.querySelector("summary").focus()
  announce(words("noted"))
}

export function start() {
  document.addEventListener("bellhop:panel", noted)
}

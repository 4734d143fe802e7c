// What is noted about an address or about work, in the panel: the form closes once it is kept.
import { announce, words } from "./ui.js"

function noted(event) {
  const form = event.target.closest?.("#reached form, #work form")
  if (!form) return
  const box = form.closest("details")
  form.reset()
  box.open = false
  box.querySelector("summary").focus()
  announce(words("noted"))
}

// A message that tells of something broken fills the panel's order; a person reads it and orders.
function orderFrom(button) {
  const box = document.getElementById("order-work")
  if (!box) return
  const drawer = document.querySelector("#thread-head [data-drawer]")
  if (drawer?.offsetParent) drawer.click()
  box.open = true
  box.querySelector("[name=title]").value = button.dataset.order
  box.querySelector("[name=description]").value = button.dataset.text
  box.querySelector("[name=message]").value = button.dataset.ofMessage
  if (button.dataset.urgent) box.querySelector("[name=priority]").value = "high"
  box.querySelector("[data-with-files]").hidden = !button.closest(".msg")?.querySelector(".files")
  box.querySelector("[name=title]").focus()
}

export function start() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-order]")
    if (button) orderFrom(button)
  })
  document.addEventListener("bellhop:panel", noted)
}

// What was made elsewhere goes into the reply (a portal link, words about a decision); the agent reads it and sends.
function put(words, via) {
  const composer = document.getElementById("composer")
  const text = composer?.querySelector("#body")
  if (!text) return
  composer.querySelector("[data-mode=reply]:not(:disabled)")?.click()
  const way = [...composer.querySelectorAll("[name=via]:not(:disabled)")].find((one) => one.value === via)
  if (way && !way.checked) {
    way.checked = true
    way.dispatchEvent(new Event("change", { bubbles: true }))
  }
  text.dispatchEvent(new InputEvent("beforeinput", { bubbles: true }))  // as if typed: it answers what is on screen
  const gap = text.value.trim() ? "\n\n" : ""
  text.setRangeText(gap + words, text.value.length, text.value.length, "end")
  text.dispatchEvent(new Event("input", { bubbles: true }))
  text.focus()
}

export function start() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-into-reply]")
    if (button) put(button.dataset.intoReply, button.dataset.via)
  })
  document.addEventListener("bellhop:offer", (event) => put(event.detail.text, ""))
}

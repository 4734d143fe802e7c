// Which channel a reply leaves on: the picker's choice, what it changes in the composer, and templates where only they may go.
const form = () => document.getElementById("composer")

export function way() {
  return form()?.querySelector("[name=via]:checked") ?? null
}

// Characters that the chosen channel carries; Infinity where it says nothing.
export function most() {
  return Number(way()?.dataset.most) || Infinity
}

export function isSms() {
  return (way()?.dataset.channel ?? form()?.dataset.channel) === "sms"
}

export function needsTemplate() {
  return form()?.dataset.mode !== "note" && way()?.dataset.template === "yes"
}

// Shows what the choice means. Called whenever the composer is new, its mode changes or another channel is picked.
export function dressWay() {
  const composer = form()
  const chosen = way()
  if (!composer || !chosen) return
  composer.dataset.channel = chosen.dataset.channel
  const button = composer.querySelector(".composer-channel")
  const icon = chosen.closest("label").querySelector("svg")?.cloneNode(true)
  if (button && icon) button.replaceChildren(icon, chosen.dataset.label)
  const onPms = chosen.value === "pms"
  for (const line of composer.querySelectorAll("[data-way-foot]")) line.hidden = (line.dataset.wayFoot === "pms") !== onPms
  const closed = needsTemplate()
  for (const box of composer.querySelectorAll(".templates")) {
    const shown = closed && box.dataset.way === chosen.value
    box.hidden = box.disabled = !shown
  }
  const body = composer.querySelector("#body")
  if (body) body.hidden = closed
}

// The picker opens on the way that is chosen. Arrows try the ways and leave it open; a click or Enter takes one.
let byKey = false
document.addEventListener("pointerdown", () => (byKey = false), true)
document.addEventListener("keydown", (event) => {
  byKey = true
  if (event.key !== "Enter" || event.target.name !== "via") return
  event.preventDefault()
  document.getElementById("channel-pop")?.hidePopover?.()
}, true)
document.addEventListener("toggle", (event) => {
  if (event.target.id === "channel-pop" && event.newState === "open") way()?.focus()
}, true)

document.addEventListener("change", (event) => {
  if (!event.target.closest?.("#composer")) return
  if (event.target.name === "via") {
    dressWay()
    if (!byKey) document.getElementById("channel-pop")?.hidePopover?.()
    document.dispatchEvent(new CustomEvent("bellhop:way"))
  }
  if (event.target.name === "template") {
    for (const blanks of event.target.closest(".templates").querySelectorAll("[data-blanks]"))
      blanks.hidden = blanks.disabled = blanks.dataset.blanks !== event.target.value
  }
})

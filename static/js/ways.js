// Which channel a reply leaves on: the picker's choice, what it changes in the composer, and templates where only they may go.
import { flushDraft } from "./drafts.js"

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
  // Neither files nor replies of ours go with a template.
  for (const button of composer.querySelectorAll("#attach, #canned-button")) button.hidden = closed || (button.id === "attach" && composer.dataset.mode === "note")
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

// What the guest just did may have opened a way or closed one: the picker follows, unless the person picked one that is
// still there. Where replying became possible, or impossible, the composer comes anew with its draft.
let asking = 0
export async function refreshWays() {
  const composer = form()
  if (!composer?.dataset.waysUrl) return
  const mine = ++asking
  const picked = composer.dataset.picked ?? ""
  const answer = await fetch(`${composer.dataset.waysUrl}?via=${encodeURIComponent(picked)}`).catch(() => null)
  if (!answer?.ok || mine !== asking || form() !== composer) return
  const text = await answer.text()
  if (mine !== asking || form() !== composer) return
  const now = new DOMParser().parseFromString(text, "text/html").body.firstElementChild
  if (now.dataset.whyNot !== composer.dataset.whyNot) {
    await flushDraft()
    window.htmx.ajax("GET", `${composer.dataset.composerUrl}?mode=${composer.dataset.mode}`, { source: composer, target: composer, swap: "outerHTML" })
    return
  }
  take(now, "#channel-pop")
  take(now, "#way-templates")
  dressWay()
  document.dispatchEvent(new CustomEvent("bellhop:way"))
}

// The new content of a part; what was typed and chosen in it stays.
function take(now, part) {
  const [here, there] = [form().querySelector(part), now.querySelector(part)]
  const name = (field) => [field.closest("[data-way]")?.dataset.way, field.closest("[data-blanks]")?.dataset.blanks, field.name].join(" ")
  const typed = new Map([...here.querySelectorAll("input:not([type])")].map((field) => [name(field), field.value]))
  const chosen = here.querySelector("[name=template]:checked")?.value
  here.replaceChildren(...there.childNodes)
  for (const field of here.querySelectorAll("input:not([type])")) field.value = typed.get(name(field)) ?? ""
  const template = chosen && here.querySelector(`[name=template][value="${chosen}"]`)
  if (template && !template.checked) {
    template.checked = true
    showBlanks(template)
  }
}

function showBlanks(template) {
  for (const blanks of template.closest(".templates").querySelectorAll("[data-blanks]"))
    blanks.hidden = blanks.disabled = blanks.dataset.blanks !== template.value
}

document.addEventListener("change", (event) => {
  if (!event.target.closest?.("#composer")) return
  if (event.target.name === "via") {
    form().dataset.picked = event.target.value
    dressWay()
    if (!byKey) document.getElementById("channel-pop")?.hidePopover?.()
    document.dispatchEvent(new CustomEvent("bellhop:way"))
  }
  if (event.target.name === "template") showBlanks(event.target)
})

// An image of the thread at its full size, over the page; the ones before and after by key or button.
import { words } from "./ui.js"

const dialog = () => document.getElementById("viewer")
const all = () => [...document.querySelectorAll("#log a[data-view]")]
const part = (name) => document.getElementById(`viewer-${name}`)

let shown = null

function show(link) {
  shown = link
  const small = link.querySelector("img")
  const image = Object.assign(document.createElement("img"), { src: link.href, alt: small.alt })
  part("frame").replaceChildren(image)
  part("name").textContent = link.dataset.name
  part("words").textContent = small.alt === link.dataset.name ? "" : small.alt
  part("download").href = `${link.href}?download`
  const links = all()
  part("steps").hidden = links.length < 2
  part("place").textContent = words("imageOf", { n: links.indexOf(link) + 1, all: links.length })
  if (!dialog().open) dialog().showModal()
}

function step(by) {
  const links = all()
  const place = links.findIndex((link) => link.href === shown?.href)
  show(links[(place + by + links.length) % links.length])
}

export function start() {
  if (!dialog()) return
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-view]")
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault()
      show(link)
    }
  })
  dialog().addEventListener("click", (event) => {
    const by = event.target.closest("[data-step]")?.dataset.step
    if (by) step(Number(by))
    if (event.target === dialog()) dialog().close()
  })
  dialog().addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (by && all().length > 1) step(by)
  })
  dialog().addEventListener("close", () => {
    const link = all().find((one) => one.href === shown?.href)
    part("frame").replaceChildren()
    link?.focus()
  })
}

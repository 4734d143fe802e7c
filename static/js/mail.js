// An e-mail as it was designed: a frame that can run nothing, made only when it is asked for.
import { words } from "./ui.js"

function frame(box, pictures) {
  const shown = document.createElement("iframe")
  shown.setAttribute("sandbox", "allow-popups allow-popups-to-escape-sandbox")
  shown.referrerPolicy = "no-referrer"
  shown.title = box.querySelector("summary").textContent.trim()
  shown.src = box.dataset.src + (pictures ? "?pictures=1" : "")
  return shown
}

// By address: a mail that is told anew loses its frame, not what was asked for.
const withPictures = new Set()

function open(box) {
  if (box.querySelector("iframe")) return
  if (withPictures.has(box.dataset.src)) return box.append(frame(box, true))
  const button = Object.assign(document.createElement("button"), { type: "button", className: "btn", textContent: words("showPictures") })
  button.dataset.size = "sm"
  button.addEventListener("click", () => {
    withPictures.add(box.dataset.src)
    box.querySelector("iframe").replaceWith(frame(box, true))
    box.querySelector("summary").focus()
    button.remove()
  })
  box.append(button, frame(box, false))
}

export function start() {
  document.addEventListener("toggle", (event) => event.target.matches?.("details.as-mail[open]") && open(event.target), true)
  document.addEventListener("htmx:after:swap", () => document.querySelectorAll("details.as-mail[open]").forEach(open))
}

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

function open(box) {
  if (box.querySelector("iframe")) return
  box.append(frame(box, false))
  if (!("pictures" in box.dataset)) return
  const button = Object.assign(document.createElement("button"), { type: "button", className: "btn", textContent: words("showPictures") })
  button.dataset.size = "sm"
  button.addEventListener("click", () => {
    box.querySelector("iframe").replaceWith(frame(box, true))
    button.remove()
  })
  box.querySelector("summary").after(button)
}

export function start() {
  document.addEventListener("toggle", (event) => event.target.matches?.("details.as-mail[open]") && open(event.target), true)
}
